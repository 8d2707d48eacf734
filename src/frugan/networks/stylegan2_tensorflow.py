"""The first StyleGAN2's tensors, of TensorFlow, under the names and with the axes of StyleGAN2-ADA's.

Dense weights are transposed, convolutions go from (h, w, in, out) to (out, in, h, w), those that double are turned by
half a turn, and biases of styles leave out the 1 that is added to them.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_LAYERS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb"}
_STYLE = {"mod_weight": "affine.weight", "mod_bias": "affine.bias"}


def from_tensorflow(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A generator's variables, "synthesis/4x4/Conv/weight" for example, by StyleGAN2-ADA's names.

    Raises:
        KeyError: not those of an unconditional StyleGAN2 with skips.
    """
    if any("LabelConcat" in name for name in weights):
        raise KeyError("it is class-conditional; only unconditional ones of TensorFlow can be read")
    converted = {
        "mapping.w_avg": weights["dlatent_avg"],
        "synthesis.b4.const": weights["synthesis/4x4/Const/const"][0],
    }
    for name, tensor in weights.items():
        dense = re.fullmatch(r"mapping/Dense(\d+)/(weight|bias)", name)
        layer = re.fullmatch(r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1|ToRGB)/(\w+)", name)
        noise = re.fullmatch(r"synthesis/noise(\d+)", name)
        if dense:
            converted[f"mapping.fc{dense[1]}.{dense[2]}"] = tensor.T if dense[2] == "weight" else tensor
        elif layer:
            converted[f"synthesis.b{layer[1]}.{_LAYERS[layer[2]]}.{_STYLE.get(layer[3], layer[3])}"] = _turned(
                tensor, layer[3], doubles=layer[2] == "Conv0_up"
            )
        elif noise:
            number = int(noise[1])  # 0 at 4 x 4, then two a side
            converted[f"synthesis.b{4 * 2 ** ((number + 1) // 2)}.conv{(number + 1) % 2}.noise_const"] = tensor[0, 0]
    return {name: tensor.contiguous() for name, tensor in converted.items()}


def _turned(tensor: Tensor, entry: str, *, doubles: bool) -> Tensor:
    if entry == "weight":
        return torch.flip(tensor, (0, 1)).permute(3, 2, 0, 1) if doubles else tensor.permute(3, 2, 0, 1)
    if entry == "mod_weight":
        return tensor.T
    return tensor + 1 if entry == "mod_bias" else tensor
