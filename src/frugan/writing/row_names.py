"""Names beside the rows of a sheet."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from frugan.system.text import one_line

_LARGEST, _SMALLEST = 16, 6  # pixels of the letters
_LONGEST = 32  # letters of a name; a longer one is cut off
_MISSING = "\ue000"  # private use: no font has it


def with_row_names(sheet: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """(H, W, 3) uint8 of as many equal rows as there are names -> the same with a white column of names on the left.

    The font is Pillow's own. A row whose name has letters that this font lacks is called by its number, from 0, which
    is the class's.
    """
    height = sheet.shape[0] // len(names)
    font = ImageFont.load_default(max(_SMALLEST, min(_LARGEST, height)))
    shown = [_shown(name, number, font) for number, name in enumerate(names)]
    room = round(font.getbbox("0")[3])
    width = max(int(font.getlength(name)) for name in shown) + 2 * room
    column = Image.new("RGB", (width, sheet.shape[0]), "white")
    draw = ImageDraw.Draw(column)
    for number, name in enumerate(shown):
        draw.text((width - room, (number + 0.5) * height), name, "black", font, anchor="rm")
    return np.concatenate([np.asarray(column), sheet], axis=1)


def _shown(name: str, number: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    line = one_line(name)
    missing = bytes(font.getmask(_MISSING))
    if any(not letter.isspace() and bytes(font.getmask(letter)) == missing for letter in line):
        return str(number)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
