"""A run as one self-contained HTML page: pictures as data URIs, plots as inline SVG, no scripts, no network."""

from pathlib import Path

from frugan.data.cache import PackedDataset
from frugan.html.document import document
from frugan.html.markup import Markup, tag
from frugan.model.model import Model
from frugan.reporting.commands import commands_section
from frugan.reporting.curves import curves_section
from frugan.reporting.facts import RunFacts, read_facts
from frugan.reporting.gallery import draw_reals, pictures_section, progress_section
from frugan.reporting.neighbours import neighbours_section
from frugan.reporting.reconstruction import base_mean_psnr, reconstruction_section
from frugan.reporting.sizes import scales_section
from frugan.reporting.summary import header, numbers_section
from frugan.reporting.tables import details_section
from frugan.reporting.variance import variance_figure
from frugan.runs.folder import RunFolder
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


def write_report(run: RunFolder, model: Model, dataset: PackedDataset) -> Path:
    """Write RUN/report.html from whatever the run has by now: finished or not, evaluated or not. Returns its path."""
    write_file(run.report_file, _page(read_facts(run), model, dataset).encode())
    return run.report_file


def _page(facts: RunFacts, model: Model, dataset: PackedDataset) -> str:
    reals = draw_reals(dataset, _REALS)
    sections = [
        header(facts, model),
        _contents(facts, model),
        pictures_section(facts, model, dataset),
        numbers_section(facts, model),
        progress_section(facts),
        *([reconstruction_section(model, reals)] if model.codec.reduces else []),
        *([scales_section(facts, model)] if _has_scales(facts, model) else []),
        curves_section(facts, base_mean_psnr(model, reals), variance_figure(facts, dataset)),
        neighbours_section(facts, model, dataset),
        details_section(facts, model),
        commands_section(facts, model),
    ]
    return document(f"{facts.config.recipe}: {facts.config.data.source}", sections)


def _has_scales(facts: RunFacts, model: Model) -> bool:
    return not model.codec.reduces and (model.generator.any_grid or facts.consistency is not None)


def _contents(facts: RunFacts, model: Model) -> Markup:
    absent = {"reconstruction"} - ({"reconstruction"} if model.codec.reduces else set())
    absent |= set() if _has_scales(facts, model) else {"scales"}
    names = {anchor: name for anchor, name in _CONTENTS.items() if anchor not in absent}
    return tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name in names.items()), aria_label="Contents")
