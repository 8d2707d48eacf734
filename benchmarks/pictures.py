"""Make the pictures of the README: `python -m benchmarks.pictures scale-space`, or `any-size --model RUN`."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import interpolate

import frugan
from frugan.data.cache import pack
from frugan.data.default import open_default
from frugan.data.fit import Wanted
from frugan.ops.scale_space import scale_space
from frugan.ops.spectrum import auto_sigma, power_spectrum
from frugan.requests.drawing import Drawing
from frugan.requests.frame import Frame
from frugan.writing.pictures import to_uint8, write_sheet

FOLDER = Path(__file__).parents[1] / "docs"
STEPS = (256.0, 64.0, 16.0, 4.0, 1.0, 0.0)  # `ScaleSpace.start` of the paper, and its way down.
MARGIN = 8  # Pixels of white between pictures.


def main() -> None:
    """Write docs/NAME.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=["scale-space", "any-size"])
    parser.add_argument("--model", default="runs/creps", help="Run folder of a CREPS, for any-size.")
    parser.add_argument("--seed", type=int, default=7, help="Seed of the picture, for any-size.")
    parser.add_argument("--image", type=int, default=40, help="Number of the drawing, for scale-space.")
    options = parser.parse_args()
    if options.name == "scale-space":
        pictures = _annealed(options.image)
    else:
        pictures = _at_sizes(options.model, options.seed)
    write_sheet(FOLDER / f"{options.name}.png", _row(pictures))


def _annealed(image: int, side: int = 64) -> list[np.ndarray]:
    """One drawing after ever fewer steps of the noisy scale-space, each pixel drawn as 2 x 2."""
    packed = pack(open_default(), Wanted.square(side))
    codes = torch.stack([torch.as_tensor(np.array(packed.images[i])) for i in range(256)]) / 127.5 - 1
    sigma = auto_sigma(power_spectrum(codes), STEPS[0])
    picture = codes[image : image + 1]
    torch.manual_seed(0)
    shown = [scale_space(picture, t, sigma=sigma) for t in STEPS]
    return [to_uint8(interpolate(x, scale_factor=2.0, mode="nearest"))[0] for x in shown]


def _at_sizes(model: str, seed: int) -> list[np.ndarray]:
    """One latent, drawn at three sizes."""
    pictures = []
    with TemporaryDirectory() as folder:
        for side in (32, 128, 512):
            rendered = frugan.render(model, Path(folder, f"{side}.png"), Drawing([seed]), Frame(size=(side, side)))
            pictures.append(np.asarray(Image.open(rendered.file).convert("RGB")))
    return pictures


def _row(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures beside each other on white, aligned at the bottom."""
    height = max(len(picture) for picture in pictures)
    columns = [np.pad(p, ((height - len(p), 0), (0, MARGIN), (0, 0)), constant_values=255) for p in pictures]
    return np.concatenate(columns, 1)[:, :-MARGIN]


if __name__ == "__main__":
    main()
