"""What a file for other runtimes says of itself: inputs, the rule of seeds, ranges, classes, where it comes from."""

import json
from dataclasses import dataclass

from frugan.config.records import plain
from frugan.exporting.graph import Graph
from frugan.model.model import Model
from frugan.system.version import __version__

KEY = "frugan"  # under which it stands in a file's metadata
SEED_RULE = "numpy.random.RandomState(seed).randn(1, latent_dim) as float32"
GRID_RULE = (
    "the whole picture: numpy.linspace((1 - s) / 2, (1 + s) / 2, n) as float32 along each side of n samples, "
    "where s = (n - 1) / (the longer side - 1)"
)


@dataclass(frozen=True)
class Description:
    """All of it, as it is written.

    Attributes:
        part: of the model: "all", "sampler" or "decoder".
        inputs: in words, by name.
        image: channels, height and width of the model's own pictures.
        pixels: what -1 and 1 stand for in files: bits, low, high.
        class_counts: training images of each class, in the order of the labels.
        multiple: free sizes are multiples of so many pixels.
        licence: of the model.
        provenance: recipe, data and seed, as the model card has them.
    """

    frugan: str
    part: str
    inputs: dict[str, str]
    output: str
    seeds: str
    grid: str
    image: tuple[int, int, int]
    pixels: tuple[int, float, float]
    class_counts: dict[str, int]
    multiple: int
    licence: str
    provenance: dict[str, object]

    def to_text(self) -> str:
        """JSON."""
        return json.dumps(plain(self))


def describe(graph: Graph) -> Description:
    """Of a graph."""
    model, info = graph.model, dict(graph.model.info)
    stored = model.pixels
    return Description(
        frugan=__version__,
        part=graph.part,
        inputs=graph.inputs,
        output=graph.output[1],
        seeds=SEED_RULE,
        grid=GRID_RULE if "rows" in graph.inputs else "",
        image=(*model.shape,),
        pixels=(stored.bits, stored.low, stored.high),
        class_counts=dict(model.class_counts),
        multiple=graph.unit,
        licence=licence_of(model),
        provenance=info,
    )


def licence_of(model: Model) -> str:
    """What is known of it."""
    return str(model.info.get("licence", "to be filled in by whoever publishes this model"))
