"""What every sampler offers, whatever its architecture: the interfaces `Generator`, `Discriminator`, `Decoder`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from frugan.nn.pyramid import pyramid
from frugan.ops.grid import Grid, Lines, full_grid
from frugan.ops.wavelet import Phase


class Generator(nn.Module, ABC):
    """latent z (N, latent_dim) -> style w -> code (N, C, H, W), nominally in [-1, 1]."""

    latent_dim: int
    code_shape: tuple[int, int, int]  # (C, H, W) of the codes it was trained on
    classes: int = 0  # how many it is conditional on; 0 = it takes no label
    any_grid: bool = False  # whether it can be asked for any coordinates, or only for those that it was trained at
    even_grid: bool = False  # or for any that are evenly spaced: windows of its picture
    own_windows: bool = False  # and these for each picture of a batch by itself: a grid (N, H) and (N, W)
    overlap: int = 0  # pixels around a tile that decide over its edges; renderers draw them too, and drop them
    cell: int = 1  # windows that begin and end at multiples of so many pixels fit together best

    @abstractmethod
    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Latents (N, latent_dim), optional class indices (N,) -> styles w; the identity without a mapping network."""

    @abstractmethod
    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        """Styles -> codes, at the training grid or a foreign one, which convolutional generators refuse, in words."""

    def forward(self, z: Tensor, label: Tensor | None = None, grid: Grid | None = None) -> Tensor:
        """Final: mapping, then synthesis."""
        return self.synthesis(self.mapping(z, label), grid)

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Begin with what another of its kind has learned.

        Raises:
            RuntimeError: they are of another network.
        """
        self.load_state_dict(weights)

    def share(self, processes: int) -> None:
        """Be told how many processes share a batch, for means over images that are kept in training."""

    def truncated_mapping(self, z: Tensor, label: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Like `mapping`, trading variety for typicality below 1: by shrinking the latents to a scaled Gaussian
        (not-so-big-GAN, section 4.1), if a generator has no better way."""
        return self.mapping(z * truncation, label)


@runtime_checkable
class StyledGenerator(Protocol):
    """A generator with one style a layer: w is (N, num_styles, style_dim)."""

    num_styles: int


@runtime_checkable
class ResizableGenerator(Protocol):
    """A convolutional generator that draws larger pictures if what it begins with is enlarged."""

    def resized_synthesis(self, w: Tensor, height: int) -> Tensor:
        """Codes (N, C, height, about the same times wider as in training), of no better quality than that allows."""


@runtime_checkable
class FreeDepthGenerator(Protocol):
    """A generator whose depth is a setting of its own (`levels`), so that trained weights serve every size."""

    levels: int


@runtime_checkable
class LineGenerator(Protocol):
    """A generator whose pictures are products of lines, which renderers may keep."""

    def lines(self, w: Tensor, grid: Grid) -> Lines:
        """All that depends on rows or columns alone; either may be empty."""

    def shade(self, rows: Tensor, cols: Tensor, w: Tensor) -> Tensor:
        """Where lines meet: (N, levels, C, D, H) and (N, levels, C, D, W) -> codes (N, colours, H, W)."""

    def shade_points(self, rows: Tensor, cols: Tensor, w: Tensor) -> Tensor:
        """P places anywhere, by the lines at their rows and columns: twice (N, levels, C, D, P) -> (N, colours, P)."""


class Discriminator(nn.Module, ABC):
    """code (N, C, H, W) -> one logit per code (N,).

    Attributes:
        classes: as the generator's.
        halved_setting: name of the setting that is halved for each doubling of the codes' sides, so that what was
            learned of smaller codes fits; "" for none.
    """

    classes: int = 0
    halved_setting: ClassVar[str] = ""

    @abstractmethod
    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        """Logits (N,), unbounded: large for codes that look real."""

    @classmethod
    def doublings_of(cls, code_shape: tuple[int, int, int]) -> int:
        """How many times codes of this shape are halved."""
        _, height, width = code_shape
        return pyramid(height, width, cls.__name__).doublings

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Begin with what another of its kind has learned, perhaps on smaller codes.

        Raises:
            RuntimeError: they are of another network, or of a size that this kind cannot go on from.
        """
        self.load_state_dict(weights)


@runtime_checkable
class ReconstructingDiscriminator(Protocol):
    """A discriminator that decodes codes from its own features, to learn more of them than whether they are real."""

    def reconstructions(self, code: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Codes (N, C, H, W) -> pairs of what is decoded and what it should be: parts of them, or smaller."""


