"""Inversion through the small code against the same search through the whole picture.

python -m benchmarks.inversion RUN PICTURES SHEET.png [PAIRED]

Every picture of the folder is inverted through the code; the first PAIRED of them (3) also through the whole picture,
in the same process: the same number of starts and steps, loss, rate and schedule. The distance to the given picture is
measured at full size every ten steps, outside the clock. Compared are the CPU seconds of one thread until each way
reaches the larger of the two least distances: what both can reach. SHEET.png shows each picture, the limit of codec and
decoder, and the reconstruction.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

import frugan
from benchmarks.timing import one_thread
from frugan.inverting.search import invert_picture
from frugan.metrics.image import psnr
from frugan.metrics.perceptual import PerceptualDistance, load_distance
from frugan.use_cases.invert import read_target
from frugan.writing.pictures import contact_sheet, write_sheet

CODE = frugan.Inverting()
PICTURE = replace(CODE, through="picture")
EVERY = 10

Trace = list[tuple[float, float]]  # CPU seconds so far, the least distance so far


def main(run: str, pictures: str, sheet: str, paired: str = "3") -> None:
    model = frugan.load(run)
    distance = load_distance(model.device)
    times: list[tuple[float, float]] = []
    shown, found = [], []
    for number, path in enumerate(sorted(Path(pictures).iterdir())):
        target = read_target(path, model, "crop")
        limit, _ = model.reconstruct(target)
        code, drawn = _traced(model, target, CODE, distance)
        shown += [target, limit, drawn]
        found.append([float(distance(limit, target)), float(distance(drawn, target)), float(psnr(drawn, target))])
        line = f"{path.name}: limit {found[-1][0]:.4f}, code {found[-1][1]:.4f} {found[-1][2]:.2f} dB"
        line += f" in {code[-1][0]:.1f} s"
        if number < int(paired):
            picture, other = _traced(model, target, PICTURE, distance)
            common = max(code[-1][1], picture[-1][1])
            times.append((_until(code, common), _until(picture, common)))
            line += f"; picture {float(distance(other, target)):.4f} {float(psnr(other, target)):.2f} dB"
            line += f" in {picture[-1][0]:.1f} s; at {common:.4f}: {times[-1][0]:.2f} s and {times[-1][1]:.2f} s"
        print(line, flush=True)
    write_sheet(Path(sheet), contact_sheet(torch.cat(shown), 3))
    means = torch.tensor(found).mean(dim=0).tolist()
    print("mean: limit {:.4f}, code {:.4f} {:.2f} dB".format(*means))
    ours, whole = (sum(side) for side in zip(*times, strict=True))
    print(f"at equal distance: code {ours:.1f} s, picture {whole:.1f} s: {whole / ours:.1f} times fewer CPU seconds")


def _traced(
    model: frugan.Model, target: Tensor, inverting: frugan.Inverting, distance: PerceptualDistance
) -> tuple[Trace, Tensor]:
    """How the least distance falls, and the picture of the result."""
    trace: Trace = []
    began, unclocked, least = time.process_time(), 0.0, float("inf")

    def look(step: int, styles: Tensor) -> None:
        nonlocal unclocked, least
        if step % EVERY:
            return
        stopped = time.process_time()
        (image,) = model.pictures_of(styles, 1)
        least = min(least, float(distance(image, target)))
        trace.append((stopped - began - unclocked, least))
        unclocked += time.process_time() - stopped

    styles = invert_picture(model, target, inverting, look).styles
    (image,) = model.pictures_of(styles, 1)
    return trace, image


def _until(trace: Trace, wanted: float) -> float:
    return next(seconds for seconds, least in trace if least <= wanted)


if __name__ == "__main__":
    with one_thread():
        main(*sys.argv[1:])
