"""Networks and page to the Hugging Face Hub: a repository that `dbce.hub.networks` reads, its card, and a Space."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huggingface_hub import EvalResult, HfApi, ModelCard, ModelCardData, SpaceCard, SpaceCardData
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

from dbce.hub.networks import reason
from dbce.registry import title
from dbce.scores import evidence
from dbce.scores.evaluation import data_name
from dbce.scores.results import radius_file, results_markdown
from dbce.tasks import TASKS
from dbce.train import checkpoints
from dbce.train.recipe import OPTIMIZERS, Recipe

ROOT = checkpoints.FOLDER.parent
SPACE = (
    "app.py",
    "dbce/**",
    "checkpoints/**",
    "requirements.txt",
    *("assets/**", "docs/**", "examples/**", "Makefile", "CITATION.cff", "LICENSE"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
)
"""What a Space needs of this repository to run, and what its README leads to; README.md itself is composed."""

SPACE_PYTHON = "3.11"
"""Of the versions that `requires-python` allows, the one that a Space runs."""

_SHOWN: dict[str, Any] = {
    "title": "dbce",
    "emoji": "🎯",
    "colorFrom": "yellow",
    "colorTo": "gray",
    "license": "mit",
    "short_description": "See what a segmentation loss sees, on your own image",
}
"""How the Hub shows a Space."""

_SITE_CARD = """---
{{ card_data }}
---

# dbce: where does the loss look?

The page as files: images are read, and networks run, in the visitor's browser; nothing is sent anywhere. Written by
`python -m dbce site`, published by `python -m dbce publish --site`.

