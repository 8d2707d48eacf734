"""How much energy the device takes while something runs, from the best source that this machine offers."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

POWERCAP = Path("/sys/class/powercap")
_MEGA = 1_000_000


class EnergyMeter:
    """Counts joules from its construction on.

    Attributes:
        source: "nvml" (the GPU's own counter), "rapl" (the processors', all that runs on them included), "declared" (a
            wattage that the user states, times the time), or "" where nothing is known: then `joules` is None.
    """

    def __init__(self, source: str, read: Callable[[], float] | None) -> None:
        self.source, self._read = source, read
        self._began = read() if read else 0.0

    def joules(self) -> float | None:
        """Since the meter was made; call it every few minutes, for counters overflow. None once a counter failed."""
        if self._read is None:
            return None
        try:
            return self._read() - self._began
        except (OSError, ValueError):
            self._read = None
            return None


def energy_meter(device: torch.device, declared_watts: float = 0.0) -> EnergyMeter:
    """The GPU's counter, else the processors', else the declared wattage times the time."""
    if device.type == "cuda":
        counter = _nvml_counter(device)
        if counter:
            return EnergyMeter("nvml", counter)
    elif device.type == "cpu":
        zones = [zone for zone in sorted(POWERCAP.glob("intel-rapl:*")) if _is_package(zone)]
        if zones and all(map(_is_readable, zones)):
            return EnergyMeter("rapl", _RaplCounter(zones))
    if declared_watts > 0:
        return EnergyMeter("declared", lambda: declared_watts * time.monotonic())
    return EnergyMeter("", None)


class _RaplCounter:
    """Joules of all processors, through the overflows of their counters. AMD's appear under the same names."""

    def __init__(self, zones: list[Path]) -> None:
        self.zones = zones
        self.last = [_number(zone / "energy_uj") for zone in zones]
        self.range = [_number(zone / "max_energy_range_uj") for zone in zones]
        self.total = 0

    def __call__(self) -> float:
        for i, zone in enumerate(self.zones):
            now = _number(zone / "energy_uj")
            self.total += (now - self.last[i]) % (self.range[i] + 1)
            self.last[i] = now
        return self.total / _MEGA


def _nvml_counter(device: torch.device) -> Callable[[], float] | None:
    """None without the package nvidia-ml-py, or on GPUs older than Volta."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError:
        return None

    def read() -> float:
        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000
        except pynvml.NVMLError as error:
            raise OSError(str(error)) from error

    return read


def _is_package(zone: Path) -> bool:
    """A processor as a whole: not a part of one, and not "psys", the whole board, which would count it twice."""
    try:
        return (zone / "name").read_text().startswith("package")
    except OSError:
        return False


def _is_readable(zone: Path) -> bool:
    """On most systems only root may read the counter."""
    try:
        _number(zone / "energy_uj")
    except (OSError, ValueError):
        return False
    return True


def _number(path: Path) -> int:
    return int(path.read_text())
