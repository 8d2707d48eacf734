"""What is exported of a model: one function from inputs by name to pictures or codes, traced with free sizes.

The batch is always free. Generators of coordinates take these as inputs, so one graph draws every size; decoders take
codes of any size.
"""

from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from frugan.model.model import Model
from frugan.networks.base import Decoder, draws_any_size
from frugan.ops.grid import Grid, full_grid
from frugan.ops.lifting import SCHEMES
from frugan.ops.projection import straight_alpha
from frugan.requests.exporting import Part, Pixels
from frugan.system.errors import ArgumentError, RunError

Side = Literal["rows", "cols"]
_LEAST = 3  # rows and columns; of fewer, lifting takes another way
_EXAMPLE_BATCH = 2  # a batch of 1 would be taken for a constant


@dataclass(frozen=True)
class Graph:
    """A function to export, and what is known of its inputs.

    Attributes:
        module: takes `inputs` by name.
        inputs: what each is, in words, in the order of the arguments.
        output: name of what comes out, and what it is, in words.
        free: which sizes may differ from call to call: {input: {axis: dimension}}.
        unit: free sizes are multiples of so many pixels; 1 for any.
    """

    module: nn.Module
    model: Model
    part: Part
    inputs: dict[str, str]
    output: tuple[str, str]
    free: dict[str, dict[int, Any]]
    unit: int = 1

    def example(self, batch: int, size: tuple[int, int] | None = None) -> dict[str, Tensor]:
        """Inputs for so many pictures; `size` of what is drawn, or of codes to decode. The same each time."""
        random = torch.Generator().manual_seed(batch)
        generator = self.model.generator
        channels, *trained = generator.code_shape
        height, width = size or trained
        if self.part == "decoder":
            return {"codes": torch.rand(batch, channels, height, width, generator=random) * 2 - 1}
        found = {
            "latents": torch.randn(batch, generator.latent_dim, generator=random),
            "truncation": torch.full((1,), 0.9),
        }
        if generator.classes:
            found["label"] = torch.randint(generator.classes, (batch,), generator=random)
        if "rows" in self.inputs:
            found |= dict(zip(("rows", "cols"), full_grid(height, width), strict=True))
        return found

    @torch.no_grad()
    def __call__(self, inputs: dict[str, Tensor]) -> Tensor:
        result: Tensor = self.module(**inputs)
        return result

    @torch.no_grad()
    def program(self) -> ExportedProgram:
        """The traced function.

        Raises:
            RunError: it cannot be traced.
        """
        # Unlike each other, and unlike any size that is a setting.
        size = (self.unit * 7, self.unit * 11) if self.any_size else None
        inputs = self.example(_EXAMPLE_BATCH, size)
        self(inputs)  # matrices of other wavelets are kept from here on, and become constants
        shapes = {name: self.free.get(name, {}) for name in inputs}
        try:
            return torch.export.export(self.module, (), inputs, dynamic_shapes=shapes, strict=False)
        except Exception as error:  # torch has many kinds, and none for "this cannot be exported"
            first = str(error).strip().splitlines()[0]
            raise RunError(f"this model cannot be exported: {first}. Please report it with its config.json.") from error

    @property
    def any_size(self) -> bool:
        """Whether height and width are free."""
        return any(len(axes) > 1 or 0 not in axes or name in ("rows", "cols") for name, axes in self.free.items())


