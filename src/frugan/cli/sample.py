"""`frugan sample`: seeds to pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import check_decoder, parse, parse_seeds
from frugan.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "sample", arguments)


def command(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    out: Path,
    seeds: str = "0-63",
    trunc: float = 1.0,
    code_noise: float | None = None,
    decoder: Path | None = None,
    halvings: int = 0,
    grid: bool = False,
    label: Annotated[str, arg(name="class")] = "",
    device: str = "auto",
) -> int:
    """Draw images from a run or a model folder. A seed gives the same picture, up to rounding, on every machine.

    Args:
        run: a run folder or a model folder.
        out: a folder for one PNG per seed, or with --grid the PNG file to write.
        seeds: such as 0-63 or 1,5,9-12.
        trunc: truncation; below 1, more typical and less varied.
        code_noise: what a decoder that is told the noise of its code assumes; its setting assumed_noise if left out.
        decoder: a run whose decoder enlarges the pictures, after its codec has halved them --halvings times.
        halvings: 1 and a decoder of 64 -> 256 px make pictures of 256 px out of those of 128.
        grid: write all pictures into one.
        label: class to draw, by name or number, for class-conditional models; if left out, each seed draws one.
        device: auto, cpu, cuda, mps.
    """
    chosen = parse_seeds(seeds)
    if trunc < 0:
        raise UserError(f"--trunc {trunc}: must not be negative")
    check_decoder(decoder, halvings)
    if not run.exists():
        raise UserError(f"{run}: no such folder")
    import torch

    from frugan.device import choose_device
    from frugan.pipelines.write import contact_sheet, to_uint8, write_png
    from frugan.pretrained import load_enlarged

    model = load_enlarged(run, str(choose_device(device)), decoder, halvings).assuming(code_noise)
    chosen_class = model.class_label(label) if label else None
    if grid:
        path = out if out.suffix.lower() == ".png" else out / "grid.png"
        write_png(path, contact_sheet(torch.cat(list(model.batches(chosen, trunc, chosen_class)))))
        print(path)
        return 0
    written = 0
    for images in model.batches(chosen, trunc, chosen_class):
        for picture in to_uint8(images):
            write_png(out / f"seed{chosen[written]:04d}.png", picture)
            written += 1
    print(f"{written} images in {out}")
    return 0
