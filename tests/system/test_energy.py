"""Energy from the processors' counters, overflows included; from a declaration; or unknown."""

import time
from pathlib import Path

import pytest
import torch

from frugan.system import energy
from frugan.system.energy import energy_meter

CPU = torch.device("cpu")
NAMES = {
    "intel-rapl:0": "package-0\n",
    "intel-rapl:1": "package-1\n",
    "intel-rapl:2": "psys\n",
    "intel-rapl:0:0": "core\n",
}


@pytest.fixture
def counters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two processors, as Linux shows them; a zone inside one and the whole board must not be counted twice."""
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    for zone, range_uj in ((zone, 999_999_999) for zone in NAMES):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "name").write_text(NAMES[zone])
        (tmp_path / zone / "energy_uj").write_text("5000000\n")
        (tmp_path / zone / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return [tmp_path / zone / "energy_uj" for zone in ("intel-rapl:0", "intel-rapl:1")]


def test_processors_are_summed_through_overflows(counters: list[Path]) -> None:
    meter = energy_meter(CPU, declared_watts=100)
    assert (meter.source, meter.joules()) == ("rapl", 0)
    counters[0].write_text("905000000")
    counters[1].write_text("6000000")
    assert meter.joules() == pytest.approx(901)
    counters[0].write_text("5000000")  # the counter began anew at 1,000 J
    assert meter.joules() == pytest.approx(1001)


def test_counters_that_only_root_may_read_are_not_used(counters: list[Path]) -> None:
    counters[0].unlink()
    assert energy_meter(CPU).source == ""
    assert energy_meter(CPU).joules() is None


def test_a_counter_that_fails_later_ends_the_measurement_and_nothing_else(counters: list[Path]) -> None:
    meter = energy_meter(CPU)
    counters[1].unlink()
    assert meter.joules() is None
    assert meter.joules() is None


def test_a_declared_wattage_is_multiplied_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    meter = energy_meter(CPU, declared_watts=65)
    now[0] = 110.0
    assert (meter.source, meter.joules()) == ("declared", 650)
