"""Well-known data sets through torchvision, which fetches and verifies them.

They are kept in $FRUGAN_DATA (by default ~/.cache/frugan/datasets), laid out as torchvision lays them out, so that a
folder which another program filled can be used as it is. torchvision, and with it torch, is imported only on opening.
"""

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from frugan.data.files import read_file
from frugan.data.items import Source
from frugan.data.labels import label_by_folder
from frugan.system.errors import RunError, UserError


def open_torchvision_set(name: str) -> Source:
    """One of TORCHVISION_NAMES, fetched first if it is not in $FRUGAN_DATA.

    Raises:
        UserError: a package is missing.
        RunError: the set is neither there nor can be fetched.
    """
    root = data_root()
    try:
        from frugan.system.torchvision_import import import_torchvision  # late: this imports torch

        return _OPENERS[name](name, import_torchvision().datasets, root)
    except ImportError as error:
        raise UserError(f"{name} needs a package that is not installed: {error}.") from error
    except (OSError, RuntimeError) as error:
        raise RunError(
            f"{name} is not in {root} (set FRUGAN_DATA if it lies elsewhere) and could not be fetched: {error}"
        ) from error


def data_root() -> Path:
    """The folder that holds the data sets known by name."""
    return Path(os.environ.get("FRUGAN_DATA") or "~/.cache/frugan/datasets").expanduser()


def _open_cifar10(name: str, datasets: ModuleType, root: Path) -> Source:
    """The 50,000 training images, on which FID is customarily measured."""
    dataset = datasets.CIFAR10(root, train=True, download=True)
    return _from_pictures(name, dataset.data, [dataset.classes[label] for label in dataset.targets])


def _open_cifar100(name: str, datasets: ModuleType, root: Path) -> Source:
    """The 50,000 training images."""
    dataset = datasets.CIFAR100(root, train=True, download=True)
    return _from_pictures(name, dataset.data, [dataset.classes[label] for label in dataset.targets])


def _open_flowers102(name: str, datasets: ModuleType, root: Path) -> Source:
    """All 8,189 images: the customary splits are for classifiers, whose test set is the largest part."""
    splits = [datasets.Flowers102(root, split, download=True, loader=Path) for split in ("train", "val", "test")]
    class_names = datasets.Flowers102.classes
    return _from_files(name, {f"{class_names[label]}/{path.name}": path for split in splits for path, label in split})


def _open_food101(name: str, datasets: ModuleType, root: Path) -> Source:
    """The 75,750 training images."""
    dataset = datasets.Food101(root, "train", download=True, loader=Path)
    return _from_files(name, {f"{dataset.classes[label]}/{path.name}": path for path, label in dataset})


def _open_celeba(name: str, datasets: ModuleType, root: Path) -> Source:
    """All 202,599 aligned and cropped faces, without classes."""
    dataset = datasets.CelebA(root, "all", download=True)
    folder = root / dataset.base_folder / "img_align_celeba"
    return _from_files(name, {file: folder / file for file in dataset.filename})


def _open_mnist(name: str, datasets: ModuleType, root: Path) -> Source:
    """The 60,000 training digits, grey."""
    dataset = datasets.MNIST(root, train=True, download=True)
    grey = np.asarray(dataset.data)
    return _from_pictures(name, grey[..., None].repeat(3, axis=3), [str(label) for label in dataset.targets.tolist()])


_OPENERS: dict[str, Callable[[str, ModuleType, Path], Source]] = {
    "cifar10": _open_cifar10,
    "cifar100": _open_cifar100,
    "flowers102": _open_flowers102,
    "food101": _open_food101,
    "celeba": _open_celeba,
    "mnist": _open_mnist,
}
TORCHVISION_NAMES: tuple[str, ...] = tuple(_OPENERS)


def _from_files(origin: str, paths: dict[str, Path]) -> Source:
    """A source that reads the files of a data set by itself: the original bytes, decoded only once."""
    items, class_names = label_by_folder(dict.fromkeys(paths, ""))
    files = [paths[item.name] for item in items]
    return Source(
        origin,
        items,
        class_names,
        lambda index: read_file(files[index]),
        lambda index: files[index].stat().st_size,
        home=origin,
    )


def _from_pictures(origin: str, pictures: np.ndarray, classes: list[str]) -> Source:
    """A source out of uint8 (N, H, W, 3) in memory; a PPM file, which is the bare pixels, stands for each picture."""
    names = {f"{class_name}/{index:05d}.ppm": index for index, class_name in enumerate(classes)}
    items, class_names = label_by_folder(dict.fromkeys(names, ""))
    height, width = pictures.shape[1:3]

    def read(index: int) -> bytes:
        return b"P6 %d %d 255\n" % (width, height) + pictures[names[items[index].name]].tobytes()

    return Source(origin, items, class_names, read, home=origin)
