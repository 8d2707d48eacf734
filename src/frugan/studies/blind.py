"""Pictures of every trial without its name, so that eyes judge before numbers do; a file beside them has the key."""

import json
import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.model.folder import load
from frugan.studies.folder import StudyFolder, Trial
from frugan.studies.results import Outcome
from frugan.system.atomic import write_file
from frugan.writing.pictures import contact_sheet, write_sheet
from frugan.writing.row_names import with_row_names

_PICTURES = 16


def write_blind_sheet(folder: StudyFolder, outcomes: Sequence[Outcome]) -> None:
    """Write STUDY/blind.png, a numbered line of pictures for each finished trial in an order drawn by chance, and
    STUDY/blind-key.json with the trial of each number. Writes nothing for fewer than two finished trials.

    Pictures are those of seeds 0 to 15. The same pictures give the same order.
    """
    finished = {(outcome.row, outcome.seed) for outcome in outcomes if outcome.state == "finished"}
    trials = [trial for trial in folder.trials() if (trial.row, trial.seed) in finished]
    if len(trials) < 2:
        return
    named = contact_sheet(_of_one_size([_pictures(trial) for trial in trials]), _PICTURES)
    lines = named.reshape(len(trials), -1, *named.shape[1:])
    order = drawn_order(lines)
    shuffled = [trials[place] for place in order]
    key = {str(number): {"row": trial.row, "seed": trial.seed} for number, trial in enumerate(shuffled)}
    write_sheet(folder.blind_sheet, with_row_names(lines[order].reshape(named.shape), list(key)))
    write_file(folder.blind_key, json.dumps(key, indent=1).encode())


def drawn_order(lines: np.ndarray) -> list[int]:
    """Of lines of pixels (N, H, W, 3), uint8: 0 to N - 1 shuffled.

    The pixels are the seed. With a seed of its own every study of N trials would have one order, which whoever has seen
    one key knows.
    """
    return [int(place) for place in np.random.RandomState(zlib.crc32(lines.tobytes())).permutation(len(lines))]


def _pictures(trial: Trial) -> Tensor:
    return load(trial.folder).sample(range(_PICTURES)).cpu()


def _of_one_size(lines: Sequence[Tensor]) -> Tensor:
    """Lines of pictures (N, C, H, W), the smaller ones enlarged pixel by pixel to the largest, -> all pictures."""
    height, width = (max(line.shape[axis] for line in lines) for axis in (2, 3))
    return torch.cat([F.interpolate(line, size=(height, width), mode="nearest") for line in lines])
