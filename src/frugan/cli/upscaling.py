"""What `frugan upscale` does, once torch is loaded."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from frugan.cli.progress import show_stage
from frugan.codecs.base import Codec
from frugan.codecs.pixel import PixelCodec
from frugan.data.decode import ImageError, decode_image
from frugan.model.folder import load_decoder
from frugan.model.weights import load_rrdb
from frugan.networks.base import Decoder
from frugan.rendering.upscale import magnification, upscale_strips
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import UserError
from frugan.writing.pictures import to_uint8
from frugan.writing.png_stream import write_png_strips


def upscale_files(images: Sequence[Path], decoder: Path, out: Path, tile: int, device: str) -> int:
    """Enlarge each image into `out`; those that cannot be read are named at the end."""
    use_threads(available_cores())
    codec, network = _load(decoder)
    network.to(choose_device(device))
    failed = []
    for path in images:
        try:
            low = _read(path)
        except (ImageError, OSError) as error:
            failed.append(f"{path}: {error}")
            continue
        target = out / f"{path.stem}.png"
        if target.resolve() == path.resolve():
            raise UserError(f"--out {out}: would overwrite {path}; choose another")
        factor, told = magnification(codec), partial(show_stage, f"{path.name}, tiles")
        strips = (
            to_uint8(strip[None])[0] for strip in upscale_strips(low, codec, network, tile=tile, on_progress=told)
        )
        write_png_strips(target, strips, low.shape[2] * factor, low.shape[1] * factor)
        print(f"{target}  {low.shape[2]} x {low.shape[1]} -> {low.shape[2] * factor} x {low.shape[1] * factor}")
    for sentence in failed:
        print(f"frugan: {sentence}", file=sys.stderr)
    return 1 if failed else 0


def _load(decoder: Path) -> tuple[Codec, Decoder]:
    if decoder.is_file():
        return PixelCodec(levels=2, reduction="antialiased"), load_rrdb(decoder)
    return load_decoder(decoder)


def _read(path: Path) -> Tensor:
    """uint8 (3, h, w)."""
    return torch.from_numpy(np.array(decode_image(path.read_bytes()))).permute(2, 0, 1)
