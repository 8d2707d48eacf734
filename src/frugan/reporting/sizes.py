"""Pictures that can be drawn at any size: one latent at several, turned, and how well two sizes agree."""

from dataclasses import replace

import torch
from torch import Tensor

from frugan.html.markup import Markup, tag
from frugan.html.pictures import embed, show
from frugan.judging.consistency import Consistency, conventions, pairs, residual, shown_name
from frugan.model.model import Model
from frugan.networks.base import LineGenerator, draws_any_size
from frugan.ops.view import View
from frugan.rendering.render import render
from frugan.reporting.facts import RunFacts
from frugan.writing.pictures import to_uint8

_SEEDS = (0, 1, 2, 3)
_WIDTH, _LARGEST = 192, 256
_MOST_TIMES = 4  # as large as trained: a small model, which is slow for its size, need not draw 256 pixels
_PICTURE_BYTES = 90_000


def scales_section(facts: RunFacts, model: Model) -> Markup:
    """One latent at several sizes, and the last measurement of their consistency, if there is one."""
    result = facts.consistency
    return tag(
        "section",
        tag("h2", "One picture at every size"),
        _gallery(model) if draws_any_size(model.generator) else "",
        tag(
            "p",
            "How far two sizes agree is not measured yet: ",
            tag("code", f"frugan evaluate {facts.path} --consistency 128,256"),
            class_="missing",
        )
        if result is None
        else _agreement(model, result),
        id="scales",
    )


def _gallery(model: Model) -> Markup:
    trained = model.generator.code_shape[1:]
    side = trained[0]
    most = min(_LARGEST, _MOST_TIMES * side)
    large = View(most, most, trained)
    views = {
        f"{side} x {side}, as trained": View(side, side, trained),
        **({f"{2 * side} x {2 * side}": View(2 * side, 2 * side, trained)} if 2 * side < most else {}),
        f"{most} x {most}": large,
        "its middle, 4 x": replace(large, zoom=4),
    }
    if isinstance(model.generator, LineGenerator):
        views["turned by 30 degrees"] = replace(large, rotate=30)
        views["half as large, and around it"] = replace(large, zoom=0.5)
    rows = []
    for seed in _SEEDS:
        w = model.styles([seed])
        cells = [
            _cell(render(model.generator, w, view), f"seed {seed}: {name}", view.height < _WIDTH)
            for name, view in views.items()
        ]
        rows.append(tag("tr", *cells))
    help_text = (
        "Each row is one latent, drawn anew for each column at other coordinates, never resized. Sizes should show the "
        "same thing, more smoothly where there are more pixels than it was trained with; beyond the picture's edges "
        "nobody judged what the network draws."
    )
    header = tag("tr", *(tag("th", name, scope="col") for name in views))
    table = tag("table", tag("thead", header), tag("tbody", *rows), class_="stages")
    return tag("div", tag("p", help_text, class_="help"), tag("div", table, class_="scroll"))


def _agreement(model: Model, result: Consistency) -> Markup:
    """The numbers by convention, and where in the picture the two sizes differ."""
    small, large = result.sizes
    known = [name for name in conventions(model.generator) if name in result.results]
    names = list(next(iter(result.results.values())))
    header = tag("tr", *(tag("th", shown_name(name), scope="col") for name in ("", *names)))
    numbers = [
        tag("tr", tag("th", convention, scope="row"), *(tag("td", f"{values[name]:.4g}") for name in names))
        for convention, values in result.results.items()
    ]
    pictures = []
    for convention in known:
        drawn, reduced = next(pairs(model, (small, large), len(_SEEDS), convention))
        shown = {"small": drawn, "large, reduced": reduced, "difference x 10": residual(drawn, reduced)}
        pictures += [
            tag(
                "tr",
                tag("th", f"{convention}: {name}", scope="row"),
                *(
                    _cell(image, f"{convention}, picture {i + 1}: {name}", small < _WIDTH)
                    for i, image in enumerate(row)
                ),
            )
            for name, row in shown.items()
        ]
    help_text = (
        f"The same latents drawn at {small} x {small} and at {large} x {large}, the latter reduced by "
        f"{result.protocol['reduction']}; {result.protocol['samples']} pictures. Higher PSNR and SSIM, and lower "
        "distance, are better; a generator that really draws one picture leaves the difference nearly black."
    )
    return tag(
        "div",
        tag("h3", "How far two sizes agree"),
        tag("p", help_text, class_="help"),
        tag("div", tag("table", tag("thead", header), tag("tbody", *numbers)), class_="scroll"),
        tag("div", tag("table", tag("tbody", *pictures), class_="stages"), class_="scroll"),
    )


def _cell(image: Tensor, alt: str, sharp: bool) -> Markup:
    with torch.no_grad():
        picture = embed(to_uint8(image[None])[0], _PICTURE_BYTES)
    return tag("td", show(picture, alt, width=_WIDTH, class_="pixels" if sharp else None))
