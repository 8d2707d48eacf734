"""The models of a run: its newest weights or those of a snapshot, finished by another run's decoder if one is named."""

from pathlib import Path

from frugan.codecs.base import Codec
from frugan.model.folder import load, load_decoder
from frugan.model.model import Model
from frugan.model.weights import load_weights
from frugan.networks.base import Decoder
from frugan.requests.drawing import Finishing
from frugan.runs.folder import RunFolder, is_run
from frugan.system.errors import ArgumentError, UserError


def load_at(path: Path, device: str, snapshot: int | None = None) -> Model:
    """The model of a run or model folder; with a `snapshot`, the sampler as it stood when it had seen so many images.

    Raises:
        UserError: as `load`; a model folder has no snapshots.
    """
    model = load(path, device)
    if snapshot is not None:
        if not is_run(path):
            raise ArgumentError("snapshot", f"{path} is not a run folder", snapshot)
        load_weights(model.generator, RunFolder.open(path).part("sampler").snapshot(snapshot))
    return model


def load_finished(path: Path, device: str, finishing: Finishing, snapshot: int | None = None) -> Model:
    """`load_at`, with its pictures finished as asked.

    Raises:
        UserError: as `load_at` and `load_decoder`; the decoder cannot enlarge these pictures, or is not told any noise.
    """
    model = load_at(path, device, snapshot)
    if finishing.decoder is not None:
        model = model.enlarged_by(*load_decoder(finishing.decoder), finishing.halvings)
    return model.assuming(finishing.code_noise)


def load_decoder_at(path: Path, snapshot: int | None = None) -> tuple[Codec, Decoder]:
    """Codec and decoder of a run or model folder; with a `snapshot`, as they stood when it had seen so many images.

    Raises:
        UserError: as `load_decoder`; there is no such snapshot.
    """
    return load_decoder(path, None if snapshot is None else _decoder_snapshot(path, snapshot))


def _decoder_snapshot(path: Path, nimg: int) -> Path:
    part = RunFolder.open(path).part("decoder")
    counts = part.snapshot_counts()
    if nimg not in counts:
        raise UserError(
            f"{path}: its decoder has no snapshot at {nimg} images; there are {', '.join(map(str, counts))}"
        )
    return part.snapshot(nimg)
