"""Decoders of one or several runs, and what they have to beat, judged on the same images."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from frugan.codecs.base import Codec
from frugan.config.records import SCHEMA, plain
from frugan.config.shape import ImageShape, resolution_entry, size_text
from frugan.data.images import TrainingImages
from frugan.features.base import FeatureExtractor
from frugan.judging.decoder_baselines import Reconstruct, classical_bicubic, code_baselines
from frugan.judging.decoder_curve import CurvePoint
from frugan.judging.evaluate import ENOUGH_SAMPLES, bias_warning
from frugan.judging.reconstruction import Cost, ReconstructionJudge, decoding_cost
from frugan.metrics.perceptual import PerceptualDistance
from frugan.networks.base import Autoencoder, Decoder
from frugan.requests.comparing import TrainedDecoder
from frugan.runs.models import load_decoder_at
from frugan.system.errors import UserError
from frugan.system.jsonl import JSON

_PUBLISHED = (
    "an autoencoder encodes images by itself: its code is another than the others have, and its cost includes "
    "encoding. VQ-VAE-2 on ImageNet, quoted from not-so-big-GAN: MSE .0047 on training images, .0050 on held-out ones"
)


@dataclass(frozen=True)
class Candidate:
    """A way to bring images through a code and back.

    Attributes:
        code: size of an image's code, in words.
        path: of the run.
        codec, decoder: None where there is no decoder whose cost could be counted.
    """

    name: str
    reconstruct: Reconstruct
    code: str = ""
    path: str = ""
    codec: Codec | None = None
    decoder: Decoder | None = None


@dataclass(frozen=True)
class Judged:
    """A row of the table.

    Attributes:
        quality: distances by the name of the set of images.
        cost: of decoding one image; of an autoencoder, encoding included.
        code: size of an image's code, in words.
    """

    name: str
    path: str
    quality: Mapping[str, Mapping[str, float]]
    cost: Cost | None = None
    code: str = ""

    def text(self, images: str) -> str:
        """The columns of a terminal's table."""
        quality, cost = self.quality[images], self.cost
        spent = (
            f"{cost.milliseconds:7.1f}  {cost.multiply_adds / 1e9:6.2f}  {cost.parameters / 1e6:8.2f}" if cost else ""
        )
        return (
            f"{quality['mse']:7.5f}  {quality['psnr']:6.2f}  {quality['ssim']:6.4f}  {quality['perceptual']:8.4f}  "
            f"{quality['frechet_distance']:7.2f}  {spent:25}  {self.code}"
        )


@dataclass(frozen=True)
class Curves:
    """Runs over their training time, by the run's name, judged on the set of images of that name."""

    images: str
    runs: Mapping[str, tuple[CurvePoint, ...]]


@dataclass(frozen=True)
class DecoderComparison:
    """Decoders and baselines on the same images.

    Attributes:
        rows: baselines first.
        images: how many were judged, by the name of their set.
        protocol: everything that changes the numbers.
        warnings: what to be careful with.
        curves: if they were asked for.
    """

    rows: tuple[Judged, ...]
    images: Mapping[str, int]
    protocol: JSON
    warnings: tuple[str, ...] = ()
    curves: Curves | None = None

    def to_json(self) -> JSON:
        """For files and programs."""
        found = plain(self)
        return {"schema": SCHEMA, **found, "protocol": {**found["protocol"], "images": found.pop("images")}}

    def text(self) -> str:
        """One table for each set of images, as lines for a terminal."""
        protocol, lines = self.protocol, []
        width, size = max(len(row.name) for row in self.rows), size_text(protocol["resolution"])
        for name, count in self.images.items():
            lines.append(f"{name}: {count} images of {size}")
            lines.append(
                f"{'':{width}}  {'MSE':>7}  {'PSNR':>6}  {'SSIM':>6}  {'percept.':>8}  {'FD':>7}  {'ms':>7}  "
                f"{'GMAC':>6}  {'M param.':>8}  code"
            )
            lines += [f"{row.name:{width}}  {row.text(name)}".rstrip() for row in self.rows]
            lines.append("")
        lines.append(
            f"MSE in [0, 1], not clamped; perceptual: {protocol['perceptual']}; FD: {protocol['frechet_distance']} of "
            "the reconstructions to the same originals; ms: median of one image"
        )
        return "\n".join([*lines, *(f"note: {warning}" for warning in self.warnings)])


