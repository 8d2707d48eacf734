"""Packages of a user's own, whose classes configurations may name in this process.

Loading a file must never choose what is imported: so a package is let in by the owner of the process, by a flag or a
call, and never by anything that is read.
"""

import importlib.util
import keyword
import os
import sys

from frugan.system.errors import ArgumentError

_ALLOWED: list[str] = []


def allow_package(name: str) -> None:
    """Let configurations and models name classes of this package, in this process and those that it starts.

    Only allow packages whose code you trust: building a class runs it.

    Args:
        name: Top-level name of an installed package, or of one in the current folder, such as "my_networks".

    Raises:
        ArgumentError: not the name of a package, or of none that Python finds.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ArgumentError("allow_package", "the name of a Python package, such as my_networks", name)
    if importlib.util.find_spec(name) is None:
        sys.path.append(os.getcwd())  # the command `frugan` does not look there by itself
        if importlib.util.find_spec(name) is None:
            sys.path.pop()
            problem = f"Python finds no such package. Install it, or start in the folder that holds {name}"
            raise ArgumentError("allow_package", problem, name)
    if name not in _ALLOWED:
        _ALLOWED.append(name)


def allowed_packages() -> tuple[str, ...]:
    """Those that were let in, in the order of that."""
    return tuple(_ALLOWED)
