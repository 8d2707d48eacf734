"""Images brought to a size that a network or a transform needs, and back: beyond the border they are mirrored."""

from torch import Tensor
from torch.nn import functional as F


def filled_to(x: Tensor, height: int, width: int) -> Tensor:
    """(N, C, H, W) mirrored below and on the right, up to that size, without repeating the edge.

    Raises:
        ValueError: more rows or columns are missing than there are to mirror.
    """
    down, right = height - x.shape[-2], width - x.shape[-1]
    if not down and not right:
        return x
    if down >= x.shape[-2] or right >= x.shape[-1]:
        raise ValueError(f"{x.shape[-2]} x {x.shape[-1]} pixels are too few to be mirrored up to {height} x {width}")
    return F.pad(x, (0, right, 0, down), mode="reflect")


def cut_to(x: Tensor, height: int, width: int) -> Tensor:
    """(N, C, H, W) without what is below and right of that size."""
    return x if x.shape[-2:] == (height, width) else x[..., :height, :width]
