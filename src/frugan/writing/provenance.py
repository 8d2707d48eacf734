"""Where a picture comes from, as text in its PNG file: enough to draw it again."""

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from frugan.config.records import parse_record, plain
from frugan.requests.drawing import Drawing
from frugan.system.errors import ArgumentError, UserError
from frugan.system.version import __version__

KEY = "frugan"  # of the text chunk
_LONGEST = 4096  # characters; what is written has some 150


@dataclass(frozen=True)
class Provenance:
    """Of one picture.

    Attributes:
        model: fingerprint of the model that drew it.
        label: class that was asked for, by its number; None if there are none, or the seed drew it.
        frugan: the version.
    """

    model: str
    seed: int
    truncation: float
    label: int | None = None
    frugan: str = __version__

    def to_text(self) -> str:
        """JSON in ASCII."""
        return json.dumps(plain(self))

    def drawing(self) -> Drawing:
        """
        Raises:
            ArgumentError: seed or truncation are out of range.
        """
        return Drawing([self.seed], self.truncation, self.label)


def read_provenance(path: Path) -> Provenance:
    """What a PNG says of itself.

    Raises:
        ArgumentError: no PNG, or it says nothing.
        UserError: what it says is damaged.
    """
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            text = picture.info.get(KEY)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ArgumentError("from_png", "cannot be read as a PNG. Give one that `sample` wrote", path) from error
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise ArgumentError("from_png", "does not say which model and seed it was drawn from", path)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: its text '{KEY}' is no JSON. It was changed by another program.") from error
    return parse_record(Provenance, found, f"{path}: its text '{KEY}'")
