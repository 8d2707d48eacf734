"""The images of a configuration, wherever they lie: to train on, and held out."""

import dataclasses

from frugan.config.schema import DataConfig
from frugan.config.shape import ImageShape
from frugan.data.cache import pack_as
from frugan.data.hold_out import split, usual_fraction
from frugan.data.images import TrainingImages
from frugan.data.shard_place import is_shards
from frugan.data.shards import open_shards, packed_hold_out
from frugan.data.source import open_source


def open_images(data: DataConfig, shape: ImageShape | None = None) -> TrainingImages:
    """All images of a folder or zip; of shards, those to train on. In the configuration's shape, or another.

    Raises:
        UserError: there are none, or they are not as the configuration wants them.
    """
    if is_shards(data.source):
        return open_shards(dataclasses.replace(data, hold_out=None), shape)[0]
    return pack_as(open_source(data.source), data, shape)


def open_sides(data: DataConfig, shape: ImageShape | None = None) -> tuple[TrainingImages, TrainingImages | None]:
    """The images to train on, and those that are held out, if any; in the configuration's shape, or another.

    Images of a folder or zip are packed now, if they were not before.

    Raises:
        UserError: there are none, or they are not as the configuration wants them.
    """
    if is_shards(data.source):
        return open_shards(data, shape)
    dataset = pack_as(open_source(data.source), data, shape)
    return split(dataset, data.hold_out) if data.hold_out else (dataset, None)


def usual_hold_out(data: DataConfig, *, sampler: bool) -> float:
    """What to hold out where nobody says it: see `usual_fraction`; of shards, what was when they were packed."""
    if is_shards(data.source):
        return packed_hold_out(data.source)
    images, _ = open_sides(dataclasses.replace(data, hold_out=0.0))
    return usual_fraction(len(images), sampler=sampler)
