"""`frugan sample`: seeds to pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import check_decoder, check_truncation, parse, parse_seeds
from frugan.system.errors import UserError

if TYPE_CHECKING:
    from frugan.model.model import Model


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
    each_class: bool = False,
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
        each_class: every seed once for each class: a row of the grid each, or a folder each.
        device: auto, cpu, cuda, mps.
    """
    chosen = parse_seeds(seeds)
    check_truncation(trunc)
    if out.suffix.lower() == ".png" and not grid:
        raise UserError(f"--out {out}: a folder, for one PNG a seed; with --grid, a file for all of them")
    check_decoder(decoder, halvings)
    if not run.exists():
        raise UserError(f"{run}: no such folder")
    import torch

    from frugan.requests.drawing import Finishing
    from frugan.runs.models import load_finished
    from frugan.system.device import choose_device
    from frugan.writing.pictures import contact_sheet, to_uint8, write_png

    model = load_finished(run, str(choose_device(device)), Finishing(code_noise, decoder, halvings))
    classes = _classes(model, label, each_class)
    if grid:
        path = out if out.suffix.lower() == ".png" else out / "grid.png"
        images = torch.cat([model.sample(chosen, trunc, number) for number in classes.values()])
        write_png(path, contact_sheet(images, len(chosen) if each_class else 0))
        print(path)
        return 0
    written = 0
    for folder, number in classes.items():
        seeds_left = iter(chosen)
        for images in model.batches(chosen, trunc, number):
            for picture in to_uint8(images):
                write_png(out / folder / f"seed{next(seeds_left):04d}.png", picture)
                written += 1
    print(f"{written} image{'s' * (written != 1)} in {out}")
    return 0


def _classes(model: "Model", label: str, each_class: bool) -> dict[str, int | None]:
    """Which to draw, by the folder that they go to: "" where there is one alone, None where each seed draws one."""
    if not each_class:
        return {"": model.class_label(label) if label else None}
    if label:
        raise UserError("--each-class, --class: one or the other")
    if not model.class_names:
        raise UserError("--each-class: this model is not class-conditional")
    return dict(zip(model.class_names, range(len(model.class_names)), strict=True))
