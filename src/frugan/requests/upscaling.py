"""Which photos are enlarged, and in what pieces."""

from dataclasses import dataclass
from pathlib import Path

from frugan.system.errors import ArgumentError

_SMALLEST_TILE = 64  # smaller ones are mostly margin, and take forever


@dataclass(frozen=True)
class Enlarging:
    """Image files, and where they go.

    Args:
        images: Files, and folders of such; names are kept.
        out: The folder for the results; or the file for one image, which ends in .png, .tif or .npy.
        tile: Side of the tiles, in pixels of the result, from 64; 0 takes the whole picture at once.

    Raises:
        ArgumentError: no images, a file that is not there, two of one name, or a tile too small.
    """

    images: tuple[Path, ...]
    out: Path = Path("upscaled")
    tile: int = 512

    def __post_init__(self) -> None:
        if self.tile and self.tile < _SMALLEST_TILE:
            problem = f"a side from {_SMALLEST_TILE}, or 0 for the whole picture at once"
            raise ArgumentError("tile", problem, self.tile)
        if not self.images:
            raise ArgumentError("images", "give at least one")
        for path in self.images:
            if not path.exists():
                raise ArgumentError("images", "no such file or folder", path)
        if self.is_file and (len(self.images) > 1 or self.images[0].is_dir()):
            raise ArgumentError("out", "a folder, for several images", self.out)
        stems = [path.stem for path in self.images if not path.is_dir()]
        twice = next((stem for stem in stems if stems.count(stem) > 1), None)
        if twice is not None:
            problem = f"several would become {self.out / twice}.png. Call once for each, with another `out` each"
            raise ArgumentError("images", problem)

    @property
    def is_file(self) -> bool:
        """Whether `out` is the file of one result."""
        return self.out.suffix.lower() in (".png", ".tif", ".tiff", ".npy")

    def target(self, image: Path, ending: str = ".png") -> Path:
        """The file that an image becomes."""
        return self.out if self.is_file else self.out / f"{image.stem}{ending}"
