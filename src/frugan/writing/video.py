"""Frames into an .mp4, .gif or .webp file, or as numbered PNGs into a folder."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from frugan.system.atomic import replacing, write_folder
from frugan.system.errors import RunError
from frugan.writing.endings import check_video
from frugan.writing.pictures import png_bytes


def write_video(path: Path, frames: Iterable[np.ndarray], rate: int) -> int:
    """Frames (H, W, 3) uint8 -> how many there were. The file or folder appears whole or not at all.

    Raises:
        UserError: .mp4 without the package for it, or with odd sides, or a folder that is there already.
        RunError: the disk is full or the file cannot be written.
    """
    check_video(path)
    ending = path.suffix.lower()
    if ending == ".mp4":
        return _write_mp4(path, frames, rate)
    return _write_animation(path, frames, rate) if ending else _write_frames(path, frames)


def _write_frames(path: Path, frames: Iterable[np.ndarray]) -> int:
    count = 0

    def fill(folder: Path) -> None:
        nonlocal count
        for frame in frames:
            (folder / f"frame{count:05d}.png").write_bytes(png_bytes(frame))
            count += 1

    write_folder(path, fill)
    return count


def _write_animation(path: Path, frames: Iterable[np.ndarray], rate: int) -> int:
    """GIF or WebP, shown again and again. Times of a GIF are hundredths of a second."""
    pictures, count = iter(frames), 1

    def further() -> Iterator[Image.Image]:
        nonlocal count
        for frame in pictures:
            count += 1
            yield Image.fromarray(frame)

    form = path.suffix[1:].upper()
    settings = {"lossless": True} if form == "WEBP" else {"disposal": 1}
    with replacing(path) as temporary, open(temporary, "wb") as file:
        first = Image.fromarray(next(pictures))
        first.save(file, form, save_all=True, append_images=further(), duration=1000 / rate, loop=0, **settings)
    return count


def _write_mp4(path: Path, frames: Iterable[np.ndarray], rate: int) -> int:
    import imageio_ffmpeg

    # The encoder chooses the format by the name's ending, which a temporary file does not have.
    settings = {"fps": rate, "codec": "libx264", "output_params": ["-crf", "16", "-f", "mp4"], "macro_block_size": 2}
    count, encoder = 0, None
    with replacing(path) as temporary:
        try:
            for frame in frames:
                if encoder is None:
                    encoder = imageio_ffmpeg.write_frames(str(temporary), (frame.shape[1], frame.shape[0]), **settings)
                    encoder.send(None)
                encoder.send(np.ascontiguousarray(frame))
                count += 1
        finally:
            if encoder is not None:
                encoder.close()
        _check_whole(temporary, path, count)
    return count


def _check_whole(written: Path, path: Path, count: int) -> None:
    """
    Raises:
        RunError: the encoder, which does not tell, has not written all frames.
    """
    import imageio_ffmpeg

    try:
        found = imageio_ffmpeg.count_frames_and_secs(str(written))[0]
    except RuntimeError as error:
        raise RunError(
            f"{path}: ffmpeg could not write it; is there space left, and is libx264 known to it?"
        ) from error
    if found != count:
        raise RunError(f"{path}: ffmpeg wrote {found} of {count} frames; is there space left?")
