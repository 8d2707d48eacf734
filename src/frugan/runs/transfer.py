"""A trained sampler as the beginning of another training: on other images, or at another size."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from safetensors.torch import save
from torch import Tensor

from frugan.config.schema import DecoderConfig, RunConfig
from frugan.config.shape import ImageShape, PixelFormat
from frugan.config.spec import Spec
from frugan.model.folder import ModelDescription, load
from frugan.networks.base import Discriminator, FreeDepthGenerator
from frugan.runs.folder import INITIAL_FILE, RunFolder, is_run
from frugan.system.errors import ArgumentError
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.part import under_prefix, with_prefix


@dataclasses.dataclass(frozen=True)
class Start:
    """Where another training begins.

    Attributes:
        shape: of its images.
        pixels: what their numbers stand for.
        discriminator: None for a model folder, which has none.
        decoder: how a run's was trained.
        decoder_network: of a model folder.
        clusters: of a run whose classes are such; 0 for none.
    """

    path: Path
    shape: ImageShape
    pixels: PixelFormat
    generator: Spec
    discriminator: Spec | None
    codec: Spec
    decoder: DecoderConfig | None
    decoder_network: Spec | None = None
    clusters: int = 0


def begun_with(start: Path) -> Start:
    """What a run, or a model folder such as an imported one, has to go on with.

    Raises:
        UserError: neither is there.
    """
    if not is_run(start):
        described = ModelDescription.read(start)
        return Start(
            start,
            described.shape,
            described.pixels,
            described.generator,
            None,
            described.codec,
            None,
            described.decoder,
        )
    config = RunFolder.open(start).config()
    networks = config.sampler.generator, config.sampler.discriminator
    data = config.data
    pixels = PixelFormat(data.bits, *(data.value_range or (0.0, 255.0)))
    return Start(start, data.shape, pixels, *networks, config.codec, config.decoder, clusters=data.clusters)


def continued(start: Path, config: RunConfig) -> RunConfig:
    """`config` with the networks and the codec of a trained run or model, which begin with its weights.

    A generator of lines keeps its depth at another size: the same picture is asked for at more places. The
    discriminator of a model folder is that of `config`, and knows nothing. A training on patches has a generator of its
    own, which adopts the weights; it goes on with its second phase.

    Raises:
        UserError: nothing is trained yet, it cannot go on at that size, or it knows classes and the other does not.
    """
    before, generator = begun_with(start), load(start).generator
    shape, own = config.data.shape, before.shape
    free = isinstance(generator, FreeDepthGenerator)
    larger = shape.channels == own.channels and shape.longest >= own.longest
    if shape != own and not (free and larger):
        can = "at its own size or a larger one" if free else "at its own size alone"
        problem = f"{type(generator).__name__} of {own} can go on {can}, not {shape}"
        raise ArgumentError("start", problem, start)
    if config.data.tells_classes and not generator.classes:
        asked = "clusters" if config.data.clusters else "classes"
        raise ArgumentError(asked, f"the run that `start` names was trained without; {start}")
    kept, patches = before.generator, config.sampler.patches
    if free:  # its depth is written down, for its settings may have left it to the size of the pictures
        kept = kept.replace(levels=generator.levels)
    if patches is not None:
        if not generator.own_windows:
            problem = f"{type(generator).__name__} cannot go on with patches; StyleGAN3 and AnyresGAN can"
            raise ArgumentError("start", problem, start)
        kept = config.sampler.generator.replace(**kept.arguments)
        patches = dataclasses.replace(patches, start=0.0)
    sampler = dataclasses.replace(
        config.sampler,
        generator=kept,
        discriminator=_enlarged(before, shape) if before.discriminator else config.sampler.discriminator,
        patches=patches,
        initial=INITIAL_FILE,
    )
    # A run on clusters goes on with as many, unless the images have classes.
    clusters = generator.classes if before.clusters and not config.data.classes else config.data.clusters
    return dataclasses.replace(
        config,
        sampler=sampler,
        data=dataclasses.replace(config.data, classes=generator.classes > 0 and not clusters, clusters=clusters),
        codec=before.codec,
        decoder=_decoder(before, config),
    )


def _enlarged(before: Start, shape: ImageShape) -> Spec:
    """A run's discriminator, for its codes of images of another shape.

    Where those are halved fewer times, such as codes of 64 x 16 after 64 x 64, its settings stay: it has more layers
    than fit, and is refused when its weights are adopted.
    """
    discriminator, codec = before.discriminator, before.codec.build()
    assert discriminator is not None
    kind: type[Discriminator] = discriminator.target  # type: ignore[assignment]
    name, (own, other) = kind.halved_setting, (codec.code_shape(images) for images in (before.shape, shape))
    if not name or own == other:
        return discriminator
    grown = max(0, kind.doublings_of(other) - kind.doublings_of(own))
    return discriminator.replace(**{name: max(1, discriminator.to_dict()[name] // 2**grown)})


def _decoder(before: Start, config: RunConfig) -> DecoderConfig | None:
    """A run's own; for a model folder the recipe's, with the model's network."""
    if before.decoder_network is None:
        return before.decoder
    if config.decoder is None:
        problem = f"{before.path} has a decoder, and {config.recipe} trains none. Name a recipe that does"
        raise ArgumentError("recipe", problem, config.recipe)
    return dataclasses.replace(config.decoder, network=before.decoder_network)


def trained_weights(start: Path) -> bytes:
    """A safetensors file with the averaged generator of a run or model, and a run's discriminator if a checkpoint of it
    is left."""
    discriminator: Mapping[str, Tensor] = {}
    if is_run(start):
        checkpoints = RunFolder.open(start).part("sampler").path / "checkpoints"
        checkpoint, _ = load_newest_checkpoint(checkpoints, tidies=False)
        discriminator = {} if checkpoint is None else under_prefix("discriminator", checkpoint.tensors)
    return initial_file(load(start).generator.state_dict(), discriminator)


def initial_file(generator: Mapping[str, Tensor], discriminator: Mapping[str, Tensor] = MappingProxyType({})) -> bytes:
    """Weights as `sampler.initial` names them, in safetensors."""
    tensors = with_prefix("generator", generator) | with_prefix("discriminator", discriminator)
    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})
