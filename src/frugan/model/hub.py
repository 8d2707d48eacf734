"""Models on the Hugging Face hub, `hf://user/name` or `hf://user/name@revision`: fetched, and pushed.

Only a model's description, card and weights are fetched, as data that strangers made: no other name, none that is too
large, and all of one revision.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

from frugan.system.bounds import MODEL_DESCRIPTION, WEIGHTS, Bound
from frugan.system.errors import UserError
from frugan.system.extras import extra_module

_PLACE = re.compile(r"hf:/{1,2}(?P<repo>[^/@]+/[^/@]+)(?:@(?P<revision>[\w.\-]{1,100}))?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]{0,95}/[A-Za-z0-9][\w.\-]{0,95}", re.ASCII)
_FILES: dict[str, Bound] = {
    "config.json": MODEL_DESCRIPTION,
    "README.md": MODEL_DESCRIPTION,
    "generator.safetensors": WEIGHTS,
    "decoder.safetensors": WEIGHTS,
}
_CHOSEN = "config.json"


class HubPlace(NamedTuple):
    """A model on the hub, at a revision, or at its newest."""

    repo: str
    revision: str | None

    @classmethod
    def of(cls, named: str | Path) -> "HubPlace":
        """
        Raises:
            UserError: not of the form hf://user/name.
        """
        found = _PLACE.fullmatch(str(named))
        if found is None:
            raise UserError(f"{str(named)!a}: a model on the hub is hf://user/name, or hf://user/name@revision.")
        return cls(checked_name(found["repo"]), found["revision"])


def is_hub_place(named: str | Path) -> bool:
    """Whether somebody means the hub; a path has lost one of the slashes."""
    return str(named).startswith("hf:/")


def checked_name(repo: str) -> str:
    """
    Raises:
        UserError: not the form user/name.
    """
    if not _NAME.fullmatch(repo) or ".." in repo or "--" in repo:
        raise UserError(f"{repo!a}: a name on the hub is user/name, of letters, digits, '-', '_' and '.'.")
    return repo


def fetched(named: str | Path) -> Path:
    """The folder of a model on the hub, in the hub's own cache; its name is the revision.

    Raises:
        UserError: nothing of that name, no model, files that are too large, no answer, or no package to fetch it with.
    """
    place, hub = HubPlace.of(named), _package()
    try:
        info = hub.HfApi().model_info(place.repo, revision=place.revision, files_metadata=True)
        sizes = {file.rfilename: file.size for file in info.siblings or ()}
        _check(place, sizes)
        wanted = [name for name in _FILES if name in sizes]
        files = [hub.hf_hub_download(place.repo, name, revision=info.sha) for name in wanted]
    except UserError:
        raise
    except Exception as error:  # what the package makes of servers that answer anything
        kept = None if _refused(error) else _kept(hub, place)
        if kept is not None:
            return kept
        raise UserError(f"hf://{place.repo}: {_reason(error)}") from error
    return Path(files[wanted.index(_CHOSEN)]).parent


def origin_of(named: str | Path, folder: Path) -> dict[str, str]:
    """What to write down of a model that was fetched into a folder: the revision with its name; nothing of others."""
    return {"origin": f"hf://{HubPlace.of(named).repo}@{folder.name}"} if is_hub_place(named) else {}


def pushed(folder: Path, repo: str, *, card: str, private: bool) -> str:
    """Upload a model's files, with another card, in one commit; the page's address.

    Raises:
        UserError: not the form user/name; no right to write there, no answer, or no package for it.
    """
    hub = _package()
    api = hub.HfApi()
    try:
        url = api.create_repo(checked_name(repo), private=private, exist_ok=True)
        added = [
            hub.CommitOperationAdd(name, card.encode() if name == "README.md" else str(folder / name))
            for name in _FILES
            if (folder / name).is_file()
        ]
        api.create_commit(repo, added, commit_message="Model of frugan")
    except UserError:
        raise
    except Exception as error:  # as in `fetched`
        raise UserError(f"{repo}: {_reason(error)}") from error
    return str(url)


def checked_card(card: str) -> None:
    """
    Raises:
        UserError: its front matter is not what the hub takes.
    """
    hub = _package()
    try:
        hub.ModelCard(card, ignore_metadata_errors=False)
    except Exception as error:  # as in `fetched`
        raise UserError(f"README.md: the hub would not take its front matter: {error}") from error


def _package() -> Any:
    return extra_module("huggingface_hub", "hub", "models on the hub")


def _check(place: HubPlace, sizes: dict[str, int | None]) -> None:
    if _CHOSEN not in sizes or "generator.safetensors" not in sizes:
        raise UserError(f"hf://{place.repo}: it holds no model of frugan (config.json and generator.safetensors).")
    for name, bound in _FILES.items():
        size = sizes.get(name, 0)
        if size is None or size > bound.now:
            stated = "no stated size" if size is None else f"{size:,} bytes, more than {bound.purpose} may have"
            raise UserError(f"hf://{place.repo}: {name} has {stated}. It is not fetched.")


def _kept(hub: Any, place: HubPlace) -> Path | None:
    """What was fetched before, where the hub cannot be reached."""
    found = hub.try_to_load_from_cache(place.repo, _CHOSEN, revision=place.revision)
    folder = Path(found).parent if isinstance(found, str) else None
    return folder if folder is not None and (folder / "generator.safetensors").is_file() else None


def _refused(error: Exception) -> bool:
    """Whether the hub itself says that there is nothing for us: what was fetched before is not that, then."""
    return 400 <= (_status(error) or 0) < 500


def _status(error: Exception) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _reason(error: Exception) -> str:
    kind, status = type(error).__name__, _status(error)
    if kind == "RepositoryNotFoundError" or status == 401:
        return "there is no such model, or it is private. Check the name, or log in: hf auth login"
    if kind == "RevisionNotFoundError":
        return "there is no such revision. Check what stands after @"
    if status == 403:
        return "it may not be written. Log in as its owner: hf auth login"
    said = str(error).strip().splitlines()
    return f"the hub did not answer as it should ({kind}{f': {said[0][:200]}' if said else ''}). Try again later"
