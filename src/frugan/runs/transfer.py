"""A trained sampler as the beginning of another training: on other images, or at another size."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from safetensors.torch import save
from torch import Tensor

from frugan.config.schema import RunConfig
from frugan.model.folder import load
from frugan.networks.base import FreeDepthGenerator
from frugan.runs.folder import INITIAL_FILE, RunFolder
from frugan.system.errors import ArgumentError
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.part import under_prefix, with_prefix


def continued(trained: RunFolder, config: RunConfig) -> RunConfig:
    """`config` with the networks and the codec of a trained run, which begin with its weights.

    A generator of lines keeps its depth at another size: the same picture is asked for at more places. A training on
    patches has a generator of its own, which adopts the weights; it goes on with its second phase.

    Raises:
        UserError: nothing is trained yet, it cannot go on at that size, or it knows classes and the other does not.
    """
    before, generator = trained.config(), load(trained.path).generator
    size, old_size = config.data.resolution, before.data.resolution
    free = isinstance(generator, FreeDepthGenerator)
    if size != old_size and (not free or size < old_size):
        can = "at its own size or a larger one" if free else "at its own size alone"
        problem = f"{type(generator).__name__} of {old_size} px can go on {can}, not {size}"
        raise ArgumentError("start", problem, trained.path)
    if config.data.classes and not generator.classes:
        raise ArgumentError("classes", f"the run that `start` names was trained without; {trained.path}")
    kept, patches = before.sampler.generator, config.sampler.patches
    if free:  # its depth is written down, for its settings may have left it to the size of the pictures
        kept = kept.replace(levels=generator.levels)
    if patches is not None:
        kept = config.sampler.generator.replace(**kept.arguments)
        patches = dataclasses.replace(patches, start=0.0)
    sampler = dataclasses.replace(
        config.sampler,
        generator=kept,
        discriminator=before.sampler.discriminator,
        patches=patches,
        initial=INITIAL_FILE,
    )
    return dataclasses.replace(
        config,
        sampler=sampler,
        data=dataclasses.replace(config.data, classes=generator.classes > 0),
        codec=before.codec,
        decoder=before.decoder,
    )


def trained_weights(trained: RunFolder) -> bytes:
    """A safetensors file with the averaged generator of a run, and its discriminator if a checkpoint of it is left."""
    checkpoint, _ = load_newest_checkpoint(trained.part("sampler").path / "checkpoints", tidies=False)
    discriminator = {} if checkpoint is None else under_prefix("discriminator", checkpoint.tensors)
    return initial_file(load(trained.path).generator.state_dict(), discriminator)


def initial_file(generator: Mapping[str, Tensor], discriminator: Mapping[str, Tensor] = MappingProxyType({})) -> bytes:
    """Weights as `sampler.initial` names them, in safetensors."""
    tensors = with_prefix("generator", generator) | with_prefix("discriminator", discriminator)
    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})
