"""`Evaluation`: what an evaluation found, on disk and in words."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from frugan.config.records import SCHEMA, entry_of, parse_record, plain, read_json
from frugan.config.shape import size_text
from frugan.judging.copying import Copying
from frugan.judging.timing import Timing
from frugan.metrics import table
from frugan.metrics.table import MAIN, shown
from frugan.runs.folder import RunFolder
from frugan.system.atomic import write_file
from frugan.system.jsonl import JSON


@dataclass(frozen=True)
class Floor:
    """The metrics between two random halves, of n images each, of the real images: no model can be told apart below."""

    n: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Reconstruction:
    """What codec and decoder lose, on n real images.

    Attributes:
        frechet_distance: to the real images: what a perfect sampler would reach.
        psnr: in dB.
        psnr_without_decoder: in dB, of what interpolation knows.
        of_generated: distance of the generated images to the reconstructions, as if the decoder were not to blame: FID*
            of not-so-big-GAN.
        held_out: the same quality on images that the decoder was not trained on; None where none were held out.
    """

    n: int
    frechet_distance: float
    psnr: float
    psnr_without_decoder: float
    of_generated: float | None = None
    held_out: "HeldOutQuality | None" = None


@dataclass(frozen=True)
class HeldOutQuality:
    """What is left of n images that nothing was trained on: PSNR in dB, with and without the decoder."""

    n: int
    psnr: float
    psnr_without_decoder: float

    def text(self) -> str:
        """In words."""
        return (
            f"{self.psnr:.2f} dB on {self.n:,} images held out (without the decoder {self.psnr_without_decoder:.2f} dB)"
        )


@dataclass(frozen=True)
class Evaluation:
    """How good a model's pictures are.

    Attributes:
        metric: the name of the Frechet distance on these features; only Inception's is FID.
        values: every metric of the table, and its spread, by name.
        floor: the same between two halves of the real images.
        reconstruction: None for models that draw images as they are.
        protocol: everything that changes the numbers.
        seconds: how long it took.
        warnings: what to be careful with.
        model: the folder that was judged.
        nimg: images that the sampler had seen.
        kept: whether it is in the run's folder.
        timing: how long a picture takes; None where pictures of others are judged.
        copying: whether generated images are nearer to training images than to others; None where none were held out.
        standard_errors: of the metrics, by name, for other generated images against the same real ones; by a
            jackknife, which needs 20 generated images.
    """

    metric: str
    values: Mapping[str, float]
    floor: Floor
    protocol: Mapping[str, str | int | float | None]
    seconds: float
    reconstruction: Reconstruction | None = None
    warnings: tuple[str, ...] = ()
    model: str = ""
    nimg: int | None = None
    kept: bool = False
    timing: Timing | None = None
    copying: Copying | None = None
    standard_errors: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> JSON:
        """As it is written to evaluation.json."""
        return {
            "schema": SCHEMA,
            "metric": self.metric,
            "results": dict(self.values),
            "standard_errors": dict(self.standard_errors),
            "floor": {"n": self.floor.n, **self.floor.values},
            "reconstruction": plain(self.reconstruction) if self.reconstruction else None,
            "warnings": list(self.warnings),
            "protocol": dict(self.protocol),
            "clock": {"seconds": self.seconds},
            "timing": plain(self.timing) if self.timing else None,
            "copying": plain(self.copying) if self.copying else None,
            "model": self.model,
            "nimg": self.nimg,
            "kept": self.kept,
        }

    @classmethod
    def from_json(cls, data: JSON, where: str = "evaluation") -> "Evaluation":
        """Inverse of `to_json`; reads files of before there was a schema, too.

        Raises:
            UserError: an entry is missing or of the wrong type.
        """
        floor = entry_of(data.get("floor"), where, "floor")
        fields = {
            **data,
            "values": data.get("results"),
            "floor": {"n": floor.pop("n", None), "values": floor},
            "seconds": entry_of(data.get("clock"), where, "clock").get("seconds"),
        }
        return parse_record(cls, fields, where)

    def verdict(self) -> str:
        """One sentence: the distance beside its floor, and beside what the decoder alone loses."""
        distance, floor = self.values[MAIN], self.floor.values[MAIN]
        if not (math.isfinite(distance) and floor > 0):
            return f"The {self.metric} could not be compared with its floor."
        decoder = (
            ""
            if self.reconstruction is None
            else (f"; the decoder alone accounts for {self.reconstruction.frechet_distance / floor:.1f} times")
        )
        return (
            f"The distance of generated to real images is {distance / floor:.1f} times that between two halves of the "
            f"real images{decoder}."
        )

    def text(self) -> str:
        """As lines for a terminal."""
        protocol, main = self.protocol, table.METRICS[0]
        size = size_text(str(protocol["resolution"]))
        lines = [
            f"{self.metric}: {shown(main, self.values, self.standard_errors)}   ({protocol.get('n_fake')} generated "
            f"against {protocol.get('n_real')} real images, {size}, {protocol.get('extractor')})",
            f"  floor, real images against real images: {shown(main, self.floor.values)} "
            f"({self.floor.n} against {self.floor.n})",
            *self._reconstruction_lines(),
            *(f"  {line}" for line in table.lines(self.values)),
            *([f"  copying: {self.copying.text()}"] if self.copying else []),
            *([f"  time: {self.timing.text()}"] if self.timing else []),
            *(f"  note: {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines)

    def _reconstruction_lines(self) -> list[str]:
        found = self.reconstruction
        if found is None:
            return []
        return [
            f"  real images through codec and decoder: {found.frechet_distance:.1f}, {found.psnr:.2f} dB "
            f"(without the decoder {found.psnr_without_decoder:.2f} dB)",
            "  generated images against those reconstructions: "
            + ("not measured" if found.of_generated is None else f"{found.of_generated:.1f}"),
            *([f"  the decoder: {found.held_out.text()}"] if found.held_out else []),
        ]


@dataclass(frozen=True)
class PreviewDistance:
    """A cheap distance at a snapshot: a trend, never a result."""

    metric: str
    distance: float
    protocol: Mapping[str, str | int | float | None] = field(default_factory=dict)


def read_evaluation(run: RunFolder) -> Evaluation | None:
    """The run's last kept evaluation, if there is one.

    Raises:
        UserError: its file is damaged.
    """
    data = read_json(run.evaluation_file)
    return None if data is None else Evaluation.from_json(data, str(run.evaluation_file))


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Keep it where the report finds it."""
    write_file(path, json.dumps(evaluation.to_json(), indent=1).encode())
