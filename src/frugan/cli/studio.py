"""`frugan studio`: one local page for everything a person does with their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Device, Packages
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.requests.drawing import existing_folder
from frugan.system.errors import ArgumentError


@dataclass(frozen=True)
class Flags:
    """Open the studio: train, watch, explore and zoom in a browser (pip install 'frugan[studio]').

    Ctrl-C ends it. Trainings that it began write a checkpoint and stop; `frugan resume` or the studio continues them.

    Args:
        folders: Folders with runs, models, studies and images. Default: the current folder. The page sees nothing else.
        port: Port to listen at, from 0 to 65535. 0 takes any free one.
        host: Address to listen at. Any but 127.0.0.1 can be reached by others: the link then has a secret token.
        open: Open the page in the default browser.
        device: Device that pictures are drawn on: auto, cpu, cuda, cuda:1 or mps.
    """

    folders: Annotated[Positional[tuple[Path, ...]], arg(metavar="FOLDER ...")] = ()
    port: int = 8000
    host: str = "127.0.0.1"
    open: bool = False
    device: Device = "cpu"
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "studio", arguments, _studio)


def _studio(flags: Flags) -> int:
    folders = [existing_folder("folders", folder) for folder in flags.folders or (Path(),)]
    if not 0 <= flags.port < 2**16:
        raise ArgumentError("port", "from 0 to 65535", flags.port)

    def opened(link: str) -> None:
        show(f"{link}\nCtrl-C ends the studio.")
        if flags.open:
            import webbrowser

            webbrowser.open(link)

    from frugan import open_studio

    open_studio(folders, host=flags.host, port=flags.port, device=flags.device, on_open=opened)
    return 0
