"""`frugan sweep`: how truncation and rejection trade variety for fidelity."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import check_decoder, parse
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "sweep", arguments)


def command(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    trunc: str = "1,.8,.6,.4,.2,.1",
    reject: str = "",
    reject_by: Literal["any", "class"] = "any",
    data: str = "",
    samples: int = 2048,
    features: Literal["efficientnet-lite0", "inception"] = "efficientnet-lite0",
    inception_weights: str = "",
    decoder: Path | None = None,
    halvings: int = 0,
    out: Path | None = None,
    device: str = "auto",
    json_output: Annotated[bool, arg(name="json")] = False,
) -> int:
    """Judge a model at several truncations, and at the best of them with pictures rejected that a classifier doubts.

    Args:
        run: a run folder, or a model folder together with --data.
        trunc: truncations, separated by commas.
        reject: thresholds such as .7,.8,.9,.95: a picture is kept if the classifier is surer than that of any class.
        reject_by: look at the probability of any class, or of the class that was drawn (models of ImageNet's classes).
        data: judge against these images rather than the run's own.
        samples: pictures kept for each point.
        features: efficientnet-lite0 works offline; inception gives FID and IS.
        inception_weights: torch-fidelity's weight file, where there is no network.
        decoder: a run whose decoder enlarges the pictures, after its codec has halved them --halvings times.
        halvings: 1 and a decoder of 64 -> 256 px make pictures of 256 px out of those of 128.
        out: write a page with the table and the curve here.
        device: auto, cpu, cuda, mps.
        json_output: print the result as JSON.
    """
    truncations, thresholds = _numbers("--trunc", trunc), _numbers("--reject", reject)
    if not truncations or min(truncations) < 0:
        raise UserError(f"--trunc {trunc}: expected numbers from 0, such as 1,.8,.6")
    if thresholds and not (min(thresholds) > 0 and max(thresholds) < 1):
        raise UserError(f"--reject {reject}: probabilities lie between 0 and 1")
    check_decoder(decoder, halvings)
    if samples < 20:
        raise UserError(f"--samples {samples}: at least 20 are needed")
    if not run.exists():
        raise UserError(f"{run}: no such folder")
    from frugan.cli import sweeping

    return sweeping.sweep_run(
        run,
        truncations,
        thresholds,
        reject_by == "class",
        data,
        samples,
        features,
        inception_weights,
        decoder,
        halvings,
        out,
        device,
        json_output,
    )


def _numbers(flag: str, text: str) -> list[float]:
    try:
        return [float(piece) for piece in text.split(",") if piece.strip()]
    except ValueError as error:
        raise UserError(f"{flag} {text}: expected numbers separated by commas") from error
