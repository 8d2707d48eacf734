"""Levels of a decoder that were trained apart, as one decoder."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from frugan.codecs.base import Codec
from frugan.config.spec import Spec
from frugan.model.folder import DECODER_FILE, ModelDescription, load_decoder, model_folder
from frugan.model.weights import write_weights
from frugan.networks.base import Decoder, count_parameters
from frugan.requests.joining import Joining
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import measured_images, open_dataset
from frugan.system.atomic import write_folder
from frugan.system.errors import ArgumentError, UserError
from frugan.training.batch_norm import has_batch_norm
from frugan.training.decoder import calibrate


@dataclass(frozen=True)
class Joined:
    """The model folder that was written, and what is in it.

    Attributes:
        levels: doublings of the decoder.
        parameters: number of its trainable values.
    """

    model: Path
    levels: int
    parameters: int


def join_decoders(runs: Sequence[Path | str], out: Path | str) -> Joined:
    """Join the levels of a decoder, each trained in a run of its own with `decoder.network.stage`.

    The model folder has no sampler: `compare_decoders` and `upscale` take it, and `sample` as the `decoder` of its
    finishing. Running statistics of batch norms are gathered anew, on images of the first run, because a level now
    sees what the level below it predicts.

    Args:
        runs: Run folders, one a level, in any order.
        out: The model folder to write; it must not exist.

    Raises:
        UserError: no run, a level that is missing or there twice, or runs of other networks, codecs or images.
    """
    asked = Joining(tuple(map(Path, runs)), Path(out))
    if asked.out.exists():
        raise ArgumentError("out", "already exists; choose another", asked.out)
    folders = [RunFolder.open(path) for path in asked.runs]
    _check_runs(folders)
    descriptions = [ModelDescription.read(model_folder(folder.path)) for folder in folders]
    network = _whole(asked.runs, descriptions)
    codec, weights = _weights(asked.runs)
    decoder: Decoder = network.build().eval()
    decoder.load_state_dict(weights)
    if has_batch_norm(decoder):
        calibrate(decoder, codec, measured_images(open_dataset(folders[0].config())))

    def fill(folder: Path) -> None:
        dataclasses.replace(descriptions[0], decoder=network).write(folder)
        write_weights(folder / DECODER_FILE, decoder)

    write_folder(asked.out, fill)
    return Joined(asked.out, codec.levels, count_parameters(decoder))


def _check_runs(folders: Sequence[RunFolder]) -> None:
    """
    Raises:
        UserError: a decoder that is not finished, or trained on other images than the first.
    """
    for folder in folders:
        decoder = folder.config().decoder
        if decoder and (folder.part("decoder").newest_snapshot() or 0) < decoder.schedule.total_nimg:
            raise UserError(
                f"{folder.path}: its decoder is not finished; first go on with it: frugan resume {folder.path}"
            )
        if folder.env().data.fingerprint != folders[0].env().data.fingerprint:
            raise UserError(f"{folder.path}: it was trained on other images than {folders[0].path}")


def _whole(paths: Sequence[Path], descriptions: Sequence[ModelDescription]) -> Spec:
    """The network of all levels.

    Raises:
        UserError: a run has a decoder of no single level, or another than the first has.
    """
    whole: Spec | None = None
    for path, description in zip(paths, descriptions, strict=True):
        network = description.decoder
        if network is None or not network.arguments.get("stage"):
            raise UserError(f"{path}: it trained no single level of a decoder. Train one with decoder.network.stage=1")
        whole = whole or network.replace(stage=0)
        if network.replace(stage=0) != whole:
            raise UserError(f"{path}: its network is another than that of {paths[0]}; only the stage may differ")
        first = descriptions[0]
        if (_rounded(description.codec), description.shape) != (_rounded(first.codec), first.shape):
            raise UserError(f"{path}: its codec or its images are others than those of {paths[0]}")
    assert whole is not None
    return whole


def _rounded(codec: Spec) -> Spec:
    """Measured ranges differ in their last digits from machine to machine."""
    measured = {name: round(value, 5) for name, value in codec.arguments.items() if name in ("code_min", "code_max")}
    return codec.replace(**measured)


def _weights(paths: Sequence[Path]) -> tuple[Codec, dict[str, Tensor]]:
    """Of all levels, by the names that the whole network has for them, and the codec.

    Raises:
        UserError: a level is missing, or there twice.
    """
    loaded = [load_decoder(path) for path in paths]
    codec, stages = loaded[0][0], [decoder.stage for _, decoder in loaded]
    if sorted(stages) != list(range(1, codec.levels + 1)):
        raise UserError(
            f"{paths[0]}: its decoder has {codec.levels} levels, and each is needed once, but these runs have trained "
            f"{', '.join(map(str, stages))}"
        )
    return codec, {name: tensor for _, decoder in loaded for name, tensor in decoder.state_dict().items()}
