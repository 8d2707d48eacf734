"""`frugan evaluate`: how good a run's images are, with the protocol that measured it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from frugan.cli import flags as shared
from frugan.cli.judge_flags import IMAGES, JUDGE, WithImages, WithJudge
from frugan.cli.number_lists import whole_pair
from frugan.cli.outcome import show_result
from frugan.cli.parsing import refuse_beside
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import say
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.drawing import Drawing
from frugan.requests.judging import enough_samples
from frugan.system.errors import ArgumentError

_PAPER_SIZES, _PAPER_SAMPLES = (256, 512), 10_000  # CREPS, scale consistency


@dataclass(frozen=True)
class Flags:
    """Compare generated images with real images: by features, by pixels, and picture by picture.

    Each metric is also given between two halves of the real images: the floor that no generator can beat.

    Args:
        run: Run folder. With --data, also a model folder or a folder of pictures.
        samples: Number of images to generate. Default: the run's setting evaluation.samples. With --consistency: 256.
        truncation: Truncation, 0 or more.
        snapshot: Image count of an earlier snapshot to evaluate. The folder RUN/sampler/snapshots lists them.
        sizes: Measure the consistency of two sizes instead, for example 256,512. "paper": 256,512 of 10,000 samples.
        lpips: With --consistency: use LPIPS, not the offline perceptual distance (pip install 'frugan[lpips]').
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    images: WithImages = IMAGES
    samples: int | None = None
    judge: WithJudge = JUDGE
    truncation: Annotated[float, arg(name="trunc")] = 1.0
    finishing: shared.WithFinishing = shared.FINISHING
    snapshot: int | None = None
    sizes: Annotated[str, arg(name="consistency", metavar="SMALL,LARGE|paper")] = ""
    lpips: bool = False
    device: shared.Device = "auto"
    json_output: shared.JSONOutput = False
    allow_package: shared.Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "evaluate", arguments, _evaluate)


def _evaluate(flags: Flags) -> int:
    images, judge, finishing = flags.images.request(), flags.judge.request(), flags.finishing.request()
    Drawing([0], flags.truncation)
    samples = None if flags.samples is None else enough_samples(flags.samples, 4)
    same: Any = {"samples": samples, "snapshot": flags.snapshot, "device": flags.device, "watcher": SHOWN}
    if flags.sizes:
        return _consistency(flags, same)
    if flags.lpips:
        raise ArgumentError("lpips", "only with `sizes`")
    run = existing_model("run", flags.run)
    from frugan import evaluate

    result = evaluate(run, images, judge, truncation=flags.truncation, finishing=finishing, **same)
    show_result(result, flags.json_output)
    if not result.kept and (run / "config.yaml").is_file():
        say(f"not kept in {run}, which only keeps what its settings evaluation.features and evaluation.samples ask for")
    return 0


def _consistency(flags: Flags, same: Any) -> int:
    given = {"data": flags.images.data, "truncation": flags.truncation != 1, "decoder": flags.finishing.decoder}
    given |= {"code_noise": flags.finishing.code_noise is not None, "features": flags.judge != JUDGE}
    refuse_beside("sizes", given)
    sizes, usual = (_PAPER_SIZES, _PAPER_SAMPLES) if flags.sizes == "paper" else (whole_pair("sizes", flags.sizes), 256)
    run = existing_model("run", flags.run)
    from frugan import measure_consistency

    same["samples"] = same["samples"] or usual
    show_result(measure_consistency(run, sizes, lpips=flags.lpips, **same), flags.json_output)
    return 0
