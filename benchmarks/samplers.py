"""Training steps of BigGAN-64 and StyleGAN2-64 against the peers of the registry that run without a GPU.

FRUGAN_PEERS=FOLDER python -m benchmarks.samplers

Forward and backward of D on real and generated images, then of G, without optimizers and penalties; CPU seconds of one
thread. The same widths at every side. mmagic's BigGAN is the same network; stylegan2-pytorch's generator has two more
convolutions at 4 x 4, where they cost little, but its discriminator has three convolutions a block instead of two.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from benchmarks.peers import lucidrains_stylegan2, mmagic_biggan
from benchmarks.timing import one_thread, paired_cpu_seconds, peak_memory_mb, show
from frugan.networks.base import count_parameters
from frugan.networks.biggan import BigGANDiscriminator, BigGANGenerator
from frugan.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator

ROUNDS, SIDE, BATCH, CLASSES = 3, 64, 4, 10


def run() -> Iterator[dict[str, Any]]:
    """Rows of name, ours_s, peer, peer_s, ratio and memory; none without the peers."""
    if "FRUGAN_PEERS" in os.environ:
        with one_thread():
            yield from _stylegan2()
            yield _biggan(96)


def _biggan(channels: int) -> dict[str, Any]:
    shape = (3, SIDE, SIDE)
    # Neither with attention: mmagic's needs its compiled operators.
    ours_g = BigGANGenerator(shape, channels=channels, attention=0, classes=CLASSES)
    ours_d = BigGANDiscriminator(shape, channels=channels, attention=0, classes=CLASSES)
    peer_g, peer_d = mmagic_biggan(SIDE, channels, CLASSES)
    label = torch.arange(BATCH) % CLASSES
    ours = _step(
        [ours_g, ours_d], lambda: ours_g(torch.randn(BATCH, ours_g.latent_dim), label), lambda x: ours_d(x, label)
    )
    peer = _step(
        [peer_g, peer_d], lambda: peer_g(torch.randn(BATCH, 120), label=label), lambda x: peer_d(x, label), False
    )
    return _row(f"BigGAN-64, {channels} channels", "mmagic", [ours_g, ours_d], [peer_g, peer_d], ours, peer)


def _stylegan2() -> Iterator[dict[str, Any]]:
    shape = (3, SIDE, SIDE)
    ours_g = StyleGAN2Generator(shape, channel_base=2048, style_mixing=0.0)
    ours_d = StyleGAN2Discriminator(shape, channel_base=4096)
    mapping, peer_g, peer_d = lucidrains_stylegan2(SIDE, 16, 16)
    layers = peer_g.num_layers

    def draw() -> Tensor:
        w: Tensor = mapping(torch.randn(BATCH, 512))
        image: Tensor = peer_g(w[:, None].expand(-1, int(layers), -1), torch.rand(BATCH, SIDE, SIDE, 1))  # type: ignore[arg-type]
        return image

    ours = _step([ours_g, ours_d], lambda: ours_g(torch.randn(BATCH, 512)), ours_d)
    peer = _step([mapping, peer_g, peer_d], draw, lambda x: peer_d(x)[0], False)
    name, peer_name = "StyleGAN2-64, 512 to 32 channels", "stylegan2-pytorch"
    yield _row(
        f"{name}, generator alone",
        peer_name,
        [ours_g],
        [mapping, peer_g],
        lambda: ours_g(torch.randn(BATCH, 512)).mean().backward(),
        lambda: draw().mean().backward(),
    )
    yield _row(name, peer_name, [ours_g, ours_d], [mapping, peer_g, peer_d], ours, peer)
    # As many parameters as theirs, by 1.27 times the width.
    wide_g = StyleGAN2Generator(shape, channel_base=2592, channel_max=648, style_mixing=0.0)
    wide_d = StyleGAN2Discriminator(shape, channel_base=5184, channel_max=648)
    wide = _step([wide_g, wide_d], lambda: wide_g(torch.randn(BATCH, 512)), wide_d)
    yield _row("StyleGAN2-64, 648 to 40 channels", peer_name, [wide_g, wide_d], [mapping, peer_g, peer_d], wide, peer)


def _step(
    networks: list[nn.Module], draw: Callable[[], Tensor], judge: Callable[[Tensor], Tensor], channels_last: bool = True
) -> Callable[[], None]:
    """One step on random images. Channels-last helps ours; mmagic cannot be run so, and the other is not faster."""
    for network in networks:
        network.train()
        if channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    real = torch.randn(BATCH, 3, SIDE, SIDE)

    def step() -> None:
        for network in networks:
            network.zero_grad(set_to_none=True)
        with torch.no_grad():
            fake = draw()
        with parametrize.cached():  # as in training; nothing to the peers
            real_logits, fake_logits = judge(real), judge(fake)
        (real_logits.relu().mean() - fake_logits.mean()).backward()
        networks[-1].requires_grad_(False)
        judge(draw()).mean().backward()
        networks[-1].requires_grad_(True)

    return step


def _row(
    name: str,
    peer_name: str,
    ours: list[nn.Module],
    peer: list[nn.Module],
    our_step: Callable[[], None],
    peer_step: Callable[[], None],
) -> dict[str, Any]:
    our_seconds, peer_seconds = paired_cpu_seconds([our_step, peer_step], ROUNDS)
    counts = " and ".join(f"{sum(map(count_parameters, networks)) / 1e6:.1f}" for networks in (ours, peer))
    return {
        "name": f"{name}: a step of {BATCH} ({counts} million parameters)",
        "ours_s": our_seconds,
        "peer": peer_name,
        "peer_s": peer_seconds,
        "ratio": peer_seconds / our_seconds,
        "ours_mb": peak_memory_mb(our_step),
        "peer_mb": peak_memory_mb(peer_step),
    }


if __name__ == "__main__":
    show(run())
