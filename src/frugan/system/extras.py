"""Packages that some formats and services need, and that are installed as extras."""

import importlib
from types import ModuleType

from frugan.system.errors import UserError


def extra_module(module: str, extra: str, what: str) -> ModuleType:
    """The package, imported; `what` needs it.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(f"{what} need {module}: pip install 'frugan[{extra}]'.") from error
