"""Several stabilizers in a row."""

from torch import Tensor, nn

from frugan.stabilizers.base import Stabilizer


class Chain(Stabilizer):
    """Applies `stages` in order; each is told what it would be told alone.

    Put augmentation (ADA, DiffAugment) before the scale-space: moving pixels would resample the noise.
    """

    def __init__(self, stages: tuple[Stabilizer, ...]) -> None:
        super().__init__()
        if not stages:
            raise ValueError("stages: a chain needs at least one stabilizer")
        self.stages = nn.ModuleList(stages)
        points = {stage.penalised_at for stage in stages}
        self.penalised_at = "image" if points == {"image"} else "shown"

    def fit(self, codes: Tensor) -> dict[str, float]:
        return _all_of([stage.fit(codes) for stage in self._each()])

    def forward(self, code: Tensor) -> Tensor:
        for stage in self._each():
            code = stage(code)
        return code

    def schedule(self, progress: float) -> None:
        for stage in self._each():
            stage.schedule(progress)

    def observe(self, real_logits: Tensor, count: int) -> None:
        for stage in self._each():
            stage.observe(real_logits, count)

    def strengths(self) -> dict[str, float]:
        return _all_of([stage.strengths() for stage in self._each()])

    def num_filtered(self, rows: int) -> int:
        return max(stage.num_filtered(rows) for stage in self._each())

    def _each(self) -> list[Stabilizer]:
        return [stage for stage in self.stages if isinstance(stage, Stabilizer)]


def _all_of(parts: list[dict[str, float]]) -> dict[str, float]:
    """One dictionary; a name that an earlier stage has taken is numbered: t, t2, t3."""
    merged: dict[str, float] = {}
    for name, value in ((name, value) for part in parts for name, value in part.items()):
        number, free = 1, name
        while free in merged:
            number += 1
            free = f"{name}{number}"
        merged[free] = value
    return merged