def candidates(runs: Sequence[TrainedDecoder], shape: ImageShape, device: torch.device) -> list[Candidate]:
    """The baselines of every codec that occurs, then the runs' decoders.

    Raises:
        UserError: a run without decoder, or one that cannot make images of that size.
    """
    decoders = [_trained(run, name, shape, device) for run, name in zip(runs, _names(runs), strict=True)]
    baselines: dict[str, Candidate] = {}
    for candidate in decoders:
        assert candidate.codec is not None
        if not candidate.codec.reduces:
            continue  # an autoencoder: nothing is lost but by its own code
        factor, code = candidate.codec.factor, _numbers(candidate.codec, shape)
        rows = {**code_baselines(candidate.codec), f"antialiased bicubic / {factor}": classical_bicubic(factor)}
        baselines |= {name: Candidate(name, made, code) for name, made in rows.items() if name not in baselines}
    return [*baselines.values(), *decoders]


def judge_decoders(
    rows: Sequence[Candidate],
    datasets: dict[str, TrainingImages],
    count: int,
    *,
    shape: ImageShape,
    extractor: FeatureExtractor,
    distance: PerceptualDistance,
    device: torch.device,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> DecoderComparison:
    """`datasets` by name, such as training and held-out; of each at most `count` images are judged."""
    judges = {name: ReconstructionJudge(dataset, count, extractor, distance) for name, dataset in datasets.items()}
    judged = []
    for row in rows:
        cost = decoding_cost(row.codec, row.decoder, shape, device) if row.codec and row.decoder else None
        quality = {
            name: judge.judge(row.reconstruct, device, partial(on_progress, f"{row.name}, {name}"))
            for name, judge in judges.items()
        }
        judged.append(Judged(row.name, row.path, quality, cost, row.code))
    few = {name: judge.count for name, judge in judges.items() if judge.count < ENOUGH_SAMPLES}
    protocol = {
        **extractor.protocol(),
        "frechet_distance": extractor.distance_name,
        "perceptual": distance.name,
        "resolution": resolution_entry(shape),
        **extractor.projection(shape.channels),
        "chosen": "evenly spread over the data set's order",
        "fingerprints": {name: dataset.fingerprint for name, dataset in datasets.items()},
        "device": str(device),
        "threads": torch.get_num_threads(),
    }
    warnings = [bias_warning(few, extractor.distance_name)] if few else []
    if any(isinstance(row.decoder, Autoencoder) for row in rows):
        warnings.append(_PUBLISHED)
    images = {name: judge.count for name, judge in judges.items()}
    return DecoderComparison(tuple(judged), images, protocol, tuple(warnings))


def _names(runs: Sequence[TrainedDecoder]) -> list[str]:
    """The folders' names, or as much of their paths as tells them apart, and which snapshot."""
    paths = [run.path.resolve() for run in runs]
    ends = ["" if run.snapshot is None else f" at {run.snapshot / 1000:g} kimg" for run in runs]
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]) + end for path, end in zip(paths, ends, strict=True)]
        if len(set(names)) == len(names):
            return names
    raise UserError(f"{runs[0].path}: the same run was given twice")


def _trained(run: TrainedDecoder, name: str, shape: ImageShape, device: torch.device) -> Candidate:
    codec, decoder = load_decoder_at(run.path, run.snapshot)
    codec.to(device)
    decoder.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def reconstruct(images: Tensor) -> Tensor:
        return codec.decode(codec.encode(images), decoder, size=images.shape[2:])

    try:
        reconstruct(torch.zeros(1, *shape, device=device))
    except (ValueError, RuntimeError) as error:
        raise UserError(f"{run.path}: cannot make images of {shape}: {error}") from error
    bits = decoder.code_bits(*shape.size) if isinstance(decoder, Autoencoder) else 0
    code = f"{bits:,} bits" if bits else _numbers(codec, shape)
    return Candidate(name, reconstruct, code, str(run.path.resolve()), codec, decoder)


def _numbers(codec: Codec, shape: ImageShape) -> str:
    return f"{math.prod(codec.code_shape(shape)):,} numbers"
