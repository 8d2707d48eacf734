"""Several processes train what one would have trained; they may become more or fewer, be killed, or one may fail."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import OptimizerConfig, RunConfig, ScheduleConfig
from frugan.config.spec import Spec
from frugan.judging.evaluate_folder import evaluate_folder
from frugan.networks.biggan import BigGANDiscriminator, BigGANGenerator
from frugan.networks.dcgan import DCGANDiscriminator
from frugan.networks.srresnet import SRResNet
from frugan.networks.vq_vae_2 import VQVAE2
from frugan.objectives.reconstruction import l2
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import build_part, create_run, measured_images, open_dataset, prepare
from frugan.runs.train import train_part
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.system.errors import UserError
from frugan.training.batch_norm import synchronise_batch_norm
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.ranks import ALONE, Ranks, check_shares


def together(count: int, folder: Path, work: str, *arguments: str | Path | int) -> None:
    """Call one of WORK in so many processes that can talk to each other: this file, as a program."""
    store = folder / f"store-{time.monotonic_ns()}"
    processes = [
        subprocess.Popen([sys.executable, __file__, work, str(rank), str(count), str(store), *map(str, arguments)])
        for rank in range(count)
    ]
    assert [process.wait(200) for process in processes] == [0] * count


def _main(work: str, rank: str, count: str, store: str, *arguments: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=int(rank), world_size=int(count))
    WORK[work](Ranks(int(rank), int(count)), *arguments)
    dist.destroy_process_group()


def train_some(ranks: Ranks, run: str, part: str, steps: str) -> None:
    """At most so many steps of a part."""
    asked = iter(range(int(steps)))
    train_part(RunFolder.open(Path(run)), part, should_stop=lambda: next(asked, None) is None, ranks=ranks)  # type: ignore[arg-type]


def train_both(ranks: Ranks, run: str, steps: str) -> None:
    """The decoder, and at most so many steps of the sampler."""
    train_some(ranks, run, "decoder", "100")
    train_some(ranks, run, "sampler", steps)


@pytest.fixture
def config(tiny_config: RunConfig) -> RunConfig:
    """10 steps of a batch that 2 and 4 can share; batch norm in both networks, and all that is drawn for images."""
    assert tiny_config.decoder is not None
    schedule = ScheduleConfig(kimg=0.24, batch=24, accumulate=2, log_every=0.048, snapshots=2, ema_halflife=0.05)
    sampler = dataclasses.replace(
        tiny_config.sampler,
        stabilizer=Spec(ScaleSpace, start=16.0, sigma=0.2, per_image=True),
        discriminator=Spec(DCGANDiscriminator, width=8, norm="batch"),
        schedule=schedule,
    )
    # No signs, and nothing that is zero at first: Adam would make steps of a rounding error.
    decoder = dataclasses.replace(
        tiny_config.decoder,
        network=Spec(SRResNet, channels=8, blocks=1, init_scale=0.5),
        loss=Spec(l2),
        crop=12,
        rotate=True,
        code_noise=0.1,
        schedule=schedule,
    )
    return dataclasses.replace(tiny_config, sampler=sampler, decoder=decoder)


def new_run(config: RunConfig, path: Path) -> RunFolder:
    return create_run(prepare(config, lambda sentence: None), path, replace=False)


def state(run: RunFolder, part: str) -> dict[str, Tensor]:
    checkpoint, _ = load_newest_checkpoint(run.path / part / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.nimg == 240
    return checkpoint.tensors


def assert_alike(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        assert (tensor.double() - expected[name].double()).abs().max() < 1e-5, name


def test_one_two_and_four_processes_train_the_same_run(config: RunConfig, tmp_path: Path) -> None:
    alone, changing = (new_run(config, tmp_path / name) for name in ("alone", "changing"))
    for part in ("sampler", "decoder"):
        train_some(ALONE, str(alone.path), part, "100")
    together(2, tmp_path, "train_both", changing.path, 3)
    assert_alike(state(changing, "decoder"), state(alone, "decoder"))
    train_some(ALONE, str(changing.path), "sampler", "3")
    together(4, tmp_path, "train_some", changing.path, "sampler", 100)
    assert_alike(state(changing, "sampler"), state(alone, "sampler"))

    # One of them writes, and writes what one process alone would have written.
    ours, theirs = (run.part("sampler").train_log.read() for run in (changing, alone))
    assert [line["nimg"] for line in ours] == [line["nimg"] for line in theirs]
    for ours_line, theirs_line in zip(ours, theirs, strict=True):
        assert ours_line["real_logits"] == pytest.approx(theirs_line["real_logits"], abs=1e-4)
        assert ours_line["discriminator_loss"] == pytest.approx(theirs_line["discriminator_loss"], abs=1e-4)
    assert changing.part("sampler").snapshot_counts() == alone.part("sampler").snapshot_counts()
    kinds = [event["event"] for event in changing.part("sampler").events_log.read()]
    assert kinds == ["started", "stopped", "resumed", "stopped", "resumed", "finished"]


def test_two_processes_move_the_books_of_vq_vae_2_as_one_does(config: RunConfig, tmp_path: Path) -> None:
    """In two pieces a batch, too: books move once a step, by all that the processes have seen."""
    assert config.decoder is not None
    network = Spec(VQVAE2, width=8, blocks=1, block_width=4, codes=8, code_width=4)
    adam = OptimizerConfig(lr=1e-3, beta1=0.9, beta2=0.99, eps=1e-3)  # no steps of a rounding error
    decoder = dataclasses.replace(config.decoder, network=network, crop=32, rotate=False, code_noise=0, optimizer=adam)
    config = dataclasses.replace(config, codec=Spec(IdentityCodec), decoder=decoder)
    alone, both = (new_run(config, tmp_path / name) for name in ("alone", "both"))
    train_some(ALONE, str(alone.path), "decoder", "100")
    together(2, tmp_path, "train_some", both.path, "decoder", 100)
    assert_alike(state(both, "decoder"), state(alone, "decoder"))


def keep_weights(ranks: Ranks, run: str, folder: str) -> None:
    config = RunFolder.open(Path(run)).config()
    part = build_part(config, "sampler", torch.device("cpu"), ranks)
    images = measured_images(open_dataset(config))
    part.measure(images)
    labels = torch.full((6,), -1)
    for step in range(3):
        part.step(images[6 * ranks.rank : 6 * ranks.rank + 6], labels, 12 * step)
    torch.save(part.tensors(), Path(folder) / f"{ranks.rank}.pt")


def test_ranks_stay_alike_whatever_each_draws(tiny_config: RunConfig, tmp_path: Path) -> None:
    """With a stabilizer's noise, spectral norms and local batch norm, every buffer and average still agrees."""
    sampler = dataclasses.replace(
        tiny_config.sampler,
        generator=Spec(BigGANGenerator, latent_dim=16, channels=8, deep=True, attention=16, shared_dim=4),
        discriminator=Spec(BigGANDiscriminator, channels=8, deep=True, attention=16),
    )
    data = dataclasses.replace(tiny_config.data, resolution=128, upsample=True)  # 32 x 32 codes
    config = dataclasses.replace(tiny_config, sampler=sampler, data=data, decoder=None, synchronised_batch_norm=False)
    run = new_run(config, tmp_path / "run")
    together(2, tmp_path, "keep_weights", run.path, tmp_path)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def differentiate_twice(ranks: Ranks, folder: str) -> None:
    x = batch_for_the_norm()
    torch.manual_seed(0)
    norm = nn.Sequential(nn.BatchNorm2d(3)).double()
    synchronise_batch_norm([norm], ranks)
    nn.init.uniform_(norm[0].weight)
    own = x.chunk(ranks.count)[ranks.rank].clone().requires_grad_()
    y = norm(own).square()
    (slope,) = torch.autograd.grad(ranks.sum(y.pow(3).sum()), own, create_graph=True)
    ranks.sum(slope.square().sum()).backward()
    assert own.grad is not None
    torch.save((own.grad / ranks.count, norm.state_dict()), Path(folder) / f"{ranks.count}-{ranks.rank}.pt")


