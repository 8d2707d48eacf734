"""onnxruntime-web, which runs graphs in browsers: its files out of a folder, or out of the package that npm fetches.

Its files are data here: they are copied, never run. Its licence texts come with the Python package onnxruntime, since
the npm package has none.
"""

import shutil
import subprocess
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from frugan.system.bounds import BROWSER_RUNTIME
from frugan.system.errors import ArgumentError, RunError, UserError
from frugan.system.foreign_files import read_bounded

VERSION = "1.30.0"  # that the page was tested with; another one may be given as a folder
FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
_LICENCES = {"LICENSE": "LICENSE.txt", "ThirdPartyNotices.txt": "ThirdPartyNotices.txt"}
_SECONDS = 600  # that npm may take


def browser_runtime(folder: Path | None) -> dict[str, bytes]:
    """Contents by name, licence texts among them.

    Args:
        folder: `dist` of the unpacked npm package onnxruntime-web, or the folder that holds it; None lets npm fetch it.

    Raises:
        ArgumentError: no such folder, files that lack, or no npm.
        UserError: the Python package onnxruntime is missing.
        RunError: npm failed.
    """
    licences = _licence_texts()
    return (_of_folder(folder) if folder is not None else _fetched()) | licences


def _of_folder(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise ArgumentError("ort", "no such folder. Give `dist` of the unpacked npm package onnxruntime-web", folder)
    place = folder / "dist" if (folder / "dist").is_dir() else folder
    lacking = [name for name in FILES if not (place / name).is_file()]
    if lacking:
        problem = f"lacks {', '.join(lacking)}. Give `dist` of the unpacked npm package onnxruntime-web {VERSION}"
        raise ArgumentError("ort", problem, folder)
    return {name: read_bounded(place / name, BROWSER_RUNTIME) for name in FILES}


def _fetched() -> dict[str, bytes]:
    npm = shutil.which("npm")
    if npm is None:
        problem = (
            "this model needs onnxruntime-web. Install npm, which fetches it, or give `dist` of the unpacked npm "
            f"package onnxruntime-web {VERSION} (https://www.npmjs.com/package/onnxruntime-web)"
        )
        raise ArgumentError("ort", problem)
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", f"onnxruntime-web@{VERSION}", "--pack-destination", folder]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise RunError(
                f"npm did not fetch onnxruntime-web in {_SECONDS} s. Try again, or give a folder."
            ) from error
        packed = sorted(Path(folder).glob("*.tgz"))
        if done.returncode != 0 or len(packed) != 1:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
            raise RunError(f"npm could not fetch onnxruntime-web: {said}. Check the network, or give a folder.")
        return _unpacked(packed[0])


def _unpacked(archive: Path) -> dict[str, bytes]:
    """Only what is wanted, into memory: names in an archive are no paths of ours."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive, "r:gz") as members:
        for member in members:
            name = member.name.removeprefix("package/dist/")
            if name not in FILES or not member.isfile():
                continue
            if member.size > BROWSER_RUNTIME.now:
                raise RunError(f"{name} of onnxruntime-web has {member.size} bytes, more than expected. Give a folder.")
            content = members.extractfile(member)
            assert content is not None  # of a regular file
            found[name] = content.read()
    if missing := [name for name in FILES if name not in found]:
        raise RunError(f"the npm package onnxruntime-web lacks {', '.join(missing)}. Give a folder.")
    return found


def _licence_texts() -> dict[str, bytes]:
    spec = find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        raise UserError("onnxruntime-web's licence comes with the package onnxruntime: pip install 'frugan[export]'.")
    place = Path(spec.origin).parent
    return {written: read_bounded(place / name, BROWSER_RUNTIME) for name, written in _LICENCES.items()}