def graph_of(model: Model, part: Part = "all", pixels: Pixels = "float", *, own_size: bool = False) -> Graph:
    """What to export.

    Args:
        own_size: draw pictures of the model's own size alone, without coordinates as inputs.

    Raises:
        ArgumentError: the model has no such part, or its numbers have more than 8 bits and uint8 is wanted.
    """
    codec, generator = model.codec, model.generator
    if part == "decoder" and not codec.reduces:
        raise ArgumentError("part", "this model has no decoder: its sampler draws pictures. Leave the part out")
    if pixels == "uint8" and (part == "sampler" or not model.pixels.is_plain):
        why = "codes are no pixels" if part == "sampler" else f"its images have {model.pixels.bits} bits"
        raise ArgumentError("pixels", f"uint8 does not hold them: {why}. Export float", pixels)
    batch = Dim("batch", min=1)
    free: dict[str, dict[int, Any]] = {"latents": {0: batch}}
    inputs = {
        "latents": f"float32 (batch, {generator.latent_dim}): normally distributed, or of a seed",
        "truncation": "float32 (1,): 1 for all variety, less for more typical pictures",
    }
    unit = 1
    if part == "decoder":
        unit = model.decoder.multiple if isinstance(model.decoder, Decoder) else 1
        height, width = (unit * Dim(side, min=-(-_LEAST // unit)) for side in ("h", "w"))
        any_size = lifts(model)
        free = {"codes": {0: batch, 2: height, 3: width} if any_size else {0: batch}}
        inputs = {"codes": f"float32 (batch, {model.shape.channels}, h, w): in [-1, 1], as the sampler draws them"}
    elif generator.classes:
        free["label"] = {0: batch}
        inputs["label"] = f"int64 (batch,): classes from 0 to {generator.classes - 1}"
    if part != "decoder" and not own_size and draws_any_size(generator) and (part == "sampler" or lifts(model)):
        unit = 1 if generator.any_grid else generator.cell
        height, width = (unit * Dim(side, min=-(-_LEAST // unit)) for side in ("height", "width"))
        free |= {"rows": {0: height}, "cols": {0: width}}
        inputs["rows"] = "float32 (height,): coordinates down; see `full_grid` in metadata"
        inputs["cols"] = "float32 (width,): coordinates to the right"
    module = _Decoding(model, pixels) if part == "decoder" else _Drawing(model, part, pixels)
    return Graph(module.eval(), model, part, inputs, _output(model, part, pixels), free, unit)


def lifts(model: Model) -> bool:
    """Whether the codec decodes any size in a graph: wavelets that are matrices have a matrix for each size."""
    wavelet = getattr(model.codec, "wavelet", None)
    return wavelet is None or wavelet in SCHEMES


def _output(model: Model, part: Part, pixels: Pixels) -> tuple[str, str]:
    if part == "sampler":
        return "codes", f"float32 (batch, {model.shape.channels}, h, w): nominally in [-1, 1]"
    if pixels == "uint8":
        return "images", f"uint8 (batch, height, width, {model.shape.channels})"
    return "images", f"float32 (batch, {model.shape.channels}, height, width) in [-1, 1]"


class _Drawing(nn.Module):
    """(latents, truncation, label, rows, cols) -> pictures, or codes."""

    def __init__(self, model: Model, part: Part, pixels: Pixels) -> None:
        super().__init__()
        self.generator = model.generator
        self.finish = _Decoding(model, pixels) if part == "all" else None

    def forward(
        self,
        latents: Tensor,
        truncation: Tensor,
        label: Tensor | None = None,
        rows: Tensor | None = None,
        cols: Tensor | None = None,
    ) -> Tensor:
        grid = None if rows is None or cols is None else Grid(rows, cols)
        # A number everywhere else; here it stays an input.
        w = self.generator.truncated_mapping(latents, label, cast(float, truncation))
        code = self.generator.synthesis(w, grid)
        if self.finish is None:
            return code
        picture: Tensor = self.finish(code, own_size=grid is None)
        return picture


class _Decoding(nn.Module):
    """Codes -> pictures."""

    def __init__(self, model: Model, pixels: Pixels) -> None:
        super().__init__()
        self.codec, self.decoder, self.noise, self.pixels = model.codec, model.decoder, model.assumed_noise, pixels

    def forward(self, codes: Tensor, own_size: bool = False) -> Tensor:
        # Rows that images of training lacked are cut off from pictures of that size alone.
        size = None if own_size else [side * self.codec.factor for side in codes.shape[2:]]
        images = self.codec.decode(codes, self.decoder, self.noise, size).clamp(-1, 1)
        if self.pixels == "float":
            return images
        straight = straight_alpha(images) if images.shape[1] == 4 else images
        return ((straight + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