def batch_for_the_norm() -> Tensor:
    return torch.randn(6, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_synchronised_batch_norm_and_its_second_derivative(tmp_path: Path) -> None:
    """Each rank's loss is the sum over all of them here, so gradients come `count` times."""
    leaf = batch_for_the_norm().requires_grad_()
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3).double()
    nn.init.uniform_(norm.weight)
    (slope,) = torch.autograd.grad(norm(leaf).square().pow(3).sum(), leaf, create_graph=True)
    slope.square().sum().backward()
    together(2, tmp_path, "differentiate_twice", tmp_path)
    found = [torch.load(tmp_path / f"2-{rank}.pt", weights_only=True) for rank in range(2)]
    gradient = torch.cat([grad for grad, _ in found])
    assert leaf.grad is not None
    scale = (gradient / leaf.grad).median()
    assert torch.allclose(gradient, leaf.grad * scale, rtol=1e-4)
    assert scale.item() == pytest.approx(round(scale.item()))
    for _, buffers in found:
        assert torch.allclose(buffers["0.running_mean"], norm.running_mean)  # type: ignore[arg-type]
        assert torch.allclose(buffers["0.running_var"], norm.running_var)  # type: ignore[arg-type]


def test_batches_that_cannot_be_shared_are_refused() -> None:
    check_shares(12, 3, 2)
    with pytest.raises(UserError, match="12 cannot be shared by 5 processes"):
        check_shares(12, 5)
    with pytest.raises(UserError, match="in 4 pieces each"):
        check_shares(12, 2, 4)


