"""Import torchvision where its compiled operators cannot load.

PyPI's Linux wheel of torchvision is built against CUDA. Beside a CPU-only torch its operators do not load; importing
it ends in "operator torchvision::nms does not exist", although data sets, transforms and networks need none of them.
Declaring the two missing operators, without implementing them, lets the rest be imported.
"""

import importlib
import sys
from types import ModuleType

import torch

_LIBRARIES: list[torch.library.Library] = []  # a declaration lasts as long as its library object


def import_torchvision() -> ModuleType:
    """`import torchvision`, on CPU-only torch too.

    Raises:
        ImportError: torchvision is not installed, or does not fit this torch for another reason.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise ImportError(f"torchvision does not fit torch {torch.__version__}: {error}") from error
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _LIBRARIES.append(library)
    return importlib.import_module("torchvision")
