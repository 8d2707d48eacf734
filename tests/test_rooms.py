"""The architecture itself: who imports whom, how long files are, and what imports without its optional neighbours."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "frugan"
FILES = sorted(SOURCE.rglob("*.py"))
# Every room may import system and config, and what stands here: rooms above it in this table, as a whole, or single
# modules of them written "room.module". Nothing points down, so there is no circle.
BASES = {"networks.base", "codecs.base", "stabilizers.base", "objectives.base", "features.base"}
ALLOWED: dict[str, set[str]] = {
    "system": set(),
    "config": {"system"},
    "requests": {"system"},
    "ops": {"requests"},
    "nn": {"ops"},
    "networks": {"ops", "nn"},
    "codecs": {"ops", "nn"},
    "features": {"ops", "nn"},
    "stabilizers": {"ops"},
    "objectives": {"ops", "features"},
    "metrics": {"ops", "features"},
    "data": {"ops"},
    "training": {"ops", "requests"} | BASES,
    "writing": {"ops", "requests"},
    "html": set(),
    "model": {"ops", "requests", "networks.base", "networks.esrgan", "codecs.base", "codecs.pixel"},
    "rendering": {"ops", "requests", "model", "writing", "networks.base", "codecs.base"},
    "exporting": {"ops", "nn", "requests", "html", "model", "writing", "networks.base", "networks.creps"},
    "inverting": {"ops", "nn", "requests", "features", "model", "networks.base", "codecs.base"},
    "runs": {"ops", "requests", "data", "features", "training", "model", "writing"} | BASES,
    "judging": {"ops", "requests", "data", "features", "metrics", "model", "rendering", "runs", "networks.base"}
    | {"codecs.base", "training.ranks"},
    "recipes": {"networks", "codecs", "stabilizers", "objectives"},
    "reporting": {"ops", "html", "data", "metrics", "model", "rendering", "runs", "judging", "training", "writing"}
    | {"recipes"}
    | {"objectives.losses", "objectives.reconstruction", "stabilizers.scale_space"}  # which are drawn in their own way
    | BASES,
    "studies": {
        "ops",
        "requests",
        "html",
        "data",
        "metrics",
        "model",
        "runs",
        "judging",
        "recipes",
        "training",
        "writing",
    }
    | {"networks", "codecs", "stabilizers", "objectives"},
    "studio": {
        "ops",
        "requests",
        "data",
        "metrics",
        "model",
        "rendering",
        "runs",
        "judging",
        "recipes",
        "reporting",
        "studies",
        "writing",
    },
    "use_cases": set(),
    "cli": set(),
}
UNLIMITED = {"use_cases": {"cli"}, "cli": set()}  # these import anything but what stands here
EVERYWHERE = {"system", "config"}


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Modules of this package that a file imports, at once, late or for type checkers, without the package's name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "frugan":
                names.update(f"frugan.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {name.removeprefix("frugan.") for name in names if name.startswith("frugan.")}


def test_the_rooms_are_these_and_each_says_what_lives_there() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders == ALLOWED.keys()
    for room in ALLOWED:
        assert ast.get_docstring(ast.parse((SOURCE / room / "__init__.py").read_text())), room
    assert {path.name for path in SOURCE.glob("*.py")} == {"__init__.py", "__main__.py"}
    text = (SOURCE.parents[1] / "ARCHITECTURE.md").read_text()
    assert all(f"`{room}/`" in text for room in ALLOWED), "ARCHITECTURE.md lists every room"


def test_no_room_may_import_one_below_it() -> None:
    order = list(ALLOWED)
    for room, allowed in ALLOWED.items():
        above = set(order[: order.index(room)])
        assert {name.split(".")[0] for name in allowed} <= above, room


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_up_the_table_only(path: Path) -> None:
    room = room_of(path)
    if room in {"__init__", "__main__"}:
        return
    for module in imported(path):
        parts = module.split(".")
        if room in UNLIMITED:
            assert parts[0] not in UNLIMITED[room], f"{room} may not import frugan.{module}"
            continue
        allowed = ALLOWED[room] | EVERYWHERE | {room} if room != "system" else {room}
        assert parts[0] in allowed or ".".join(parts[:2]) in allowed, f"{room} may not import frugan.{module}"


def test_no_two_modules_import_each_other() -> None:
    """Late imports count: a circle is one, whenever it closes."""
    names = {".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
    graph = {name: {other for other in imported(path) if other in names} for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"a circle of imports: {' -> '.join([*trail, name])}"
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    text, room = path.read_text(), room_of(path)
    assert text.count("\n") < (90 if room == "cli" else 351)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1  # type: ignore[operator]
            assert length <= 60, f"{node.name} has {length} lines"
            count = len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
            network = node.name == "__init__" and room in {"networks", "nn", "stabilizers"}
            kernel = path.name == "fused_chain.py"
            assert count <= 12 or network or kernel, f"{node.name} has {count} parameters"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_the_command_line_knows_flags(path: Path) -> None:
    if room_of(path) == "cli":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for argument in node.exc.args:
                first = argument.values[0] if isinstance(argument, ast.JoinedStr) and argument.values else argument
                text = first.value if isinstance(first, ast.Constant) else ""
                assert not str(text).startswith("--"), f"{path}: {text}"


def test_nothing_is_ever_unpickled() -> None:
    for path in FILES:
        text = path.read_text()
        # Only the reader of foreign pickles may, which replaces all that they can name.
        assert "import pickle" not in text or path.name == "persistent_pickle.py", path
        assert not re.search(r"pickle\.loads?\(", text), path
        for line in text.splitlines():
            if "torch.load(" in line:
                assert "weights_only=True" in line, f"{path}: {line}"


def test_results_are_dataclasses() -> None:
    """Dictionaries of anything stay at the edges, where files are read."""
    counts = {path: path.read_text().count("dict[str, Any]") for path in FILES}
    assert sum(counts.values()) <= 10, {str(path): count for path, count in counts.items() if count}


def test_the_training_core_needs_only_torch_numpy_and_safetensors() -> None:
    blocked = "pydantic yaml tyro rich torchvision torch_fidelity PIL"
    program = f"""
import sys
for name in {blocked.split()!r}:
    sys.modules[name] = None
import frugan.training.loop, frugan.training.gan, frugan.training.decoder, frugan.training.checkpoint
import frugan.codecs.wavelet, frugan.codecs.pixel
import frugan.networks.dcgan, frugan.networks.mlp, frugan.networks.fastgan
import frugan.networks.srresnet, frugan.networks.unet, frugan.networks.esrgan
import frugan.stabilizers.scale_space, frugan.stabilizers.ada, frugan.stabilizers.diffaugment, frugan.stabilizers.chain
import frugan.objectives.losses, frugan.objectives.penalties, frugan.objectives.reconstruction
import frugan.objectives.self_reconstruction
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
