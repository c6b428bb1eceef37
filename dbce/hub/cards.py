"""Cards of repositories on the Hugging Face Hub: what the Hub reads of networks and of a page, and what people do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData, SpaceCard, SpaceCardData

from dbce.registry import title
from dbce.scores.documents import ROOT
from dbce.scores.evaluation import data_name
from dbce.scores.results import results_markdown
from dbce.tasks import TASKS
from dbce.train import checkpoints
from dbce.train.recipe import OPTIMIZERS, Recipe

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


def site_card() -> SpaceCard:
    """The README of a static Space of the page without a server."""
    about = SpaceCardData(sdk="static", app_file="index.html", **_SHOWN)
    return SpaceCard.from_template(about, template_str=_SITE_CARD)
