"""The second phase of AnyresGAN: both sides look at the same places, and the teacher is what was averaged before."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.codecs.identity import IdentityCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import PatchConfig, RunConfig, SamplerConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.anyres import AnyresGANGenerator
from frugan.networks.base import Generator
from frugan.networks.stylegan3 import StyleGAN3Generator
from frugan.objectives.perceptual import EfficientNetPerceptual
from frugan.ops.grid import Grid, full_grid
from frugan.recipes import find_recipe
from frugan.runs import probe
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import create_run, open_dataset, open_patches, prepare
from frugan.runs.train import train_all
from frugan.runs.transfer import continued, trained_weights
from frugan.system.errors import UserError
from frugan.training.gan import GANPart
from frugan.training.ranks import Ranks
from frugan.training.windows import grid_of, put_back

SIDE = 16
GENERATOR = Spec(
    AnyresGANGenerator,
    latent_dim=8,
    style_dim=8,
    layers=4,
    channel_base=64,
    channel_max=8,
    margin=4,
    magnitude_kimg=0.1,
)
PATCHES = PatchConfig(largest=64, start=0.0, whole=0.0)


class RampPatches:
    """Patches that show their own coordinates, as `Patches` would of a ramp."""

    def __init__(self) -> None:
        self.asked: list[np.ndarray] = []

    def patches(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        self.asked.append(n)
        random = torch.Generator().manual_seed(0)
        top, left, length = torch.rand(3, 10_000, generator=random)[:, n]
        length = 0.25 + 0.75 * length
        boxes = torch.stack([top * (1 - length), left * (1 - length), length], dim=1)
        return drawn_at(grid_of(boxes, SIDE)), boxes


def drawn_at(grid: Grid) -> Tensor:
    """(N, 3, S, S): the coordinates of each pixel."""
    down = grid.rows[:, :, None].expand(-1, -1, SIDE)
    return torch.stack([down, grid.cols[:, None].expand(-1, SIDE, -1), down], dim=1)


def sampler_of(config: RunConfig, patches: PatchConfig | None = PATCHES, generator: Spec = GENERATOR) -> SamplerConfig:
    return dataclasses.replace(config.sampler, generator=generator, patches=patches)


def part_of(
    config: RunConfig, patches: PatchConfig = PATCHES, ranks: Ranks | None = None, **changes: object
) -> GANPart:
    sampler = dataclasses.replace(sampler_of(config, patches), **changes)  # type: ignore[arg-type]
    cpu = torch.device("cpu")
    return GANPart(
        sampler, IdentityCodec(), ImageShape.square(SIDE), 3, cpu, ranks or Ranks(0, 1), patches=RampPatches()
    )


def step(part: GANPart, nimg: int) -> dict[str, Tensor]:
    images = torch.randn(8, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(nimg))
    return part.step(images, torch.zeros(8, dtype=torch.int64), nimg)


def test_patches_of_a_ramp_go_back_to_their_places() -> None:
    _, boxes = RampPatches().patches(np.arange(50))
    grid = grid_of(boxes, SIDE)
    patches = drawn_at(grid)
    assert torch.allclose(grid_of(torch.tensor([[0.0, 0.0, 1.0]]), SIDE).rows[0], full_grid(SIDE, SIDE).rows, atol=1e-6)
    seen, mask = put_back(patches, grid)
    whole = drawn_at(Grid(*(axis.expand(50, -1) for axis in full_grid(SIDE, SIDE))))
    # At the patch's edges, half of the triangle is missing: it leans inwards by a part of a pixel.
    assert ((seen - whole) * mask).abs().max() < 0.5 / (SIDE - 1)
    inner = F.conv2d(mask, torch.ones(1, 1, 3, 3), padding=1) == 9
    assert ((seen - whole) * inner).abs().max() < 0.02
    assert (seen * (1 - mask)).abs().max() == 0
    for i in range(50):
        inside = [
            sum(a <= (j + 0.5) / SIDE <= a + boxes[i, 2].item() for j in range(SIDE)) for a in boxes[i, :2].tolist()
        ]
        assert mask[i].sum().item() == inside[0] * inside[1]
    same, covers = put_back(patches[:1], Grid(*(axis[None] for axis in full_grid(SIDE, SIDE))))
    assert torch.allclose(same, patches[:1], atol=1e-5)
    assert covers.all()


def test_putting_back_is_a_mean_where_pixels_nest() -> None:
    """A quarter of the picture, twice as dense: each pixel is a triangle over its own two and their neighbours."""
    random = torch.Generator().manual_seed(0)
    patch = torch.randn(1, 1, SIDE, SIDE, generator=random, dtype=torch.float64)
    seen, mask = put_back(patch, grid_of(torch.tensor([[0.25, 0.5, 0.5]]), SIDE))
    assert mask[0, 0, 4:12, 8:].all()
    assert mask.sum() == 64
    taps = torch.tensor([0.25, 0.75, 0.75, 0.25]).double() / 2
    expected = F.conv2d(patch, torch.outer(taps, taps)[None, None], stride=2, padding=1)
    assert torch.allclose(seen[..., 5:11, 9:15], expected[..., 1:-1, 1:-1], atol=1e-5)


class Coordinates(nn.Module):
    """Draws its own coordinates, so that a picture says where it was asked for."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator
        self.latent_dim, self.classes, self.code_shape = 8, 0, (3, SIDE, SIDE)

    def forward(self, z: Tensor, label: Tensor | None, grid: Grid) -> Tensor:
        drawn = drawn_at(grid) + 0 * self.generator(z, label, grid)
        return drawn


