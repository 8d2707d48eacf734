"""Where a model lies that somebody names: in a folder, inside this package, or on the Hugging Face hub."""

from importlib import resources
from pathlib import Path

from frugan.model.hub import fetched, is_hub_place
from frugan.system.errors import ArgumentError, did_you_mean

# Trained on the embedded drawings by `make models`; weights in half precision.
SHIPPED = ("noto-people", "noto-people-any")


def model_place(named: str | Path) -> Path:
    """The folder of a run or model. A folder here comes before a model of that name inside the package.

    Raises:
        UserError: of the hub, nothing of that name, or nothing that is a model; no package to fetch it with.
    """
    if is_hub_place(named):
        return fetched(named)
    path = Path(named)
    if str(named) in SHIPPED and not path.exists():
        return shipped_folder() / str(named)
    return path


def existing_model(argument: str, named: Path) -> Path:
    """As `model_place`; a name on the hub stays one, for what is written down of the model.

    Raises:
        ArgumentError: there is nothing of that name.
        UserError: as `model_place`.
    """
    found = model_place(named)
    if not found.exists():
        raise ArgumentError(argument, f"no such folder{_shipped_names(named)}", named)
    return named if is_hub_place(named) else found


def _shipped_names(named: Path) -> str:
    """Of a name without a slash, which may be meant as a model inside the package."""
    return f", nor a model inside the package{did_you_mean(str(named), SHIPPED)}" if len(named.parts) == 1 else ""


def shipped_folder() -> Path:
    """Of the models inside the package, with all links followed: as the studio knows its places."""
    return Path(str(resources.files("frugan.model").joinpath("shipped"))).resolve()
