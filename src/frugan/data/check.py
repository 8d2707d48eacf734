"""What is in a data set, and what is wrong with it: the report of `frugan data check`."""

import hashlib
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from frugan.data.decode import ImageError, ImageHeader, check_image
from frugan.data.deep import largest_colour
from frugan.data.items import NO_CLASS, Item, Source
from frugan.data.parallel import map_ordered
from frugan.data.source import open_source
from frugan.system.errors import UserError
from frugan.system.jsonl import JSON


@dataclass(frozen=True)
class Unusable:
    """An image that cannot be decoded."""

    name: str
    kind: str  # corrupt, unsupported
    reason: str


@dataclass(frozen=True)
class DataReport:
    """What was found."""

    data: str
    images: int  # that can be decoded; every count below is of these
    classes: dict[str, int]
    without_class: int
    short_sides: dict[str, int]  # "64-127": images whose short side is in this range, from small to large
    smallest: list[int]  # [width, height] of the image with the shortest short side, [0, 0] without images
    largest: list[int]
    square: int
    modes: dict[str, int]  # as stored, in Pillow's words
    formats: dict[str, int]
    of_16_bits: int  # grey pictures
    colour_of_16_bits: int  # PNGs; they need the extra `deep`
    largest_value: int  # in both, 0 where it cannot be read
    exif_rotated: int
    profiles: dict[str, int]  # of colours: converted to sRGB, or unreadable
    unusable: list[Unusable]
    duplicates: list[list[str]]  # groups of names whose bytes are the same
    other_files: dict[str, int]  # files that are not images, by suffix
    hidden_files: int
    suggested_resolution: int  # the largest power of two that at least 95 % of the images reach, 0 without images

    def command(self, *flags: str) -> str:
        """How to train on these images, for a shell."""
        return shlex.join(["frugan", "train", self.data, *flags])

    def to_json(self) -> JSON:
        """Plain numbers, strings, lists and dicts throughout."""
        return asdict(self)

    def text(self) -> str:
        """A table for people: a title and its content a line."""
        classes = self.classes | {"without class": self.without_class}
        smallest, largest = (f"{width} x {height}" for width, height in (self.smallest, self.largest))
        rows = [
            ("data", self.data),
            ("images", f"{self.images} can be used, {len(self.unusable)} cannot"),
            ("classes", _join(classes) if self.classes else "none: put images into a folder a class to have some"),
            ("short side", _join(self.short_sides)),
            ("sizes", f"{smallest} to {largest}, {self.square} are square" if self.images else ""),
            ("pixels", _join(self.modes)),
            ("formats", _join(self.formats)),
            ("colours", _colours(self.profiles)),
            ("depth", _depth(self)),
            ("turned", _if_any(self.exif_rotated, "are stored turned or mirrored: they are set upright")),
            ("ignored", _join(self.other_files | {"hidden": self.hidden_files})),
            *_shorten("duplicates", [" = ".join(group) for group in self.duplicates]),
            *_shorten("unusable", [f"{entry.name}: {entry.reason}" for entry in self.unusable]),
            ("resolution", _advice(self)),
            ("to train", self.command(*size_flags(self)) if self.suggested_resolution else ""),
        ]
        text = "".join(f"{title:<12}{content}\n" for title, content in rows if content)
        return text.encode(errors="backslashreplace").decode()  # a file's name may hold bytes that are no text


def check_data(data: str | Path, *, progress: Callable[[int, int], None] | None = None) -> DataReport:
    """Decode every image of `data` (see `open_source`) and report; `progress(done, total)` is called after each.

    Raises:
        UserError: there is nothing to check.
        RunError: a file cannot be read.
    """
    source = open_source(data)
    findings: list[_Finding] = []
    for finding in map_ordered(lambda index: _look(source, index), len(source)):
        findings.append(finding)
        if progress:
            progress(len(findings), len(source))
    return _report(source, findings)


class _Finding(NamedTuple):
    item: Item
    digest: bytes  # SHA-256 of the encoded bytes, b"" if they could not be had
    result: ImageHeader | ImageError
    largest_colour: int | None = None  # of 16 bits


def _look(source: Source, index: int) -> _Finding:
    item, digest = source.items[index], b""
    try:
        with source.reading(index) as data:
            digest = hashlib.sha256(data).digest()
            return _Finding(item, digest, check_image(data), _largest_colour(data))
    except ImageError as error:
        return _Finding(item, digest, error)


def _largest_colour(data: bytes) -> int | None:
    try:
        return largest_colour(data)
    except UserError:  # without the extra that reads them they are still counted
        return 0


