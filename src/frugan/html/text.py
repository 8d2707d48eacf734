"""Numbers in words that people read: sensible digits, minutes rather than seconds, thousands of images."""

import math


def significant(value: float | None, digits: int = 3) -> str:
    """1223.47 -> "1,223", 69.631 -> "69.6", 0.000394 -> "0.000394"; what is unknown or not a number says so."""
    if value is None:
        return "unknown"
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.{digits - 1}e}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(decimals, 0)}f}"


def duration(seconds: float | None) -> str:
    """53 -> "53 s", 372 -> "6 min 12 s", 7500 -> "2 h 5 min"."""
    if seconds is None:
        return "unknown"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def kimg(nimg: float) -> str:
    """Images in thousands, without a unit: 336 -> "0.336", 2000 -> "2", 130016 -> "130"."""
    return trimmed(nimg / 1000)


def trimmed(value: float) -> str:
    """Like `significant`, without zeros at the end: 0.4 -> "0.4"."""
    text = significant(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def memory(megabytes: float | None) -> str:
    """583.9 -> "584 MB", 12345 -> "12.3 GB"."""
    if megabytes is None:
        return "unknown"
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{significant(megabytes / 1000)} GB"


def energy(joules: float) -> str:
    """1800 -> "0.5 Wh", 5.4e6 -> "1.5 kWh"."""
    hours = joules / 3600
    return f"{trimmed(hours)} Wh" if hours < 1000 else f"{trimmed(hours / 1000)} kWh"
