"""What one step does, and what the loop does when something goes wrong."""

import dataclasses
import errno
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from frugan.codecs.identity import IdentityCodec
from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import OptimizerConfig, RunConfig, SamplerConfig, ScheduleConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.config.yaml import override
from frugan.networks.gated import GatedDecoder
from frugan.networks.srresnet import SRResNet
from frugan.objectives.losses import relativistic
from frugan.recipes import find_recipe
from frugan.recipes.stylegan2_noisy_scale_space import ROWS, stylegan2
from frugan.system.errors import RunError
from frugan.system.jsonl import JSONLines
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.decoder import DecoderPart
from frugan.training.ema import EMA
from frugan.training.gan import Batch, GANPart
from frugan.training.loop import Hooks, run_loop
from frugan.training.optimizer import learning_rate
from frugan.training.part import StepValues
from frugan.training.randomness import draw_latents, seed_for

CPU = torch.device("cpu")


class RandomImages:
    """Training images of noise, the same for every run."""

    def batch(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(first)
        return torch.rand(count, 3, 64, 64, generator=generator) * 2 - 1, torch.zeros(count, dtype=torch.int64)

    def images(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        return self.batch(int(n[0]), len(n))


def gan(config: SamplerConfig, seed: int = 0) -> GANPart:
    return GANPart(config, WaveletCodec(levels=2), ImageShape.square(64), seed=seed, device=CPU)


def with_schedule(config: SamplerConfig, **changes: object) -> SamplerConfig:
    return dataclasses.replace(config, schedule=dataclasses.replace(config.schedule, **changes))  # type: ignore[arg-type]


def test_a_step_moves_both_networks_and_the_average(tiny_config: RunConfig) -> None:
    part = gan(tiny_config.sampler)
    before = {name: t.clone() for name, t in part.tensors().items()}
    values = part.step(*RandomImages().batch(0, 8), nimg=0)
    after = part.tensors()
    for group in ("generator/", "discriminator/", "ema/"):
        assert any(not torch.equal(after[n], before[n]) for n in before if n.startswith(group)), group
    assert values["real_logits"].shape == values["fake_logits"].shape == (8,)
    assert values["penalty"] > 0  # due in step 0
    assert part.step(*RandomImages().batch(8, 8), nimg=8)["penalty"] == 0  # every second step only


def test_networks_never_learn_from_the_other_ones_loss(tiny_config: RunConfig) -> None:
    """D's step leaves no gradient in G, and G's none in D."""
    part = gan(tiny_config.sampler)
    codes = part.codec.encode(RandomImages().batch(0, 8)[0])
    batch = Batch(codes, labels=None, grid=None, nimg=0, size=8)
    _, real_logits = part._update_discriminator(batch)
    assert all(p.grad is None for p in part.generator.parameters())
    before = [p.grad.clone() for p in part.discriminator.parameters() if p.grad is not None]
    part._update_generator(batch, real_logits)
    after = [p.grad for p in part.discriminator.parameters() if p.grad is not None]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_accumulation_gives_the_same_gradient_without_batch_coupling(tiny_config: RunConfig) -> None:
    """D has no batch norm here and no stabilizer noise: two halves of a batch must move it like the whole."""
    config = dataclasses.replace(
        with_schedule(tiny_config.sampler, batch=8),
        stabilizer=Spec.from_dict({"class": "frugan.stabilizers.base.NoStabilizer"}),
    )
    whole, halves = gan(config), gan(with_schedule(config, accumulate=2))
    for part in (whole, halves):
        part.generator.eval()  # its batch norm would couple the images
        part.step(*RandomImages().batch(0, 8), nimg=0)
    for name, tensor in whole.discriminator.state_dict().items():
        assert torch.allclose(tensor, halves.discriminator.state_dict()[name], atol=2e-6), name


def test_bf16_trains_and_takes_penalties_in_float32(tiny_config: RunConfig) -> None:
    config = with_schedule(tiny_config.sampler, batch=8)
    single, half = gan(config), gan(with_schedule(config, bf16=True))
    both = [part.step(*RandomImages().batch(0, 8), nimg=0) for part in (single, half)]
    assert both[0]["penalty"] > 0
    assert both[1]["penalty"].item() == pytest.approx(both[0]["penalty"].item(), rel=1e-6)
    assert not torch.equal(both[0]["real_logits"], both[1]["real_logits"])
    for step in range(1, 60):
        values = half.step(*RandomImages().batch(8 * step, 8), nimg=8 * step)
        assert all(torch.isfinite(value).all() for value in values.values())
        assert values["penalty"].dtype == torch.float32
    assert values["real_logits"].abs().max() < 50
    assert all(tensor.dtype == torch.float32 for tensor in half.tensors().values() if tensor.is_floating_point())


def test_accumulation_must_divide_the_batch(tiny_config: RunConfig) -> None:
    with pytest.raises(ValueError, match="accumulate: 3 should be a divisor of batch, 8"):
        with_schedule(tiny_config.sampler, accumulate=3)


def test_relativistic_pairs_train_too(tiny_config: RunConfig) -> None:
    part = gan(dataclasses.replace(tiny_config.sampler, loss=Spec(relativistic)))
    values = [part.step(*RandomImages().batch(8 * i, 8), nimg=8 * i) for i in range(3)]
    assert all(torch.isfinite(v["generator_loss"]) for v in values)


def test_a_gan_learns_a_constant_colour(tiny_config: RunConfig) -> None:
    """The whole mechanism on the simplest data: all images one colour."""

    class OneColour(RandomImages):
        def batch(self, first: int, count: int) -> tuple[Tensor, Tensor]:
            return torch.full((count, 3, 64, 64), 0.6), torch.zeros(count, dtype=torch.int64)

    adam = OptimizerConfig(lr=2e-3)
    config = dataclasses.replace(tiny_config.sampler, generator_optimizer=adam, discriminator_optimizer=adam)
    part = gan(with_schedule(config, kimg=2.4, ema_halflife=0.2))
    for step in range(300):
        part.step(*OneColour().batch(step * 8, 8), nimg=step * 8)
    drawn = part.exported()(torch.randn(16, 8))
    assert (drawn - 0.6).abs().mean() < 0.15


def test_a_decoder_beats_its_base_on_what_it_has_seen(tiny_config: RunConfig) -> None:
    assert tiny_config.decoder is not None
    config = dataclasses.replace(
        tiny_config.decoder, schedule=dataclasses.replace(tiny_config.decoder.schedule, kimg=0.8, ema_halflife=0.02)
    )
    part = DecoderPart(config, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=CPU)
    y = torch.arange(64) // 4 % 2  # stripes, whose edges a smooth base cannot have
    image = (y[:, None] * torch.ones(64)).expand(8, 3, 64, 64) * 1.2 - 0.6
    code = part.codec.encode(image)
    base_error = (part.codec.base(code) - image).abs().mean()
    for step in range(100):
        part.step(image, torch.zeros(8), nimg=step * 8)
    error = (part.codec.decode(code, part.exported()) - image).abs().mean()
    assert error < 0.7 * base_error


def test_latents_depend_on_everything_they_should() -> None:
    base = draw_latents(0, 8, "generator", 4, 8)
    assert torch.equal(base, draw_latents(0, 8, "generator", 4, 8))
    for other in ((1, 8, "generator"), (0, 16, "generator"), (0, 8, "discriminator")):
        assert not torch.equal(base, draw_latents(*other, 4, 8))
    assert 0 <= seed_for(0, 0, "x") < 2**63


def test_learning_rate_falls_linearly_at_the_end() -> None:
    config = OptimizerConfig(lr=1.0, decay=0.4)
    assert [learning_rate(config, i) for i in (0.0, 0.6, 0.8, 1.0)] == pytest.approx([1.0, 1.0, 0.5, 0.0])
    assert learning_rate(OptimizerConfig(lr=1.0, decay=0.0), 1.0) == 1.0


def test_learning_rate_is_halved_and_restarted() -> None:
    """ESRGAN's rate after 50,000 and 100,000 of 150,000 steps; and a cosine, by PyTorch's own scheduler."""
    esrgan = find_recipe("esrgan-w").decoder
    assert esrgan is not None
    assert esrgan.adversary is not None
    rates = [learning_rate(esrgan.optimizer, step / 150_000, esrgan.adversary.optimizer) for step in range(150_000)]
    assert rates[49_999] == 1e-4
    assert (rates[50_000], rates[99_999]) == (5e-5, 5e-5)
    assert (rates[100_000], rates[-1]) == (2.5e-5, 2.5e-5)
    adam = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(adam, T_0=25)
    for step in range(100):
        ours = learning_rate(OptimizerConfig(lr=0.3, cosine=0.25), step / 100)
        assert ours == pytest.approx(adam.param_groups[0]["lr"])
        adam.step()
        scheduler.step()


def test_ema_forgets_half_in_a_halflife() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    ema = EMA(network, halflife_kimg=0.1, rampup=0.0)
    nn.init.constant_(network.weight, 1.0)
    for step in range(10):
        ema.update(network, nimg=10 * (step + 1), batch=10)
    assert ema.network.weight.item() == pytest.approx(0.5)


def test_ema_ramps_up_and_copies_buffers() -> None:
    network = nn.BatchNorm1d(1)
    ema = EMA(network, halflife_kimg=1000.0, rampup=0.05)
    nn.init.constant_(network.weight, 3.0)
    network.running_mean.fill_(7.0)  # type: ignore[union-attr,operator]
    ema.update(network, nimg=100, batch=100)  # the half-life is 5 images as yet: nearly all is new
    assert ema.network.weight.item() == pytest.approx(3.0, abs=1e-4)
    assert ema.network.running_mean.item() == 7.0  # type: ignore[union-attr,operator]


def test_total_is_whole_batches() -> None:
    assert ScheduleConfig(kimg=0.1, batch=32).total_nimg == 128
    assert ScheduleConfig(kimg=0.001, batch=32).total_nimg == 32


@pytest.mark.parametrize("poisoned_step", [0, 5, 19])
def test_nan_stops_training_with_step_name_and_a_good_checkpoint(
    tiny_config: RunConfig, tmp_path: Path, poisoned_step: int
) -> None:
    part = gan(tiny_config.sampler)
    healthy_step = part.step

    def step(images: Tensor, labels: Tensor, nimg: int) -> StepValues:
        if nimg == poisoned_step * 8:
            images = images * torch.nan
        return healthy_step(images, labels, nimg)

    part.step = step  # type: ignore[method-assign]
    left = "The newest good checkpoint is in" if poisoned_step > 10 else "No checkpoint had been written before"
    with pytest.raises(RunError, match=rf"discriminator_loss became NaN in step {poisoned_step + 1} \(image.*{left}"):
        run_loop(part, RandomImages(), tmp_path, Hooks())
    checkpoint, _ = load_newest_checkpoint(tmp_path / "checkpoints")
    if checkpoint is not None:
        assert checkpoint.nimg <= poisoned_step * 8
        assert all(torch.isfinite(t).all() for t in checkpoint.tensors.values())
    assert (checkpoint is not None) == (poisoned_step > 10)


def test_a_full_disk_loses_nothing(tiny_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second checkpoint meets a full disk: a clear error, no litter, and the first one still whole."""
    real_write, writes = Path.write_bytes, []

    def write_bytes(self: Path, data: bytes) -> int:
        if self.name == "train_state.safetensors":
            writes.append(self)
            if len(writes) > 1:
                real_write(self, data[:100])
                raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(self, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(RunError, match=r"the disk is full .*frugan resume"):
        run_loop(gan(tiny_config.sampler), RandomImages(), tmp_path, Hooks())
    monkeypatch.undo()
    (survivor,) = (tmp_path / "checkpoints").iterdir()
    assert not survivor.name.startswith(".")
    checkpoint, complaints = load_newest_checkpoint(tmp_path / "checkpoints")
    assert checkpoint is not None
    assert complaints == []
    assert run_loop(gan(tiny_config.sampler), RandomImages(), tmp_path, Hooks())


def test_a_told_decoder_learns_to_leave_clean_codes_alone_and_to_smooth_noisy_ones(tiny_config: RunConfig) -> None:
    """On flat images the best answer is known: what noise is there should go, in the measure that is told."""
    assert tiny_config.decoder is not None
    config = dataclasses.replace(
        tiny_config.decoder,
        network=Spec(SRResNet, channels=16, blocks=2, init_scale=0.5, told_noise=True),
        code_noise=0.4,
        crop=0,
        optimizer=OptimizerConfig(lr=3e-3),
    )
    codec = WaveletCodec(levels=2)
    part = DecoderPart(config, codec, ImageShape.square(32), seed=0, device=CPU)
    torch.manual_seed(0)
    for step in range(150):
        flat = (torch.rand(8, 3, 1, 1) * 2 - 1).expand(-1, -1, 32, 32)
        part.step(flat, torch.zeros(8), 8 * step)
    flat = (torch.rand(8, 3, 1, 1) * 2 - 1).expand(-1, -1, 32, 32)
    noisy = codec.encode(flat) + 0.3 * torch.randn(8, 3, 8, 8)
    with torch.no_grad():
        told, untold = (
            (codec.decode(noisy, part.network, noise=level) - flat).square().mean().item() for level in (0.3, 0.0)
        )
    assert told < 0.9 * untold


@pytest.mark.parametrize(
    ("codec", "fits"),
    [
        (WaveletCodec(levels=2), True),
        (WaveletCodec(levels=2, boundary="periodization"), False),
        (WaveletCodec(levels=2, wavelet="haar"), False),
        (PixelCodec(levels=2), False),
    ],
)
def test_an_exact_decoder_takes_only_codes_that_it_leaves_alone(
    tiny_config: RunConfig, codec: WaveletCodec | PixelCodec, fits: bool
) -> None:
    assert tiny_config.decoder is not None
    config = dataclasses.replace(tiny_config.decoder, network=Spec(GatedDecoder, channels=8, blocks=1))
    with nullcontext() if fits else pytest.raises(ValueError, match=r"the codec must be of bior2\.2"):
        DecoderPart(config, codec, ImageShape.square(64), seed=0, device=CPU)


def test_a_rotating_decoder_sees_all_four_turns_of_code_and_image_alike(tiny_config: RunConfig) -> None:
    assert tiny_config.decoder is not None
    config = dataclasses.replace(tiny_config.decoder, crop=0, rotate=True)
    part = DecoderPart(config, WaveletCodec(levels=2), ImageShape.square(32), seed=0, device=CPU)
    seen: list[tuple[Tensor, Tensor]] = []
    part.network.register_forward_pre_hook(lambda network, inputs: seen.append((inputs[1], inputs[2])))
    ramp = torch.linspace(-1, 1, 32).expand(8, 3, 32, 32)
    for step in range(4):
        part.step(ramp, torch.zeros(8), 8 * step)
    shown = torch.cat([original for _, original in seen])
    assert {next(k for k in range(4) if torch.equal(image, ramp[0].rot90(k, (1, 2)))) for image in shown} == {
        0,
        1,
        2,
        3,
    }
    assert all((base - original).abs().mean() < 0.05 for base, original in seen)


def test_a_network_that_is_not_told_refuses_an_assumption(tiny_config: RunConfig) -> None:
    assert tiny_config.decoder is not None
    config = dataclasses.replace(tiny_config.decoder, assumed_noise=0.1)
    with pytest.raises(ValueError, match="told_noise"):
        DecoderPart(config, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=CPU)
    told = dataclasses.replace(config, network=config.network.replace(told_noise=True))
    with pytest.raises(ValueError, match="expects noisy codes"):
        DecoderPart(told, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=CPU)
    with pytest.raises(ValueError, match="must be from 0 to"):
        DecoderPart(
            dataclasses.replace(told, code_noise=0.05),
            WaveletCodec(levels=2),
            ImageShape.square(64),
            seed=0,
            device=CPU,
        )


@pytest.mark.parametrize("name", ROWS)
def test_stylegan2_rows_take_a_step_with_their_stabilizers_and_penalties(name: str) -> None:
    small = ["sampler.generator.channel_max=8", "sampler.discriminator.channel_max=8", "sampler.schedule.batch=4"]
    part = GANPart(override(stylegan2(name), small).sampler, IdentityCodec(), ImageShape.square(32), seed=0, device=CPU)
    images = torch.rand(4, 3, 32, 32) * 2 - 1
    part.measure(images)
    values = part.step(images, torch.full((4,), -1), 0)
    assert all(torch.isfinite(value).all() for value in values.values())
    assert values["penalty"] > 0
    assert values["generator_penalty"] > 0
    assert ("stabilizer_t" in values) == ("nss" in name)
    assert ("stabilizer_p" in values) == ("ada" in name)


def test_every_line_of_the_log_says_how_much_energy_was_taken(
    tiny_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frugan.system.energy.POWERCAP", tmp_path / "none")
    assert run_loop(gan(tiny_config.sampler), RandomImages(), tmp_path, Hooks(), watts=50.0)
    clocks = [line["clock"] for line in JSONLines(tmp_path / "train.jsonl").read()]
    assert len(clocks) > 1
    for clock in clocks:
        assert clock["joules_declared"] == pytest.approx(50 * clock["seconds"], abs=1.0)


def test_weights_ruined_by_the_last_update_are_not_saved(tiny_config: RunConfig, tmp_path: Path) -> None:
    """The loss of a step is finite, but its gradient is not: the weights go, and no log line shows it yet."""
    part = gan(tiny_config.sampler)
    healthy_step = part.step

    def step(images: Tensor, labels: Tensor, nimg: int) -> StepValues:
        values = healthy_step(images, labels, nimg)
        if nimg == 9 * 8:  # the step before the first checkpoint
            with torch.no_grad():
                next(part.generator.parameters()).fill_(torch.inf)
        return values

    part.step = step  # type: ignore[method-assign]
    with pytest.raises(RunError, match=r"generator/layers.* became infinite .*it was not saved"):
        run_loop(part, RandomImages(), tmp_path, Hooks())
    assert not (tmp_path / "checkpoints").exists()


def test_a_decoder_that_does_not_fit_its_codec_is_refused_with_both_settings(tiny_config: RunConfig) -> None:
    assert tiny_config.decoder is not None
    with pytest.raises(ValueError, match=r"its doublings must equal codec\.levels"):
        DecoderPart(tiny_config.decoder, WaveletCodec(levels=1), ImageShape.square(64), seed=0, device=CPU)
