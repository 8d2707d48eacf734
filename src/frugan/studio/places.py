"""Where the studio may read and write: inside the folders that it was started with, after all links are followed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frugan.system.errors import ArgumentError, UserError
from frugan.system.foreign_files import file_names

_LONGEST = 2000  # characters of a path
_TRAINED = ("config.yaml", "config.json", "study.json")  # of a run, a model, a study
HIDDEN = ".studio"  # what the studio keeps for itself, in the first folder


class OutsideError(UserError):
    """A path leads out of the studio's folders."""


@dataclass(frozen=True)
class Places:
    """The allowed folders, resolved. A *place* names a path below one: "0/mine" is `mine` in the first."""

    roots: tuple[Path, ...]

    @classmethod
    def of(cls, folders: Sequence[Path]) -> "Places":
        """
        Raises:
            ArgumentError: no such folder.
        """
        for folder in folders:
            if not folder.is_dir():
                raise ArgumentError("folders", "no such folder", folder)
        return cls(tuple(dict.fromkeys(folder.resolve() for folder in folders)))

    def path(self, place: str) -> Path:
        """What a place names; it need not exist. Of runs, models and studies, all that they hold lies inside, too.

        Raises:
            OutsideError: outside of the folders, or not a place at all.
        """
        number, _, rest = place.partition("/")
        if not (number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(self.roots)):
            raise OutsideError(f"place {_short(place)}: must begin with the number of a folder, such as 0/mine")
        path = self._inside(self.roots[int(number)] / rest.lstrip("/") if rest else self.roots[int(number)], place)
        if any((path / name).is_file() for name in _TRAINED):
            self._check_links(path)
        return path

    def typed(self, text: str) -> Path:
        """A path as a person types it: absolute, or relative to one of the folders.

        Raises:
            OutsideError: outside of the folders.
            UserError: nothing is there.
        """
        if not text.strip():
            raise UserError("path: it is empty. Type the path of a folder or a zip.")
        _check_text(text)
        candidates = [Path(text)] if Path(text).is_absolute() else [root / text for root in self.roots]
        found = [path for path in candidates if _exists(path)]
        if found or Path(text).is_absolute():
            inside = self._inside((found or candidates)[0], text)
            if not found:
                raise UserError(f"{text}: there is no such file or folder. Check the path.")
            return inside
        raise UserError(f"{text}: there is no such file or folder in {self.in_words()}. Check the path.")

    def new(self, place: str, name: str) -> Path:
        """The path of something to be made under that name in a folder.

        Raises:
            UserError: a name that cannot be one of a file, or that is taken.
        """
        if file_names([name]) != [name]:
            raise UserError(f"name {_short(name)}: use letters, digits, '-' and '_', and begin with none of '. '.")
        path = self._inside(self.path(place) / name, name)
        if path.exists() or path.is_symlink():
            raise UserError(f"name {name}: there is such a file or folder already. Choose another name.")
        return path

    def place(self, path: Path) -> str:
        """The text that names a path."""
        for number, root in enumerate(self.roots):
            if path == root or root in path.parents:
                return f"{number}/{path.relative_to(root).as_posix()}".removesuffix("/.")
        raise OutsideError(f"{path}: is not inside {self.in_words()}.")

    @property
    def own(self) -> Path:
        """Where jobs and uploads are kept."""
        return self.roots[0] / HIDDEN

    def in_words(self) -> str:
        """The folders, for a sentence."""
        return " or ".join(map(str, self.roots))

    def _check_links(self, folder: Path) -> None:
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                if os.path.islink(os.path.join(parent, name)):
                    self._inside(Path(parent, name), str(Path(parent, name).relative_to(folder)))

    def _inside(self, path: Path, shown: str) -> Path:
        _check_text(shown)
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError) as error:
            raise OutsideError(f"{_short(shown)}: cannot be followed. Check the path.") from error
        if not any(resolved == root or root in resolved.parents for root in self.roots):
            raise OutsideError(
                f"{_short(shown)}: lies outside of the studio's folders. Start `frugan studio` with its folder, too."
            )
        return resolved


def _check_text(text: str) -> None:
    if "\0" in text or len(text) > _LONGEST or any("\ud800" <= c <= "\udfff" for c in text):
        raise OutsideError(f"{_short(text)}: cannot be a path.")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _short(text: str) -> str:
    return ascii(text if len(text) < 80 else f"{text[:77]}...")
