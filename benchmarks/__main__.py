"""`python -m benchmarks`: run everything and write the table in benchmarks/README.md. Needs the extra [bench]."""

import os
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks import creps, decoders, loader, samplers, scale_space, wavelet

_INTRODUCTION = """# Speed and memory against peers

CPU seconds of one thread, both sides of a row in one run on one machine: quote the ratios, not the seconds.
Made by `make bench`.

"""


def main() -> None:
    rows = [row for module in (wavelet, scale_space, decoders, loader, creps, samplers) for row in module.run()]
    path = Path(__file__).parent / "README.md"
    path.write_text(_INTRODUCTION + f"{_machine()}\n\n" + _table(rows))
    print(path.read_text())


def _table(rows: list[dict[str, Any]]) -> str:
    lines = ["| what | frugan | peer | its time | ratio | memory |", "|---|---|---|---|---|---|"]
    for row in rows:
        memory = f"{row['ours_mb']:.0f} MB against {row['peer_mb']:.0f} MB" if "ours_mb" in row else ""
        share = f"{row['ratio']:.1f}x" if row["peer"] != "the whole" else f"{100 / row['ratio']:.1f} %"
        lines.append(
            f"| {row['name']} | {row['ours_s']:.4f} s | {row['peer']} | {row['peer_s']:.4f} s | {share} | {memory} |"
        )
    return "\n".join(lines) + "\n"


def _machine() -> str:
    with open("/proc/cpuinfo") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{time.strftime('%Y-%m-%d')}, {names[0]}, {os.cpu_count()} cores, torch {torch.__version__}"


if __name__ == "__main__":
    main()
