"""Enlarge photos of any size with a trained decoder, in tiles without seams."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from frugan.codecs.base import Codec
from frugan.config.shape import PixelFormat
from frugan.data.decode import ImageError
from frugan.data.files import ARRAY_SUFFIX, IMAGE_SUFFIXES
from frugan.data.loader import to_float
from frugan.data.whole import WholeImage, decode_whole
from frugan.model.folder import load_decoder, load_decoder_format, refuse_autoencoder
from frugan.networks.base import Decoder
from frugan.rendering.upscale import upscale_strips
from frugan.requests.upscaling import Enlarging
from frugan.requests.watching import SILENT, Watcher
from frugan.system.bounds import IMAGE
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import ArgumentError
from frugan.system.foreign_files import read_bounded
from frugan.writing.pictures import converter, usual_ending
from frugan.writing.strips import write_strips


@dataclass(frozen=True)
class Enlarged:
    """A picture that was written, and its sizes (width, height) before and after."""

    file: Path
    before: tuple[int, int]
    after: tuple[int, int]


@dataclass(frozen=True)
class Upscaled:
    """Pictures that were written, and those that could not be read, with reasons."""

    pictures: tuple[Enlarged, ...]
    unreadable: tuple[str, ...]


def upscale(
    images: Sequence[Path | str] | Enlarging,
    decoder: Path | str,
    out: Path | str = "upscaled",
    *,
    tile: int = 512,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Upscaled:
    """Enlarge image files with the decoder of a run, or with the official ESRGAN's weights. Results are PNGs, or
    .npy files of what PNGs cannot hold.

    Opacity and the profile of colours are kept. A decoder of grey pictures makes grey ones, of sRGB.

    Args:
        images: Files, and folders of such; names are kept.
        decoder: A run or model folder, or a weight file of ESRGAN (RRDB_ESRGAN_x4.pth, or safetensors).
        out: The folder for the results; or the file for one image, which ends in .png, .tif or .npy.
        tile: Side of the tiles, in pixels of the result; 0 takes the whole picture at once.
        device: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of tiles done.

    Raises:
        UserError: no such file, no such decoder, or results that would overwrite an image.
    """
    asked = images if isinstance(images, Enlarging) else Enlarging(tuple(map(Path, images)), Path(out), tile)
    use_threads(available_cores())
    codec, network = load_decoder(decoder)
    refuse_autoencoder(network, Path(decoder))
    network.to(choose_device(device))
    channels, pixels = load_decoder_format(decoder)
    written, unreadable = [], []
    for path in dataclasses.replace(asked, images=tuple(_files(asked.images))).images:
        try:
            image = decode_whole(read_bounded(path, IMAGE), channels, pixels)
        except (ImageError, OSError) as error:
            unreadable.append(f"{path}: {error}")
            continue
        target = asked.target(path, usual_ending(image.written_channels, pixels))
        if target.resolve() == path.resolve():
            raise ArgumentError("out", f"would overwrite {path}; choose another", asked.out)
        told = partial(watcher.on_stage, f"{path.name}, tiles")
        strips = _enlarged(image, pixels, codec, network, asked.tile, told)
        height, width = image.pixels.shape[1:]
        large = width * codec.factor, height * codec.factor
        stored = converter(target, image.written_channels, pixels)
        write_strips(target, (stored(strip[None])[0] for strip in strips), *large, image.profile)
        written.append(Enlarged(target, (width, height), large))
    return Upscaled(tuple(written), tuple(unreadable))


def _files(images: Sequence[Path]) -> Iterator[Path]:
    """Each file, and the images that lie in each folder."""
    for path in images:
        if not path.is_dir():
            yield path
            continue
        found = sorted(
            file for file in path.iterdir() if file.suffix.lower() in (*IMAGE_SUFFIXES, ARRAY_SUFFIX) and file.is_file()
        )
        if not found:
            raise ArgumentError("images", f"the folder holds no image ({' '.join(IMAGE_SUFFIXES)})", path)
        yield from found


def _enlarged(
    image: WholeImage,
    pixels: PixelFormat,
    codec: Codec,
    decoder: Decoder,
    tile: int,
    on_progress: Callable[[int, int], None],
) -> Iterator[Tensor]:
    """Strips of as many channels as are written. Opacity that the decoder does not know is interpolated."""
    strips = upscale_strips(_numbers(image.pixels, pixels), codec, decoder, tile=tile, on_progress=on_progress)
    if image.opacity is None:
        yield from strips
        return
    whole = PixelFormat(pixels.bits, 0, 2.0**pixels.bits - 1)
    opacity = upscale_strips(_numbers(image.opacity, whole), codec, None, tile=tile)
    for colours, alpha in zip(strips, opacity, strict=True):
        yield torch.cat([colours.expand(3, -1, -1), alpha])


def _numbers(image: np.ndarray, pixels: PixelFormat) -> Tensor:
    """As `upscale_strips` takes them."""
    return torch.from_numpy(image) if pixels.is_plain else to_float(image, pixels)
