"""Which pictures a model draws, and what finishes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frugan.system.errors import ArgumentError

LARGEST_SEED = 2**32 - 1
SHEET_ENDINGS = (".png", ".jpg", ".jpeg")
DIRECTIONS_FILE = Path("directions", "directions.npz")  # in a run or model folder
FILE_ENDINGS = (".png", ".tif", ".npy")


@dataclass(frozen=True)
class Drawing:
    """Pictures by their seeds.

    Args:
        seeds: One picture each: ints from 0 to 2^32 - 1.
        truncation: 0 or more. Below 1, pictures are more typical and less varied.
        label: Class of all pictures, by its name or number, for class-conditional models. None: each seed draws one.
        latents: Files that `invert` wrote: one picture each, in place of those of the seeds.
        directions: The file that `directions` wrote, for `moves`.
        moves: Directions, by name or number, and amounts in standard deviations, which all pictures move by.

    Raises:
        ArgumentError: a value out of these ranges, or two that contradict each other.
    """

    seeds: Sequence[int] = range(64)
    truncation: float = 1.0
    label: str | int | None = None
    latents: Sequence[Path] = ()
    directions: Path | None = None
    moves: Sequence[tuple[str, float]] = ()

    def __post_init__(self) -> None:
        if isinstance(self.seeds, int | str):
            raise TypeError(f"seeds: expected several ints, such as range(16) or [3], got {self.seeds!r}")
        if len(self.seeds) == 0:
            raise ArgumentError("seeds", "at least one is needed")
        # A range's ends say it all: it may be long.
        ends = (min(self.seeds[0], self.seeds[-1]), max(self.seeds[0], self.seeds[-1]))
        looked_at = ends if isinstance(self.seeds, range) else self.seeds
        for seed in looked_at:
            if not 0 <= seed <= LARGEST_SEED:
                raise ArgumentError("seeds", f"seeds are from 0 to {LARGEST_SEED}", seed)
        if not 0 <= self.truncation < 1e9:
            raise ArgumentError("truncation", "a number from 0", self.truncation)
        if self.latents and (self.truncation != 1 or self.label is not None):
            other = "label" if self.truncation == 1 else "truncation"
            raise ArgumentError("latents", f"does not go with `{other}`: the file holds what that decides")
        if self.moves and self.directions is None:
            raise ArgumentError("moves", "needs `directions`, the file that says which there are")
        for name, amount in self.moves:
            if not -1e9 < amount < 1e9:
                raise ArgumentError("moves", f"the amount of '{name}' must be a number", amount)

    @property
    def count(self) -> int:
        """Number of pictures."""
        return len(self.latents) or len(self.seeds)

    @property
    def by_seeds(self) -> bool:
        """Whether seeds, truncation and class alone say which pictures these are."""
        return not self.latents and not self.moves

    @property
    def seed(self) -> int:
        """The first picture, where one alone is drawn."""
        return self.seeds[0]


@dataclass(frozen=True)
class Finishing:
    """How a model's codes and pictures are finished.

    Args:
        code_noise: Noise level of the code that a decoder with told_noise assumes. None: the model's assumed_noise.
        decoder: Run or model folder whose decoder enlarges the pictures, after its codec has halved them; or ESRGAN's
            weight file.
        halvings: Number of halvings before that. 1 and a decoder of 64 -> 256 px turn 128 px into 256 px.

    Raises:
        ArgumentError: no such folder, or halvings without a decoder.
    """

    code_noise: float | None = None
    decoder: Path | None = None
    halvings: int = 0

    def __post_init__(self) -> None:
        if self.decoder is not None and not Path(self.decoder).exists():
            raise ArgumentError("decoder", "no such folder or file", self.decoder)
        if self.halvings < 0 or (self.halvings and self.decoder is None):
            raise ArgumentError("halvings", "goes with `decoder`, and is 0 or more", self.halvings)


def existing_folder(argument: str, path: Path) -> Path:
    """
    Raises:
        ArgumentError: there is nothing of that name.
    """
    if not path.exists():
        raise ArgumentError(argument, "no such folder", path)
    return path


def check_target(out: Path, *, sheet: bool) -> None:
    """
    Raises:
        ArgumentError: a file where a folder for many pictures is needed, or a sheet of another kind than PNG or JPEG.
    """
    ending = out.suffix.lower()
    if (ending in SHEET_ENDINGS or out.is_file()) and not sheet:
        raise ArgumentError("out", "a folder, for one file a seed; with `sheet`, a file for all of them", out)
    if sheet and ending and ending not in SHEET_ENDINGS:
        raise ArgumentError("out", f"a sheet is a file that ends in {', '.join(SHEET_ENDINGS)}", out)
