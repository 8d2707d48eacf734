"""The model that a caller names: one that is loaded, or a folder."""

from pathlib import Path

from frugan.model.model import Model
from frugan.requests.drawing import Finishing
from frugan.runs.models import load_finished
from frugan.system.device import choose_device


def opened(model: Model | Path | str, device: str = "auto", finishing: Finishing | None = None) -> Model:
    """A folder's model on the device, its pictures finished as asked; a loaded model as it is.

    Raises:
        UserError: as `load`.
    """
    if isinstance(model, Model):
        return model
    return load_finished(Path(model), str(choose_device(device)), finishing or Finishing())
