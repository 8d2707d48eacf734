"""The model that a caller names: one that is loaded, or a folder."""

from pathlib import Path

from frugan.model.model import Model
from frugan.requests.drawing import Finishing
from frugan.runs.folder import is_model, is_run
from frugan.runs.models import load_finished
from frugan.system.device import choose_device
from frugan.system.errors import ArgumentError


def holds_pictures(path: Path) -> bool:
    """Whether it is a folder or a zip, and neither a run nor a model."""
    return path.suffix == ".zip" or (path.is_dir() and not is_run(path) and not is_model(path))


def opened(model: Model | Path | str, device: str = "auto", finishing: Finishing | None = None) -> Model:
    """A folder's model on the device, its pictures finished as asked; a loaded model as it is.

    Raises:
        ArgumentError: finishing asked for a loaded model.
        UserError: as `load`.
    """
    if isinstance(model, Model):
        if finishing not in (None, Finishing()):
            raise ArgumentError("finishing", "is for folders. Use `assuming` and `enlarged_by` of a loaded model.")
        return model
    return load_finished(Path(model), str(choose_device(device)), finishing or Finishing())