@pytest.mark.parametrize("accumulate", [1, 2])
def test_both_sides_look_at_the_same_places(tiny_config: RunConfig, accumulate: int) -> None:
    schedule = dataclasses.replace(tiny_config.sampler.schedule, batch=8, accumulate=accumulate)
    part = part_of(tiny_config, schedule=schedule)
    part.ema.network = part.generator  # as at the beginning of the phase
    shown: list[Tensor] = []
    part.discriminator.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach().float()))
    part.stabilizer.forward = lambda code: code  # type: ignore[method-assign]
    assert part.patch_phase is not None
    part.patch_phase.begins_at = lambda nimg, batch: False  # type: ignore[method-assign]
    part.generator = Coordinates(part.generator)  # type: ignore[assignment]
    part.ema.update = lambda *_: None  # type: ignore[method-assign]
    step(part, 8)
    source = part.patch_phase.source
    assert isinstance(source, RampPatches)
    assert np.array_equal(np.concatenate(source.asked), np.arange(8, 16))
    pieces = [shown[2 * i : 2 * i + 2] for i in range(accumulate)]
    of_g = shown[-accumulate:]
    for (real, fake), own in zip(pieces, of_g, strict=True):
        assert len(real) == 8 // accumulate
        assert torch.allclose(real, fake, atol=1e-5)
        assert torch.equal(fake, own)


def test_half_of_the_steps_look_at_whole_pictures_on_all_ranks(tiny_config: RunConfig) -> None:
    config = dataclasses.replace(PATCHES, whole=0.5, start=0.5)
    parts = [part_of(tiny_config, config, Ranks(rank, 2)) for rank in range(2)]
    kinds = []
    for nimg in range(0, 4000, 8):  # the training has 160 images, so that the second phase begins at 80
        looks = [part.patch_phase.look(nimg, part.held(8).numpy()) for part in parts if part.patch_phase]
        assert (looks[0] is None) == (looks[1] is None)
        kinds.append(looks[0] is not None)
        if looks[0] is not None and looks[1] is not None:
            assert not torch.equal(looks[0][1].rows, looks[1][1].rows)  # each rank has pictures of its own
    assert not any(kinds[:10])
    assert abs(np.mean(kinds[10:]) - 0.5) < 0.08


