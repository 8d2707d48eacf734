"""What machine this is, and which versions run on it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """Versions and hardware of the process that began a run. `cores`: that it may use."""

    frugan: str
    torch: str
    device: str
    device_name: str
    python: str = ""
    numpy: str = ""
    platform: str = ""
    processor: str = ""
    cores: int = 0
