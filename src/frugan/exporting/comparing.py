"""An exported file against the model that it was made of."""

from collections.abc import Iterator

from frugan.exporting.files import Runner
from frugan.exporting.graph import Graph
from frugan.system.errors import RunError

_MOST_DIFFERENCE = 1e-3  # in [-1, 1]: an eighth of a level of 8 bits


def compared(graph: Graph, run: Runner, name: str) -> tuple[float, tuple[tuple[int, ...], ...]]:
    """The largest difference, and the shapes of what was drawn to find it.

    Args:
        name: of the file, for errors.

    Raises:
        RunError: it draws something else than the model.
    """
    largest, shapes = 0.0, []
    for batch, size in _sizes(graph):
        inputs = graph.example(batch, size)
        expected, found = graph(inputs), run(inputs)
        shapes.append(tuple(found.shape))
        if found.shape != expected.shape:
            raise RunError(
                f"the exported file draws {tuple(found.shape)} where the model draws {tuple(expected.shape)}"
            )
        # Not a number is no small difference.
        largest = max(largest, float((found.double() - expected.double()).abs().nan_to_num(float("inf")).max()))
    most = _MOST_DIFFERENCE if expected.is_floating_point() else 1  # halves may be rounded up or down
    if not largest <= most:
        problem = f"{name} differs from the model by {largest:.1e}, more than {most:g}"
        raise RunError(f"{problem}. It is not kept. Please report it with the model's config.json.")
    return largest, tuple(shapes)


def _sizes(graph: Graph) -> Iterator[tuple[int, tuple[int, int] | None]]:
    """Batches, and sizes where they are free: other ones than the graph was traced with."""
    if not graph.any_size:
        yield from ((1, None), (3, None), (5, None))
        return
    units = ((3, 4), (8, 8), (13, 9)) if graph.part == "decoder" or graph.unit > 1 else ((8, 8), (33, 100), (70, 65))
    for batch, (down, right) in zip((1, 2, 3), units, strict=True):
        yield batch, (down * graph.unit, right * graph.unit)
