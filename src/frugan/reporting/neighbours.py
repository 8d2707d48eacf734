"""The memorisation check: the training image nearest to each generated one, in pixels of the code."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from frugan.codecs.base import Codec
from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.html.markup import Markup, tag
from frugan.html.pictures import embed, show
from frugan.html.text import significant
from frugan.model.model import Model
from frugan.reporting.facts import RunFacts
from frugan.writing.pictures import to_uint8

_SEEDS = range(8)
_REAL_QUERIES = 64
_MOST_SEARCHED = 20_000
_BATCH = 64
_MOST_BYTES = 250_000


@dataclass
class Nearest:
    """For each query, the closest image so far."""

    distance: Tensor  # (Q,), root of the mean squared difference of the codes
    index: Tensor  # (Q,), int64: its place in the loader's stream
    mirrored: Tensor  # (Q,), bool: it is closest when flipped

    def image(self, query: int, loader: Loader) -> Tensor:
        """(3, S, S), flipped if that is how it is closest."""
        image = loader.batch(int(self.index[query]), 1)[0][0]
        return image.flip(-1) if self.mirrored[query] else image


def neighbours_section(
    facts: RunFacts, model: Model, dataset: TrainingImages, held_out: TrainingImages | None = None
) -> Markup:
    """Pairs of a generated image and the training image closest to it; how near those are that were held out."""
    loader, count = Loader(dataset, seed=0, mirror=False), min(len(dataset), _MOST_SEARCHED)
    with torch.no_grad():
        generated = model.codes(_SEEDS)
        real = model.codec.encode(loader.batch(0, min(_REAL_QUERIES, count))[0].to(model.device))
        nearest = search(torch.cat([generated, real]), len(real), model.codec, loader, count, facts.config.data.mirror)
    pictures, pairs = model.decode(generated, noise=model.assumed_noise), len(_SEEDS)
    typical = nearest.distance[pairs:].median().item()
    figures = [
        _pair(seed, pictures[i], nearest.image(i, loader), nearest.distance[i].item(), bool(nearest.mirrored[i]))
        for i, seed in enumerate(_SEEDS)
    ]
    searched = f"all {count:,}" if count == len(dataset) else f"{count:,} (drawn at random) of {len(dataset):,}"
    flips = ", mirrored ones included" if facts.config.data.mirror else ""
    help_text = (
        "Left, a generated picture; right, the training image whose code is closest to its own, among "
        f"{searched}{flips}. The number is the root mean square difference of the codes, which range from -1 to 1. "
        "Look for pairs that show the very same picture: those were memorised. Judge by eye, because a blurred "
        "picture is close to everything."
    )
    if held_out is not None:
        help_text += _both_sides(facts, model, dataset, held_out)
    if math.isfinite(typical):
        help_text += f" Between a real image and the nearest other real one it is {significant(typical, 2)} (median)."
    return tag(
        "section",
        tag("h2", "Did it copy its training images?"),
        tag("p", help_text, class_="help"),
        tag("div", *figures, class_="pairs"),
        id="neighbours",
    )


@torch.no_grad()
def _both_sides(facts: RunFacts, model: Model, training: TrainingImages, held: TrainingImages) -> str:
    """How near generated images are to as many training images as were held out, and to those."""
    count = min(len(training), len(held), _MOST_SEARCHED)
    codes = model.codes(range(_REAL_QUERIES))
    medians = [
        significant(search(codes, 0, model.codec, side, count, facts.config.data.mirror).distance.median().item(), 2)
        for side in (Loader(training, seed=0, mirror=False), Loader(held, seed=0, mirror=False))
    ]
    return (
        f" Over {_REAL_QUERIES} generated pictures it is {medians[0]} (median) to the nearest of {count:,} training "
        f"images drawn at random, and {medians[1]} to the nearest of {count:,} held out: much less to the former "
        "means copies."
    )


def search(queries: Tensor, num_real: int, codec: Codec, loader: Loader, count: int, mirror: bool) -> Nearest:
    """The nearest of the loader's first `count` images to each code of `queries` (Q, C, s, s).

    The last `num_real` queries are the loader's own first images, which are not compared with themselves.
    """
    # Products of float64 are fast, and exact enough for the small distances that matter here.
    flat = queries.flatten(1).cpu().double()
    n = len(flat)
    own = torch.arange(n) - (n - num_real)  # which image a query is itself; negative for generated ones
    nearest = Nearest(
        distance=torch.full((n,), torch.inf, dtype=torch.float64),
        index=torch.zeros(n, dtype=torch.int64),
        mirrored=torch.zeros(n, dtype=torch.bool),
    )
    for first in range(0, count, _BATCH):
        images = loader.batch(first, min(_BATCH, count - first))[0]
        itself = own[:, None] == torch.arange(first, first + len(images))
        for mirrored in (False, True) if mirror else (False,):
            view = images.flip(-1) if mirrored else images
            codes = codec.encode(view.to(queries.device)).flatten(1).cpu().double()
            distances = torch.cdist(flat, codes, compute_mode="use_mm_for_euclid_dist") / codes.shape[1] ** 0.5
            closest, place = distances.masked_fill(itself, torch.inf).min(dim=1)
            closer = closest < nearest.distance
            nearest.distance[closer] = closest[closer]
            nearest.index[closer] = first + place[closer]
            nearest.mirrored[closer] = mirrored
    return nearest


def _pair(seed: int, generated: Tensor, real: Tensor, distance: float, mirrored: bool) -> Markup:
    most_bytes = _MOST_BYTES // (2 * len(_SEEDS))
    left, right = (embed(pixels, most_bytes) for pixels in to_uint8(torch.stack([generated, real])))
    words = f"seed {seed}: {significant(distance, 2)}" + (" (mirrored)" if mirrored else "")
    return tag(
        "figure",
        tag(
            "div",
            show(left, f"generated picture of seed {seed}"),
            show(right, f"training image nearest to the picture of seed {seed}"),
        ),
        tag("figcaption", words),
    )
