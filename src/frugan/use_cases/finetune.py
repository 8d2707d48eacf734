"""Train a finished run's sampler and decoder end to end, against a discriminator of images."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from frugan.config.schema import DataConfig, RunConfig
from frugan.config.yaml import override
from frugan.data.source import with_source
from frugan.model.folder import ModelDescription, load, refuse_autoencoder
from frugan.networks.base import Generator
from frugan.recipes.not_so_big_gan import end_to_end, nsb_gan_w_dcgan
from frugan.requests.watching import SILENT, Watcher
from frugan.runs.clusters import with_kept_clusters
from frugan.runs.folder import INITIAL_FILE, RunFolder, is_model
from frugan.runs.prepare import Prepared, create_run
from frugan.runs.transfer import initial_file
from frugan.system.errors import ArgumentError, UserError
from frugan.use_cases.conduct import Trained, begin, refuse_sampler_of_autoencoder
from frugan.use_cases.train import prepared


def finetune(
    run: Path | str,
    out: Path | str,
    *,
    data: str = "",
    kimg: float | None = None,
    settings: Sequence[str] = (),
    replace: bool = False,
    watcher: Watcher = SILENT,
) -> Trained:
    """Train sampler and decoder as one generator of images, in a new run; the old one stays as it is.

    Appendix K of not-so-big-GAN, where it made pictures worse; `evaluate` of both says whether it helped yours.

    Args:
        run: A finished run, or a model folder together with `data`.
        out: The new run folder.
        data: Images to train on; those of the run if "".
        kimg: Length, in thousands of images shown.
        settings: Any setting of the new run, as "path.to.field=value".
        replace: Delete an earlier run in the new folder.
        watcher: As in `train`.

    Raises:
        UserError: the run is not finished, the generator was changed, or a model folder without data.
    """
    trained, path = Path(run), Path(out)
    if path.resolve() == trained.resolve():
        raise ArgumentError("out", "would overwrite the run that is fine-tuned; choose another", path)
    config = end_to_end(_trained_config(trained, data), INITIAL_FILE)
    if kimg is not None:
        config = override(config, [f"sampler.schedule.kimg={kimg}"])
    config = override(config, settings)

    def create() -> None:
        ready = prepared(config, watcher)
        if config.data.clusters:
            ready = _with_clusters_of(trained, ready)
        _check_classes(ready)
        create_run(ready, path, replace=replace, initial=initial_file(_whole(trained, ready.config).state_dict()))

    return begin(path, config, "all", create, watcher)


def _with_clusters_of(trained: Path, ready: Prepared) -> Prepared:
    """The images in the clusters that the generator learned: found anew, they might have other numbers.

    Raises:
        ArgumentError: other images, which those clusters do not tell apart.
        RunError: the run's clusters cannot be read.
    """
    if ready.dataset.fingerprint != RunFolder.open(trained).env().data.fingerprint:
        problem = "the generator draws clusters of the run's own images; these are others"
        raise ArgumentError("data", problem, ready.config.data.source)
    return dataclasses.replace(ready, dataset=with_kept_clusters(trained, ready.dataset))


def _check_classes(ready: Prepared) -> None:
    """
    Raises:
        ArgumentError: the generator draws classes, and the images have others, or none.
    """
    inner = ready.config.sampler.generator.arguments["generator"].build()
    found = len(ready.dataset.class_names)
    if inner.classes and (inner.classes != found or ready.dataset.unlabelled()):
        problem = f"the generator draws {inner.classes} classes; these images have {found}, and each must have one"
        raise ArgumentError("data", problem, ready.config.data.source)


def _trained_config(trained: Path, data: str) -> RunConfig:
    """That of a run; for a model folder, a recipe's with the model's networks."""
    if not is_model(trained):
        run = RunFolder.open(trained)
        refuse_sampler_of_autoencoder(run.config(), "all")
        if not run.finished():
            raise UserError(f"{trained}: not finished; first go on with it: frugan resume {trained}")
        return with_source(run.config(), data) if data else run.config()
    if not data:
        raise ArgumentError("data", f"{trained} is a model folder and has no images. Give the images to train on")
    described, recipe = ModelDescription.read(trained), nsb_gan_w_dcgan()
    refuse_autoencoder(described.build_decoder() if described.decoder else None, trained)
    assert recipe.decoder is not None
    decoder = described.decoder and dataclasses.replace(
        recipe.decoder,
        network=described.decoder,
        code_noise=described.most_noise,
        assumed_noise=described.assumed_noise,
    )
    return dataclasses.replace(
        recipe,
        recipe=str(described.info.get("recipe", "model")),
        data=_data_like(described, data),
        codec=described.codec,
        sampler=dataclasses.replace(recipe.sampler, generator=described.generator),
        decoder=decoder or None,
    )


def _data_like(described: ModelDescription, source: str) -> DataConfig:
    """Images as a model draws them."""
    (channels, *size), pixels = described.shape, described.pixels
    return DataConfig(
        source=source,
        resolution=(size[0], size[1]),
        channels=channels,
        bits=pixels.bits,
        value_range=None if pixels.is_plain else (pixels.low, pixels.high),
    )


def _whole(trained: Path, config: RunConfig) -> Generator:
    """Sampler and decoder of the run or model as the one generator of `config`."""
    model = load(trained)
    whole: Generator = config.sampler.generator.build(code_shape=tuple(config.data.shape))
    parts = {"generator": model.generator, "decoder": model.decoder}
    weights = {f"{name}.{key}": t for name, part in parts.items() if part for key, t in part.state_dict().items()}
    try:
        whole.load_state_dict(weights)
    except RuntimeError as error:
        raise ArgumentError("settings", f"the generator of a finished run cannot change: {error}") from error
    return whole
