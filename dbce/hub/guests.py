"""Networks of somebody's own, wherever they lie: a file of `dbce train`, an ONNX file, a folder that
segmentation-models-pytorch wrote, or a repository on the Hugging Face Hub that holds such a folder."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.constants import ENDPOINT
from huggingface_hub.errors import HfHubHTTPError
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from dbce.data.formats import InputError
from dbce.data.inputs import plain_name
from dbce.hub.guest_onnx import read_onnx
from dbce.hub.networks import download_networks, parse, reason
from dbce.network import DeepSupervisionUnet
from dbce.registry import LOSSES
from dbce.tasks import WORK_SIZE, Task
from dbce.train.checkpoints import MAX_NETWORKS, Checkpoint, is_name, load_checkpoint
from dbce.train.guest_words import SENTENCES, channels_of, spoken
from dbce.train.guests import Body, Reading, admit, normalisation

PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".pth.tar")
"""Endings of files that run code when they are read."""

_MAGIC = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # torch.save, and pickle itself
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(@.*)?")
_CONFIG, _WEIGHTS = "config.json", "model.safetensors"


def load_guests(
    networks: Mapping[str, str], task: Task, readings: Mapping[str, Reading] | None = None, beside: Iterable[str] = ()
) -> dict[str, Checkpoint]:
    """Networks of somebody's own, by name.

    Args:
        networks: by name, a file, a folder, or ``user/name@revision`` on the Hub.
        task: what they segment.
        readings: by name, what their owner says of them.
        beside: names of the networks that they stand beside.

    Raises:
        ValueError: a name that is taken or cannot be shown, too many, or a network that does not fit; one sentence.
    """
    taken, found = set(beside), {}
    for name, reference in networks.items():
        check_name(name, taken)
        taken.add(name)
        found[name] = load_guest(reference, task, (readings or {}).get(name, Reading()))
    if len(taken) > MAX_NETWORKS:
        raise InputError(spoken("many", count=len(taken), most=MAX_NETWORKS))
    return found


def check_name(name: str, taken: Iterable[str] = ()) -> None:
    """That a network can be shown under a name.

    Raises:
        InputError: other letters, the name of a loss, or of another network.
    """
    if not is_name(name):
        raise InputError(spoken("name", name=repr(name)))
    if name in LOSSES or name in taken:
        raise InputError(spoken("taken", name=repr(name)))


def task_of(reference: str) -> str | None:
    """The task that a file of `dbce train` says it is for; None of all else."""
    path = Path(reference)
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})["dbce"])["recipe"].get("task")
    except (SafetensorError, KeyError, TypeError, AttributeError, ValueError):
        return None


def load_guest(reference: str, task: Task, reading: Reading | None = None) -> Checkpoint:
    """A network of somebody's own.

    Args:
        reference: as of `load_guests`.
        task: what it segments.
        reading: what its owner says of it.

    Raises:
        ValueError: it is not there, is of a kind that is not read, or does not fit the task; one sentence.
    """
    path, reading = Path(reference), reading or Reading()
    if path.is_dir():
        return _from_folder(path, path.resolve().name, task, reading)
    if path.is_file():
        return _from_file(path, task, reading)
    if not _REPOSITORY.fullmatch(reference) or path.suffix in (*PICKLES, ".onnx", ".safetensors"):
        raise InputError(
            f"{reference} is not there; name an .onnx or .safetensors file, a folder, or user/name@COMMIT."
        )
    return _from_folder(download_networks(reference, (_CONFIG, _WEIGHTS)), parse(reference)[0], task, reading)


def _from_file(path: Path, task: Task, reading: Reading) -> Checkpoint:
    """A network from one file, told by its ending and its first bytes."""
    with path.open("rb") as file:
        kind = kind_of_file(path.name, file.read(8))
    if kind == "onnx":
        return admit(read_onnx(path.read_bytes(), plain_name(path.name), reading), task, reading)
    if path.name == _WEIGHTS and (path.parent / _CONFIG).is_file():
        return _from_folder(path.parent, path.parent.resolve().name, task, reading)
    return _trained(load_checkpoint(path), plain_name(path.name), task, reading)


def kind_of_file(name: str, head: bytes) -> str:
    """ "onnx" or "safetensors".

    Args:
        name: of the file.
        head: its first eight bytes.

    Raises:
        InputError: of another kind.
    """
    name = plain_name(name)
    if name.lower().endswith(PICKLES) or head.startswith(_MAGIC):
        raise InputError(spoken("pickle", name=name))
    for kind in ("onnx", "safetensors"):
        if name.lower().endswith(f".{kind}"):
            return kind
    raise InputError(f"{name} is no network by its ending; .onnx and .safetensors are read.")


def from_bytes(name: str, data: bytes, task: Task, reading: Reading | None = None) -> Checkpoint:
    """A network from a file in memory; arguments and errors as of `load_guest`."""
    reading = reading or Reading()
    if kind_of_file(name, data[:8]) == "onnx":
        return admit(read_onnx(data, plain_name(name), reading), task, reading)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        path.write_bytes(data)
        try:
            checkpoint = load_checkpoint(path)
        except ValueError as error:
            raise InputError(spoken("header", name=plain_name(name))) from error
    return _trained(checkpoint, plain_name(name), task, reading)


def try_bytes(name: str, data: bytes, task: Task, reading: Reading) -> str:
    """How a network in a file in memory is read; for a process that may be stopped."""
    return from_bytes(name, data, task, reading).about


def _trained(checkpoint: Checkpoint, name: str, task: Task, reading: Reading) -> Checkpoint:
    """A file of `dbce train`, whose header says all."""
    if reading != Reading():
        raise InputError(f"{name} says by itself how it is read; leave the options for it out.")
    classes, own = checkpoint.unet.config["num_classes"], str(checkpoint.recipe.get("task"))
    if classes != task.num_classes:
        raise InputError(
            f"{name} is a network for {own!r} with {classes} classes; the task {task.name!r} has {task.num_classes}. "
            "Give it to the task that it is for."
        )
    recipe = checkpoint.recipe
    about = (
        f"{name}: of `dbce train`, {recipe.get('encoder')} with the loss {recipe.get('loss')} on {recipe.get('data')}, "
        f"{checkpoint.size} × {checkpoint.size} px; all of it as its header says."
    )
    return Checkpoint(checkpoint.network, recipe, about)


def _from_folder(folder: Path, name: str, task: Task, reading: Reading) -> Checkpoint:
    """``config.json`` and ``model.safetensors``, of segmentation-models-pytorch or of this project."""
    if not ((folder / _CONFIG).is_file() and (folder / _WEIGHTS).is_file()):
        pickles = [path.name for path in sorted(folder.iterdir()) if path.name.lower().endswith(PICKLES)]
        if pickles:
            kind_of_file(pickles[0], b"")  # says why that one is not read
        raise InputError(
            f"{name} holds no {_CONFIG} with {_WEIGHTS}, as segmentation-models-pytorch writes them; "
            "name a folder that does."
        )
    try:
        config = json.loads((folder / _CONFIG).read_text("utf-8"))
        kind = config.get("_model_class")
    except (ValueError, AttributeError) as error:
        raise InputError(f"{_CONFIG} of {name} cannot be read; write the folder again with save_pretrained.") from error
    if kind is None and "decoder_channels" in config and "encoder" in config:
        network = DeepSupervisionUnet.from_pretrained(folder)
        recipe = {"size": WORK_SIZE, "task": config.get("task"), **config.get("recipe", {})}
        return _trained(Checkpoint(network.eval().requires_grad_(False), recipe), name, task, reading)
    return admit(_smp_body(folder, name, str(kind), config, reading), task, reading)


def _smp_body(folder: Path, name: str, kind: str, config: dict[str, Any], reading: Reading) -> Body:
    """A network of segmentation-models-pytorch; its encoder's own weights are never fetched."""
    import segmentation_models_pytorch as smp
    from segmentation_models_pytorch.base import SegmentationModel

    maker: Any = getattr(smp, kind, None)
    if not _is_a(maker, SegmentationModel):
        raise InputError(
            f"{name} is of the kind {kind!r}, which segmentation-models-pytorch {smp.__version__} does not know; write "
            "it with its save_pretrained, or export it to ONNX."
        )
    if config.get("in_channels", 3) != 3:
        channels = config["in_channels"]
        raise InputError(spoken("colours", name=name, count=channels_of(channels), shape=_CONFIG))
    try:
        with redirect_stdout(StringIO()):  # it prints there where it loads from
            model = maker.from_pretrained(folder, encoder_weights=None, strict=True)
    except (RuntimeError, TypeError, KeyError, ValueError, SafetensorError) as error:
        raise InputError(f"{name} cannot be loaded as {kind} ({reason(error)}); write it again.") from error
    how, channels, ordered = _preprocessing(config, reading)
    values = {
        "sigmoid": "probabilities",
        "softmax": "probabilities",
        "softmax2d": "probabilities",
        "logsoftmax": "logits",
    }
    activation = config.get("activation")

    def compute(image: Tensor) -> Tensor:
        answer = model(image)
        return answer[0] if isinstance(answer, tuple) else answer  # a classifier beside it is left out

    module: nn.Module = model.eval().requires_grad_(False)
    size = reading.size or WORK_SIZE
    return Body(
        name,
        compute,
        size,
        SENTENCES["you say"] if reading.size else "the file says none; the page's own",
        **how,
        channels=reading.channels or channels,
        ordered=SENTENCES["said"] if reading.channels else ordered,
        values="logits" if activation is None else values.get(str(activation)),
        module=module,
    )


