"""Find the images that a user means: a folder, a zip, a data set known by name, or the drawings inside frugan."""

import dataclasses
import difflib
import os
import zipfile
from pathlib import Path

from frugan.config.schema import RunConfig
from frugan.data.catalogue import CATALOGUE, how_to_get
from frugan.data.default import DEFAULT_NAME, open_default
from frugan.data.files import open_folder, open_zip
from frugan.data.hugging_face import PREFIX, from_anywhere, open_hugging_face
from frugan.data.items import Item, Source
from frugan.data.lsun import LSUN_NAMES, open_lsun
from frugan.data.shard_place import is_shards
from frugan.data.torchvision_sets import TORCHVISION_NAMES, open_torchvision_set
from frugan.system.errors import UserError

__all__ = ["NAMES", "Item", "Source", "open_source"]

NAMES: tuple[str, ...] = (DEFAULT_NAME, *TORCHVISION_NAMES, *LSUN_NAMES)


def source_name(data: str | Path) -> str:
    """A data set's name or a folder's, without the way to it: a model is copied to others, who need not learn it."""
    return Path(data).resolve().name


def with_source(config: RunConfig, data: str) -> RunConfig:
    """The configuration with `data` as its images; paths become absolute: a run may be resumed from anywhere."""
    if data.startswith(PREFIX):
        data = from_anywhere(data)
    source = str(Path(data).resolve()) if Path(data).exists() and data not in NAMES else data
    return dataclasses.replace(config, data=dataclasses.replace(config.data, source=source))


def open_source(data: str | Path) -> Source:
    """List the images of `data`: a folder (nested or not), a zip of images, one of NAMES, or hf:NAME.

    The first folder on an image's way from the root is its class; images in the root have none. A bare word that is in
    NAMES always means that data set: write `./cifar10` for a folder that is called so.

    Raises:
        UserError: there is no such thing, or no image in it.
        RunError: a named set is not there and cannot be fetched.
    """
    if data == DEFAULT_NAME:
        return open_default()
    if data in TORCHVISION_NAMES:
        return open_torchvision_set(str(data))
    if data in LSUN_NAMES:
        return open_lsun(str(data))
    if str(data).startswith(PREFIX):
        return open_hugging_face(str(data))
    if is_shards(data):
        raise UserError(f"{data} holds shards, packed for training: give the images that they were made of.")
    path = Path(data).expanduser()
    if path.is_dir():
        return open_folder(path)
    if path.is_file() and (path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)):
        return open_zip(path, str(data))
    if path.exists():
        raise UserError(f"{data} is neither a folder nor a zip: give a folder of images or a zip of one.")
    if path.is_symlink():
        raise UserError(f"{data} is a link to nothing, or to itself: give the folder or zip that it should lead to.")
    known = how_to_get(str(data))
    if known:
        raise UserError(known)
    raise UserError(f"There is no folder, zip or data set {str(data)!r}.{_did_you_mean(data, path)}")


def _did_you_mean(data: str | Path, path: Path) -> str:
    """The closest of the names and of what lies beside the path, as a sentence that starts with a blank."""
    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    beside = [str(path.parent / name) for name in sorted(os.listdir(path.parent))]
    known = [known.name for known in CATALOGUE if not known.fetched and known.name not in NAMES]
    close = difflib.get_close_matches(str(data), [*NAMES, *known, *beside], n=3)
    if close:
        return f" Did you mean {' or '.join(close)}?"
    return f" Data sets known by name: {', '.join(NAMES)}; `frugan data list` has more."
