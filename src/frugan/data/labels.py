"""Which class an image is of: its first folder, or what a listing `dataset.json` beside the images says."""

import json
from typing import Any

from frugan.data.items import NO_CLASS, Item
from frugan.system.errors import UserError

LISTING = "dataset.json"


def label_by_folder(stamps: dict[str, str]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """{name: stamp} -> items sorted by name, and the sorted names of the first folders, which are the classes."""
    class_names = tuple(sorted({name.split("/")[0] for name in stamps if "/" in name}))
    labels = {class_name: label for label, class_name in enumerate(class_names)}
    items = (
        Item(name, labels[name.split("/")[0]] if "/" in name else NO_CLASS, stamp)
        for name, stamp in sorted(stamps.items())
    )
    return tuple(items), class_names


def label_by_listing(
    stamps: dict[str, str], listing: bytes | None, origin: str
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """As `label_by_folder`, with the classes of a listing as StyleGAN's: {"labels": [["00000/a.png", 3], ...]}.

    Labels are numbers or names; images that are not listed, or whose number is below 0, have no class. Without a
    listing, or without labels in it, folders are the classes.

    Raises:
        UserError: the listing is none.
    """
    found = None if listing is None else _read(listing, origin)
    if not found:
        return label_by_folder(stamps)
    if not found.keys() & stamps.keys():
        example = next(iter(found))
        raise UserError(
            f"{origin}: {LISTING} names {len(found)} images, such as {example!r}, and none of them is here. Names are "
            "paths from the folder that it lies in"
        )
    classes = sorted(
        {label for label in found.values() if isinstance(label, str) or label >= 0},
        key=lambda label: (isinstance(label, str), label),
    )
    labels = {label: number for number, label in enumerate(classes)}
    items = (
        Item(name, labels.get(found.get(name, NO_CLASS), NO_CLASS), stamp) for name, stamp in sorted(stamps.items())
    )
    return tuple(items), tuple(map(str, classes))


def _read(listing: bytes, origin: str) -> dict[str, int | str]:
    try:
        loaded: Any = json.loads(listing)
        entries = loaded.get("labels") or []
        named: dict[str, int | str] = dict(entries)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f'{origin}: {LISTING} is not {{"labels": [["image.png", 3], ...]}}: {error}') from error
    for name, label in named.items():
        if not isinstance(name, str) or not isinstance(label, int | str) or isinstance(label, bool):
            raise UserError(f"{origin}: {LISTING}: the label of {name!r} is {label!r}; a number or a name is expected")
    return {name.replace("\\", "/"): label for name, label in named.items()}  # as Windows writes paths
