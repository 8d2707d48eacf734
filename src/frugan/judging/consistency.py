"""Do pictures of one latent at two sizes show the same? The protocol of CREPS, with what it leaves open pinned down.

Set A is drawn at the smaller size, set B, of the same latents, at the larger one and reduced by means of k x k pixels.
Values are clamped to [-1, 1] and not rounded to 8 bits. Coordinates follow both conventions: "ends", which CREPS trains
with and whose samples drift by up to a quarter of a pixel against any resized copy, and "centres", which lie over it.
Generators of one size alone are resized: their output (antialiased bicubic), or what their convolutions begin with.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.config.records import SCHEMA, parse_record, plain, read_json
from frugan.config.shape import ImageShape
from frugan.judging.evaluate import FIRST_SEED
from frugan.metrics.image import psnr, ssim
from frugan.metrics.perceptual import PerceptualDistance
from frugan.model.model import Model
from frugan.networks.base import Generator, ResizableGenerator, draws_any_size
from frugan.ops.view import View
from frugan.rendering.render import render
from frugan.runs.folder import RunFolder
from frugan.system.atomic import write_file
from frugan.system.errors import ArgumentError
from frugan.system.jsonl import JSON

_BATCH = 8
_RESIDUAL_GAIN = 10.0


@dataclass(frozen=True)
class Consistency:
    """How far two sizes of the same pictures agree.

    Attributes:
        results: by convention, "psnr", "ssim" and the perceptual distance.
        protocol: everything that changes the numbers; "sizes" and "samples" among it.
    """

    results: Mapping[str, Mapping[str, float]]
    protocol: JSON

    @property
    def sizes(self) -> tuple[int, int]:
        """The smaller side and the larger, in pixels."""
        small, large = self.protocol["sizes"]
        return int(small), int(large)

    def to_json(self) -> JSON:
        """As it is written to consistency.json."""
        return {"schema": SCHEMA, **plain(self)}

    def text(self) -> str:
        """A line for each convention."""
        small, large = self.sizes
        lines = [f"{small} x {small} against {large} x {large} reduced, {self.protocol['samples']} pictures:"]
        for convention, values in self.results.items():
            told = ", ".join(f"{shown_name(name)} {value:.4g}" for name, value in values.items())
            lines.append(f"  {convention}: {told}")
        pinned = ("reduction", "range", "ssim", "grid")
        lines += [f"  {name}: {self.protocol[name]}" for name in pinned if name in self.protocol]
        return "\n".join(lines)


def read_consistency(run: RunFolder) -> Consistency | None:
    """The run's last measurement, if there is one.

    Raises:
        UserError: its file is damaged.
    """
    data = read_json(run.consistency_file)
    return None if data is None else parse_record(Consistency, data, str(run.consistency_file))


def write_consistency(run: RunFolder, consistency: Consistency) -> None:
    """Keep it where the report finds it."""
    write_file(run.consistency_file, json.dumps(consistency.to_json(), indent=1).encode())


@torch.no_grad()
def measure_sizes(
    model: Model,
    sizes: tuple[int, int],
    samples: int,
    distance: PerceptualDistance,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Consistency:
    """How far the pictures of `samples` latents at two sizes agree.

    Args:
        sizes: the smaller side, and a multiple of it.

    Raises:
        UserError: sizes that are no multiples, or a generator of codes.
    """
    check_sizes(model, sizes)
    results: dict[str, dict[str, float]] = {}
    for convention in conventions(model.generator):
        values: dict[str, list[Tensor]] = {"psnr": [], "ssim": [], distance.name: []}
        for done, (small, reduced) in enumerate(pairs(model, sizes, samples, convention)):
            values["psnr"].append(psnr(reduced, small))
            values["ssim"].append(ssim(reduced, small))
            values[distance.name].append(distance(reduced, small))
            on_progress(f"pictures at two sizes, {convention}", min((done + 1) * _BATCH, samples), samples)
        results[convention] = {name: torch.cat(found).mean().item() for name, found in values.items()}
    return Consistency(
        results,
        {
            "sizes": list(sizes),
            "samples": samples,
            "first_seed": FIRST_SEED,
            "reduction": f"means of {sizes[1] // sizes[0]} x {sizes[1] // sizes[0]} pixels",
            "range": "clamped to [-1, 1], not rounded; PSNR of a range of 2",
            "ssim": "11 x 11 Gaussian window of sigma 1.5",
            "grid": "ends: coordinates from 0 to 1 with both ends; centres: in the middles of pixels",
        },
    )


def conventions(generator: Generator) -> tuple[str, ...]:
    """Ways in which this generator can be drawn at two sizes, by name."""
    if draws_any_size(generator):
        return "ends", "centres"
    return ("output resized", "input resized") if isinstance(generator, ResizableGenerator) else ("output resized",)


@torch.no_grad()
def pairs(model: Model, sizes: tuple[int, int], samples: int, convention: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches (n, C, a, ...): drawn small, and drawn large and reduced; on the CPU, clamped."""
    times = sizes[1] // sizes[0]
    small = _size(model.shape, sizes[0])
    large = (times * small[0], times * small[1])
    for first in range(FIRST_SEED, FIRST_SEED + samples, _BATCH):
        w = model.styles(range(first, min(first + _BATCH, FIRST_SEED + samples)))
        drawn, fine = (draw(model.generator, w, size, convention) for size in (small, large))
        yield drawn, F.avg_pool2d(fine, times)


def _size(shape: ImageShape, height: int) -> tuple[int, int]:
    return height, round(height * shape.width / shape.height)


def draw(generator: Generator, w: Tensor, size: tuple[int, int], convention: str) -> Tensor:
    """Pictures (N, C, *size) in [-1, 1], on the CPU; `convention` is one of `conventions`."""
    if convention == "input resized":
        assert isinstance(generator, ResizableGenerator)
        images = generator.resized_synthesis(w, size[0])
    elif convention == "output resized":
        images = F.interpolate(generator.synthesis(w), size=size, mode="bicubic", antialias=True)
    else:
        view = View(*size, generator.code_shape[1:], fit="stretch", centres=convention == "centres")
        images = torch.stack([render(generator, one, view) for one in w.split(1)])
    return images.clamp(-1, 1).float().cpu()


def residual(small: Tensor, reduced: Tensor) -> Tensor:
    """The absolute difference, ten times amplified, as a picture in [-1, 1]."""
    return (_RESIDUAL_GAIN * (small - reduced).abs() - 1).clamp(-1, 1)


def shown_name(measure: str) -> str:
    """As people write it."""
    return measure.upper() if measure in ("psnr", "ssim") else measure


def check_sizes(model: Model, sizes: tuple[int, int]) -> None:
    """
    Raises:
        UserError: sizes that are no multiples, or a generator of codes.
    """
    if model.codec.reduces or model.enlargement is not None:
        raise ArgumentError("sizes", "this model's generator draws codes for a decoder, not pictures")
    small, large = sizes
    if small < 11 or large <= small or large % small:
        raise ArgumentError("sizes", "first a side from 11, then two, three ... times as much", f"{small},{large}")
    unit = model.generator.code_shape[1] // 4
    if isinstance(model.generator, ResizableGenerator) and (small % unit or large % unit):
        raise ArgumentError("sizes", f"this generator can be enlarged to multiples of {unit}", f"{small},{large}")