def _is_a(maker: Any, kind: type) -> bool:
    return isinstance(maker, type) and issubclass(maker, kind)


def _preprocessing(config: dict[str, Any], reading: Reading) -> tuple[dict[str, Any], str, str]:
    """What segmentation-models-pytorch does to the images of an encoder: numbers, order of the colours, whence."""
    encoder, weights = str(config.get("encoder_name")), config.get("encoder_weights")
    if reading.normalise:
        return normalisation(reading, "imagenet", ""), "RGB", " (guessed)"
    known = _parameters(encoder, str(weights or "imagenet"))
    if known is None:
        why = f" (guessed: those of {encoder} could not be had from the Hub)"
        return normalisation(reading, "imagenet", why), "RGB", " (guessed)"
    whence = f"of {encoder}" + (f" on {weights}" if weights else " on imagenet (guessed: it began without weights)")
    how = {
        "mean": tuple(map(float, known["mean"])),
        "std": tuple(map(float, known["std"])),
        "top": float(known["input_range"][1]),
        "normalised": f"mean and deviation {whence}",
    }
    return how, known["input_space"], ""


def _parameters(encoder: str, weights: str) -> dict[str, Any] | None:
    """The preprocessing parameters of an encoder, a small file of the Hub that is fetched once; None without it."""
    from segmentation_models_pytorch.encoders import encoders, get_preprocessing_params

    settings = encoders.get(encoder, {}).get("pretrained_settings", {}).get(weights)
    if not encoder.startswith("tu-"):  # those of timm are known here
        if settings is None:
            return None
        cached = try_to_load_from_cache(settings["repo_id"], _CONFIG, revision=settings["revision"])
        if not isinstance(cached, str) and not _reachable():
            return None
    try:
        return get_preprocessing_params(encoder, weights)
    except (ValueError, KeyError, OSError, HfHubHTTPError):
        return None


def _reachable() -> bool:
    """Whether the Hub may answer; its client alone would try for half a minute."""
    place = urlsplit(ENDPOINT)
    if getproxies():
        return True
    try:
        port = place.port or {"http": 80}.get(place.scheme, 443)
        socket.create_connection((place.hostname or "", port), timeout=3).close()
    except OSError:
        return False
    return True
