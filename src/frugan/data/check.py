"""What is in a data set, and what is wrong with it: the report of `frugan data check`."""

import hashlib
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from frugan.config.shape import CHANNEL_NAMES, channels_text
from frugan.data.decode import ImageError, ImageHeader, UnsupportedImageError, check_image
from frugan.data.deep import Numbers, check_numbers, largest_colour
from frugan.data.items import NO_CLASS, Item, Source
from frugan.data.parallel import map_ordered
from frugan.data.source import open_source
from frugan.system.errors import UserError
from frugan.system.jsonl import JSON

_LARGEST_COMMON = 512  # pixels of the longer side up to which a size that all images have is worth training at; ours
_BITS = {"uint8": 8, "uint16": 16}  # of numbers; any other become floating point
_NAMES = {number: name for name, number in CHANNEL_NAMES.items()}
_WITH_OPACITY, _GREY = ("RGBA", "LA", "PA", "RGBa", "La"), ("1", "L", "I")  # Pillow's modes


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
    smallest: list[int]  # [width, height], upright, of the image with the shortest short side; [0, 0] without images
    largest: list[int]
    square: int
    modes: dict[str, int]  # as stored, in Pillow's words
    formats: dict[str, int]
    of_16_bits: int  # grey pictures
    colour_of_16_bits: int  # PNGs; they need the extra `deep`
    largest_value: int  # in both, 0 where it cannot be read
    exif_rotated: int
    bands: int  # of arrays and TIFFs, if most images are such and no ordinary pictures; else 0
    band_bits: int  # that hold the numbers of all of those
    band_range: list[float]  # their least and largest number
    profiles: dict[str, int]  # of colours: converted to sRGB, or unreadable
    unusable: list[Unusable]
    duplicates: list[list[str]]  # groups of names whose bytes are the same
    other_files: dict[str, int]  # files that are not images, by suffix
    hidden_files: int
    suggested_resolution: int  # the largest power of two that at least 95 % of the images reach, 0 without images

    @property
    def common_size(self) -> tuple[int, int] | None:
        """Height and width, if all images have the same."""
        width, height = self.smallest
        return (height, width) if self.images and self.smallest == self.largest else None

    def command(self, *flags: str) -> str:
        """How to train on these images, for a shell."""
        return shlex.join(["frugan", "train", self.data, *flags])

    def to_json(self) -> JSON:
        """Plain numbers, strings, lists and dicts throughout."""
        return asdict(self)

    def text(self) -> str:
        """A table for people: a title and its content a line."""
        classes = self.classes | {"without class": self.without_class}
        rows = [
            ("data", self.data),
            ("images", f"{self.images} can be used, {len(self.unusable)} cannot"),
            ("classes", _join(classes) if self.classes else "none: put images into a folder a class to have some"),
            ("short side", _join(self.short_sides)),
            ("sizes", _sizes(self)),
            ("pixels", _join(self.modes)),
            ("formats", _join(self.formats)),
            ("colours", _colours(self.profiles)),
            ("depth", _depth(self)),
            ("bands", _bands(self)),
            ("turned", _if_any(self.exif_rotated, "are stored turned or mirrored: they are set upright")),
            ("ignored", _join(self.other_files | {"hidden": self.hidden_files})),
            *_shorten("duplicates", [" = ".join(group) for group in self.duplicates]),
            *_shorten("unusable", [f"{entry.name}: {entry.reason}" for entry in self.unusable]),
            ("resolution", _advice(self)),
            ("to train", self.command(*train_flags(self)) if self.images else ""),
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
    numbers: Numbers | None = None  # of what is more than a picture

    def as_bands(self, bands: int) -> "_Finding":
        """What it is where most images have so many bands."""
        if self.numbers is not None and self.numbers.bands == bands:
            height, width, _, dtype, _, _ = self.numbers
            kind = PurePosixPath(self.item.name).suffix.lstrip(".").upper()
            return self._replace(result=ImageHeader(kind, f"{channels_text(bands)} of {dtype}", width, height, False))
        if isinstance(self.result, ImageError) and self.numbers is None:
            return self
        found = "a picture" if self.numbers is None else channels_text(self.numbers.bands)
        reason = UnsupportedImageError(f"{found}, where most have {channels_text(bands)}")
        return self._replace(result=reason, numbers=None, largest_colour=None)


def _look(source: Source, index: int) -> _Finding:
    item, digest = source.items[index], b""
    try:
        with source.reading(index) as data:
            digest = hashlib.sha256(data).digest()
            result, numbers = _result(data)
            return _Finding(item, digest, result, _largest_colour(data), numbers)
    except ImageError as error:
        return _Finding(item, digest, error)


def _result(data: bytes) -> tuple[ImageHeader | ImageError, Numbers | None]:
    """As a picture, and as bands if it is more than that, or no picture at all."""
    result: ImageHeader | ImageError
    try:
        result = check_image(data)
    except ImageError as error:
        result = error
    try:
        numbers = check_numbers(data)
    except (ImageError, UserError) as error:
        told = isinstance(error, UserError) and isinstance(result, ImageError)
        return (UnsupportedImageError(str(error)) if told else result), None
    is_picture = numbers is None or (
        isinstance(result, ImageHeader) and (numbers.bands == 1 or (numbers.bands <= 4 and numbers.dtype == "uint8"))
    )
    return result, None if is_picture else numbers


def _most_bands(findings: list[_Finding]) -> int:
    """The bands of most images; 0 if most are pictures."""
    counts = Counter(finding.numbers.bands for finding in findings if finding.numbers is not None)
    pictures = sum(finding.numbers is None and isinstance(finding.result, ImageHeader) for finding in findings)
    return counts.most_common(1)[0][0] if counts.total() > pictures else 0


def _largest_colour(data: bytes) -> int | None:
    try:
        return largest_colour(data)
    except UserError:  # without the extra that reads them they are still counted
        return 0


def _report(source: Source, findings: list[_Finding]) -> DataReport:
    bands = _most_bands(findings)
    findings = [finding.as_bands(bands) for finding in findings] if bands else findings
    numbers = [finding.numbers for finding in findings if finding.numbers is not None] if bands else []
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
        bands=bands,
        band_bits=max((_BITS.get(found.dtype, 32) for found in numbers), default=0),
        band_range=[min(found.low for found in numbers), max(found.high for found in numbers)] if numbers else [],
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


def train_flags(report: DataReport) -> tuple[str, ...]:
    """How to train on them: size, recipe, channels and depth in one."""
    size, side = report.common_size, report.suggested_resolution
    if size and max(size) <= _LARGEST_COMMON:
        side = min(size)
        text = str(side) if size[0] == size[1] else f"{size[0]}x{size[1]}"
    else:
        text = str(side)
    # Below 64, codes of a quarter of the side are too small for the default recipe's networks.
    recipe = () if side >= 64 else ("--recipe", "creps-small")
    return "--resolution", text, *recipe, *_channel_flags(report)


def _channel_flags(report: DataReport) -> tuple[str, ...]:
    if report.bands:
        bits, white = report.band_bits, _white(int(report.band_range[1])) if report.band_bits == 16 else 0
        channels = () if report.bands == 3 else ("--channels", _NAMES.get(report.bands, str(report.bands)))
    else:
        bits = 16 if 2 * (report.of_16_bits + report.colour_of_16_bits) > report.images and report.largest_value else 8
        white = _white(report.largest_value) if bits == 16 else 0
        seen = sum(count for mode, count in report.modes.items() if mode in _WITH_OPACITY)
        # Opacity has all 16 bits, so colours of fewer cannot be told their white.
        has_opacity = 2 * seen > report.images and not white
        is_grey = not report.colour_of_16_bits and all(mode in _GREY or mode.startswith("I;") for mode in report.modes)
        channels = ("--channels", "rgba" if has_opacity else "grey") if has_opacity or is_grey else ()
    depth = () if bits == 8 else ("--bits", str(bits))
    return *channels, *depth, *(("--white", str(white)) if white and report.bands != 4 else ())


def _white(largest: int) -> int:
    """The largest value of numbers of so many bits; 0 if they are all 16."""
    white = 2 ** largest.bit_length() - 1
    return white if 0 < white < 65535 else 0


def _advice(report: DataReport) -> str:
    side = report.suggested_resolution
    return f"{side} is reached by at least 95 % of the images" if side else ""


def _sizes(report: DataReport) -> str:
    """Height x width, as --resolution has it."""
    if not report.images:
        return ""
    smallest, largest = (f"{height} x {width}" for width, height in (report.smallest, report.largest))
    if report.common_size:
        return f"all {smallest} (height x width)"
    return f"{smallest} to {largest} (height x width), {report.square} are square"


def _depth(report: DataReport) -> str:
    """Pictures of 16 bits, whose values may come from a camera of fewer."""
    grey, colour, largest = report.of_16_bits, report.colour_of_16_bits, report.largest_value
    counts = [f"{count} {name} of 16 bits" for count, name in ((grey, "grey"), (colour, "in colour")) if count]
    if not counts:
        return ""
    if not largest:
        return f"{counts[-1]}: pip install 'frugan[deep]' to see which are used"
    used = f", using {largest.bit_length()} bits (largest value {largest})" if _white(largest) else ""
    return f"{' and '.join(counts)}{used}"


def _bands(report: DataReport) -> str:
    if not report.bands:
        return ""
    low, high = report.band_range
    return f"{report.bands}, of numbers from {low:g} to {high:g}"


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
