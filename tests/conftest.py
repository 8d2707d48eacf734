"""Shared fixtures: synthetic images, a configuration that trains in seconds, and a cache of the test's own."""

import os
from collections.abc import Iterator
from pathlib import Path

# Threads of torch that wait for one another give up their core at once: several tests run at a time, and threads that
# spin on a busy core make tiny tensors several times slower. OpenMP reads this when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pytest
import torch
from PIL import Image

from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import (
    DataConfig,
    DecoderConfig,
    EvaluationConfig,
    OptimizerConfig,
    PenaltyConfig,
    RunConfig,
    SamplerConfig,
    ScheduleConfig,
)
from frugan.config.spec import Spec
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.networks.srresnet import SRResNet
from frugan.objectives.losses import non_saturating
from frugan.objectives.penalties import r1
from frugan.objectives.reconstruction import l1
from frugan.stabilizers.scale_space import ScaleSpace


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For tests and the processes they start: a cache that is not the user's, and one thread.

    Tensors in tests are tiny, and threads would spend their time waiting for each other.
    """
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRUGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(autouse=True)
def one_thread_again() -> Iterator[None]:
    """Verbs that are called in this process take every core for torch; what runs after the test must not inherit it."""
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 pictures of 64 x 64: a coloured disc on a gradient."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.RandomState(0)
    y, x = np.mgrid[0:64, 0:64]
    for i in range(40):
        centre, radius = random.uniform(20, 44, 2), random.uniform(8, 18)
        inside = ((y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2)[..., None]
        background = (x[..., None] * random.uniform(1, 3, 3)).clip(0, 255)
        picture = np.where(inside, random.uniform(0, 255, 3), background).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{i:02d}.png")
    return folder


@pytest.fixture(scope="session")
def tiny_config(image_folder: Path) -> RunConfig:
    """64 x 64 images from 16 x 16 codes; every part and every axis is real, only small."""
    adam = OptimizerConfig(lr=1e-3, decay=0.5)
    return RunConfig(
        recipe="tiny",
        data=DataConfig(source=str(image_folder), resolution=64),
        codec=Spec(WaveletCodec, levels=2),
        sampler=SamplerConfig(
            generator=Spec(DCGANGenerator, latent_dim=8, width=8),
            discriminator=Spec(DCGANDiscriminator, width=8, norm="none"),
            stabilizer=Spec(ScaleSpace, start=16.0, sigma=0.2),
            loss=Spec(non_saturating),
            penalties=(PenaltyConfig(Spec(r1), weight=1.0, every=2),),
            generator_optimizer=adam,
            discriminator_optimizer=adam,
            schedule=ScheduleConfig(kimg=0.16, batch=8, log_every=0.032, snapshots=2, ema_halflife=0.05),
        ),
        decoder=DecoderConfig(
            network=Spec(SRResNet, doublings=2, channels=8, blocks=1, zero_last=True),
            loss=Spec(l1),
            optimizer=adam,
            crop=8,
            schedule=ScheduleConfig(kimg=0.08, batch=8, log_every=0.016, snapshots=2, ema_halflife=0.05),
        ),
        evaluation=EvaluationConfig(samples=16, preview_samples=16, preview_size=32),
        device="cpu",
        threads=1,
    )


@pytest.fixture(scope="session")
def trained_run(tiny_config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the tiny configuration, sampler and decoder. Tests must not change it."""
    from frugan.judging.preview import PreviewJudge
    from frugan.runs.prepare import create_run, prepare
    from frugan.runs.train import train_part

    prepared = prepare(tiny_config, lambda sentence: None)
    run = create_run(prepared, tmp_path_factory.mktemp("runs") / "tiny", replace=False)
    for part in ("sampler", "decoder"):
        assert train_part(run, part, preview=PreviewJudge)
    return run.path
