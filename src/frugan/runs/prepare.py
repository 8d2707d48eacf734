"""From a configuration to a run that is ready to train: images packed, codes measured, folder written."""

import dataclasses
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from frugan.codecs.base import Codec
from frugan.config.schema import PartName, RunConfig
from frugan.config.shape import ImageShape
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.data.opening import open_sides, usual_hold_out
from frugan.data.order import Bucketed
from frugan.data.packed import PackedDataset
from frugan.data.patches import Patches
from frugan.data.shard_place import is_shards
from frugan.data.source import open_source, source_name
from frugan.model.folder import ModelDescription
from frugan.runs.clusters import clustered, clusters_of, write_clusters
from frugan.runs.environment import DataFacts, Environment
from frugan.runs.folder import INITIAL_FILE, RunFolder
from frugan.system.atomic import write_file
from frugan.system.cores import available_cores, processes_here
from frugan.system.device import choose_device, describe_machine
from frugan.system.errors import ArgumentError, RunError, UserError
from frugan.training.batch_norm import synchronise_batch_norm
from frugan.training.decoder import DecoderPart
from frugan.training.gan import GANPart
from frugan.training.part import Part
from frugan.training.ranks import ALONE, Ranks

MEASURED_IMAGES = 128  # enough for a spectrum, section 3 of the NSS paper
FEWEST_IMAGES = 8  # below that, not even two halves of the real images can be compared


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A configuration with everything resolved that depends on the data and the machine, and the data itself."""

    config: RunConfig
    dataset: TrainingImages
    device: torch.device


def prepare(
    config: RunConfig, report: Callable[[str], None], *, only: PartName | None = None, start: Path | None = None
) -> Prepared:
    """Check the configuration, pack the data set and resolve what the configuration left open.

    `only`: the part that will be trained, if the other will not be. `start`: the run whose weights it begins with.

    Raises:
        UserError: a setting that cannot work, or data that cannot be used.
    """
    device = choose_device(config.device)
    try:
        codec: Codec = config.codec.build()
        codec.code_shape(config.data.shape)
    except ValueError as error:
        raise UserError(f"codec: {error}") from error
    config = _with_hold_out(config, only)
    dataset, held_out = open_dataset(config), open_held_out(config)
    for sentence in dataset.skipped_summary():
        report(sentence)
    others = f", and {len(held_out)} held out to judge on" if held_out else ""
    report(f"{config.data.source}: {len(dataset)} images at {config.data.shape}{others}")
    if len(dataset) < FEWEST_IMAGES:
        raise UserError(
            f"{config.data.source}: only {len(dataset)} images can be used; at least {FEWEST_IMAGES} are needed, and a "
            "sampler learns from a few hundred or more"
        )
    if not config.sampler.initial:
        low, high = measure_code_range(codec, dataset, config.data.mirror)
        config = dataclasses.replace(config, codec=config.codec.replace(code_min=low, code_max=high))
    if config.data.clusters:
        kept = clusters_of(start, dataset)
        dataset = clustered(dataset, config.data.clusters, device, report) if kept is None else kept
    cut = codec.missing(config.data.shape)
    config = dataclasses.replace(
        config,
        codec=config.codec.replace(cut=cut) if any(cut) else config.codec,
        data=dataclasses.replace(config.data, value_range=_value_range(dataset)),
    )
    config = dataclasses.replace(
        _with_classes(config, dataset) if config.data.tells_classes else config,
        device=str(device),
        threads=config.threads or _threads_per_part(config),
    )
    _build_parts(config, device, dataset)  # errors in their settings show now, not in the middle of the run
    return Prepared(config, dataset, device)


def _value_range(dataset: TrainingImages) -> tuple[float, float] | None:
    """What becomes -1 and 1, for the run to keep; ordinary files need no saying."""
    pixels = dataset.pixels
    return None if pixels.is_plain else (pixels.low, pixels.high)


def _with_hold_out(config: RunConfig, only: PartName | None) -> RunConfig:
    """With a number: what is usual for so many images, if it was left open. Patches come from all photos."""
    if config.data.hold_out is not None:
        return config
    whole = dataclasses.replace(config, data=dataclasses.replace(config.data, hold_out=0.0))
    if config.sampler.patches is not None:
        return whole
    usual = usual_hold_out(config.data, sampler=only != "decoder")
    return dataclasses.replace(config, data=dataclasses.replace(config.data, hold_out=usual))


def open_dataset(config: RunConfig, shape: ImageShape | None = None) -> TrainingImages:
    """The images that the run trains on, in its shape or another; at once when they were packed before."""
    return open_sides(config.data, shape)[0]


def open_held_out(config: RunConfig, shape: ImageShape | None = None) -> TrainingImages | None:
    """As `open_dataset`, those that it holds out; None if it trains on all."""
    return open_sides(config.data, shape)[1]


def open_patches(config: RunConfig, dataset: TrainingImages) -> Patches | None:
    """Patches of the photos behind the run's images, for a sampler that trains on them."""
    wanted, shape = config.sampler.patches, config.data.shape
    if wanted is None:
        return None
    side = shape.height
    if shape != ImageShape.square(side) or config.data.bits != 8 or config.data.fit != "crop":
        raise UserError(f"sampler.patches: they are of RGB squares of 8 bits, not of {shape}. Leave patches out")
    if is_shards(config.data.source):
        raise UserError(
            "sampler.patches: they come from photos, not from shards. Give the photos, or leave patches out"
        )
    if config.data.hold_out:
        raise UserError("data.hold_out: patches come from all photos. Leave out hold_out, or sampler.patches")
    largest, upsample = max(wanted.largest, side), config.data.upsample
    photos = pack(open_source(config.data.source), Wanted.square(largest, allow_upsampling=upsample, smallest=side))
    if photos.fingerprint != dataset.fingerprint:
        raise RunError(f"{config.data.source}: its photos changed while they were packed. Start again")
    loader = Loader(dataset, seed=config.seed, mirror=config.data.mirror)
    return Patches(loader, photos, side=side, seed=config.seed)


