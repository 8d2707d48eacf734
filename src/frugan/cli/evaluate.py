"""`frugan evaluate`: how good a run's images are, with the protocol that measured it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import check_decoder, check_truncation, parse
from frugan.cli.progress import show_stage
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "evaluate", arguments)


def command(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    data: str = "",
    upsample: bool = False,
    samples: int | None = None,
    features: Literal["efficientnet-lite0", "inception"] = "efficientnet-lite0",
    inception_weights: str = "",
    trunc: float = 1.0,
    code_noise: float | None = None,
    decoder: Path | None = None,
    halvings: int = 0,
    snapshot: int | None = None,
    consistency: str = "",
    lpips: bool = False,
    device: str = "auto",
    json_output: Annotated[bool, arg(name="json")] = False,
) -> int:
    """Compare generated images with real ones: Frechet and kernel distance, precision, recall, real-vs-real floor.

    Args:
        run: a run folder, or a model folder together with --data.
        data: judge against these images rather than the run's own.
        upsample: with --data, take images smaller than the model's resolution as well, enlarged.
        samples: how many images to generate; the run's setting if left out.
        features: efficientnet-lite0 works offline; inception gives FID, from a file, its cache or the network.
        inception_weights: torch-fidelity's weight file, where there is no network.
        trunc: truncation.
        code_noise: what a decoder that is told the noise of its code assumes; its setting assumed_noise if left out.
        decoder: a run whose decoder enlarges the pictures, after its codec has halved them --halvings times.
        halvings: 1 and a decoder of 64 -> 256 px make pictures of 256 px out of those of 128.
        snapshot: judge the sampler as it was after this many images (see RUN/sampler/snapshots) instead of at the end.
        consistency: instead, whether pictures at two sizes show the same, such as 256,512.
        lpips: for that, LPIPS instead of the offline perceptual distance (extra: lpips).
        device: auto, cpu, cuda, mps.
        json_output: print the result as JSON.
    """
    check_decoder(decoder, halvings)
    check_truncation(trunc)
    _check(run, data, upsample, samples)
    if consistency:
        _refuse(data=data, decoder=decoder, code_noise=code_noise is not None, trunc=trunc != 1)
        _refuse(features=features != "efficientnet-lite0", inception_weights=inception_weights)
        from frugan.cli.consistency import judge_consistency

        return judge_consistency(run, consistency, samples, snapshot, lpips, device, json_output)
    if lpips:
        raise UserError("--lpips: only with --consistency")
    images = {"data": data, "upsample": upsample, "samples": samples, "snapshot": snapshot}
    judge = {"features": features, "inception_weights": inception_weights}
    model = {"truncation": trunc, "code_noise": code_noise, "decoder": decoder, "halvings": halvings}
    return _evaluate(run, images | judge | model, device, json_output)


def _evaluate(run: Path, settings: dict[str, Any], device: str, json_output: bool) -> int:
    from frugan.judging.evaluate_folder import evaluate_folder, format_evaluation
    from frugan.training.torchrun import joined

    with joined(device) as ranks:
        result = evaluate_folder(run, **settings, device=device, ranks=ranks, on_progress=show_stage)
    if ranks.first:
        print(json.dumps(result, indent=1) if json_output else format_evaluation(result))
        if not result["kept"] and (run / "config.yaml").is_file():
            kept = "what its settings evaluation.features and evaluation.samples ask for"
            print(f"not kept in {run}, which only keeps {kept}", file=sys.stderr)
    return 0


def _refuse(**given: object) -> None:
    """Two sizes of one picture are compared with each other, as the model draws them, and with nothing else."""
    for name, value in given.items():
        if value:
            raise UserError(f"--consistency: does not go with --{name.replace('_', '-')}")


def _check(run: Path, data: str, upsample: bool, samples: int | None) -> None:
    if samples is not None and samples < 4:
        raise UserError(f"--samples {samples}: at least 4 are needed")
    if upsample and not data:
        raise UserError("--upsample: only with --data; a run's own images are taken as they were trained on")
    if not run.exists():
        raise UserError(f"{run}: no such folder")
