"""`frugan data check`: what is in a folder or zip of images; `frugan data list`: data sets that papers name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import JSONOutput
from frugan.cli.outcome import show_result
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import say, show
from frugan.cli.verb import run_verb
from frugan.system.errors import UserError


@dataclass(frozen=True)
class Flags:
    """Count images, sizes, modes, classes, corrupt files and duplicates, and suggest a resolution.

    Args:
        data: Folder, zip, or name of a data set.
        html: HTML file for a page with sizes, a contact sheet, near duplicates and advice.
    """

    data: Annotated[Positional[str], arg(metavar="DATA")]
    html: Path | None = None
    json_output: JSONOutput = False


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb: "check", "pack" or "list"."""
    if arguments and arguments[0] == "list":
        if len(arguments) > 1:
            raise UserError("frugan data list: takes nothing else. To look at images: frugan data check DATA")
        from frugan.data.catalogue import catalogue_text

        show(catalogue_text())
        return 0
    if arguments[:1] == ["pack"]:
        from frugan.cli.data_pack import run as pack

        return pack(arguments[1:])
    if arguments and arguments[0] not in ("check", "-h", "--help"):
        raise UserError(f"frugan data {arguments[0]}: unknown; did you mean 'frugan data check DATA'?")
    if not arguments:
        raise UserError("frugan data: say what to do: frugan data check DATA, pack DATA --shards OUT, or list")
    return run_verb(Flags, "data check", arguments[1:] if arguments[0] == "check" else arguments, _check)


def _check(flags: Flags) -> int:
    from frugan import check_data

    result = check_data(flags.data, page=flags.html, watcher=SHOWN)
    show_result(result, flags.json_output)
    if flags.html is not None:
        say(f"page: {flags.html}")
    return 0
