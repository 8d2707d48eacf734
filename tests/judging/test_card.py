"""The model card shows names from data and machines as text: no markup comes of them."""

import dataclasses
import json
from pathlib import Path

from frugan.judging.card import write_model_card
from frugan.runs.folder import RunFolder


def test_names_in_the_card_are_no_markup(trained_run: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.model.mkdir(parents=True)
    whole = RunFolder.open(trained_run)
    hostile = "<img src=x onerror=alert(1)>\n# title\x1b[2J"
    config = whole.config()
    run.write_config(dataclasses.replace(config, recipe=hostile))
    env = json.loads(whole.env_file.read_text())
    env["data"]["source"] = env["device_name"] = env["torch"] = hostile
    run.env_file.write_text(json.dumps(env))
    write_model_card(run)
    card = (run.model / "README.md").read_text()
    assert "<img" not in card.replace('"<img', "")  # but for the quoted string of the front matter
    assert "\n# title" not in card
    assert "\x1b" not in card
    assert "&lt;img src=x" in card
