"""Saving, checking and loading trained networks: safetensors in half precision, recipe in the header."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from dbce.network import DeepSupervisionUnet
from dbce.registry import LOSSES
from dbce.tasks import TASKS, WORK_SIZE

FOLDER = Path(__file__).resolve().parents[2] / "checkpoints"
"""The bundled checkpoints of the repository: ``<task>/<loss>.safetensors`` and ``<task>/manifest.json``."""


MAX_NETWORKS = 8
"""Networks that a page shows side by side."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,30}")


def is_name(name: str) -> bool:
    """Whether a network can be shown under this name: in links, tables and file names."""
    return _NAME.fullmatch(name) is not None


def home() -> Path:
    """Where bundled networks are looked for: DBCE_CHECKPOINTS (or --checkpoints), else `FOLDER` in the repository or
    in a Space, else ``checkpoints`` in the working directory of an installed package."""
    named = os.environ.get("DBCE_CHECKPOINTS")
    if named:
        return Path(named)
    return FOLDER if (FOLDER.parent / "app.py").is_file() else Path("checkpoints")


@dataclass(frozen=True)
class Checkpoint:
    """A trained network, ready to predict.

    Attributes:
        network: in evaluation mode, float32.
        recipe: how it was trained; the fields of `dbce.train.recipe.Recipe` and of the training data.
        about: how a network of somebody's own is read, a sentence; "" of those that stand here by themselves.
    """

    network: nn.Module
    recipe: dict[str, Any]
    about: str = ""

    @property
    def size(self) -> int:
        """Side in pixels of the images it was trained on."""
        return int(self.recipe.get("size", WORK_SIZE))

    @property
    def unet(self) -> DeepSupervisionUnet:
        """The network as one of this project's.

        Raises:
            ValueError: it is somebody else's.
        """
        if not isinstance(self.network, DeepSupervisionUnet):
            raise ValueError(f"this needs a network of `python -m dbce train`, and got another one. {self.about}")
        return self.network


def is_drawn(recipe: dict[str, Any]) -> bool:
    """Whether a network was trained on drawn phantoms, which its data's name tells (``CT-phantoms``)."""
    return "phantom" in str(recipe.get("data", "")).lower()


