"""`frugan invert`: the latents of a given picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import Device, JSONOutput, Packages
from frugan.cli.outcome import show_result
from frugan.cli.progress import SHOWN
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.inverting import Fit, Inverting


@dataclass(frozen=True)
class Flags:
    """Find the latents whose picture is most like a given one. sample, video and render draw them with --latents.

    Args:
        run: Run folder or model folder.
        picture: Image file.
        out: Folder for latents.npz, reconstruction.png, compared.png and progress.png.
        fit: Fit of a picture of another size: crop the middle, stretch, or pad. Default: such a picture is refused.
        steps: Number of steps of the search.
        starts: Number of searches at a time. The best is kept.
        through: What each step compares: the small code, or the decoded picture, which takes longer.
        pixels: Weight of the squared difference of pixels, beside the perceptual distance.
        prior: Weight that keeps the latents typical. Larger values give pictures that are easier to edit.
        rate: Largest learning rate, in standard deviations of the latents.
        noise: Noise on the latents in the first step, in standard deviations of theirs. It ends after 3/4 of the steps.
        label: Class by name or number, for class-conditional models. Default: the class of the most similar start.
        seed: Random seed. The same seed gives the same result on the same machine.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    picture: Annotated[Positional[Path], arg(metavar="PICTURE")]
    out: Path
    fit: Fit | None = None
    steps: int = Inverting.steps
    starts: int = Inverting.starts
    through: Literal["code", "picture"] = Inverting.through
    pixels: float = Inverting.pixels
    prior: float = Inverting.prior
    rate: float = Inverting.rate
    noise: float = Inverting.noise
    label: Annotated[str, arg(name="class")] = ""
    seed: int = Inverting.seed
    device: Device = "auto"
    json_output: JSONOutput = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "invert", arguments, _invert)


def _invert(flags: Flags) -> int:
    names = ("steps", "starts", "through", "pixels", "prior", "rate", "noise", "seed")
    inverting = Inverting(label=flags.label or None, **{name: getattr(flags, name) for name in names})
    run = existing_model("run", flags.run)
    from frugan import invert

    found = invert(run, flags.picture, flags.out, inverting, fit=flags.fit, device=flags.device, watcher=SHOWN)
    show_result(found, flags.json_output)
    return 0
