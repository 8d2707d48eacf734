"""A trained sampler as the beginning of another training: on other images, or at another size."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from safetensors.torch import save
from torch import Tensor

from frugan.config import RunConfig, Spec
from frugan.errors import UserError
from frugan.networks.base import Generator
from frugan.pretrained import load
from frugan.run_folder import INITIAL_FILE, RunFolder
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.part import under_prefix, with_prefix


def continued(trained: RunFolder, config: RunConfig) -> RunConfig:
    """`config` with the networks of a trained run, which begin with its weights.

    A generator of any coordinates keeps its depth at another size: the same picture is asked for at more places.

    Raises:
        UserError: nothing is trained yet, or the generator is not one that can change its size.
    """
    before, generator = trained.config(), load(trained.path).generator
    size, old_size = config.data.resolution, before.data.resolution
    if size != old_size and not generator.any_grid:
        raise UserError(
            f"--from {trained.path}: {type(generator).__name__} of {old_size} px cannot go on at {size} px; only "
            "generators of coordinates can (CREPS)"
        )
    sampler = dataclasses.replace(
        config.sampler,
        generator=_pinned(before.sampler.generator, generator),
        discriminator=before.sampler.discriminator,
        initial=INITIAL_FILE,
    )
    return dataclasses.replace(config, sampler=sampler, codec=before.codec)


def trained_weights(trained: RunFolder) -> bytes:
    """A safetensors file with the averaged generator of a run, and its discriminator if a checkpoint of it is left."""
    checkpoint, _ = load_newest_checkpoint(trained.part("sampler").path / "checkpoints")
    discriminator = {} if checkpoint is None else under_prefix("discriminator", checkpoint.tensors)
    return initial_file(load(trained.path).generator.state_dict(), discriminator)


def initial_file(generator: Mapping[str, Tensor], discriminator: Mapping[str, Tensor] = MappingProxyType({})) -> bytes:
    """Weights as `sampler.initial` names them, in safetensors."""
    tensors = with_prefix("generator", generator) | with_prefix("discriminator", discriminator)
    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})


def _pinned(spec: Spec, generator: Generator) -> Spec:
    """With the depth that it was trained with, where its settings left that to the size of the pictures."""
    levels = getattr(generator, "levels", None)
    return spec if levels is None else spec.replace(levels=levels)
