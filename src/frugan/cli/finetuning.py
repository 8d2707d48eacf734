"""What `frugan finetune` does, once torch is loaded."""

from collections.abc import Sequence
from pathlib import Path

from frugan.cli import training
from frugan.config.schema import RunConfig
from frugan.config.yaml import override
from frugan.model.folder import load
from frugan.networks.base import Generator
from frugan.recipes.not_so_big_gan import end_to_end
from frugan.runs.folder import INITIAL_FILE, RunFolder
from frugan.runs.prepare import create_run
from frugan.runs.transfer import initial_file
from frugan.system.errors import UserError


def finetune(trained: RunFolder, out: Path, kimg: float | None, settings: Sequence[str], replace: bool) -> int:
    """Make the new run, with the trained weights inside it, and train."""
    if out.resolve() == trained.path.resolve():
        raise UserError(f"--out {out}: would overwrite the run that is fine-tuned; choose another")
    if not training.all_done(trained, trained.config()):
        raise UserError(f"{trained.path}: not finished; first go on with it: frugan resume {trained.path}")
    config = end_to_end(trained.config(), INITIAL_FILE)
    if kimg is not None:
        config = override(config, [f"sampler.schedule.kimg={kimg}"])
    prepared = training.prepare_with_messages(override(config, settings))
    run = create_run(
        prepared, out, replace=replace, initial=initial_file(_whole(trained, prepared.config).state_dict())
    )
    return training.go_on(run, "all")


def _whole(trained: RunFolder, config: RunConfig) -> Generator:
    """Sampler and decoder of the run as the one generator of `config`."""
    model = load(trained.path)
    whole: Generator = config.sampler.generator.build(code_shape=(3, config.data.resolution, config.data.resolution))
    parts = {"generator": model.generator, "decoder": model.decoder}
    weights = {f"{name}.{key}": t for name, part in parts.items() if part for key, t in part.state_dict().items()}
    try:
        whole.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"--set: the generator must stay as it was trained: {error}") from error
    return whole
