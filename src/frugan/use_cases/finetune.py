"""Train a finished run's sampler and decoder end to end, against a discriminator of images."""

from collections.abc import Sequence
from pathlib import Path

from frugan.config.schema import RunConfig
from frugan.config.yaml import override
from frugan.model.folder import load
from frugan.networks.base import Generator
from frugan.recipes.not_so_big_gan import end_to_end
from frugan.requests.watching import SILENT, Watcher
from frugan.runs.folder import INITIAL_FILE, RunFolder
from frugan.runs.prepare import create_run
from frugan.runs.transfer import initial_file
from frugan.system.errors import ArgumentError, UserError
from frugan.use_cases.conduct import Trained, begin, refuse_sampler_of_autoencoder
from frugan.use_cases.train import prepared


def finetune(
    run: Path | str,
    out: Path | str,
    *,
    kimg: float | None = None,
    settings: Sequence[str] = (),
    replace: bool = False,
    watcher: Watcher = SILENT,
) -> Trained:
    """Train sampler and decoder as one generator of images, in a new run; the old one stays as it is.

    Appendix K of not-so-big-GAN, where it made pictures worse; `evaluate` of both says whether it helped yours.

    Args:
        run: A finished run.
        out: The new run folder.
        kimg: Length, in thousands of images shown.
        settings: Any setting of the new run, as "path.to.field=value".
        replace: Delete an earlier run in the new folder.
        watcher: As in `train`.

    Raises:
        UserError: the run is not finished, or the generator was changed.
    """
    trained, path = RunFolder.open(Path(run)), Path(out)
    if path.resolve() == trained.path.resolve():
        raise ArgumentError("out", "would overwrite the run that is fine-tuned; choose another", path)
    refuse_sampler_of_autoencoder(trained.config(), "all")
    if not trained.finished():
        raise UserError(f"{trained.path}: not finished; first go on with it: frugan resume {trained.path}")
    config = end_to_end(trained.config(), INITIAL_FILE)
    if kimg is not None:
        config = override(config, [f"sampler.schedule.kimg={kimg}"])
    config = override(config, settings)

    def create() -> None:
        ready = prepared(config, watcher)
        create_run(ready, path, replace=replace, initial=initial_file(_whole(trained, ready.config).state_dict()))

    return begin(path, config, "all", create, watcher)


def _whole(trained: RunFolder, config: RunConfig) -> Generator:
    """Sampler and decoder of the run as the one generator of `config`."""
    model = load(trained.path)
    whole: Generator = config.sampler.generator.build(code_shape=(3, config.data.resolution, config.data.resolution))
    parts = {"generator": model.generator, "decoder": model.decoder}
    weights = {f"{name}.{key}": t for name, part in parts.items() if part for key, t in part.state_dict().items()}
    try:
        whole.load_state_dict(weights)
    except RuntimeError as error:
        raise ArgumentError("settings", f"the generator of a finished run cannot change: {error}") from error
    return whole
