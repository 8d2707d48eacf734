"""A trained model to the Hugging Face hub, under the name of its owner."""

import re
from dataclasses import dataclass
from pathlib import Path

from frugan.config.records import SCHEMA, plain
from frugan.model.folder import model_folder
from frugan.model.hub import checked_card, checked_name, pushed
from frugan.system.bounds import MODEL_DESCRIPTION
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_text
from frugan.system.jsonl import JSON

# Of the card's front matter, from its first line on; "unknown" until its owner says one.
_LICENCE = re.compile(r"\A(---\n(?:(?!---).*\n)*?license:) .*")


@dataclass(frozen=True)
class Pushed:
    """
    Attributes:
        url: the model's page.
        name: what `frugan.load` and the verbs take.
    """

    url: str
    name: str

    def to_json(self) -> JSON:
        """For files and programs."""
        return {"schema": SCHEMA, **plain(self)}

    def text(self) -> str:
        """As lines for a terminal."""
        return f"{self.url}\nuse it: frugan sample {self.name} --out pictures"


def push(run: Path | str, repo: str, *, licence: str = "", private: bool = False) -> Pushed:
    """Upload a run's model: description, weights and card.

    Args:
        run: Run folder or model folder.
        repo: "user/name" on the hub. It is made if there is none; `hf auth login` first.
        licence: Identifier of the hub for the card, such as "cc-by-4.0". Default: that of the card, "unknown" at first.
        private: Whether only its owner sees a model that is made now.

    Raises:
        UserError: no model there; no right to write, no answer, a licence that the hub does not take, or no package.
    """
    checked_name(repo)
    folder = model_folder(Path(run))
    if not (folder / "config.json").is_file() or not (folder / "generator.safetensors").is_file():
        raise UserError(f"{run}: it has no trained model. Train it first, or check the path")
    card = read_text(folder / "README.md", MODEL_DESCRIPTION) if (folder / "README.md").is_file() else ""
    if not card:
        raise UserError(f"{folder}: it has no card (README.md), which `frugan evaluate {run}` writes")
    card = card.replace("path/to/this/folder", f"hf://{repo}")
    if licence:
        card, found = _LICENCE.subn(lambda line: f"{line[1]} {licence}", card, count=1)
        if not found:
            raise UserError(f"{folder / 'README.md'}: its front matter has no line 'license: ...'. Write one.")
    checked_card(card)
    return Pushed(pushed(folder, repo, card=card, private=private), f"hf://{repo}")
