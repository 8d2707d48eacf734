"""The ablation of CREPS (table 4), at the paper's size and at one for a CPU. Its page has FD, memory and time."""

from frugan.config.yaml import override
from frugan.recipes import creps as recipes
from frugan.recipes.published import CREPS_TABLE_4
from frugan.studies.definition import Row, Study

_QUESTION = "What do lines, their thickness and decoders bring?"
_ROWS = {
    "d = 8": "",
    "d = 4": "-thin",
    "no decoders": "-no-decoders",
    "bi-line alone": "-bi-line",
    "no bi-line, no decoders": "-nb",
}
# Five rows of five seeds within an hour on two cores. The paper's order is that of 25,000 kimg.
_SMALL = [
    "sampler.schedule.kimg=6",
    "sampler.schedule.log_every=0.5",
    "sampler.schedule.snapshots=4",
    "sampler.schedule.keep_checkpoints=1",
]


def paper() -> Study:
    """FFHQ at 128 x 128; DATA is yours."""
    rows = []
    for name, ending in _ROWS.items():
        recipe = f"creps-ffhq-128{ending}"
        rows.append(Row(name, recipes.paper(recipe), CREPS_TABLE_4.get(recipe, ())))
    return Study("creps", _QUESTION, tuple(rows), 3)


def small() -> Study:
    """32 x 32 on a CPU, on any DATA."""
    rows = [
        Row(
            name,
            override(recipes.small(f"creps-small{ending}"), _SMALL),
            CREPS_TABLE_4.get(f"creps-ffhq-128{ending}", ()),
        )
        for name, ending in _ROWS.items()
    ]
    return Study("creps-small", _QUESTION, tuple(rows), 5)
