"""A run as one self-contained HTML page: pictures as data URIs, plots as inline SVG, no scripts, no network."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from frugan.data.images import TrainingImages
from frugan.html.document import document
from frugan.html.markup import Markup, tag
from frugan.model.model import Model
from frugan.networks.base import draws_any_size
from frugan.reporting.commands import commands_section
from frugan.reporting.curves import curves_section
from frugan.reporting.facts import RunFacts, read_facts
from frugan.reporting.gallery import draw_reals, pictures_section, progress_section
from frugan.reporting.neighbours import neighbours_section
from frugan.reporting.reconstruction import base_mean_psnr, reconstruction_section
from frugan.reporting.sizes import scales_section
from frugan.reporting.strip import strip_figure
from frugan.reporting.summary import header, numbers_section
from frugan.reporting.tables import details_section
from frugan.reporting.variance import variance_figure
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import open_held_out
from frugan.system.atomic import write_file

_REALS = 48
_CONTENTS = {
    "pictures": "pictures",
    "numbers": "numbers",
    "progress": "progress",
    "reconstruction": "decoder",
    "scales": "scales",
    "curves": "curves",
    "neighbours": "memorisation",
    "details": "details",
    "next": "next",
}


def write_report(
    run: RunFolder,
    model: Model,
    dataset: TrainingImages,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write RUN/report.html from whatever the run has by now: finished or not, evaluated or not. Returns its path.

    `on_progress` is told how many sections of how many are written.
    """
    facts = read_facts(run)
    sections = []
    makers = _sections(facts, model, dataset)
    for number, make in enumerate(makers):
        on_progress(number, len(makers))
        sections.append(make())
    on_progress(len(makers), len(makers))
    page = document(f"{facts.config.recipe}: {facts.config.data.source}", sections)
    write_file(run.report_file, page.encode())
    return run.report_file


def _sections(facts: RunFacts, model: Model, dataset: TrainingImages) -> list[Callable[[], Markup]]:
    reals, held_out = draw_reals(dataset, _REALS), open_held_out(facts.config)
    unseen = None if held_out is None else draw_reals(held_out, _REALS)
    return [
        partial(header, facts, model),
        partial(_contents, facts, model),
        partial(pictures_section, facts, model, dataset),
        partial(numbers_section, facts, model),
        partial(progress_section, facts),
        *([partial(reconstruction_section, model, reals, unseen)] if model.codec.reduces else []),
        *([partial(scales_section, facts, model)] if _has_scales(facts, model) else []),
        lambda: curves_section(facts, base_mean_psnr(model, reals), _of_scale_space(facts, dataset)),
        partial(neighbours_section, facts, model, dataset, held_out),
        partial(details_section, facts, model),
        partial(commands_section, facts, model),
    ]


def _of_scale_space(facts: RunFacts, dataset: TrainingImages) -> list[Markup | None]:
    return [strip_figure(facts, dataset), variance_figure(facts, dataset)]


def _has_scales(facts: RunFacts, model: Model) -> bool:
    return not model.codec.reduces and (draws_any_size(model.generator) or facts.consistency is not None)


def _contents(facts: RunFacts, model: Model) -> Markup:
    absent = {"reconstruction"} - ({"reconstruction"} if model.codec.reduces else set())
    absent |= set() if _has_scales(facts, model) else {"scales"}
    names = {anchor: name for anchor, name in _CONTENTS.items() if anchor not in absent}
    return tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in names.items()), aria_label="Contents")