def save_checkpoint(path: str | Path, network: DeepSupervisionUnet, recipe: dict[str, Any]) -> None:
    """Write a network and how it was made to one file, at once or not at all.

    Weights of convolutions are stored in half precision; vectors (biases, batch norm) keep float32.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: (value.half() if value.is_floating_point() and value.ndim > 1 else value).contiguous()
        for name, value in network.state_dict().items()
    }
    header = {"dbce": json.dumps({"config": network.config, "recipe": recipe}, sort_keys=True)}
    temporary = path.with_name(path.name + ".part")
    save_file(tensors, temporary, metadata=header)
    os.replace(temporary, path)


def load_checkpoint(path: str | Path, sha256: str | None = None) -> Checkpoint:
    """Load a checkpoint written by `save_checkpoint`.

    Args:
        path: the file.
        sha256: what the file must hash to, in hexadecimal; not checked when None.

    Raises:
        ValueError: no such file, another hash, a damaged file, or one that `save_checkpoint` did not write.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} does not exist; name a .safetensors file written by `python -m dbce train`.")
    if sha256 is not None and (found := file_sha256(path)) != sha256:
        raise ValueError(
            f"{path} has sha256 {found[:12]}..., its manifest says {sha256[:12]}...; the file is damaged or was "
            "replaced. Get it again (git checkout, or download)."
        )
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["dbce"])
            config, recipe = dict(header["config"]), dict(header["recipe"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = DeepSupervisionUnet(**config)
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    except (SafetensorError, KeyError, TypeError, RuntimeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} is no checkpoint of this project ({type(error).__name__}); name a .safetensors file written "
            "by `python -m dbce train`."
        ) from error
    return Checkpoint(network.eval().requires_grad_(False), recipe)


def file_sha256(path: str | Path) -> str:
    """Hexadecimal sha256 of a file, of any size."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def collect_networks(folder: Path | None = None) -> dict[str, dict[str, Checkpoint]]:
    """All networks of a folder, by task and name, in the order of `dbce.tasks.TASKS`.

    A task's folder with a manifest is loaded as `bundled` does. Other ``.safetensors`` files, in the folder itself or
    in one a task, are networks of one's own: each is called as its file, and its header tells the task.

    Raises:
        ValueError: no network, a damaged one, or a file name that cannot be shown.
    """
    folder = folder or home()
    found: dict[str, dict[str, Checkpoint]] = {}
    loose = sorted(folder.glob("*.safetensors"))
    for task in TASKS:
        if (folder / task / "manifest.json").is_file():
            found[task] = bundled(task, folder)
        else:
            loose += sorted((folder / task).glob("*.safetensors"))
    for path in loose:
        checkpoint = load_checkpoint(path)
        task = str(checkpoint.recipe.get("task"))
        name = path.stem
        if task not in TASKS or checkpoint.unet.config["num_classes"] != TASKS[task].num_classes:
            raise ValueError(f"{path} is a network for {task!r}; a page exists for {', '.join(TASKS)}. Move it away.")
        if not is_name(name) or name in found.get(task, {}):
            raise ValueError(
                f"{path} cannot be shown under its name; rename it to up to 30 letters, digits, - and _ that no other "
                "network of its task has."
            )
        found.setdefault(task, {})[name] = checkpoint
    if not found:
        raise ValueError(
            f"{folder} holds no networks (TASK/manifest.json or .safetensors files, TASK one of {', '.join(TASKS)}); "
            "name the folder that does with --checkpoints or DBCE_CHECKPOINTS, or write one with "
            "`python -m dbce bundle`."
        )
    for task, networks in found.items():
        if len(networks) > MAX_NETWORKS:
            raise ValueError(
                f"{folder} holds {len(networks)} networks for {task!r}; at most {MAX_NETWORKS} fit a page."
            )
    return {task: found[task] for task in TASKS if task in found}


def manifest(task: str, folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """What is known of the bundled checkpoints of a task, by loss: file, sha256, scores and their origin.

    Raises:
        ValueError: nothing is bundled for this task, or its manifest cannot be read.
    """
    path = (folder or home()) / task / "manifest.json"
    if not path.is_file():
        raise ValueError(
            f"no checkpoints are bundled for {task!r} ({path} does not exist); name a folder that has some with "
            "--checkpoints or DBCE_CHECKPOINTS, or train and bundle them."
        )
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        complete = entries and all(
            {"file", "sha256", "scores", "recipe"} <= entry.keys() and ".." not in Path(entry["file"]).parts
            for entry in entries.values()
        )
    except (json.JSONDecodeError, AttributeError):
        complete = False
    if not complete:
        raise ValueError(f"{path} is damaged; get it again (git checkout), or write it with `python -m dbce bundle`.")
    return entries


def bundled(task: str, folder: Path | None = None) -> dict[str, Checkpoint]:
    """The bundled networks of a task by loss, in the paper's order, each checked against its sha256.

    Raises:
        ValueError: nothing is bundled, or a file is missing, damaged or replaced.
    """
    entries = manifest(task, folder)
    base = (folder or home()) / task
    return {
        loss: load_checkpoint(base / entries[loss]["file"], entries[loss]["sha256"])
        for loss in LOSSES
        if loss in entries
    }


def write_manifest(task: str, scores: dict[str, dict[str, float]], source: str, folder: Path | None = None) -> Path:
    """Record the checkpoints that lie in a task's folder, with their scores in percent and where they come from.

    Args:
        task: key of `dbce.tasks.TASKS`.
        scores: by loss, e.g. from `dbce.scores.evaluation.evaluate`.
        source: name of the test data.
        folder: holds one folder a task; the bundled one by default.
    """
    base = (folder or home()) / task
    entries = {}
    for loss, values in scores.items():
        file = base / f"{loss}.safetensors"
        entries[loss] = {
            "file": file.name,
            "sha256": file_sha256(file),
            "bytes": file.stat().st_size,
            "test_data": source,
            "scores": {name: round(value, 2) for name, value in values.items()},
            "recipe": load_checkpoint(file).recipe,
        }
    path = base / "manifest.json"
    path.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    return path
