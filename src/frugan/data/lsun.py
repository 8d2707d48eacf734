"""The ten categories of LSUN, read from the databases that its authors publish (https://www.yf.io/p/lsun).

torchvision reads them too, but keeps a pickle of the keys in the working directory and decodes what it hands out; here
the stored bytes are handed out as they are.
"""

import importlib
from pathlib import Path
from typing import Any

from frugan.data.items import Source
from frugan.data.labels import label_by_folder
from frugan.data.torchvision_sets import data_root
from frugan.system.errors import UserError

_CATEGORIES = {
    "lsun-bedroom": "bedroom",
    "lsun-bridge": "bridge",
    "lsun-church": "church_outdoor",
    "lsun-classroom": "classroom",
    "lsun-conference-room": "conference_room",
    "lsun-dining-room": "dining_room",
    "lsun-kitchen": "kitchen",
    "lsun-living-room": "living_room",
    "lsun-restaurant": "restaurant",
    "lsun-tower": "tower",
}
LSUN_NAMES: tuple[str, ...] = tuple(_CATEGORIES)


def open_lsun(name: str) -> Source:
    """The training images of one of LSUN_NAMES, without classes, from $FRUGAN_DATA/<category>_train_lmdb.

    Raises:
        UserError: the database is not there (it is too large to be fetched unasked), or the package lmdb is missing.
    """
    folder = data_root() / f"{_CATEGORIES[name]}_train_lmdb"
    if not folder.is_dir():
        raise UserError(
            f"{name} is not at {folder}: fetch {folder.name} from https://www.yf.io/p/lsun, unpack it there, "
            "or set FRUGAN_DATA to the folder that holds it."
        )
    try:
        lmdb = importlib.import_module("lmdb")
    except ImportError as error:
        raise UserError(f"{name} needs the package lmdb: pip install lmdb.") from error
    return _open_database(name, folder, lmdb.open(str(folder), readonly=True, lock=False, readahead=False))


def _open_database(name: str, folder: Path, database: Any) -> Source:
    with database.begin() as view:
        keys = {key.hex(): key for key in view.cursor().iternext(keys=True, values=False)}
    stamp = str((folder / "data.mdb").stat().st_mtime_ns)
    items, class_names = label_by_folder(dict.fromkeys(keys, stamp))

    def read(index: int) -> bytes:
        with database.begin() as view:
            return bytes(view.get(keys[items[index].name]))

    return Source(name, items, class_names, read, home=str(folder))
