"""The model card: what a stranger needs to know about a model, filled in by the program, blanks marked."""

import json

from frugan.config.spec import Spec
from frugan.data.source import source_name
from frugan.judging.evaluation import Evaluation, read_evaluation
from frugan.metrics import table
from frugan.metrics.table import shown
from frugan.runs.environment import DataFacts
from frugan.runs.folder import RunFolder
from frugan.system.atomic import write_file
from frugan.system.text import markdown, one_line

_MOST_NAMES = 20  # of classes


def write_model_card(run: RunFolder) -> None:
    """Write `model/README.md` from the run's configuration, environment and last evaluation."""
    write_file(run.model / "README.md", _card(run).encode())


def _card(run: RunFolder) -> str:
    config, env, evaluation = run.config(), run.env(), read_evaluation(run)
    data, machine = env.data, env.machine
    sampler = config.sampler.schedule
    source, classes = source_name(data.source), _classes(config.sampler.generator, data)
    shape, size = config.data.shape, config.data.shape.size_text
    decoder = f"`{config.decoder.network.target.__qualname__}`" if config.decoder else "none"
    stabilizer = config.sampler.stabilizer.target.__qualname__
    begun = ", begun with the weights of another run" if config.sampler.initial else ""
    return f"""---
library_name: frugan
pipeline_tag: unconditional-image-generation
tags: [gan, {json.dumps(config.recipe)}{", class-conditional" if classes else ""}]
license: unknown
---

# {markdown(config.recipe)}: {size} images from {markdown(source)}

```python
import frugan
model = frugan.load("path/to/this/folder")
images = model.sample(seeds=range(16))  # float {(16, *shape)} in [-1, 1]{_of_a_class(classes)}
```

## Intended use
(to be filled in)

## Data
{data.images} images from {markdown(source)}, fingerprint {markdown(data.fingerprint)}, {len(data.skipped)} skipped.
Licence of the images: (to be filled in).

## Training
Recipe {markdown(config.recipe)}, seed {config.seed}, frugan {markdown(machine.frugan)},
torch {markdown(machine.torch)}, {markdown(machine.device_name)}.
Sampler `{config.sampler.generator.target.__qualname__}`, {sampler.kimg:g} kimg in batches of {sampler.batch},
stabilizer `{stabilizer}`{begun}.
Codec `{config.codec.target.__qualname__}`, decoder {decoder}.

## Evaluation
{_evaluation(evaluation)}

## Limits
It draws what its training images show, and may draw some of them almost exactly; look for that before publishing
pictures.
"""


def _classes(generator: Spec, data: DataFacts) -> list[str]:
    """Names, if the generator is told classes, itself or (after `finetune`) the one that it contains."""
    inner = generator.arguments.get("generator", generator)
    told = isinstance(inner, Spec) and inner.arguments.get("classes", 0)
    return list(data.class_counts) if told else []


def _of_a_class(names: list[str]) -> str:
    if not names:
        return ""
    return f"""
images = model.sample(seeds=range(16), label=model.class_label({names[0]!r}))
# classes: {one_line(", ".join(_few(names)))}"""


def _few(names: list[str]) -> list[str]:
    """All of them, or of many the first and the last."""
    return names if len(names) <= _MOST_NAMES else [*names[:2], f"... {names[-1]} ({len(names)} in all)"]


def _evaluation(found: Evaluation | None) -> str:
    if found is None:
        return "(not evaluated: `frugan evaluate RUN`)"
    main = table.METRICS[0]
    protocol = markdown(", ".join(f"{name}: {value}" for name, value in found.protocol.items()))
    value, floor = shown(main, found.values, found.standard_errors), shown(main, found.floor.values)
    others = "\n".join(f"- {line}" for line in table.lines(found.values))
    return (
        f"{markdown(found.metric)} {value}, real against real {floor} (n = {found.floor.n}).\n\n{others}\n\n"
        f"Protocol: {protocol}."
    )
