"""The command `frugan`: one verb a file. Each is imported only when called, so that help answers at once.

Exit codes: 0 good, 1 the run failed, 2 wrong use.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from frugan.cli.terminal import let_any_text_pass, say, show
from frugan.cli.verbs import VERBS
from frugan.system.cores import let_peers_speak
from frugan.system.errors import RunError, UserError, did_you_mean, sentence_of
from frugan.system.version import __version__

_HELP = """usage: frugan VERB ...

First pictures, at once from a model inside the package, and from one of your own in 8 minutes on two CPU cores:
  frugan sample noto-people --out people
  frugan train --recipe quickstart --out runs/quickstart

Verbs:
{verbs}

`frugan VERB --help` explains a verb.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    let_any_text_pass()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        show(_HELP.format(verbs="\n".join(f"  {verb:<16} {line}" for verb, line in VERBS.items())).rstrip("\n"))
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        show(f"frugan {__version__}")
        return 0
    try:
        if arguments[0] not in VERBS:
            raise UserError(f"unknown verb '{arguments[0]}'{did_you_mean(arguments[0], VERBS)}")
        return int(import_module(f"frugan.cli.{_module(arguments[0])}").run(arguments[1:]))
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