def _report(source: Source, findings: list[_Finding]) -> DataReport:
    headers = [finding.result for finding in findings if isinstance(finding.result, ImageHeader)]
    colours = [finding.largest_colour for finding in findings if finding.largest_colour is not None]
    labels = Counter(finding.item.label for finding in findings if isinstance(finding.result, ImageHeader))
    sizes = sorted(([header.width, header.height] for header in headers), key=lambda size: (min(size), size))
    short_sides = [min(size) for size in sizes]
    return DataReport(
        data=source.origin,
        images=len(headers),
        classes={name: labels[label] for label, name in enumerate(source.class_names)},
        without_class=labels[NO_CLASS],
        short_sides=_by_octave(short_sides),
        smallest=sizes[0] if sizes else [0, 0],
        largest=sizes[-1] if sizes else [0, 0],
        square=sum(width == height for width, height in sizes),
        modes=_count(header.mode for header in headers),
        formats=_count(header.format for header in headers),
        of_16_bits=sum(header.largest > 0 for header in headers),
        colour_of_16_bits=len(colours),
        largest_value=max([header.largest for header in headers] + colours, default=0),
        exif_rotated=sum(header.is_turned for header in headers),
        profiles=_count(header.profile for header in headers if header.profile != "none"),
        unusable=[
            Unusable(name=finding.item.name, kind=finding.result.kind, reason=str(finding.result))
            for finding in findings
            if isinstance(finding.result, ImageError)
        ],
        duplicates=_same_bytes(findings),
        other_files=_count(PurePosixPath(name).suffix.lower() or "without suffix" for name in source.other_files),
        hidden_files=source.num_hidden,
        suggested_resolution=_suggest(short_sides),
    )


def _by_octave(short_sides: list[int]) -> dict[str, int]:
    """Ascending sides -> {"64-127": count}, ascending."""
    octaves = Counter(side.bit_length() for side in short_sides)
    return {f"{2 ** (bits - 1)}-{2**bits - 1}": count for bits, count in octaves.items()}


def _same_bytes(findings: list[_Finding]) -> list[list[str]]:
    groups: dict[bytes, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.digest:
            groups[finding.digest].append(finding.item.name)
    return [names for names in groups.values() if len(names) > 1]


def _suggest(short_sides: list[int]) -> int:
    """Ascending sides -> the largest power of two that at least 95 % of them reach."""
    if not short_sides:
        return 0
    side = short_sides[len(short_sides) // 20]  # at most the 5 % before it are smaller
    return 1 << (side.bit_length() - 1)


def size_flags(report: DataReport) -> tuple[str, ...]:
    """What to train at; below 64, codes of a quarter of the side are too small for the default recipe's networks."""
    side = report.suggested_resolution
    return "--resolution", str(side), *(() if side >= 64 else ("--recipe", "creps-small"))


def _advice(report: DataReport) -> str:
    side = report.suggested_resolution
    return f"{side} is reached by at least 95 % of the images" if side else ""


def _depth(report: DataReport) -> str:
    """How to train on pictures of 16 bits, whose values may come from a camera of fewer."""
    grey, colour, largest = report.of_16_bits, report.colour_of_16_bits, report.largest_value
    counts = [f"{count} {name} of 16 bits" for count, name in ((grey, "grey"), (colour, "in colour")) if count]
    if not counts:
        return ""
    if not largest:
        return f"{counts[-1]}: pip install 'frugan[deep]' to see which are used"
    white = 2 ** largest.bit_length() - 1
    used = "" if white == 65535 else f", using {largest.bit_length()} bits (largest value {largest})"
    flags = [*([] if colour else ["--channels", "grey"]), "--bits", "16"]
    command = report.command(*flags, *([] if white == 65535 else ["--white", str(white)]))
    return f"{' and '.join(counts)}{used}: {command}"


def _colours(profiles: dict[str, int]) -> str:
    told = {
        "converted": "with a profile of other colours are converted to sRGB (perceptual intent)",
        "unreadable": "with a profile that cannot be read are taken for sRGB",
    }
    return "; ".join(f"{profiles[kind]} {sentence}" for kind, sentence in told.items() if kind in profiles)


def _count(words: Iterable[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(Counter(words).most_common())


def _join(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _if_any(count: int, sentence: str) -> str:
    return f"{count} {sentence}" if count else ""


def _shorten(title: str, lines: list[str], limit: int = 10) -> list[tuple[str, str]]:
    """One row for each of the first lines, and one that counts the rest."""
    rest = len(lines) - limit
    return [(title, line) for line in lines[:limit]] + ([(title, f"and {rest} more")] if rest > 0 else [])
