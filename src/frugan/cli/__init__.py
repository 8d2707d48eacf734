"""The command `frugan`: one verb a file. Each is imported only when called, so that help answers at once.

Exit codes: 0 good, 1 the run failed, 2 wrong use.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from frugan.cli.terminal import say, show
from frugan.system.cores import let_peers_speak
from frugan.system.errors import RunError, UserError, sentence_of
from frugan.system.version import __version__

VERBS = {
    "train": "train a sampler and a decoder on a folder, a zip or a named data set",
    "resume": "go on with a run that was stopped or killed",
    "finetune": "train a finished run's sampler and decoder end to end",
    "sample": "draw images from a run or a model, as PNGs or one grid",
    "render": "draw one picture at any size, in part, turned or bent (CREPS, CIPS)",
    "video": "film zooms, and ways from one picture to the next (CREPS, CIPS)",
    "evaluate": "measure how good the images are",
    "sweep": "trade variety for fidelity: distances over truncations and rejection thresholds",
    "evaluate-decoder": "measure what codec and decoder lose, and compare decoders",
    "upscale": "enlarge photos with a trained decoder",
    "import": "convert a public checkpoint into a model folder",
    "report": "write a run's report as one HTML page",
    "study": "compare recipes over seeds and settings, with error bars",
    "recipes": "list the recipes, or show one in full",
    "data": "check a data set: `frugan data check DATA`",
}

_HELP = """usage: frugan VERB ...

{verbs}

`frugan VERB --help` explains a verb. To begin: frugan train --recipe quickstart --out runs/quickstart
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        show(_HELP.format(verbs="\n".join(f"  {verb:<16} {line}" for verb, line in VERBS.items())).rstrip("\n"))
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        show(f"frugan {__version__}")
        return 0
    try:
        if arguments[0] not in VERBS:
            from frugan.system.errors import did_you_mean

            raise UserError(f"unknown verb '{arguments[0]}'{did_you_mean(arguments[0], VERBS)}")
        run = import_module(f"frugan.cli.{_module(arguments[0])}").run
        return int(run(arguments[1:]))
    except (UserError, RunError) as error:
        _tell(error)
        return error.exit_code
    except KeyboardInterrupt:
        say("frugan: interrupted")
        return 1
    except BrokenPipeError:
        return 1
    except OSError as error:
        _tell(RunError(sentence_of(error)))
        return 1


def _tell(error: UserError | RunError) -> None:
    """What goes wrong before torchrun's processes have joined is wrong in all of them: only the first says so."""
    if os.environ.get("RANK", "0") != "0":
        let_peers_speak()
        return
    say(f"frugan: {error}")


def _module(verb: str) -> str:
    """Verbs may be what modules cannot be called."""
    return "import_checkpoint" if verb == "import" else verb.replace("-", "_")
