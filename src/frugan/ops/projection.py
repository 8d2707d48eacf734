"""Images of any channels as RGB: what judges compare and people look at.

Four channels are RGB multiplied by its opacity, and the opacity, all in [-1, 1]: over a page of brightness p, the
colour is `colour + p (1 - opacity)` in [0, 1].
"""

import torch
from torch import Tensor

_SQUARE = 8  # pixels of a checkerboard's squares
_LIGHT, _DARK = 1.0, 0.75  # of the board, in [0, 1]


def as_rgb(images: Tensor, bands: tuple[int, ...] = ()) -> Tensor:
    """(N, C, H, W) in [-1, 1] -> (N, 3, H, W): grey repeated, RGBA over white, the first three of other bands.

    Args:
        bands: three channels from 0, instead.

    Raises:
        ValueError: bands that there are not.
    """
    channels = images.shape[1]
    if bands:
        if len(bands) != 3 or not all(0 <= band < channels for band in bands):
            numbers = ",".join(str(band + 1) for band in bands)
            raise ValueError(f"judge_bands: expected three bands from 1 to {channels}, got {numbers}")
        return images[:, list(bands)]
    if channels == 4:
        return _over(images, torch.ones((), device=images.device, dtype=images.dtype))
    if channels == 3:
        return images
    return images[:, [min(band, channels - 1) for band in range(3)]]


def projection_text(channels: int, bands: tuple[int, ...] = ()) -> str:
    """What `as_rgb` does, for protocols; "" for RGB, which stays as it is."""
    if bands:
        return "bands " + ",".join(str(band + 1) for band in bands)
    known = {1: "grey repeated", 2: "bands 1,2,2", 3: "", 4: "over white"}
    return known.get(channels, "bands 1,2,3")


def for_eyes(images: Tensor) -> Tensor:
    """As `as_rgb`, but with what is transparent over a checkerboard."""
    if images.shape[1] != 4:
        return as_rgb(images)
    height, width = images.shape[2:]
    rows, columns = (torch.arange(n, device=images.device) // _SQUARE for n in (height, width))
    dark = (rows[:, None] + columns) % 2 == 1
    return _over(images, torch.where(dark, _DARK, _LIGHT).to(images))


def straight_alpha(images: Tensor, steps: int = 255) -> Tensor:
    """(N, 4, H, W) premultiplied, in [-1, 1] -> colours as files have them, and opacity; black where it is 0.

    What is less than half of one of so many `steps` of opacity is 0.
    """
    colours, opacity = ((images.clamp(-1, 1) + 1) / 2).split([3, 1], dim=1)
    visible = opacity > 0.5 / steps
    straight = torch.where(visible, colours / opacity.clamp(min=1e-6), torch.zeros_like(colours)).clamp(0, 1)
    return 2 * torch.cat([straight, torch.where(visible, opacity, torch.zeros_like(opacity))], dim=1) - 1


def _over(images: Tensor, page: Tensor) -> Tensor:
    """On a page of that brightness in [0, 1], anywhere or at each pixel."""
    colours, opacity = images.split([3, 1], dim=1)
    return (colours + page * (1 - opacity)).clamp(-1, 1)
