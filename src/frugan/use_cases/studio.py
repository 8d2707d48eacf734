"""The studio: a local page to train, watch, explore and zoom."""

from collections.abc import Callable, Sequence
from pathlib import Path

from frugan.model.place import shipped_folder
from frugan.system.device import choose_device
from frugan.system.errors import UserError


def open_studio(
    folders: Sequence[Path | str] = (".",),
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    device: str = "cpu",
    on_open: Callable[[str], None] = lambda link: None,
) -> None:
    """Serve the studio until Ctrl-C. Its trainings stop with it, and write a checkpoint first.

    Args:
        folders: What the page may see: runs, models, studies and images in them. New ones go into the first. The models
            inside the package are there, too.
        host: Address to listen at. Any but this machine's own asks for a token, which the link has.
        port: 0 for any free one.
        device: Where pictures are drawn: "auto", "cpu", "cuda" or "mps".
        on_open: Is told the link to open.

    Raises:
        ArgumentError: no such folder; an address that cannot be listened at.
        UserError: the packages for it are not installed.
    """
    try:
        from frugan.studio.server import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise UserError("the studio: needs two more packages: pip install 'frugan[studio]'") from error
    serve([*map(Path, folders), shipped_folder()], host, port, str(choose_device(device)), on_open)