def test_the_average_of_the_first_phase_teaches_and_learns(tiny_config: RunConfig) -> None:
    config = dataclasses.replace(PATCHES, start=0.1)
    part = part_of(tiny_config, config)
    for nimg in (0, 8):
        assert step(part, nimg)["teacher_loss"] == 0
    average = {name: t.clone() for name, t in part.ema.network.state_dict().items()}
    assert part.patch_phase is not None
    values = step(part, 16)
    assert values["teacher_loss"] > 0
    for name, tensor in part.patch_phase.teacher.state_dict().items():
        assert torch.equal(tensor, average[name]), name
    # One step of Adam from there: no weight is farther than the learning rate allows.
    rate = part.config.generator_optimizer.lr
    for name, parameter in part.generator.named_parameters():
        assert (parameter - average[name]).abs().max() < 4 * rate, name
    step(part, 24)
    assert all(torch.equal(t, average[name]) for name, t in part.patch_phase.teacher.state_dict().items())


def test_a_student_that_draws_as_its_teacher_learns_nothing_from_it(tiny_config: RunConfig) -> None:
    part = part_of(tiny_config, dataclasses.replace(PATCHES, perceptual=Spec(EfficientNetPerceptual)))
    phase = part.patch_phase
    assert phase is not None
    z, whole = torch.randn(4, 8), Grid(*(axis.expand(4, -1) for axis in full_grid(SIDE, SIDE)))
    phase.teach_with(part.generator)
    generator = part.generator.eval()
    assert phase.lesson(generator(z), whole, z, None) < 1e-4
    other = phase.lesson(generator(z) + 0.25, whole, z, None).item()
    assert other > 5 * 0.25
    plain = part_of(tiny_config).patch_phase
    assert plain is not None
    plain.teach_with(part.generator)
    assert plain.lesson(generator(z) + 0.25, whole, z, None).item() == pytest.approx(5 * 0.25, rel=1e-3)
    # Pieces of a batch have the mean of the batch, however large their windows are.
    boxes = grid_of(torch.tensor([[0.0, 0.0, 0.9], [0.5, 0.5, 0.3]]), SIDE)
    drawn = torch.randn(2, 3, SIDE, SIDE)
    pieces = [plain.lesson(drawn[n : n + 1], Grid(*(a[n : n + 1] for a in boxes)), z[n : n + 1], None) for n in (0, 1)]
    both = plain.lesson(drawn, boxes, z[:2], None)
    assert torch.allclose(both, (pieces[0] + pieces[1]) / 2, rtol=1e-4)


def test_the_state_holds_the_teacher_and_resumes_exactly(tiny_config: RunConfig) -> None:
    config = dataclasses.replace(PATCHES, start=0.05, whole=0.3)
    part, again = part_of(tiny_config, config), part_of(tiny_config, config)
    for nimg in (0, 8, 16):
        step(part, nimg)
    again.load_tensors({name: t.clone() for name, t in part.tensors().items()})
    for nimg in (24, 32):
        step(part, nimg)
        step(again, nimg)
    one, other = part.tensors(), again.tensors()
    assert one.keys() == other.keys()
    assert {"teacher/trunk.waves.weight", "teacher/trunk.waves.frequencies"} <= one.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def test_what_cannot_draw_patches_is_refused(tiny_config: RunConfig) -> None:
    cpu = torch.device("cpu")
    with pytest.raises(ValueError, match="DCGANGenerator cannot draw another window of each picture"):
        GANPart(
            sampler_of(tiny_config, generator=tiny_config.sampler.generator),
            IdentityCodec(),
            ImageShape.square(64),
            0,
            cpu,
        )
    with pytest.raises(ValueError, match="the codec must leave images at their size"):
        GANPart(sampler_of(tiny_config), WaveletCodec(levels=2), ImageShape.square(64), 0, cpu)
    with pytest.raises(ValueError, match=r"patches.largest: 64 should be above the side of pictures, 64"):
        GANPart(sampler_of(tiny_config), IdentityCodec(), ImageShape.square(64), 0, cpu)
    part = GANPart(sampler_of(tiny_config), IdentityCodec(), ImageShape.square(SIDE), 0, cpu)
    with pytest.raises(ValueError, match="built without photos"):
        step(part, 0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"start": 1.0}, r"start: 1 should be in \[0, 1\)"),
        ({"whole": 1.0}, "whole"),
        ({"largest": 0}, "largest"),
        ({"weight": -1.0}, "weight"),
        ({"start": -0.1}, "start"),
    ],
)
def test_settings_are_checked(tiny_config: RunConfig, change: dict[str, float], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        sampler_of(tiny_config, dataclasses.replace(PATCHES, **change))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="smallest_window"):
        dataclasses.replace(sampler_of(tiny_config), smallest_window=0.5)


