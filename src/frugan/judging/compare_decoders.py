"""Decoders of one or several runs, and what they have to beat, judged on the same images."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from frugan.codecs.base import Codec
from frugan.data.cache import PackedDataset
from frugan.features.base import FeatureExtractor
from frugan.judging.decoder_baselines import Reconstruct, classical_bicubic, code_baselines
from frugan.judging.evaluate import ENOUGH_SAMPLES, bias_warning
from frugan.judging.reconstruction import ReconstructionJudge, decoding_cost
from frugan.metrics.perceptual import PerceptualDistance
from frugan.networks.base import Decoder
from frugan.runs.models import load_decoder_at
from frugan.system.errors import UserError


@dataclass(frozen=True)
class Trained:
    """A run or model folder's decoder: its newest state, or that after so many images."""

    path: Path
    snapshot: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A way to bring images through a code and back; `codec` and `decoder` are None where it has none to count."""

    name: str
    reconstruct: Reconstruct
    path: str = ""  # of the run
    codec: Codec | None = None
    decoder: Decoder | None = None


@dataclass(frozen=True)
class Judged:
    """A row of the table: distances by the name of the set of images, and the cost of decoding one image."""

    name: str
    path: str
    quality: dict[str, dict[str, float]]
    cost: dict[str, float | None] = field(default_factory=dict)


def candidates(runs: Sequence[Trained], resolution: int, device: torch.device) -> list[Candidate]:
    """The baselines of every codec that occurs, then the runs' decoders.

    Raises:
        UserError: a run without decoder, or one that cannot make images of that size.
    """
    decoders = [_trained(run, name, resolution, device) for run, name in zip(runs, _names(runs), strict=True)]
    baselines: dict[str, Candidate] = {}
    for candidate in decoders:
        assert candidate.codec is not None
        factor = resolution // candidate.codec.code_shape(resolution)[-1]
        rows = {**code_baselines(candidate.codec), f"antialiased bicubic / {factor}": classical_bicubic(factor)}
        baselines |= {name: Candidate(name, reconstruct) for name, reconstruct in rows.items() if name not in baselines}
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
    """JSON-ready: "rows", each a `Judged`, the "protocol" that made them, and "warnings".

    `datasets` by name, such as training and held-out; of each at most `count` images are judged.
    """
    judges = {name: ReconstructionJudge(dataset, count, extractor, distance) for name, dataset in datasets.items()}
    judged = []
    for row in rows:
        cost = decoding_cost(row.codec, row.decoder, resolution, device) if row.codec and row.decoder else {}
        quality = {
            name: judge.judge(row.reconstruct, device, partial(on_progress, f"{row.name}, {name}"))
            for name, judge in judges.items()
        }
        judged.append(asdict(Judged(row.name, row.path, quality, cost)))
    few = {name: judge.count for name, judge in judges.items() if judge.count < ENOUGH_SAMPLES}
    protocol = {
        **extractor.protocol(),
        "frechet_distance": extractor.distance_name,
        "perceptual": distance.name,
        "resolution": resolution,
        "images": {name: judge.count for name, judge in judges.items()},
        "chosen": "evenly spread over the data set's order",
        "fingerprints": {name: dataset.fingerprint for name, dataset in datasets.items()},
        "device": str(device),
        "threads": torch.get_num_threads(),
    }
    warnings = [bias_warning(few, extractor.distance_name)] if few else []
    return {"rows": judged, "protocol": protocol, "warnings": warnings}


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
    lines += [f"note: {warning}" for warning in result["warnings"]]
    return "\n".join(lines)


def _names(runs: Sequence[Trained]) -> list[str]:
    """The folders' names, or as much of their paths as tells them apart, and which snapshot."""
    paths = [run.path.resolve() for run in runs]
    ends = ["" if run.snapshot is None else f" at {run.snapshot / 1000:g} kimg" for run in runs]
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]) + end for path, end in zip(paths, ends, strict=True)]
        if len(set(names)) == len(names):
            return names
    raise UserError(f"{runs[0].path}: the same run was given twice")


def _trained(run: Trained, name: str, resolution: int, device: torch.device) -> Candidate:
    codec, decoder = load_decoder_at(run.path, run.snapshot)
    codec.to(device)
    decoder.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def reconstruct(images: Tensor) -> Tensor:
        return codec.decode(codec.encode(images), decoder)

    try:
        reconstruct(torch.zeros(1, 3, resolution, resolution, device=device))
    except (ValueError, RuntimeError) as error:
        raise UserError(f"{run.path}: cannot make images of {resolution} x {resolution}: {error}") from error
    return Candidate(name, reconstruct, str(run.path.resolve()), codec, decoder)