def create_run(prepared: Prepared, path: Path, *, replace: bool, initial: bytes | None = None) -> RunFolder:
    """Write the run folder, the description of its model, and the weights that it begins with (`transfer`), if any."""
    config, dataset = prepared.config, prepared.dataset
    held_out = open_held_out(config)
    facts = DataFacts(
        source=str(config.data.source),
        images=len(dataset),
        fingerprint=dataset.fingerprint,
        class_counts=dataset.class_counts(),
        skipped=tuple(f"{skipped.name}: {skipped.reason}" for skipped in dataset.skipped),
        held_out=len(held_out) if held_out else 0,
        held_out_fingerprint=held_out.fingerprint if held_out else "",
    )
    env = Environment(
        describe_machine(prepared.device), facts, time.strftime("%Y-%m-%dT%H:%M:%S%z"), secrets.token_hex(8)
    )
    counts = {"num_skipped": len(dataset.skipped), "class_counts": facts.class_counts, "images": len(dataset)}
    if isinstance(dataset, PackedDataset) and dataset.aspects is not None:
        counts["aspect_counts"] = {repr(aspect): count for aspect, count in dataset.aspect_counts().items()}
    shared = {"source": source_name(config.data.source), "fingerprint": dataset.fingerprint, **counts}

    def describe_model(run: RunFolder) -> None:
        if initial is not None:
            write_file(run.path / INITIAL_FILE, initial)
        if config.data.clusters:
            write_clusters(run.path, dataset)
        ModelDescription(
            generator=config.sampler.generator,
            codec=config.codec,
            decoder=config.decoder.network if config.decoder else None,
            assumed_noise=config.decoder.assumed_noise if config.decoder else 0.0,
            most_noise=config.decoder.code_noise if config.decoder else 0.0,
            code_shape=config.codec.build().code_shape(config.data.shape),
            shape=config.data.shape,
            pixels=dataset.pixels,
            info={"recipe": config.recipe, "seed": config.seed, "data": shared, "frugan": env.machine.frugan},
        ).write(run.model)

    return RunFolder.create(path, config, env, describe_model, replace=replace)


def build_part(
    config: RunConfig, name: PartName, device: torch.device, ranks: Ranks = ALONE, dataset: TrainingImages | None = None
) -> Part:
    """The sampler or the decoder of a resolved configuration, freshly initialised, alike on all ranks.

    Without the images, a sampler of patches can be built but not trained.
    """
    codec: Codec = config.codec.build()
    part: Part
    if name == "sampler":
        patches = open_patches(config, dataset) if dataset else None
        aspect_of = _aspects(config, dataset) if dataset else None
        part = GANPart(config.sampler, codec, config.data.shape, config.seed, device, ranks, patches, aspect_of)
    elif config.decoder is None:
        raise UserError(f"recipe {config.recipe}: it has no decoder to train")
    else:
        part = DecoderPart(config.decoder, codec, config.data.shape, config.seed, device, ranks)
    if ranks.count > 1 and config.synchronised_batch_norm:
        synchronise_batch_norm(part.networks().values(), ranks)
    return part


