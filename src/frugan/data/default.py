"""The drawings that frugan brings along, so that it can be tried before any photo is collected.

702 busts of people, 128 x 128, in three classes, out of Noto Emoji; see noto-people.NOTICE.txt beside this file.
"""

from importlib import resources
from io import BytesIO

from frugan.data.files import open_zip
from frugan.data.items import Source

DEFAULT_NAME = "noto-people"


def open_default() -> Source:
    """The embedded drawings as a source."""
    archive = resources.files("frugan.data").joinpath("noto-people.zip").read_bytes()
    return open_zip(BytesIO(archive), DEFAULT_NAME)
