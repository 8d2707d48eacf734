"""The architecture itself: who imports whom, how long files are, and what imports without its optional neighbours."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "frugan"
ROOMS = sorted(p.name for p in SOURCE.iterdir() if (p / "__init__.py").exists() or (any(p.glob("*.py")) and p.is_dir()))
FILES = sorted(SOURCE.rglob("*.py"))

# Files at the top level that know nothing of any room, and may be used by all.
PLUMBING = {"errors", "atomic", "jsonl", "config", "cores", "device", "energy", "lock", "torchvision_import"}
PLUMBING |= {"__version__", "persistent_pickle"}
BASES = {"networks.base", "codecs.base", "stabilizers.base", "objectives.base", "features.base"}
AXES = {"networks", "codecs", "stabilizers", "objectives"}
# What each room may import: rooms as a whole, or single modules written "room.module".
ALLOWED: dict[str, set[str]] = {
    "ops": set(),
    "nn": {"ops"},
    "networks": {"ops", "nn"},
    "codecs": {"ops", "nn"},
    "features": {"ops", "nn"},
    "stabilizers": {"ops"},
    "data": {"ops"},
    "metrics": {"ops", "features"},
    "objectives": {"ops", "features"},
    "training": {"ops"} | BASES,
    "pipelines": {"ops", "training", "data", "metrics", "features", "settings", "run_folder", "pretrained"} | BASES,
    "recipes": AXES,
    "report": {"ops", "pipelines", "training", "data", "run_folder", "settings", "pretrained", "metrics"}
    | {"objectives.losses", "objectives.reconstruction", "stabilizers.scale_space"}  # which are drawn in their own way
    | BASES,
    "studies": {"ops", "pipelines", "training", "recipes", "report", "run_folder", "settings", "pretrained"} | AXES,
}
TOP_LEVEL = {
    "settings": set(),
    "run_folder": {"settings"},
    "launch": {"training.ranks"},
    "pretrained": {"pipelines.sample", "run_folder", "networks.base", "networks.esrgan", "codecs.base"},
}


def imported(path: Path) -> set[str]:
    """Modules of this package that a file imports, without the package's name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "frugan":
                names.update(f"frugan.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {name.removeprefix("frugan.") for name in names if name.startswith("frugan.")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_downward_only(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if room in {"cli", "__init__", "__main__"}:
        return
    allowed = ALLOWED.get(room, TOP_LEVEL.get(room, set())) | PLUMBING | {room}
    for module in imported(path):
        parts = module.split(".")
        assert parts[0] in allowed or ".".join(parts[:2]) in allowed, f"{room} may not import frugan.{module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400, "a file is one room with one purpose"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1  # type: ignore[operator]
            assert length <= 100, f"{node.name} has {length} lines"


def test_nothing_is_ever_unpickled() -> None:
    for path in FILES:
        text = path.read_text()
        # Only the reader of foreign pickles may, which replaces all that they can name.
        assert "import pickle" not in text or path.name == "persistent_pickle.py", path
        assert not re.search(r"pickle\.loads?\(", text), path
        for line in text.splitlines():
            if "torch.load(" in line:
                assert "weights_only=True" in line, f"{path}: {line}"


def test_the_training_core_needs_only_torch_numpy_and_safetensors() -> None:
    blocked = "pydantic yaml tyro rich torchvision torch_fidelity PIL"
    program = f"""
import sys
for name in {blocked.split()!r}:
    sys.modules[name] = None
import frugan.training.loop, frugan.training.gan, frugan.training.decoder, frugan.training.checkpoint
import frugan.codecs.wavelet, frugan.codecs.pixel
import frugan.networks.dcgan, frugan.networks.mlp
import frugan.networks.srresnet, frugan.networks.unet, frugan.networks.esrgan
import frugan.stabilizers.scale_space, frugan.stabilizers.ada, frugan.stabilizers.diffaugment, frugan.stabilizers.chain
import frugan.objectives.losses, frugan.objectives.penalties, frugan.objectives.reconstruction
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_help_and_checking_data_do_not_wait_for_torch() -> None:
    program = """
import sys
from frugan.cli import main
main(["--help"])
import frugan.data.check, frugan.runs.folder, frugan.config.yaml
assert "torch" not in sys.modules, "something imports torch"
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
