"""Networks and page to the Hugging Face Hub: a repository that `dbce.hub.networks` reads, and Spaces."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

from dbce.hub.cards import model_card, site_card, space_card
from dbce.hub.networks import reason
from dbce.scores.documents import ROOT
from dbce.scores.result_files import MEASURED
from dbce.scores.variants import read_variants, variants_file
from dbce.tasks import TASKS
from dbce.train import checkpoints

SPACE = (
    "app.py",
    "dbce/**",
    "checkpoints/**",
    "requirements.txt",
    *("assets/**", "docs/**", "examples/**", "Makefile", "CITATION.cff", "LICENSE"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
)
"""What a Space needs of this repository to run, and what its README leads to; README.md itself is composed."""


def stage(tasks: Sequence[str], folder: Path) -> None:
    """Lay out a repository: ``TASK/LOSS/config.json`` and ``model.safetensors``, a manifest of their hashes a task, and
    what was measured of them, so that a page that loads them shows all that one with the bundled networks does.

    Raises:
        ValueError: nothing is bundled for a task, or a file of it is damaged.
    """
    for task in tasks:
        entries = checkpoints.manifest(task)
        for loss, checkpoint in checkpoints.bundled(task).items():
            place = folder / task / loss
            place.mkdir(parents=True)
            shutil.copyfile(checkpoints.home() / task / entries[loss]["file"], place / "model.safetensors")
            config = {**checkpoint.unet.config, "task": task, "loss": loss, "classes": list(TASKS[task].classes)}
            config |= {"recipe": checkpoint.recipe, "scores": entries[loss]["scores"]}
            (place / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
            entries[loss]["file"] = f"{loss}/model.safetensors"
        (folder / task / "manifest.json").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
        for name in MEASURED:
            if (measured := checkpoints.home() / task / f"{name}.json").is_file():
                shutil.copyfile(measured, folder / task / measured.name)
    for file in sorted(variants_file("").parent.glob("*.json")):
        if (read_variants(file.stem) or {}).get("task") in tasks:
            place = variants_file(file.stem, folder)
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, place)


_HTTP = ("requests", "httpx", "httpx2")  # what releases of huggingface_hub are built on


@contextmanager
def _explained(target: str):
    """Failures of the client as one sentence."""
    try:
        yield
    except HFValidationError as error:
        raise ValueError(f"repository is {target!r}; the form is user/name.") from error
    except RepositoryNotFoundError as error:
        raise ValueError(
            f"the Hub refuses {target} ({reason(error)}); log in with `hf auth login` and a token that may write."
        ) from error
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        hint = "log in with `hf auth login` and a token that may write" if status in (401, 403) else "try again"
        raise ValueError(f"{target} could not be written ({reason(error)}); {hint}.") from error
    except Exception as error:
        if not isinstance(error, OSError) and type(error).__module__.split(".")[0] not in _HTTP:
            raise
        raise ValueError(f"{target} could not be reached ({reason(error)}); check the connection.") from error


def publish_networks(tasks: Sequence[str], repository: str, private: bool = False) -> str:
    """Create a repository on the Hub, or add a commit to it, with the bundled networks of some tasks.

    Args:
        tasks: keys of `dbce.tasks.TASKS`.
        repository: ``user/name``.
        private: whether a new repository is private.

    Returns:
        ``user/name@COMMIT``, as `dbce.hub.networks.download_networks` takes it.

    Raises:
        ValueError: nothing bundled, no permission, or no connection.
    """
    api = HfApi()
    with TemporaryDirectory() as name:
        folder = Path(name)
        stage(tasks, folder)
        model_card(tasks, repository).save(folder / "README.md")
        with _explained(repository):
            api.create_repo(repository, private=private, exist_ok=True)
            commit = api.upload_folder(repo_id=repository, folder_path=folder, commit_message="Networks by dbce")
    return f"{repository}@{commit.oid}"


def publish_site(space: str, folder: Path, private: bool = False) -> str:
    """Create a static Space of the page without a server, or bring it up to date: the Hub serves its files.

    Args:
        space: ``user/name``.
        folder: what `dbce.site.build.write_site` wrote.
        private: whether a new Space is private.

    Returns:
        Address of the Space.

    Raises:
        ValueError: no permission, or no connection.
    """
    api = HfApi()
    with _explained(space):
        url = api.create_repo(space, repo_type="space", space_sdk="static", private=private, exist_ok=True)
        api.upload_folder(
            repo_id=space,
            repo_type="space",
            folder_path=folder,
            delete_patterns=["*/*", "*-*", "*.html"],  # files of the version before, whose names were others
            commit_message="The page of dbce, without a server",
        )
        readme = str(site_card()).encode()
        api.upload_file(path_or_fileobj=readme, path_in_repo="README.md", repo_id=space, repo_type="space")
    return str(url)


def publish_space(space: str, networks: str | None = None, private: bool = False) -> str:
    """Create a Space that runs this page, or bring it up to date.

    Args:
        space: ``user/name``.
        networks: ``user/name@COMMIT`` that the Space shows (its variable DBCE_HUB); the bundled ones if None.
        private: whether a new Space is private.

    Returns:
        Address of the Space.

    Raises:
        ValueError: no permission, or no connection.
    """
    if not (ROOT / "app.py").is_file():
        raise ValueError(f"{ROOT} is no copy of the repository, which a Space is made of; run this command in one.")
    api = HfApi()
    with TemporaryDirectory() as name, _explained(space):
        readme = Path(name) / "README.md"
        repository, _, revision = (networks or "").partition("@")
        files = api.list_repo_files(repository, revision=revision) if networks else []
        space_card(networks, files).save(readme)
        url = api.create_repo(space, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
        if networks:
            api.add_space_variable(space, "DBCE_HUB", networks)
        api.upload_folder(
            repo_id=space,
            repo_type="space",
            folder_path=ROOT,
            allow_patterns=list(SPACE),
            ignore_patterns=["**/__pycache__/**", "*.part"],
            commit_message="The page of dbce",
        )
        api.upload_file(path_or_fileobj=readme, path_in_repo="README.md", repo_id=space, repo_type="space")
    return str(url)
