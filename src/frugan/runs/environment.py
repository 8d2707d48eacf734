"""Where and on what a run began: `env.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from frugan.config.records import SCHEMA, parse_record, plain
from frugan.system.jsonl import JSON
from frugan.system.machine import Machine


@dataclass(frozen=True)
class DataFacts:
    """The images of a run, as they were when it began.

    Attributes:
        source: as `open_source` takes it.
        images: how many are in use.
        fingerprint: of their names and bytes.
        class_counts: how many each class has, in the order of the labels.
        skipped: names of those that were left out, with reasons.
        held_out: how many others are kept for judging.
        held_out_fingerprint: as `fingerprint`, of those; "" if there are none.
    """

    source: str
    images: int
    fingerprint: str
    class_counts: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    held_out: int = 0
    held_out_fingerprint: str = ""


@dataclass(frozen=True)
class Environment:
    """Versions and machine, images, the time, and a random name that no other run has.

    `identity` is in every checkpoint; it is "" in runs of before there was one.
    """

    machine: Machine
    data: DataFacts
    created: str = ""
    identity: str = ""

    def to_json(self) -> JSON:
        """As it is written to env.json."""
        return {
            "schema": SCHEMA,
            **plain(self.machine),
            "data": plain(self.data),
            "created": self.created,
            "identity": self.identity,
        }

    @classmethod
    def from_json(cls, data: JSON, where: str) -> "Environment":
        """Inverse of `to_json`; reads files of before there was a schema, too.

        Raises:
            UserError: an entry is missing or of the wrong type.
        """
        return parse_record(cls, {**data, "machine": data}, where)
