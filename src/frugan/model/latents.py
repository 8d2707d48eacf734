"""Latents in files: what a picture is drawn from, where no seed says so, and directions among them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from frugan.config.records import plain
from frugan.model.arrays_file import read_arrays, write_arrays
from frugan.model.model import Model
from frugan.requests.drawing import Drawing
from frugan.system.errors import ArgumentError, UserError, did_you_mean


@dataclass(frozen=True)
class AboutLatents:
    """
    Attributes:
        model: fingerprint of the model whose latents they are.
        label: its class that they belong to; None without classes.
        distances: of what is drawn to the picture that they were found for, by name.
    """

    model: str
    label: int | None = None
    distances: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class AboutDirections:
    """
    Attributes:
        model: as of latents.
        names: of the directions, in their order.
        method: how they were found.
    """

    model: str
    names: Sequence[str]
    method: str


@dataclass(frozen=True)
class Directions:
    """
    Attributes:
        vectors: (K, ...), styles each: what an amount of 1, a standard deviation, adds.
    """

    vectors: Tensor
    about: AboutDirections

    def shift(self, moves: Sequence[tuple[str, float]]) -> Tensor:
        """The sum of these amounts of directions, in the shape of one style.

        Raises:
            ArgumentError: there is no direction of that name or number.
        """
        total = torch.zeros_like(self.vectors[0])
        for name, amount in moves:
            total = total + amount * self.vectors[self._number(name)]
        return total

    def _number(self, name: str) -> int:
        names = list(self.about.names)
        if name in names:
            return names.index(name)
        if name.isascii() and name.isdigit() and 1 <= int(name) <= len(names):
            return int(name) - 1
        raise ArgumentError("moves", f"no such direction{did_you_mean(name, names)}", name)


def write_latents(path: Path, styles: Tensor, about: AboutLatents) -> None:
    """One style (1, ...), float32.

    Raises:
        RunError: it cannot be written.
    """
    write_arrays(path, {"styles": styles.cpu().numpy()}, plain(about))


def write_directions(path: Path, directions: Directions) -> None:
    """
    Raises:
        RunError: it cannot be written.
    """
    write_arrays(path, {"vectors": directions.vectors.cpu().numpy()}, plain(directions.about))


def read_latents(path: Path, model: Model) -> Tensor:
    """The style (1, ...) that a file holds, on the model's device.

    Raises:
        UserError: no such file, a damaged one, or latents of another model.
    """
    styles, about = read_arrays(path, AboutLatents, "styles", "invert")
    _check_model(path, about.model, model, "latents", "invert")
    expected = (1, *_style_shape(model))
    if styles.shape != expected:
        raise UserError(f"{path}: its latents have the shape {styles.shape}, not {expected}. Invert the picture again.")
    return torch.from_numpy(styles.copy()).to(model.device)


def read_directions(path: Path, model: Model) -> Directions:
    """
    Raises:
        UserError: no such file, a damaged one, or directions of another model.
    """
    vectors, about = read_arrays(path, AboutDirections, "vectors", "directions")
    _check_model(path, about.model, model, "directions", "directions")
    expected = (len(about.names), *_style_shape(model))
    if vectors.shape != expected:
        raise UserError(f"{path}: its directions have the shape {vectors.shape}, not {expected}. Make them again.")
    return Directions(torch.from_numpy(vectors.copy()).to(model.device), about)


def drawn_styles(model: Model, drawing: Drawing, truncation: float | None = None) -> Tensor:
    """Styles (N, ...) of all pictures of a drawing: of its latents or of its seeds, moved as it says.

    Args:
        truncation: another one than the drawing's.

    Raises:
        UserError: files that do not fit, directions or a class that there are not.
    """
    if drawing.latents:
        styles = torch.cat([read_latents(Path(path), model) for path in drawing.latents])
    else:
        chosen = drawing.truncation if truncation is None else truncation
        styles = model.styles(drawing.seeds, chosen, model.label_of(drawing))
    if drawing.moves and drawing.directions is not None:
        styles = styles + read_directions(Path(drawing.directions), model).shift(drawing.moves)
    return styles


def drawn_pictures(model: Model, drawing: Drawing, label: int | None) -> Iterator[Tensor]:
    """Images (N, C, H, W) in [-1, 1] on the CPU, in pieces.

    Args:
        label: class of those of seeds; None: each seed draws one.

    Raises:
        UserError: as `drawn_styles`.
    """
    if drawing.by_seeds:
        yield from model.batches(drawing.seeds, drawing.truncation, label)
    elif drawing.latents:
        yield from model.pictures_of(drawn_styles(model, drawing))
    else:
        yield from model.pictures_of(drawn_styles(model, replace(drawing, label=label)))


def _check_model(path: Path, found: str, model: Model, what: str, verb: str) -> None:
    if found != model.fingerprint():
        problem = f"{what} of another model, or of another snapshot of it (fingerprint {found[:32]!r})"
        raise UserError(f"{path}: holds {problem}. Give that model, or make the file again with `frugan {verb}`.")


def _style_shape(model: Model) -> tuple[int, ...]:
    return tuple(model.styles([0]).shape[1:])
