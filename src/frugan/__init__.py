"""frugan: train generators of high-resolution images with little compute, render them, and know how good they are.

>>> import frugan
>>> trained = frugan.train(frugan.Plan("my_photos"))
>>> model = frugan.load(trained.run)
>>> images = model.sample(seeds=range(16))  # float (16, 3, 128, 128) in [-1, 1]

Use cases are functions: `train`, `estimate`, `resume`, `finetune`, `sample`, `invert`, `directions`, `render`, `video`,
`evaluate`, `measure_consistency`, `sweep`, `compare_decoders`, `join_decoders`, `upscale`, `import_checkpoint`,
`export`, `export_web`, `push`, `report`, `study`, `check_data`, `pack_shards`, `open_studio`.
They take frozen requests (`Plan`, `Drawing`, `Frame` ...), tell their progress to a `Watcher`, and return dataclasses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frugan.system.version import __version__

if TYPE_CHECKING:
    from frugan.codecs.base import Codec
    from frugan.config.schema import RunConfig
    from frugan.config.spec import Spec
    from frugan.data.check import DataReport
    from frugan.judging.compare_decoders import DecoderComparison
    from frugan.judging.consistency import Consistency
    from frugan.judging.evaluation import Evaluation
    from frugan.judging.sweep import Sweep
    from frugan.model.folder import load
    from frugan.model.model import Model
    from frugan.networks.base import Decoder, Discriminator, Generator
    from frugan.ops.grid import Grid
    from frugan.ops.view import View
    from frugan.requests.comparing import Comparing
    from frugan.requests.drawing import Drawing, Finishing
    from frugan.requests.exporting import Exporting
    from frugan.requests.frame import Film, Frame
    from frugan.requests.inverting import Exploring, Inverting
    from frugan.requests.judging import Judge, RealImages, Sweeping
    from frugan.requests.rendering import Rendering
    from frugan.requests.study import StudyPlan
    from frugan.requests.watching import Tick, Watcher
    from frugan.stabilizers.base import Stabilizer
    from frugan.studies.base import StudyResult
    from frugan.system.errors import ArgumentError, DivergedError, RunError, UserError
    from frugan.system.packages import allow_package
    from frugan.use_cases.check_data import check_data
    from frugan.use_cases.compare_decoders import compare_decoders
    from frugan.use_cases.conduct import Trained
    from frugan.use_cases.consistency import measure_consistency
    from frugan.use_cases.directions import Explored, directions
    from frugan.use_cases.evaluate import evaluate
    from frugan.use_cases.export import Exported, export
    from frugan.use_cases.export_web import ExportedPage, export_web
    from frugan.use_cases.finetune import finetune
    from frugan.use_cases.import_checkpoint import Imported, import_checkpoint
    from frugan.use_cases.invert import Inverted, invert
    from frugan.use_cases.join import Joined, join_decoders
    from frugan.use_cases.pack_shards import PackedShards, pack_shards
    from frugan.use_cases.plan import Plan
    from frugan.use_cases.push import Pushed, push
    from frugan.use_cases.render import Rendered, render
    from frugan.use_cases.report import report
    from frugan.use_cases.resume import resume
    from frugan.use_cases.sample import Sampled, sample
    from frugan.use_cases.studio import open_studio
    from frugan.use_cases.study import study
    from frugan.use_cases.sweep import sweep
    from frugan.use_cases.train import Estimates, estimate, train
    from frugan.use_cases.upscale import Upscaled, upscale
    from frugan.use_cases.video import Filmed, video

# By the module that defines them. Imported on first use, so that `import frugan` and `frugan --help` wait for no torch.
_PUBLIC = {
    "codecs.base": ("Codec",),
    "config.schema": ("RunConfig",),
    "config.spec": ("Spec",),
    "data.check": ("DataReport",),
    "judging.compare_decoders": ("DecoderComparison",),
    "judging.consistency": ("Consistency",),
    "judging.evaluation": ("Evaluation",),
    "judging.sweep": ("Sweep",),
    "model.folder": ("load",),
    "model.model": ("Model",),
    "networks.base": ("Decoder", "Discriminator", "Generator"),
    "ops.grid": ("Grid",),
    "ops.view": ("View",),
    "requests.comparing": ("Comparing",),
    "requests.drawing": ("Drawing", "Finishing"),
    "requests.exporting": ("Exporting",),
    "requests.frame": ("Film", "Frame"),
    "requests.inverting": ("Exploring", "Inverting"),
    "requests.judging": ("Judge", "RealImages", "Sweeping"),
    "requests.rendering": ("Rendering",),
    "requests.study": ("StudyPlan",),
    "requests.watching": ("Tick", "Watcher"),
    "stabilizers.base": ("Stabilizer",),
    "studies.base": ("StudyResult",),
    "system.errors": ("ArgumentError", "DivergedError", "RunError", "UserError"),
    "system.packages": ("allow_package",),
    "use_cases.check_data": ("check_data",),
    "use_cases.compare_decoders": ("compare_decoders",),
    "use_cases.conduct": ("Trained",),
    "use_cases.consistency": ("measure_consistency",),
    "use_cases.directions": ("Explored", "directions"),
    "use_cases.evaluate": ("evaluate",),
    "use_cases.export": ("Exported", "export"),
    "use_cases.export_web": ("ExportedPage", "export_web"),
    "use_cases.finetune": ("finetune",),
    "use_cases.import_checkpoint": ("Imported", "import_checkpoint"),
    "use_cases.invert": ("Inverted", "invert"),
    "use_cases.join": ("Joined", "join_decoders"),
    "use_cases.pack_shards": ("PackedShards", "pack_shards"),
    "use_cases.plan": ("Plan",),
    "use_cases.push": ("Pushed", "push"),
    "use_cases.render": ("Rendered", "render"),
    "use_cases.report": ("report",),
    "use_cases.resume": ("resume",),
    "use_cases.sample": ("Sampled", "sample"),
    "use_cases.studio": ("open_studio",),
    "use_cases.study": ("study",),
    "use_cases.sweep": ("sweep",),
    "use_cases.train": ("Estimates", "estimate", "train"),
    "use_cases.upscale": ("Upscaled", "upscale"),
    "use_cases.video": ("Filmed", "video"),
}
_HOMES = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'frugan' has no attribute '{name}'")
    return getattr(import_module(f"frugan.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
