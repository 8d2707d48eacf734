"""Randomness as a pure function of (seed, images seen, stream): with nothing to save, resuming is exact."""

import hashlib

import torch
from torch import Tensor


def seed_for(seed: int, nimg: int, stream: str) -> int:
    """A 63-bit seed for one purpose at one point of training; independent for different arguments."""
    digest = hashlib.blake2b(f"{seed}/{nimg}/{stream}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def draw_latents(seed: int, nimg: int, stream: str, count: int, latent_dim: int) -> Tensor:
    """z ~ N(0, I), (count, latent_dim), drawn on the CPU so that every device trains on the same latents."""
    generator = torch.Generator().manual_seed(seed_for(seed, nimg, stream))
    return torch.randn(count, latent_dim, generator=generator)
