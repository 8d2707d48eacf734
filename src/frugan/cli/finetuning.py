"""What `frugan finetune` does, once torch is loaded."""

from collections.abc import Sequence
from pathlib import Path

from frugan.cli import training
from frugan.errors import UserError
from frugan.networks.base import Generator
from frugan.pipelines.prepare import create_run
from frugan.pretrained import load, write_weights
from frugan.recipes.not_so_big_gan import end_to_end
from frugan.run_folder import RunFolder
from frugan.settings import override

_INITIAL = "initial.safetensors"


def finetune(trained: RunFolder, out: Path, kimg: float | None, settings: Sequence[str], replace: bool) -> int:
    """Make the new run, with the trained weights inside it, and train."""
    if out.resolve() == trained.path.resolve():
        raise UserError(f"--out {out}: would overwrite the run that is fine-tuned; choose another")
    model = load(trained.path)
    if trained.config().decoder is not None and model.decoder is None:
        raise UserError(f"{trained.path}: its decoder has no weights yet; go on with: frugan resume {trained.path}")
    config = end_to_end(trained.config(), str((out / _INITIAL).resolve()))
    if kimg is not None:
        config = override(config, [f"sampler.schedule.kimg={kimg}"])
    prepared = training.prepare_with_messages(override(config, settings))
    whole: Generator = prepared.config.sampler.generator.build(code_shape=(3, model.resolution, model.resolution))
    parts = {"generator": model.generator, "decoder": model.decoder}
    whole.load_state_dict(
        {f"{name}.{key}": t for name, part in parts.items() if part for key, t in part.state_dict().items()}
    )
    run = create_run(prepared, out, replace=replace)
    write_weights(out / _INITIAL, whole)
    return training.go_on(run, "all")
