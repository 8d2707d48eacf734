"""BigGAN-deep as its public ImageNet checkpoints have it: spectral norm already divided out, batch-norm statistics of
51 truncations, the latent before the class embedding, and 128 output channels of which three are kept.

Brock, Donahue & Simonyan 2019, converted from TensorFlow Hub by Hugging Face. `frugan import` reads their folders.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Generator, refuse_foreign_grid
from frugan.nn.labels import known_label
from frugan.nn.spectral import SelfAttention
from frugan.ops.grid import Grid

_WIDEST = 2.0  # latents are normal, cut off at two standard deviations
_STATISTICS_STEP = 0.02  # between the truncations that statistics were gathered for, up to 1
# What the checkpoints call the layers of their attention, and we.
_ATTENTION_LAYERS = {"theta": "query", "phi": "key", "g": "value", "o_conv": "leave"}


class PretrainedBigGAN(Generator):
    """z (N, latent_dim), label (N,) -> style (N, latent_dim + embedding_dim + 1) -> image (N, 3, S, S) in (-1, 1).

    The last number of a style is its truncation: it chooses the statistics that activations are normalised with.

    Args:
        code_shape: (3, S, S): 128, 256 or 512.
        layers: (doubles, channels in, channels out) of each block, channels in units of `channels`.
        attention: number of blocks before which places attend to each other.
        reference_interpolation: between statistics, weigh the two neighbours as the original program does, which has
            them the wrong way round. Only to reproduce it.
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        layers: Sequence[tuple[bool, int, int]],
        latent_dim: int = 128,
        embedding_dim: int = 128,
        channels: int = 128,
        classes: int = 1000,
        attention: int = 8,
        eps: float = 1e-4,
        statistics: int = 51,
        reference_interpolation: bool = False,
    ) -> None:
        super().__init__()
        self.code_shape, self.latent_dim, self.classes = tuple(code_shape), latent_dim, classes  # type: ignore[assignment]
        self.attention_at, self.statistics = attention, statistics
        self.reference_interpolation = reference_interpolation
        condition = latent_dim + embedding_dim
        self.embeddings = nn.Embedding(classes, embedding_dim)
        self.gen_z = nn.Linear(condition, 16 * channels * layers[0][1])
        self.blocks = nn.ModuleList(
            _Block(channels * a, channels * b, bool(doubles), condition, statistics, eps) for doubles, a, b in layers
        )
        self.attention = SelfAttention(channels * layers[attention][1], normalised=False)
        last = channels * layers[-1][2]
        self.norm = _IndexedNorm(last, statistics, eps)
        self.norm_gain, self.norm_bias = nn.Parameter(torch.ones(last)), nn.Parameter(torch.zeros(last))
        self.colours = nn.Conv2d(last, last, 3, padding=1)

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.truncated_mapping(z, label)

    def truncated_mapping(self, z: Tensor, label: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """The checkpoints' own truncation: normal latents become ones cut off at +-2, times `truncation`."""
        latent, known = truncation * _cut_off(z), known_label(label, self.classes)
        return torch.cat([latent, self.embeddings(known), torch.full_like(z[:, :1], truncation)], dim=1)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        refuse_foreign_grid(self, grid)
        condition, place = w[:, :-1], self._place(w[:, -1])
        x = self.gen_z(condition).unflatten(1, (4, 4, -1)).permute(0, 3, 1, 2)
        for number, block in enumerate(self.blocks):
            if number == self.attention_at:
                x = self.attention(x)
            x = block(x, condition, place)
        x = self.norm(x, place) * self.norm_gain[:, None, None] + self.norm_bias[:, None, None]
        return torch.tanh(self.colours(F.relu(x))[:, :3])

    def _place(self, truncation: Tensor) -> Tensor:
        """Where a truncation (N,) lies among the statistics, in [0, statistics - 1].

        Rounded, because .58 / .02 is a little less than 29, whose statistics are meant.
        """
        place = torch.round(truncation / _STATISTICS_STEP, decimals=4).clamp(0, self.statistics - 1)
        below, part = place.floor(), place - place.floor()
        return below + (1 - part) * (part > 0) if self.reference_interpolation else place


def read_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """`PretrainedBigGAN`'s arguments from a checkpoint's config.json.

    Raises:
        KeyError: it is not such a file.
    """
    size = int(config["output_dim"])
    return {
        "code_shape": (3, size, size),
        "layers": tuple((bool(up), int(a), int(b)) for up, a, b in config["layers"]),
        "latent_dim": int(config["z_dim"]),
        "embedding_dim": int(config["class_embed_dim"]),
        "channels": int(config["channel_width"]),
        "classes": int(config["num_classes"]),
        "attention": int(config["attention_layer_position"]),
        "eps": float(config["eps"]),
        "statistics": int(config["n_stats"]),
    }


def convert_names(weights: Mapping[str, Tensor], attention: int) -> dict[str, Tensor]:
    """A checkpoint's tensors as `PretrainedBigGAN` names them, each weight divided by its spectral norm u^T W v.

    Raises:
        KeyError: a tensor is missing.
    """
    converted: dict[str, Tensor] = {"embeddings.weight": weights["embeddings.weight"].T.contiguous()}
    names = {name.removesuffix("_orig") for name in weights if name.endswith("weight_orig")}
    plain = {
        name
        for name in weights
        if not name.endswith(("weight_orig", "weight_u", "weight_v", "embeddings.weight", "num_batches_tracked"))
    }
    for name in sorted(names):
        converted[_renamed(name, attention)] = _divided(weights, name)
    for name in sorted(plain):
        converted[_renamed(name, attention)] = weights[name]
    converted["attention.gamma"] = converted["attention.gamma"].reshape(())
    return converted


class _Block(nn.Module):
    """A bottleneck of a quarter of the channels; the skip drops those that are too many."""

    def __init__(
        self, channels_in: int, channels_out: int, doubles: bool, condition: int, statistics: int, eps: float
    ) -> None:
        super().__init__()
        hidden = channels_in // 4
        self.norms = nn.ModuleList(
            _ConditionalNorm(c, condition, statistics, eps) for c in (channels_in, hidden, hidden, hidden)
        )
        shapes = ((channels_in, hidden, 1), (hidden, hidden, 3), (hidden, hidden, 3), (hidden, channels_out, 1))
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, kernel, padding=kernel // 2) for a, b, kernel in shapes)
        self.channels_out, self.doubles = channels_out, doubles

    def forward(self, x: Tensor, condition: Tensor, place: Tensor) -> Tensor:
        h = x
        for number, (norm, convolution) in enumerate(zip(self.norms, self.convolutions, strict=True)):
            h = F.relu(norm(h, condition, place))
            if number == 1 and self.doubles:
                h = F.interpolate(h, scale_factor=2, mode="nearest")
            h = convolution(h)
        x = x[:, : self.channels_out]
        return h + (F.interpolate(x, scale_factor=2, mode="nearest") if self.doubles else x)


class _IndexedNorm(nn.Module):
    """Normalises by statistics that were gathered at several truncations; between two of them, by their mixture."""

    def __init__(self, channels: int, statistics: int, eps: float) -> None:
        super().__init__()
        self.running_means: Tensor
        self.running_vars: Tensor
        self.register_buffer("running_means", torch.zeros(statistics, channels))
        self.register_buffer("running_vars", torch.ones(statistics, channels))
        self.eps = eps

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        below = place.floor().long()
        above = (below + 1).clamp(max=len(self.running_means) - 1)
        part = (place - below)[:, None]
        mean, variance = (s[below].lerp(s[above], part) for s in (self.running_means, self.running_vars))
        return (x - mean[:, :, None, None]) * (variance + self.eps).rsqrt()[:, :, None, None]


class _ConditionalNorm(nn.Module):
    """Gain 1 + W c and bias V c after normalisation."""

    def __init__(self, channels: int, condition: int, statistics: int, eps: float) -> None:
        super().__init__()
        self.norm = _IndexedNorm(channels, statistics, eps)
        self.scale, self.offset = (nn.Linear(condition, channels, bias=False) for _ in range(2))

    def forward(self, x: Tensor, condition: Tensor, place: Tensor) -> Tensor:
        gain, bias = 1 + self.scale(condition), self.offset(condition)
        scaled: Tensor = self.norm(x, place) * gain[:, :, None, None]
        return scaled + bias[:, :, None, None]


def _cut_off(z: Tensor) -> Tensor:
    """A normal number to the one of the same rank among normal numbers between -2 and 2."""
    inside = math.erf(_WIDEST / math.sqrt(2))
    lowest = (1 - inside) / 2
    return torch.special.ndtri(lowest + torch.special.ndtr(z) * inside).clamp(-_WIDEST, _WIDEST)


def _divided(weights: Mapping[str, Tensor], name: str) -> Tensor:
    weight, u, v = (weights[f"{name}{part}"] for part in ("_orig", "_u", "_v"))
    return weight / torch.dot(u, weight.flatten(1) @ v)


def _renamed(name: str, attention: int) -> str:
    """generator.layers.9.bn_0.scale.weight -> blocks.8.norms.0.scale.weight: attention is one of their layers."""
    parts = name.removeprefix("generator.").split(".")
    if parts[0] == "layers":
        number = int(parts[1])
        if number == attention:
            layer = parts[2].removeprefix("snconv1x1_")
            return ".".join(["attention", _ATTENTION_LAYERS.get(layer, layer), *parts[3:]])
        kind, index = parts[2].split("_")
        rest = parts[3:]
        if kind == "bn" and rest[0].startswith("running"):
            rest = ["norm", *rest]
        room = "norms" if kind == "bn" else "convolutions"
        return ".".join(["blocks", str(number - (number > attention)), room, index, *rest])
    if parts[0] == "bn":
        inside = {"weight": "norm_gain", "bias": "norm_bias"}
        return inside.get(parts[1], f"norm.{parts[1]}")
    return ".".join(["colours", *parts[1:]]) if parts[0] == "conv_to_rgb" else ".".join(parts)
