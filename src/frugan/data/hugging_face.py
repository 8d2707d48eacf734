"""Image data sets of Hugging Face, by name or from a folder, through their own package (extra: huggingface).

`hf:ORGANISATION/NAME`, `hf:ORGANISATION/NAME/CONFIGURATION`, each with `:SPLIT` behind it (`train` if left out);
`hf:./folder` or `hf:/folder` for one that lies here. The package is imported only on opening. No code of a data set is
run.
"""

from pathlib import Path
from typing import Any, NamedTuple

from frugan.data.decode import CorruptImageError
from frugan.data.files import read_file
from frugan.data.items import NO_CLASS, Item, Source
from frugan.system.errors import RunError, UserError

PREFIX = "hf:"
_USUAL_SPLIT = "train"
_SAVED = ("state.json", "dataset_dict.json")  # of `save_to_disk`


class Named(NamedTuple):
    """What is asked for: a name or a folder, a configuration or "", a split."""

    name: str
    configuration: str
    split: str


def parse_name(data: str) -> Named:
    """
    Raises:
        UserError: no name, or more parts than there are.
    """
    name, _, split = data.removeprefix(PREFIX).partition(":")
    if name.startswith((".", "/", "~")):
        return Named(name, "", split or _USUAL_SPLIT)
    parts = name.split("/")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise UserError(f"{data}: write hf:ORGANISATION/NAME, hf:ORGANISATION/NAME/CONFIGURATION, or hf:./FOLDER.")
    return Named("/".join(parts[:2]), parts[2] if len(parts) == 3 else "", split or _USUAL_SPLIT)


def from_anywhere(data: str) -> str:
    """The same data set, named so that it is found from every working directory."""
    name, colon, split = data.removeprefix(PREFIX).partition(":")
    return f"{PREFIX}{Path(name).expanduser().resolve()}{colon}{split}" if name.startswith((".", "~")) else data


def open_hugging_face(data: str) -> Source:
    """The images of one split, with the labels of its first column of classes, if it has one.

    Raises:
        UserError: the package is missing, or there are no images in it.
        RunError: it is neither there nor can be fetched.
    """
    named = parse_name(data)
    try:
        import datasets
    except ImportError as error:
        raise UserError(f"{data} needs a package: pip install 'frugan[huggingface]'.") from error
    try:
        table = _load(datasets, named)
    except Exception as error:  # of a package that asks a network: all that it may say is that it cannot be had
        raise RunError(f"{data} is not here and could not be fetched: {error}") from error
    images = [name for name, kind in table.features.items() if isinstance(kind, datasets.Image)]
    if not images:
        raise UserError(f"{data}: has no column of images, only {', '.join(table.features)}.")
    classes = [name for name, kind in table.features.items() if isinstance(kind, datasets.ClassLabel)]
    class_names = tuple(table.features[classes[0]].names) if classes else ()
    labels = table[classes[0]] if classes else None
    encoded = table.select_columns(images[0]).cast_column(images[0], datasets.Image(decode=False))

    own = [Path(named.name).expanduser().resolve(), Path(datasets.config.HF_CACHE_HOME).resolve()]

    def read(index: int) -> bytes:
        found = encoded[index][images[0]]
        if found is None:
            raise CorruptImageError("there is no image in this row")
        if found["bytes"] is not None:
            return bytes(found["bytes"])
        file = Path(found["path"]).resolve()  # what strangers wrote, who might name a file of yours
        if not any(file.is_relative_to(folder) for folder in own):
            raise CorruptImageError("its file lies outside of the data set")
        return read_file(file)

    items = tuple(_item(index, None if labels is None else labels[index], class_names) for index in range(len(table)))
    stamp = str(table._fingerprint)  # of all rows, and of what was done to them
    return Source(data, items, class_names, read, home=f"{data} {stamp}")


def _load(datasets: Any, named: Named) -> Any:
    folder = Path(named.name).expanduser()
    if any((folder / file).is_file() for file in _SAVED):
        saved = datasets.load_from_disk(str(folder))
        return saved[named.split] if isinstance(saved, datasets.DatasetDict) else saved
    return datasets.load_dataset(named.name, named.configuration or None, split=named.split)


def _item(index: int, label: int | None, class_names: tuple[str, ...]) -> Item:
    if label is None or not 0 <= label < len(class_names):
        return Item(f"{index:09d}", NO_CLASS, "")
    return Item(f"{index:09d}", label, "")
