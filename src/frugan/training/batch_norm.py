"""Batch norms that see the whole batch of several ranks, and statistics gathered anew for an averaged network."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from frugan.networks.base import Generator
from frugan.training.randomness import draw_latents
from frugan.training.ranks import Ranks

_STANDING_BATCHES, _STANDING_BATCH = 16, 64  # BigGAN's program accumulates 16 batches


def has_batch_norm(network: nn.Module) -> bool:
    """Whether anything in it normalises by running statistics."""
    return any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@torch.no_grad()
def recalibrate(network: nn.Module, run: Callable[[Tensor], object], batches: Iterable[Tensor]) -> None:
    """Replace all running statistics by those of these batches, which `run` sends through the network.

    Those gathered in training belong to weights that were not averaged, and to crops and teacher-forced inputs where
    training has such: a UNet lost 10 dB by them. All else in the network is as in evaluation, where it is left.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    for batch in batches:
        run(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def with_standing_statistics(generator: Generator, seed: int, device: torch.device) -> Generator:
    """A copy whose batch norms hold the statistics of its own pictures, all classes alike: BigGAN's standing statistics
    (Brock et al. 2019, appendix D). The generator itself where it has no batch norms."""
    if not has_batch_norm(generator):
        return generator
    generator = copy.deepcopy(generator)
    count = _STANDING_BATCHES * _STANDING_BATCH
    latents = draw_latents(seed, 0, "standing statistics", count, generator.latent_dim)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))

    def draw(chosen: Tensor) -> Tensor:
        label = (chosen % generator.classes).to(device) if generator.classes else None
        return generator(latents[chosen].to(device), label)

    recalibrate(generator, draw, order.split(_STANDING_BATCH))
    return generator


def synchronise_batch_norm(networks: Iterable[nn.Module], ranks: Ranks) -> None:
    """Let batch norms inside these networks use the statistics of the whole batch; in place, parameters are kept."""
    for network in networks:
        for parent in list(network.modules()):
            for name, child in list(parent.named_children()):
                if type(child) is nn.BatchNorm2d:
                    setattr(parent, name, _SynchronisedBatchNorm2d(child, ranks))


class _SynchronisedBatchNorm2d(nn.BatchNorm2d):
    """torch's own works on GPUs only; this one wherever its ranks can exchange tensors."""

    def __init__(self, local: nn.BatchNorm2d, ranks: Ranks) -> None:
        super().__init__(local.num_features, local.eps, local.momentum, local.affine)
        self.weight, self.bias = local.weight, local.bias
        self.running_mean, self.running_var = local.running_mean, local.running_var
        self.num_batches_tracked = local.num_batches_tracked
        self.ranks = ranks
        self.train(local.training)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        assert self.momentum is not None
        seen = x.to(self.running_mean.dtype)  # type: ignore[union-attr]
        mean = self.ranks.sum(seen.mean(dim=(0, 2, 3))) / self.ranks.count
        centred = seen - mean[:, None, None]
        variance = self.ranks.sum(centred.square().mean(dim=(0, 2, 3))) / self.ranks.count
        with torch.no_grad():
            count = self.ranks.count * x.numel() / x.shape[1]
            self.running_mean.lerp_(mean, self.momentum)  # type: ignore[union-attr]
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)  # type: ignore[union-attr]
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        y = centred * (variance + self.eps).rsqrt()[:, None, None]
        if self.affine:
            y = y * self.weight[:, None, None] + self.bias[:, None, None]
        return y.to(x.dtype)
