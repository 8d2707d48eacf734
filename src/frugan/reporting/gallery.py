"""The sections that are looked at first: what the model draws, what it learned from, and how it came there."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.html.markup import Markup, join, tag
from frugan.html.pictures import embed, show, zoomable
from frugan.html.text import kimg
from frugan.model.model import Model
from frugan.reporting.facts import RunFacts
from frugan.runs.facts import PartFacts
from frugan.runs.train import SNAPSHOT_SEEDS
from frugan.writing.pictures import contact_sheet

TRUNCATION = 0.7
_COLUMNS = 8
_SEEN_SIDE = 64  # smaller pictures are shown enlarged
_MOST_STRIPS = 7
_MOST_CLASSES = 12
# Bytes of the page that each may take.
_GRID_BYTES, _SIDE_BYTES, _STRIPS_BYTES = 1_000_000, 500_000, 650_000


def draw_reals(dataset: TrainingImages, count: int) -> Tensor:
    """Up to `count` different images of the data set, drawn at random but always the same, (N, C, H, W)."""
    return Loader(dataset, seed=0, mirror=False).batch(0, min(count, len(dataset)))[0]


def pictures_section(facts: RunFacts, model: Model, dataset: TrainingImages) -> Markup:
    """The final grid, the same seeds with truncation, and real images to hold them against."""
    seeds = SNAPSHOT_SEEDS
    first, last = seeds[0], seeds[-1]
    trained = facts.sampler.snapshots[-1] if facts.sampler.snapshots else 0
    decoded = "decoded by the trained decoder" if model.decoder else "drawn at this size"
    if facts.decoder is not None and model.decoder is None:
        decoded = "enlarged without a decoder, for none is trained yet"
    reals, enlarged = draw_reals(dataset, len(seeds)), max(1, _SEEN_SIDE // model.shape.longest)
    final = embed(contact_sheet(model.sample(seeds), _COLUMNS), _GRID_BYTES)
    truncated = embed(contact_sheet(model.sample(seeds, TRUNCATION), _COLUMNS), _SIDE_BYTES)
    real = embed(contact_sheet(reals, _COLUMNS), _SIDE_BYTES)
    return tag(
        "section",
        tag("h2", "What it draws"),
        zoomable(
            final,
            f"Grid of {len(seeds)} generated pictures, seeds {first} to {last}",
            f"Seeds {first} to {last} in order, none picked by hand, after {kimg(trained)} kimg, {decoded}; "
            f"truncation 1, {model.shape.size_text} pixels each ({final.format}). Click for full size.",
            enlarged=enlarged,
        ),
        tag(
            "div",
            zoomable(
                truncated,
                f"The same seeds drawn with truncation {TRUNCATION}",
                f"The same seeds with truncation {TRUNCATION}: more typical, less varied ({truncated.format}).",
                enlarged=enlarged,
            ),
            zoomable(
                real,
                f"Grid of {len(reals)} real images from the data set",
                f"Real images: {len(reals)} of the {len(dataset)} it learned from ({real.format}).",
                enlarged=enlarged,
            ),
            class_="two",
        ),
        _each_class(model) if model.generator.classes else "",
        id="pictures",
    )


def _each_class(model: Model) -> Markup:
    """A row of pictures for each class, the same seeds in all."""
    names = model.class_names[:_MOST_CLASSES]
    images = torch.cat([model.sample(range(_COLUMNS), label=label) for label in range(len(names))])
    grid = embed(contact_sheet(images, _COLUMNS), _SIDE_BYTES)
    left_out = len(model.class_names) - len(names)
    return zoomable(
        grid,
        f"A row of generated pictures for each class: {', '.join(names)}",
        f"Seeds 0 to {_COLUMNS - 1} drawn as each class, from the top: {', '.join(names)}"
        + (f"; {left_out} more are not shown" if left_out else "")
        + ". What stays the same down a column is the seed's; what changes is the class.",
    )


def progress_section(facts: RunFacts) -> Markup:
    """The same seeds at several snapshots, one row each."""
    sampler = facts.sampler
    return tag(
        "section",
        tag("h2", "How it came there"),
        _strips(sampler, facts.decoder is not None)
        if sampler.sample_grids
        else tag("p", "No samples yet: none were saved.", class_="missing"),
        id="progress",
    )


def _strips(sampler: PartFacts, has_decoder: bool) -> Markup:
    counts = list(sampler.sample_grids)
    chosen = sorted({counts[round(i)] for i in np.linspace(0, len(counts) - 1, _MOST_STRIPS)})
    strips = []
    for nimg in chosen:
        picture = embed(
            _first_row(np.asarray(Image.open(sampler.sample_grids[nimg]).convert("RGB"))), _STRIPS_BYTES // len(chosen)
        )
        alt = f"Pictures of seeds 0 to {_COLUMNS - 1} after {nimg} images"
        strips.append(tag("figure", tag("figcaption", tag("b", kimg(nimg)), " kimg"), show(picture, alt)))
    help_text = (
        f"The same {_COLUMNS} seeds in every row, after more and more thousands of training images (kimg). "
        + ("They are codes enlarged without the decoder, so they look softer than the grid above. " * has_decoder)
        + "Look for shapes that settle and columns that stay different from each other; if they grow alike, variety is "
        "being lost."
    )
    return join([tag("p", help_text, class_="help"), tag("div", *strips, class_="strips")])


def _first_row(sheet: np.ndarray) -> np.ndarray:
    """The first row of a contact sheet of square pictures."""
    return sheet[: sheet.shape[1] // _COLUMNS]
