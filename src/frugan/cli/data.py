"""`frugan data check`: what is in a folder or zip of images, before training on it."""

import json
from collections.abc import Sequence
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.data.check import check_data, format_check
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb; "check" is its only action so far."""
    if arguments and arguments[0] not in ("check", "-h", "--help"):
        raise UserError(f"frugan data {arguments[0]}: unknown; did you mean 'frugan data check DATA'?")
    if not arguments:
        raise UserError("frugan data: say what to do: frugan data check DATA")
    return parse(check, "data check", arguments[1:] if arguments[0] == "check" else arguments)


def check(
    data: Annotated[Positional[str], arg(metavar="DATA")],
    /,
    json_output: Annotated[bool, arg(name="json")] = False,
) -> int:
    """Count images, sizes, modes, classes, corrupt files and duplicates, and suggest a resolution.

    Args:
        data: a folder, a zip, or a data set's name.
        json_output: print the result as JSON.
    """
    result = check_data(data)
    print(json.dumps(result, indent=1) if json_output else format_check(result))
    return 0
