"""`frugan push`: a trained model to the Hugging Face hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import JSONOutput
from frugan.cli.outcome import show_result
from frugan.cli.verb import run_verb


@dataclass(frozen=True)
class Flags:
    """Upload a model to the Hugging Face hub: description, weights and card (pip install 'frugan[hub]'). Log in first:
    hf auth login. Others then use hf://user/name in place of a run folder.

    Args:
        run: Run folder or model folder.
        repo: Name on the hub: user/name. It is made if there is none.
        licence: Licence for the card, by the hub's identifier, such as cc-by-4.0. Default: that of the card.
        private: Make a model that only its owner sees.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    repo: Annotated[Positional[str], arg(metavar="USER/NAME")]
    licence: Annotated[str, arg(name="license")] = ""
    private: bool = False
    json_output: JSONOutput = False


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "push", arguments, _push)


def _push(flags: Flags) -> int:
    from frugan import push

    show_result(push(flags.run, flags.repo, licence=flags.licence, private=flags.private), flags.json_output)
    return 0
