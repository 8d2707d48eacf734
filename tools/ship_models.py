"""Runs to models inside the package: weights in half precision, description, card, and their hashes.

python tools/ship_models.py RUN NAME

Prints how far pictures of 64 seeds are from those of the run's own weights.
"""

import argparse
import hashlib
import json
import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import frugan

SHIPPED = Path(__file__).parents[1] / "src" / "frugan" / "model" / "shipped"
LICENCE = "apache-2.0"  # that of the drawings
# Turns that far from the middle are large numbers, whose halves would move; statistics and gains are few.
_KEPT = ("frequencies",)


def main() -> None:
    """Read the command line, and ship one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    given = parser.parse_args()
    ship(given.run / "model", SHIPPED / given.name)
    seeds = range(64)
    before, after = (frugan.load(place).sample(seeds) for place in (given.run, SHIPPED / given.name))
    error = (before - after).square().mean()
    print(
        f"{given.name}: {10 * torch.log10(4 / error):.1f} dB, at most {127.5 * (before - after).abs().max():.2f} levels"
    )


def ship(model: Path, target: Path) -> None:
    """Write the model's folder, with its weights halved."""
    target.mkdir(parents=True, exist_ok=True)
    for weights in sorted(model.glob("*.safetensors")):
        save_file({name: _halved(name, t) for name, t in load_file(weights).items()}, target / weights.name)
    card = (model / "README.md").read_text().replace("path/to/this/folder", target.name)
    card = re.sub("^# .*?: ", f"# {target.name}: ", card, count=1, flags=re.MULTILINE)
    card = re.sub("^license: .*$", f"license: {LICENCE}", card, count=1, flags=re.MULTILINE)
    card = card.replace(
        "## Intended use\n(to be filled in)", "## Intended use\nTo try frugan, and as an example of a model."
    )
    card = card.replace(
        "Licence of the images: (to be filled in).", "The drawings are Noto Emoji's, under the Apache License 2.0."
    )
    (target / "README.md").write_text(card)
    description = json.loads((model / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(description, indent=1) + "\n")
    hashes = {
        str(file.relative_to(SHIPPED)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(SHIPPED.glob("*/*.safetensors"))
    }
    (SHIPPED / "hashes.json").write_text(json.dumps(hashes, indent=1) + "\n")


def _halved(name: str, tensor: torch.Tensor) -> torch.Tensor:
    if tensor.dtype != torch.float32 or tensor.ndim < 2 or name.endswith(_KEPT):
        return tensor.contiguous()
    return tensor.half().contiguous()


if __name__ == "__main__":
    main()