class Decoder(nn.Module, ABC):
    """A small image and its interpolation -> the image at full size.

    Attributes:
        halo: how many pixels of `low` around a tile decide over the tile's pixels, so that large images can be decoded
            in pieces; None where all of the image does.
        exact: whether the code of whatever it draws is the one it was given, for codes of the right wavelet.
        told_noise: whether it makes use of `noise`.
        phase: where the pixels of its codes must sit (see `codecs.base`); None = anywhere.
        code_side: side of the whole codes that it is built for, in training; 0 = any.
        multiple: what sides of codes are multiples of; others are mirrored first, up to the next.
        stage: number of the only doubling that it makes by itself, for later joining with the others; 0 = it makes all.
    """

    halo: int | None
    exact: bool = False
    told_noise: bool = False
    phase: Phase | None = None
    code_side: int = 0
    multiple: int = 1
    stage: int = 0

    @abstractmethod
    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """Decode.

        Args:
            low: (N, C, h, w), the codec's `decoder_input`: in units of images, whatever the codec's levels.
            base: (N, C, h * 2^levels, w * 2^levels), what interpolation knows.
            original: in training only, the true image: decoders of several stages may take the true input of a later
                stage from it (teacher forcing), so that all stages learn at once.
            noise: (N,), how noisy each code is: the standard deviation in codes' units. None = not at all.

        Returns:
            (N, C, h * 2^levels, w * 2^levels), nominally in [-1, 1], not clamped.
        """


@runtime_checkable
class Autoencoder(Protocol):
    """A decoder that encodes images by itself, beside whatever codec: it decodes no codes but its own.

    It says how much of an image survives another code; a sampler cannot use it. Its codec is the identity.
    """

    def reconstruct(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) -> what is decoded of them, and a term that its loss has beside the image loss."""

    def learn_codes(self) -> None:
        """Change what is not trained by gradients, after a step, by what was seen of the batch since the last."""

    def code_bits(self, height: int, width: int) -> int:
        """Size of an image's code."""


def with_noise_channel(low: Tensor, noise: Tensor | None) -> Tensor:
    """(N, C, h, w) -> (N, C + 1, h, w): the level of the noise as one more channel (FFDNet, Zhang et al. 2018)."""
    level = low.new_zeros(low.shape[0]) if noise is None else noise.to(low)
    return torch.cat([low, level[:, None, None, None].expand(-1, 1, *low.shape[-2:])], dim=1)


def colours_of(channels: int) -> dict[str, int]:
    """What a decoder is built with for images of so many channels; decoders of RGB need not know of any others."""
    return {} if channels == 3 else {"colours": channels}


def count_parameters(module: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def draws_any_size(generator: Generator) -> bool:
    """Whether a picture can be asked for at more or fewer coordinates than it was trained at."""
    return generator.any_grid or generator.even_grid


def refuse_foreign_grid(generator: Generator, grid: Grid | None) -> None:
    """For generators whose size is built into their layers.

    Raises:
        ValueError: a grid was given that is not the one the generator was trained on.
    """
    if grid is None:
        return
    _, height, width = generator.code_shape
    trained = full_grid(height, width)
    same = all(a.shape == b.shape and bool(torch.isclose(a.cpu(), b).all()) for a, b in zip(grid, trained, strict=True))
    if not same:
        raise ValueError(
            f"{type(generator).__name__} renders only its own {height} x {width} grid; got {len(grid.rows)} x "
            f"{len(grid.cols)} coordinates. Resize its output, or train a coordinate-based generator."
        )
