"""Where named models lie."""

from pathlib import Path

import pytest

from frugan.model.place import existing_model, shipped_folder
from frugan.system.errors import ArgumentError


def test_the_package_may_lie_behind_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The studio tells by it where it must not write, and compares it with places whose links are followed."""
    (tmp_path / "real" / "shipped").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setattr("frugan.model.place.resources.files", lambda package: tmp_path / "link")
    assert shipped_folder() == (tmp_path / "real" / "shipped").resolve()


def test_a_misspelt_name_is_answered_with_the_nearest_model() -> None:
    with pytest.raises(ArgumentError, match="no such folder, nor a model inside the package; did you mean 'noto-peo"):
        existing_model("run", Path("noto-poeple-any"))
    with pytest.raises(ArgumentError, match=r"no such folder$"):  # a path is not a misspelt name
        existing_model("run", Path("runs/noto-poeple-any"))
