"""Enlarge pictures of any size with a decoder, in tiles whose seams cannot be found.

A decoder sees only so far (its `halo`), so a tile with that much of its surroundings comes out as it would in the whole
picture. The result is handed over strip by strip: memory is bounded by a strip, not by the picture.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from frugan.codecs.base import Codec
from frugan.networks.base import Decoder
from frugan.system.errors import ArgumentError

# Pixels of a small image that its interpolation looks at beyond a tile, for any codec and level.
_BASE_HALO = 4


@torch.no_grad()
def upscale_strips(
    low: Tensor,
    codec: Codec,
    decoder: Decoder | None,
    *,
    tile: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Tensor]:
    """Decode a picture as if it were a small image that the codec made.

    Args:
        low: (C, h, w), float in [-1, 1] or, in a quarter of the memory, uint8; on the CPU, decoded where the decoder's
            weights are.
        decoder: None for interpolation.
        tile: side of the tiles in pixels of the result; 0 for the whole picture at once.
        on_progress: told how many tiles of how many are done.

    Returns:
        Strips (C, rows, w * factor) from top to bottom, clamped to [-1, 1], on the CPU.

    Raises:
        UserError: the decoder sees all of the picture at once (a UNet), and tiles were asked for.
    """
    factor, halo = codec.factor, 0 if decoder is None else decoder.halo
    if tile and halo is None:
        raise ArgumentError("tile", f"{type(decoder).__name__} processes the whole picture at once. Use `tile` 0", tile)
    height, width = low.shape[-2:]
    side = max(1, tile // factor) if tile else max(height, width)
    reach = max(halo or 0, _BASE_HALO)
    tops, lefts = range(0, height, side), range(0, width, side)
    for row, top in enumerate(tops):
        pieces = []
        for column, left in enumerate(lefts):
            pieces.append(_decode_tile(low, codec, decoder, (top, left), side, reach, factor))
            on_progress(row * len(lefts) + column + 1, len(tops) * len(lefts))
        yield torch.cat(pieces, dim=-1)


def _decode_tile(
    low: Tensor, codec: Codec, decoder: Decoder | None, corner: tuple[int, int], side: int, reach: int, factor: int
) -> Tensor:
    """A tile (C, rows, columns) of the result: decoded with its surroundings, then cut out."""
    windows, kept = [], []
    for start, length in zip(corner, low.shape[-2:], strict=True):
        first, last = max(start - reach, 0), min(start + side + reach, length)
        windows.append(slice(first, last))
        kept.append(slice((start - first) * factor, (min(start + side, length) - first) * factor))
    device = torch.device("cpu") if decoder is None else next(decoder.parameters()).device
    window = _as_float(low[:, windows[0], windows[1]][None].to(device))
    base = codec.base(codec.from_low(window))
    image: Tensor = base if decoder is None else decoder(window, base)
    decoded = image[0].clamp(-1, 1).cpu()
    return decoded[:, kept[0], kept[1]]


def _as_float(pixels: Tensor) -> Tensor:
    return pixels.float().div(127.5).sub(1) if pixels.dtype == torch.uint8 else pixels
