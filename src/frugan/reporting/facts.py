"""What a report says about a run, read from its folder once. Whatever is missing is empty here, never an error."""

from dataclasses import dataclass
from pathlib import Path

from frugan.config.schema import RunConfig
from frugan.judging.consistency import Consistency, read_consistency
from frugan.judging.evaluation import Evaluation, read_evaluation
from frugan.runs.environment import Environment
from frugan.runs.facts import PartFacts, part_facts
from frugan.runs.folder import RunFolder
from frugan.system.bounds import CONFIGURATION
from frugan.system.foreign_files import read_text


@dataclass(frozen=True)
class RunFacts:
    """All of a run but its pictures."""

    path: Path  # absolute
    config: RunConfig
    config_text: str
    env: Environment | None
    evaluation: Evaluation | None
    consistency: Consistency | None
    sampler: PartFacts
    decoder: PartFacts | None  # None where the recipe has none

    @property
    def parts(self) -> list[PartFacts]:
        return [part for part in (self.sampler, self.decoder) if part is not None]

    @property
    def finished(self) -> bool:
        return all(part.finished for part in self.parts)


def read_facts(run: RunFolder) -> RunFacts:
    """Everything in the folder that the report shows, at whatever stage the run is."""
    config = run.config()
    return RunFacts(
        path=run.path.resolve(),
        config=config,
        config_text=read_text(run.config_file, CONFIGURATION),
        env=run.env() if run.env_file.exists() else None,
        evaluation=read_evaluation(run),
        consistency=read_consistency(run),
        sampler=part_facts(run, "sampler"),
        decoder=part_facts(run, "decoder") if config.decoder else None,
    )
