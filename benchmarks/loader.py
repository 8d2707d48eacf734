"""Batches from the packed loader against decoding JPEG files with Pillow every time; CPU seconds of one thread.

python -m benchmarks.loader
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.timing import one_thread, paired_cpu_seconds
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.loader import Loader
from frugan.data.source import open_source

NUM_IMAGES, RESOLUTION, BATCH, ROUNDS = 512, 128, 32, 5


def run() -> list[dict[str, Any]]:
    """One row: seconds for an epoch of float batches (32, 3, 128, 128), medians of interleaved rounds."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        return [_compare(Path(folder))]


def main() -> None:
    for row in run():
        speeds = f"{NUM_IMAGES / row['ours_s']:,.0f} images/s against {NUM_IMAGES / row['peer_s']:,.0f}"
        print(f"{row['name']}: {speeds} by {row['peer']}, {row['ratio']:.1f} times as fast")


def _compare(folder: Path) -> dict[str, Any]:
    _write_photos(folder / "photos")
    paths = sorted((folder / "photos").iterdir())
    dataset = pack(open_source(folder / "photos"), Wanted.square(RESOLUTION), cache_dir=folder / "cache")
    loader = Loader(dataset, seed=0, mirror=True)

    def ours() -> None:
        for first in range(0, NUM_IMAGES, BATCH):
            loader.batch(first, BATCH)

    def peer() -> None:
        for first in range(0, NUM_IMAGES, BATCH):
            _decode_batch(paths[first : first + BATCH])

    ours_s, peer_s = paired_cpu_seconds([ours, peer], ROUNDS)
    name = f"load {NUM_IMAGES} JPEG images of {RESOLUTION} x {RESOLUTION} as float batches"
    return {"name": name, "ours_s": ours_s, "peer": "Pillow", "peer_s": peer_s, "ratio": peer_s / ours_s}


def _write_photos(folder: Path) -> None:
    """Smooth colours with some grain: about 4 KB a file, as a photo of this size has."""
    folder.mkdir()
    random = np.random.RandomState(0)
    for index in range(NUM_IMAGES):
        blobs = Image.fromarray(random.randint(0, 256, (8, 8, 3), np.uint8))
        smooth = np.asarray(blobs.resize((RESOLUTION, RESOLUTION), Image.Resampling.BICUBIC))
        photo = np.clip(smooth + random.randn(RESOLUTION, RESOLUTION, 1) * 4, 0, 255).astype(np.uint8)
        Image.fromarray(photo).save(folder / f"{index:04}.jpg", quality=80)


def _decode_batch(paths: list[Path]) -> torch.Tensor:
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32).div_(127.5).sub_(1)


if __name__ == "__main__":
    main()
