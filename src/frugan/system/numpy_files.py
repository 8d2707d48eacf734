"""Arrays out of `.npy` files from strangers: of numbers alone, as many as are there."""

import math
from io import BytesIO
from tokenize import TokenError

import numpy as np


def numbers_of(content: bytes) -> np.ndarray:
    """The numbers of a `.npy` file, whose header is not believed about how many they are.

    Raises:
        ValueError: no such file, or an array of anything else.
    """
    file = BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = read_header(file)
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError) as error:  # numpy's header is Python
        raise ValueError(f"no .npy file of numbers ({error})") from error
    if dtype.kind not in "fiu":
        raise ValueError(f"no .npy file of numbers (it holds {dtype})")
    rest = file.read()
    if min(shape, default=1) < 0 or math.prod(shape) * dtype.itemsize != len(rest):
        raise ValueError(f"its header says {shape} of {dtype}, and {len(rest)} bytes follow")
    return np.frombuffer(rest, dtype).reshape(shape, order="F" if is_fortran else "C")
