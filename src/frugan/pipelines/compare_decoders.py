"""Decoders of one or several runs, and what they have to beat, judged on the same images."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from frugan.codecs.base import Codec
from frugan.data.cache import PackedDataset
from frugan.errors import UserError
from frugan.features.base import FeatureExtractor
from frugan.metrics.perceptual import PerceptualDistance
from frugan.networks.base import Decoder
from frugan.pipelines.decoder_baselines import Reconstruct, classical_bicubic, code_baselines
from frugan.pipelines.judge_reconstruction import decoding_cost, judge_reconstruction
from frugan.pretrained import load_decoder


@dataclass(frozen=True)
class Candidate:
    """A way to bring images through a code and back; `codec` and `decoder` are None where it has none to count."""

    name: str
    reconstruct: Reconstruct
    codec: Codec | None = None
    decoder: Decoder | None = None


@dataclass(frozen=True)
class Judged:
    """A row of the table: distances by the name of the set of images, and the cost of decoding one image."""

    name: str
    quality: dict[str, dict[str, float]]
    cost: dict[str, float | None] = field(default_factory=dict)


def candidates(runs: Sequence[Path], resolution: int, device: torch.device) -> list[Candidate]:
    """The baselines of every codec that occurs, then the runs' decoders.

    Raises:
        UserError: a run without decoder, or one whose codec cannot make codes of such images.
    """
    decoders = [_trained(path, resolution, device) for path in runs]
    baselines: dict[str, Candidate] = {}
    for candidate in decoders:
        assert candidate.codec is not None
        factor = resolution // candidate.codec.code_shape(resolution)[-1]
        rows = {**code_baselines(candidate.codec), f"antialiased bicubic, 1/{factor}": classical_bicubic(factor)}
        for name, reconstruct in rows.items():
            of_code = name if "antialiased" in name else f"{name}, {_describe(candidate.codec)}"
            baselines.setdefault(of_code, Candidate(of_code, reconstruct))
    return [*baselines.values(), *decoders]


def compare_decoders(
    rows: Sequence[Candidate],
    datasets: dict[str, PackedDataset],
    count: int,
    *,
    resolution: int,
    extractor: FeatureExtractor,
    distance: PerceptualDistance,
    device: torch.device,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """JSON-ready: "rows", each a `Judged`, and the "protocol" that made them.

    `datasets` by name, such as train and validation; of each at most `count` images are judged.
    """
    judged = []
    for row in rows:
        cost = decoding_cost(row.codec, row.decoder, resolution, device) if row.codec and row.decoder else {}
        quality = {}
        for name, dataset in datasets.items():

            def tell(done: int, total: int, stage: str = f"{row.name}, {name}") -> None:
                on_progress(stage, done, total)

            quality[name] = judge_reconstruction(
                row.reconstruct,
                dataset,
                min(count, len(dataset)),
                extractor=extractor,
                distance=distance,
                device=device,
                on_progress=tell,
            )
        judged.append(asdict(Judged(row.name, quality, cost)))
    protocol = {
        **extractor.protocol(),
        "frechet_distance": extractor.distance_name,
        "perceptual": distance.name,
        "resolution": resolution,
        "images": {name: min(count, len(dataset)) for name, dataset in datasets.items()},
        "fingerprints": {name: dataset.fingerprint for name, dataset in datasets.items()},
        "device": str(device),
        "threads": torch.get_num_threads(),
    }
    return {"rows": judged, "protocol": protocol}


def format_comparison(result: dict[str, Any]) -> str:
    """One table for each set of images, as lines for a terminal."""
    protocol, lines = result["protocol"], []
    width = max(len(row["name"]) for row in result["rows"])
    for name, images in protocol["images"].items():
        lines.append(f"{name}: {images} images of {protocol['resolution']} x {protocol['resolution']}")
        lines.append(
            f"{'':{width}}  {'MSE':>7}  {'PSNR':>6}  {'SSIM':>6}  {'percept.':>8}  {'FD':>7}  {'ms':>7}  {'GMAC':>6}  "
            f"{'M param.':>8}"
        )
        for row in result["rows"]:
            quality, cost = row["quality"][name], row["cost"]
            spent = (
                f"{cost['milliseconds']:7.1f}  {cost['multiply_adds'] / 1e9:6.2f}  {cost['parameters'] / 1e6:8.2f}"
                if cost
                else ""
            )
            lines.append(
                f"{row['name']:{width}}  {quality['mse']:7.5f}  {quality['psnr']:6.2f}  {quality['ssim']:6.4f}  "
                f"{quality['perceptual']:8.4f}  {quality['frechet_distance']:7.2f}  {spent}".rstrip()
            )
        lines.append("")
    lines.append(
        f"MSE in [0, 1], not clamped; perceptual: {protocol['perceptual']}; FD: {protocol['frechet_distance']} of the "
        "reconstructions to the same originals; ms: median of one image"
    )
    return "\n".join(lines)


def _trained(path: Path, resolution: int, device: torch.device) -> Candidate:
    codec, decoder = load_decoder(path)
    codec.to(device)
    decoder.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    try:
        codec.code_shape(resolution)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error

    @torch.no_grad()
    def reconstruct(images: Tensor) -> Tensor:
        return codec.decode(codec.encode(images), decoder)

    name = path.resolve().name
    return Candidate(name if name != "model" else path.resolve().parent.name, reconstruct, codec, decoder)


def _describe(codec: Codec) -> str:
    """What tells codecs apart: their settings without the range that was measured."""
    return str(getattr(codec, "wavelet", getattr(codec, "reduction", type(codec).__name__)))