Not for clinical use. The code is MIT; the networks are for research and education, as the data are
([arXiv 2412.06045](https://arxiv.org/abs/2412.06045)).
"""

_METRICS = {"dice": "Dice", "iou": "IoU", "precision": "precision", "recall": "recall"}


def stage(tasks: Sequence[str], folder: Path) -> None:
    """Lay out a repository: ``TASK/LOSS/config.json`` and ``model.safetensors``, and a manifest of their hashes a task.

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
        for measured in (evidence.evidence_file(task), radius_file(task)):
            if measured.is_file():
                shutil.copyfile(measured, folder / task / measured.name)


def _pretrained(encoder: str) -> str:
    """The Hub's repository that an encoder's ImageNet weights came from."""
    from segmentation_models_pytorch.encoders import encoders

    return encoders[encoder]["pretrained_settings"]["imagenet"]["repo_id"]


def model_card(tasks: Sequence[str], repository: str) -> ModelCard:
    """The card of a repository: metadata that the Hub reads, tables, recipe and limits.

    Args:
        tasks: keys of `dbce.tasks.TASKS`, all of them bundled.
        repository: ``user/name``.
    """
    results, bases, sources, text = [], set(), set(), []
    for task in tasks:
        for loss, entry in checkpoints.manifest(task).items():
            recipe = entry["recipe"]
            bases.add(_pretrained(recipe["encoder"]))
            sources.add(str(recipe["data"]))
            results += [
                EvalResult(
                    task_type="image-segmentation",
                    dataset_type=data_name(entry["test_data"]),
                    dataset_name=entry["test_data"],
                    metric_type=name,
                    metric_name=f"{words}, {title(loss)}",
                    metric_value=entry["scores"][name],
                )
                for name, words in _METRICS.items()
                if name in entry["scores"]
            ]
        text.append(f"## {task.capitalize()}\n\nTrained on {TASKS[task].data}.\n\n{results_markdown(task)}\n")
    data = ModelCardData(
        license="other",
        license_name="research-and-education",
        library_name="dbce",
        pipeline_tag="image-segmentation",
        tags=["medical", "segmentation", "loss-function", "class-imbalance", "arxiv:2412.06045"],
        datasets=sorted(sources),
        base_model=sorted(bases),
        metrics=["dice", "iou"],
        model_name=repository.split("/")[-1],
        eval_results=results,
    )
    return ModelCard(
        _CARD.format(
            metadata=data.to_yaml(),
            repository=repository,
            first=tasks[0],
            tables="\n".join(text),
            limits="\n".join(f"- {TASKS[task].limits}" for task in tasks),
            cite="".join(f"; {TASKS[task].cite}" for task in tasks if TASKS[task].cite),
            flips="flips, " if any(TASKS[task].mirror for task in tasks) else "",
            unflipped="".join(f"; {task} are not flipped" for task in tasks if not TASKS[task].mirror),
            folders=", ".join(f"`{task}/`" for task in tasks),
            optimizer=OPTIMIZERS[recipe.get("optimizer", Recipe.optimizer)].__name__,
            lr=recipe["lr"],
            decay=recipe["weight_decay"],
        )
    )


_CARD = """---
{metadata}
---

# Networks that differ in the loss alone

Segmentation networks trained with cross entropy (`ce`), balanced cross entropy (`bce`), Dice + cross entropy
(`dice_ce`) and dilated balanced cross entropy (`dbce`, [arXiv 2412.06045](https://arxiv.org/abs/2412.06045)), alike in
data, seed and schedule. They are made to be compared: dbce's page shows where each of them is wrong, and what its loss
looked at. Folders: {folders}, in each of them one folder a loss.

**Not for clinical use.** The weights are for research and education, as the data are.

## Use

```python
from dbce.network import DeepSupervisionUnet  # pip install the dbce repository first

network = DeepSupervisionUnet.from_pretrained("{repository}", subfolder="{first}/dbce")
logits = network(images)  # (N, 3, H, W) RGB in [0, 1], sides multiples of 32 -> (N, C, H, W)
```

`python app.py --hub {repository}@COMMIT` opens the page with these networks, pinned to a commit.

{tables}

## Training

An encoder of segmentation-models-pytorch with a U-Net decoder that stops at 1/4 of the resolution and heads at 1/16,
1/8 and 1/4 (deep supervision). {optimizer}, initial learning rate {lr:g}, falling as (1 - iter / max_iter)^0.9, weight
decay {decay:g}; {flips}rotation, zoom, elastic deformation, colour and blur{unflipped}. Size, epochs, batch, seed and
radius stand with each table and in every `config.json`. Weights of convolutions are stored in half precision.

## Limits

- Schedules are far shorter and encoders lighter than the paper's: these scores are not the paper's method at its best.
- A difference whose interval holds 0 may be chance.
{limits}

## Licence

The code is MIT. The weights are for research and education only, as the data are. Cite Hosseini and Soleymani Baghshah
(arXiv 2412.06045) for the loss{cite}.
"""


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


def _pinned_gradio() -> str:
    """The version of gradio that `make demo` installs, and a Space with it.

    Raises:
        ValueError: requirements.lock pins none.
    """
    lock = ROOT / "requirements.lock"
    found = re.search(r"^gradio==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{lock} pins no gradio; write it anew with `make lock`.")
    return found[1]


def space_card(networks: str | None = None, files: Sequence[str] = ()) -> SpaceCard:
    """This repository's README for a Space, below the metadata that the Hub builds it from.

    Args:
        networks: ``user/name@COMMIT`` that are fetched when it is built, or None where it shows the bundled networks.
        files: what is there.

    Raises:
        ValueError: requirements.lock pins no gradio, or a bundled manifest is damaged.
    """
    card = SpaceCard((ROOT / "README.md").read_text(encoding="utf-8"), ignore_metadata_errors=True)
    bundled = [task for task in TASKS if (checkpoints.FOLDER / task / "manifest.json").is_file()]
    recipes = [entry["recipe"] for task in bundled for entry in checkpoints.manifest(task).values()]
    card.data = SpaceCardData(
        **_SHOWN,
        sdk="gradio",
        sdk_version=_pinned_gradio(),
        python_version=SPACE_PYTHON,
        app_file="app.py",
        models=sorted({_pretrained(recipe["encoder"]) for recipe in recipes}),
    )
    if networks:
        repository, _, revision = networks.partition("@")
        wanted = [file for file in files if file.endswith((".json", ".safetensors"))]
        card.data["models"] = [repository]
        card.data["preload_from_hub"] = [f"{repository} {','.join(wanted)} {revision}"]
    return card


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
    card = SpaceCard.from_template(
        SpaceCardData(sdk="static", app_file="index.html", **_SHOWN), template_str=_SITE_CARD
    )
    with _explained(space):
        url = api.create_repo(space, repo_type="space", space_sdk="static", private=private, exist_ok=True)
        api.upload_folder(
            repo_id=space,
            repo_type="space",
            folder_path=folder,
            delete_patterns=["*/*", "*-*", "*.html"],  # files of the version before, whose names were others
            commit_message="The page of dbce, without a server",
        )
        readme = str(card).encode()
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