def _aspects(config: RunConfig, dataset: TrainingImages) -> Callable[[int], float] | None:
    """Width over height of the images of the step that begins with a number; None where all have one shape."""
    order = dataset.order(config.seed, config.sampler.schedule.batch)
    if not isinstance(order, Bucketed):
        return None
    if config.sampler.smallest_window < 1:
        raise UserError("sampler.smallest_window: windows are of one shape. Set it to 1, or data.fit to crop")
    return order.aspect


def measured_images(dataset: TrainingImages) -> Tensor:
    """The images (N, C, H, W) on which parts measure what they must know."""
    return next(Loader(dataset, seed=0, mirror=False).spread_images(MEASURED_IMAGES, MEASURED_IMAGES))


@torch.no_grad()
def measure_code_range(codec: Codec, dataset: TrainingImages, mirror: bool) -> tuple[float, float]:
    """Smallest and largest raw code over the data set, mirrored images included if training will show them.

    A mirrored image has another code than the mirrored code, because the wavelet's samples sit on even pixels.
    """
    lows, highs = [], []
    for images, _ in Loader(dataset, seed=0, mirror=False).all_images(64):
        for view in (images, images.flip(-1)) if mirror else (images,):
            raw = codec.raw_code(view)
            lows.append(raw.min().item())
            highs.append(raw.max().item())
    low, high = min(lows), max(highs)
    if high - low < 1e-3:
        raise UserError(f"all {len(dataset)} images are the same flat colour; there is nothing to learn")
    return low, high


def _with_classes(config: RunConfig, dataset: TrainingImages) -> RunConfig:
    """The networks told how many classes there are.

    Raises:
        UserError: there are none, images lie outside of them, or a network cannot be told.
    """
    count, outside = len(dataset.class_names), dataset.unlabelled()
    asked = "clusters" if config.data.clusters else "classes"
    if count < 2:
        raise ArgumentError(
            "classes",
            f"{config.data.source} has {count or 'no'} class{'es' * (count != 1)}; at least 2 are needed: a "
            "first-level folder each, or labels in dataset.json",
        )
    if outside:
        raise ArgumentError(
            "classes",
            f"{outside} images of {config.data.source} have no class: they lie in no first-level folder, or "
            "its dataset.json does not name them, or gives them a number below 0",
        )
    if "generator" in config.sampler.generator.arguments:
        return config  # of sampler and decoder as one, fine-tuned: they were told before
    known = config.sampler.generator.arguments.get("classes", 0)
    if config.sampler.initial and known != count:
        raise ArgumentError("start", f"those networks know {known} classes, but {config.data.source} has {count}")
    try:
        sampler = dataclasses.replace(
            config.sampler,
            generator=config.sampler.generator.replace(classes=count),
            discriminator=config.sampler.discriminator.replace(classes=count),
        )
    except UserError as error:
        raise ArgumentError(
            asked,
            f"recipe {config.recipe} has networks that take none; those of quickstart, nsb-gan-w-small, "
            "biggan-128-small and creps-small do. Or set both networks, for example with `settings` "
            "'sampler.generator={class: frugan.networks.biggan.BigGANGenerator, channels: 16, attention: 16}' "
            "`settings` 'sampler.discriminator={class: frugan.networks.biggan.BigGANDiscriminator, channels: 16, "
            "attention: 16}'",
        ) from error
    return dataclasses.replace(config, sampler=sampler)


def _threads_per_part(config: RunConfig) -> int:
    if processes_here() > 1:
        return max(1, available_cores() // processes_here())  # the parts train one after the other then
    return max(1, available_cores() // len(config.parts()))


def _build_parts(config: RunConfig, device: torch.device, dataset: TrainingImages) -> None:
    for name in config.parts():
        try:
            _check_weights(build_part(config, name, device, dataset=dataset))  # patches are packed now
        except (RuntimeError, MemoryError) as error:  # torch's, of sizes that cannot be, or do not fit
            raise UserError(
                f"{name}: its networks cannot be built with these settings: {error}. Check their widths and sizes."
            ) from error
        except (ValueError, TypeError, ArithmeticError) as error:
            shape, code_shape = config.data.shape, config.codec.build().code_shape(config.data.shape)
            size = shape.size_text
            codes = f". Images of {size} have codes of {code_shape[1]} x {code_shape[2]}" if code_shape != shape else ""
            advice = (
                ": choose another resolution, such as 64, 128 or 256, or a recipe without codes, such as creps-small"
                if codes
                else ""
            )
            raise UserError(f"{name}: {error}{codes}{advice}") from error


def _check_weights(part: Part) -> None:
    for network, module in part.networks().items():
        for parameter, weights in module.named_parameters():
            if weights.numel() == 0:
                raise ValueError(f"{network}: {parameter} is empty, of shape {tuple(weights.shape)}: a setting is 0")
