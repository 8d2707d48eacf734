"""StyleGAN2-ADA's networks under the names that ours have."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor


def generator_settings(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """`StyleGAN2Generator`'s arguments from the shapes of a generator's tensors.

    Raises:
        KeyError: they are not a StyleGAN2's.
    """
    sides = _sides(weights, "synthesis.")
    widest, last = weights["synthesis.b4.const"].shape[0], weights[f"synthesis.b{sides[-1]}.conv1.weight"].shape[0]
    conditional = "mapping.embed.weight" in weights
    style_dim = weights["mapping.w_avg"].shape[0]
    return {
        "code_shape": (weights["synthesis.b4.torgb.weight"].shape[0], sides[-1], sides[-1]),
        "latent_dim": weights["mapping.fc0.weight"].shape[1] - style_dim * conditional,
        "style_dim": style_dim,
        "channel_base": last * sides[-1],
        "channel_max": widest,
        "mapping_layers": sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in weights),
        "classes": weights["mapping.embed.weight"].shape[1] if conditional else 0,
        "noise": "synthesis.b4.conv1.noise_strength" in weights,
    }


def convert_generator(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of a generator by our names.

    Raises:
        KeyError: they are not a StyleGAN2's.
    """
    sides = _sides(weights, "synthesis.")
    converted = {"map.average": weights["mapping.w_avg"], "constant": weights["synthesis.b4.const"]}
    for name, tensor in weights.items():
        mapped = re.fullmatch(r"mapping\.(fc(\d+)|embed)\.(weight|bias)", name)
        if mapped:
            room = f"layers.{mapped[2]}" if mapped[2] else "embedding"
            converted[f"map.{room}.{mapped[3]}"] = tensor
            continue
        found = re.fullmatch(r"synthesis\.b(\d+)\.(conv0|conv1|torgb)\.(.+)", name)
        if found and not found[3].endswith("resample_filter"):
            block = sides.index(int(found[1]))
            converted[f"blocks.{block}.{_layer(found[2], found[3], first=block == 0)}"] = tensor
    return converted


def _layer(layer: str, entry: str, *, first: bool) -> str:
    if layer == "torgb":
        return {"bias": "colour_bias"}.get(entry, f"colour.{entry}")
    number = 0 if first else int(layer == "conv1")
    own = {"noise_const": "noise", "noise_strength": "noise_strength", "bias": "bias"}
    return f"layers.{number}.{own.get(entry, f'convolution.{entry}')}"


def _sides(weights: Mapping[str, Tensor], prefix: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(prefix)}b(\d+)\.")
    sides = sorted({int(found[1]) for found in map(pattern.match, weights) if found})
    if not sides or sides != [4 * 2**i for i in range(len(sides))]:
        raise KeyError(f"no blocks of sides 4, 8, 16 ... below '{prefix}'")
    return sides
