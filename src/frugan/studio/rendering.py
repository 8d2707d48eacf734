"""From a request to a picture: pixels (H, W, 3), uint8. Knows nothing of the web.

Models, styles, lines and finished pictures are kept within bounds. One thread calls this at a time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from frugan.model.model import Model
from frugan.model.seeds import seed_labels, seed_latents
from frugan.ops.view import View
from frugan.rendering.frame import view_of
from frugan.rendering.tile import CancelledError, Window, can_draw_tiles, draw_tile
from frugan.requests.frame import Frame
from frugan.runs.folder import RunFolder, is_run
from frugan.runs.models import load_at
from frugan.studio.asked import Source, TileWish, Wish
from frugan.studio.kept import Kept
from frugan.system.bounds import MiB
from frugan.system.errors import ArgumentError
from frugan.writing.pictures import to_uint8

_MODELS = 4  # kept loaded
_LINES = 256 * MiB
_PICTURES = 128 * MiB
_TOGETHER = 16  # neighbouring seeds that are drawn at once: a wall asks for them next
_SMALL = 256 * 256  # pixels of pictures that are


@dataclass(frozen=True)
class Facts:
    """What the page must know of a model.

    Attributes:
        size: width and height of its pictures.
        classes: names, in the order of the labels.
        layers: of styles that can be mixed; 0 where there are none.
        zooms: whether its pictures are drawn at any size.
        snapshots: images that the sampler had seen at each, of a run.
    """

    size: tuple[int, int]
    channels: int
    classes: tuple[str, ...]
    layers: int
    zooms: bool
    snapshots: tuple[int, ...]
    generator: str


class Painter:
    """Draws what is wished.

    Args:
        device: For all models: "auto", "cpu", "cuda" or "mps".
    """

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self._models: Kept[Model] = Kept(_MODELS, lambda model: 1)
        self._styles: Kept[Tensor] = Kept(16 * MiB, _bytes_of)
        self._lines: Kept[Tensor] = Kept(_LINES, _bytes_of)
        self._pictures: Kept[np.ndarray] = Kept(_PICTURES, lambda pixels: pixels.nbytes)

    def facts(self, source: Source) -> Facts:
        """
        Raises:
            UserError: as `load`.
        """
        model = self._model(source)
        styles = self._style(source, Wish())
        snapshots = RunFolder(source.path).part("sampler").snapshot_counts() if is_run(source.path) else []
        return Facts(
            (model.shape.width, model.shape.height),
            model.shape.channels,
            tuple(model.class_names),
            styles.shape[1] if styles.ndim == 3 else 0,
            not model.codec.reduces and model.enlargement is None and can_draw_tiles(model.generator),
            tuple(snapshots),
            type(model.generator).__name__,
        )

    def picture(self, source: Source, wish: Wish, wanted: Callable[[], bool] = lambda: True) -> np.ndarray:
        """A whole picture at the model's own size.

        Raises:
            CancelledError: nobody wants it any more.
            UserError: as `load`; no such class.
        """
        kept = self._pictures.get((source, wish))
        if kept is not None:
            return kept
        model = self._model(source)
        if not wanted():
            raise CancelledError
        if wish.plain and model.shape.height * model.shape.width <= _SMALL:
            return self._neighbours(source, wish, model)
        with torch.no_grad():
            codes = model.generator.synthesis(self._style(source, wish))
            image = model.decode(codes, noise=model.assumed_noise)
        return self._pictures.put((source, wish), to_uint8(image)[0])

    def tile(self, source: Source, wish: Wish, tile: TileWish, wanted: Callable[[], bool] = lambda: True) -> np.ndarray:
        """A part of a picture that is never drawn as a whole: what `frugan render --grid centres` has there.

        Raises:
            CancelledError: nobody wants it any more.
            UserError: as `load`; a generator of whole pictures.
        """
        if not wanted():
            raise CancelledError
        model = self._model(source)
        styles = self._style(source, wish)
        window = Window(tile.corner[1], tile.corner[0], tile.size[1], tile.size[0])

        def kept(name: tuple[object, ...], compute: Callable[[], Tensor]) -> Tensor:
            return self._lines.or_computed((source, wish, *name), compute)

        drawn = draw_tile(model.generator, styles, _whole_view(model, tile), window, kept, wanted)
        return to_uint8(drawn[None])[0]

    def _neighbours(self, source: Source, wish: Wish, model: Model) -> np.ndarray:
        first = wish.seed // _TOGETHER * _TOGETHER
        seeds = range(first, min(first + _TOGETHER, 2**32))
        label = self._label(model, wish)
        images = to_uint8(model.sample(seeds, wish.truncation, label))
        for seed, pixels in zip(seeds, images, strict=True):
            self._pictures.put((source, replace(wish, seed=seed)), pixels.copy())
        chosen: np.ndarray = images[wish.seed - first]
        return chosen

    def _model(self, source: Source) -> Model:
        return self._models.or_computed(source, lambda: load_at(source.path, self._device, source.snapshot))

    def _label(self, model: Model, wish: Wish) -> int | None:
        return model.class_label(wish.label) if wish.label else None

    def _style(self, source: Source, wish: Wish) -> Tensor:
        return self._styles.or_computed((source, wish), lambda: self._styles_of(self._model(source), wish))

    @torch.no_grad()
    def _styles_of(self, model: Model, wish: Wish) -> Tensor:
        """Styles (1, ...): of the varied seed, then on the way to the others, then with another's layers."""
        label = self._label(model, wish)
        if label is None and model.generator.classes:
            # One class for all: a picture between two classes of other seeds would be of neither.
            label = int(seed_labels([wish.seed], list(model.class_counts.values()), model.generator.classes)[0])
        latent = seed_latents([wish.seed], model.generator.latent_dim)
        if wish.distance > 0:
            # A quarter of a turn: every point on the way is as probable as its ends.
            towards = seed_latents([wish.variation], model.generator.latent_dim)
            angle = wish.distance * math.pi / 2
            latent = math.cos(angle) * latent + math.sin(angle) * towards
        styles = _mapped(model, latent, label, wish.truncation)
        if wish.others:
            ends = [
                _mapped(model, seed_latents([s], model.generator.latent_dim), label, wish.truncation)
                for s in wish.others
            ]
            styles = _between(styles, ends, wish.parts)
        if wish.style >= 0:
            if styles.ndim != 3 or wish.layers[1] >= styles.shape[1]:
                have = f"layers 0 to {styles.shape[1] - 1}" if styles.ndim == 3 else "no styles that can be mixed"
                raise ArgumentError("layers", f"this model has {have}")
            first, last = wish.layers
            styles = styles.clone()
            other = seed_latents([wish.style], model.generator.latent_dim)
            styles[:, first : last + 1] = _mapped(model, other, label, wish.truncation)[:, first : last + 1]
        return styles


def _mapped(model: Model, latent: Tensor, label: int | None, truncation: float) -> Tensor:
    latent = latent.to(model.device)
    labels = None if label is None else torch.tensor([label], device=model.device)
    return model.generator.truncated_mapping(latent, labels, truncation)


def _between(styles: Tensor, others: list[Tensor], parts: tuple[float, ...]) -> Tensor:
    """Weighted means of styles; of latents, which are Gaussian, with the variance of one."""
    weights = [max(0.0, 1 - sum(parts)), *parts]
    mixed = sum(
        (weight * end for weight, end in zip(weights, [styles, *others], strict=True)), torch.zeros_like(styles)
    )
    return mixed if styles.ndim == 3 else mixed / math.sqrt(sum(weight**2 for weight in weights))


def _whole_view(model: Model, tile: TileWish) -> View:
    """All of the picture, its pixels' centres where those of all other sizes are."""
    view = view_of(model, Frame(size=(1, 1), centres=True, fit="stretch", outside=tile.outside))
    return replace(view, height=tile.whole[1], width=tile.whole[0], supersample=tile.supersample)


def _bytes_of(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
