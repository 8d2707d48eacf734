"""Where named models lie."""

from pathlib import Path

import pytest

from frugan.model.place import shipped_folder


def test_the_package_may_lie_behind_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The studio tells by it where it must not write, and compares it with places whose links are followed."""
    (tmp_path / "real" / "shipped").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setattr("frugan.model.place.resources.files", lambda package: tmp_path / "link")
    assert shipped_folder() == (tmp_path / "real" / "shipped").resolve()