WORK = {function.__name__: function for function in (train_some, train_both, keep_weights, differentiate_twice)}


def torchrun(*arguments: str, restarts: int = 0) -> list[str]:
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("--max-restarts", str(restarts), *arguments),
    ]


def test_a_killed_process_restarts_the_job_from_its_last_checkpoint(config: RunConfig, tmp_path: Path) -> None:
    from frugan.config.yaml import dump

    file, out = tmp_path / "config.yaml", tmp_path / "run"
    longer = dataclasses.replace(config.sampler.schedule, kimg=1.2, snapshots=10)
    file.write_text(dump(dataclasses.replace(config, sampler=dataclasses.replace(config.sampler, schedule=longer))))
    command = torchrun("-m", "frugan", "train", "--config", str(file), "--out", str(out), restarts=1)
    sampler = RunFolder(out).part("sampler")
    with open(tmp_path / "output", "wb") as output:
        job = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    children = Path(f"/proc/{job.pid}/task/{job.pid}/children")
    try:
        if not children.exists():
            pytest.skip("needs Linux's /proc to find a process to kill")
        deadline = time.monotonic() + 120
        while len(sampler.snapshot_counts()) < 3:
            assert time.monotonic() < deadline, (tmp_path / "output").read_text()
            time.sleep(0.05)
        os.kill(int(children.read_text().split()[-1]), signal.SIGKILL)
        assert job.wait(240) == 0, (tmp_path / "output").read_text()
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
    kinds = [event["event"] for event in sampler.events_log.read()]
    assert kinds == ["started", "resumed", "finished"]
    assert sampler.newest_snapshot() == 1200
    assert (out / "report.html").exists()
    # The two shared the images to judge between them, and found what one finds.
    kept = json.loads((out / "evaluation.json").read_text())
    alone = evaluate_folder(out, device="cpu", threads=1)
    assert kept["results"] == pytest.approx(alone.values, rel=1e-4, abs=1e-6)


FAILING = """
from frugan.system.errors import RunError
from frugan.training.torchrun import joined

with joined("cpu") as ranks:
    if ranks.rank == 1:
        raise RunError("the second disk is full")
    ranks.any(False)
    raise AssertionError("unreachable")
"""


def test_one_rank_s_error_ends_all_and_is_told_once(tmp_path: Path) -> None:
    script = tmp_path / "failing.py"
    script.write_text(FAILING)
    ended = subprocess.run(torchrun(str(script)), capture_output=True, text=True, timeout=120)
    assert ended.returncode != 0
    assert ended.stderr.count("frugan: ") == 1, ended.stderr
    assert "frugan: the second disk is full" in ended.stderr


def test_an_error_of_all_ranks_is_told_once(tmp_path: Path) -> None:
    command = torchrun("-m", "frugan", "train", "noto-people", "--recipe", "no-such-recipe")
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode != 0
    assert ended.stderr.count("frugan: --recipe no-such-recipe: unknown") == 1, ended.stderr


if __name__ == "__main__":
    _main(*sys.argv[1:])
