"""How much is read of files that others made: every bound of the program, each far above what sound files need."""

import math
import os
from typing import NamedTuple

from frugan.system.errors import UserError

MiB, GiB = 2**20, 2**30
VARIABLE = "FRUGAN_BOUNDS"
HINT = f"If it is sound, set {VARIABLE}=4: it may then be four times as large."


class Bound(NamedTuple):
    """The most that is read for one purpose."""

    purpose: str  # "a configuration"
    most: int  # bytes, or what the name of the constant says

    @property
    def now(self) -> int:
        """`most` times $FRUGAN_BOUNDS, which is 1 unless somebody set it."""
        return math.floor(self.most * factor())


def factor() -> float:
    """$FRUGAN_BOUNDS, 1 by default.

    Raises:
        UserError: it is no positive number.
    """
    text = os.environ.get(VARIABLE) or "1"
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 2**20:
        raise UserError(f"{VARIABLE}: must be a positive number, such as 4; got {text!r}.")
    return found


CONFIGURATION = Bound("a configuration", MiB)
CHECKPOINT_STATE = Bound("the state of a checkpoint", MiB)
CHECKPOINT_TENSORS = Bound("the tensors of a checkpoint", 128 * GiB)
MODEL_DESCRIPTION = Bound("a description of a model", MiB)
NETWORK_SETTINGS = Bound("the settings of a network", MiB)
WEIGHTS = Bound("the weights of a network", 32 * GiB)
LATENTS = Bound("latents or directions", 64 * MiB)  # 256 directions of 18 styles of 512 numbers have 9
WARP = Bound("a warp", GiB)
RESULT = Bound("a result", 64 * MiB)
LOG = Bound("a log", GiB)
BROWSER_RUNTIME = Bound("a file of onnxruntime-web", 64 * MiB)
SHARD = Bound("a shard of images", 4 * GiB)
CACHE_INDEX = Bound("the index of packed images", 2 * GiB)  # some 100 bytes an image
LISTING = Bound("labels", 256 * MiB)
IMAGE = Bound("one image", 512 * MiB)  # as it is encoded, out of a zip, too
IMAGE_PIXELS = Bound("one image", 178_956_970)  # as Pillow: 512 MiB of RGB
IMAGE_NUMBERS = Bound("the numbers of one image", 2 * GiB)  # as many pixels of RGB, in 32 bits; of all bands
BYTES_AT_ONCE = GiB  # of encoded images, and of decoded ones; an image that is larger is alone in memory