def run_config(config: RunConfig, generator: Spec, patches: PatchConfig | None) -> RunConfig:
    schedule = dataclasses.replace(config.sampler.schedule, kimg=0.032, batch=8, snapshots=1)
    return dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, resolution=SIDE),
        codec=Spec(IdentityCodec),
        decoder=None,
        sampler=dataclasses.replace(sampler_of(config, patches, generator), schedule=schedule),
    )


def trained(config: RunConfig, path: Path, initial: bytes | None = None) -> RunFolder:
    run = create_run(prepare(config, lambda _: None), path, replace=False, initial=initial)
    assert train_all(run)
    return run


def test_a_run_of_stylegan3_goes_on_as_anyresgan(tiny_config: RunConfig, tmp_path: Path) -> None:
    plain = Spec(StyleGAN3Generator, **GENERATOR.arguments)
    first = trained(run_config(tiny_config, plain, None), tmp_path / "first")
    patches = dataclasses.replace(PATCHES, start=0.5)
    config = continued(first.path, run_config(tiny_config, Spec(AnyresGANGenerator, closest=3.0), patches))
    assert config.sampler.generator == Spec(AnyresGANGenerator, **{**GENERATOR.arguments, "closest": 3.0})
    assert config.sampler.patches is not None
    assert config.sampler.patches.start == 0
    second = trained(config, tmp_path / "second", trained_weights(first.path))
    lines = second.part("sampler").train_log.read()
    assert all(line["teacher_loss"] > 0 for line in lines if "teacher_loss" in line)
    assert any("teacher_loss" in line for line in lines)


def test_the_run_opens_the_photos_behind_its_images(tiny_config: RunConfig) -> None:
    config = run_config(tiny_config, GENERATOR, PATCHES)
    dataset = open_dataset(config)
    patches = open_patches(config, dataset)
    assert patches is not None
    images, boxes = patches.patches(np.arange(4))
    assert images.shape == (4, 3, SIDE, SIDE)
    assert boxes[:, 2].min() >= SIDE / 64 - 1e-6
    assert open_patches(dataclasses.replace(config, sampler=sampler_of(config, None)), dataset) is None


def test_the_recipes_train_as_the_papers_say() -> None:
    paper, small = find_recipe("anyres-ffhq").sampler, find_recipe("anyres-small").sampler
    for sampler, side, most in ((paper, 256, 1024), (small, 32, 128)):
        assert sampler.patches is not None
        assert (sampler.patches.largest, sampler.patches.whole, sampler.patches.weight) == (most, 0.5, 5.0)
        assert sampler.generator.arguments["closest"] == most / side
    plain = find_recipe("stylegan3-t-256").sampler
    assert plain.patches is None
    assert (plain.penalties[0].weight, plain.penalties[0].every) == (pytest.approx(2.048), 16)
    assert isinstance(small.generator.build(code_shape=(3, 32, 32)), Generator)


def test_a_trial_looks_at_both_phases(tiny_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    patches = dataclasses.replace(PATCHES, start=0.5)
    config = run_config(tiny_config, GENERATOR, patches)
    seen: list[int] = []
    monkeypatch.setattr(GANPart, "step", lambda part, images, labels, nimg: seen.append(nimg) or {})
    monkeypatch.setattr(probe, "_TIMED_SECONDS", 0.01)
    monkeypatch.setattr(probe, "_TIMED_STEPS", 2)
    estimate = probe._probe(dataclasses.replace(config, threads=1), "sampler")
    assert seen[0] == 0
    assert config.sampler.schedule.total_nimg // 2 in seen
    assert estimate.minutes == pytest.approx(config.sampler.schedule.total_nimg / estimate.images_per_second / 60)
