"""What a decoder has to beat: images reduced and enlarged again without anything learned."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from frugan.codecs.base import Codec
from frugan.ops.interpolation import enlarge_from_corner

Reconstruct = Callable[[Tensor], Tensor]  # images (N, C, H, W) in [-1, 1] -> what is left of them


def code_baselines(codec: Codec) -> dict[str, Reconstruct]:
    """Enlargements of the very codes that a decoder is given, by name; no bicubic one where codes have no phase."""

    def base(images: Tensor) -> Tensor:
        return codec.decode(codec.encode(images), size=images.shape[2:])

    def bicubic(images: Tensor) -> Tensor:
        low, (height, width) = codec.decoder_input(codec.encode(images)), images.shape[2:]
        large = enlarge_from_corner(low, codec.factor) if codec.phase == "corner" else _enlarge(low, codec.factor)
        return large[..., :height, :width]

    baselines: dict[str, Reconstruct] = {f"{codec.base_name} ({codec.description})": base}
    return baselines | ({f"bicubic of the code ({codec.description})": bicubic} if codec.phase else {})


def classical_bicubic(factor: int) -> Reconstruct:
    """Antialiased bicubic reduction, bicubic enlargement: no code at all, but the usual row of papers.

    It begins with a better filter than any codec here has, and so is harder to beat.
    """

    def reconstruct(images: Tensor) -> Tensor:
        size = [-(-side // factor) for side in images.shape[-2:]]
        low = F.interpolate(images, size=size, mode="bicubic", align_corners=False, antialias=True)
        return F.interpolate(low, size=images.shape[-2:], mode="bicubic", align_corners=False, antialias=True)

    return reconstruct


def _enlarge(image: Tensor, factor: int) -> Tensor:
    """antialias=True: the cubic of Pillow and MATLAB, a = -1/2; it filters nothing when enlarging."""
    return F.interpolate(image, scale_factor=factor, mode="bicubic", align_corners=False, antialias=True)
