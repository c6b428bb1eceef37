"""What passes from Python to the page: one scene an image, from which the page derives everything else."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from dbce.dilation import squared_distance
from dbce.page import coarse
from dbce.registry import Loss
from dbce.study.own import own_maps
from dbce.study.studies import LOGIT_STEP, LabelStudy, Study, quantise

FAR = 255
"""Distances are sent rounded up and capped here; so ``<= R`` is exact for whole R below it."""


def png(image: np.ndarray) -> str:
    """(H, W, 3) uint8 RGB -> a PNG as a data URL, exact."""
    return _data_url(".png", image)


def webp(image: np.ndarray) -> str:
    """The same as a WebP without loss: a fifth smaller, in ten times the time."""
    return _data_url(".webp", image, (cv2.IMWRITE_WEBP_QUALITY, 101))  # above 100: without loss


def jpeg(image: np.ndarray) -> str:
    """(H, W, 3) uint8 RGB -> a JPEG as a data URL, for thumbnails."""
    return _data_url(".jpg", image)


def _data_url(suffix: str, image: np.ndarray, options: Sequence[int] = ()) -> str:
    code = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
    kind = {".png": "png", ".jpg": "jpeg", ".webp": "webp"}[suffix]
    return f"data:image/{kind};base64,{base64.b64encode(code.tobytes()).decode()}"


def ceil_distance(mask: np.ndarray) -> np.ndarray:
    """(H, W) mask -> (H, W) uint8 distance in pixels to it, rounded up, capped at `FAR`."""
    return np.minimum(np.ceil(np.sqrt(squared_distance(mask).astype(np.float64))), FAR).astype(np.uint8)


def delta_code(array: np.ndarray) -> bytes:
    """(H, W) int16 or int32 -> what is left of each when its left and upper neighbours predict it, low bytes first.

    Maps are smooth, so this deflates to less than half of the values themselves, in a third of the time.
    """
    zero = array.dtype.type(0)
    rest = np.diff(np.diff(array, axis=1, prepend=zero), axis=0, prepend=zero)  # wraps around, and so does its sum
    bytes_ = rest.astype(rest.dtype.newbyteorder("<")).view(np.uint8)
    return bytes_.reshape(-1, rest.dtype.itemsize).T.tobytes()


def scene(
    study: Study,
    title: str,
    note: str = "",
    place: tuple[int, int] | None = None,
    numbering: str | None = None,
    shape: tuple[int, int] | None = None,
    level: int = 1,
    losses: Sequence[Loss] = (),
) -> str:
    """A study as JSON text.

    ``losses`` are somebody's own, whose maps it shall hold. ``level`` is how hard it is packed, 1 to 9: at 9 it is a
    fifth smaller and takes 0.2 s longer.

    The text holds ``size`` (pixels a side), ``classes``, ``title``, ``note``, ``losses``, ``logit_step``, ``image``
    (data URL of a PNG, at level 9 of a WebP without loss), ``place`` (number of the slice and of all slices, or null),
    ``numbering`` (of labels that could be in the other one as well, else null), ``shape`` (height and width of what was
    opened: the page gives its square maps that shape again), and ``arrays``: name -> type, offset, length in the
    deflated block ``data``, where int16 stands as of `delta_code`. Arrays are ``logit:<loss>`` (int16, multiples of
    ``logit_step``) and, with a mask, ``labels`` (255 where ignored) and ``distance:<class>`` (uint8). With more than
    two classes ``found:<loss>`` (uint8 labels) and, with a mask, ``entropy:<loss>`` (int16, multiples of
    ``logit_step``) stand for the logits. A logit of type "coarse" names its ``side`` too: there stand what
    `dbce.page.coarse.coarse_code` gives for it, first as of `delta_code`. Where there are ``losses`` and a mask,
    ``own`` holds by loss and network its ``value`` and, for ``map:<loss>:<network>`` and ``gradient:<loss>:<network>``
    (int16, of two classes), what one step is worth, or null where the loss has none; or the sentence why there is
    nothing.

    Raises:
        ValueError: a loss of somebody's own failed.
    """
    arrays: dict[str, np.ndarray] = {}
    if isinstance(study, LabelStudy):
        if study.labels is not None:
            arrays |= {f"entropy:{loss}": quantise(study.cross_entropy(loss)) for loss in study.logits}
        arrays |= {f"found:{loss}": study.label_map(loss) for loss in study.logits}
    else:
        arrays |= {f"logit:{loss}": logit for loss, logit in study.logits.items()}
    if study.labels is not None:
        arrays["labels"] = study.labels
        for label in range(study.task.num_classes):
            arrays[f"distance:{label}"] = ceil_distance(study.labels == label)
    own = {} if study.labels is None else {loss.key: _own(study, loss, arrays) for loss in losses}
    index: dict[str, dict[str, Any]] = {}
    blocks, offset = [], 0
    for name, array in arrays.items():
        index[name] = {"type": array.dtype.name, "offset": offset, "length": array.size}
        side = study.sides.get(name.removeprefix("logit:"), 0)
        parts = coarse.coarse_code(array, side) if array.dtype == np.int16 and side else None
        if parts:
            index[name] |= {"type": "coarse", "side": side}
            blocks += [delta_code(parts[0]), parts[1].tobytes()]
        else:
            blocks.append(delta_code(array) if array.dtype == np.int16 else array.tobytes())
        offset = sum(map(len, blocks))
    content: dict[str, Any] = {
        "size": study.image.shape[0],
        "title": title,
        "note": note,
        "place": place,
        "numbering": numbering,
        "shape": shape or study.image.shape[:2],
        "classes": study.task.num_classes,
        "losses": list(study.logits),
        "logit_step": LOGIT_STEP,
        "image": webp(study.image) if level == 9 else png(study.image),
        "arrays": index,
        "data": base64.b64encode(zlib.compress(b"".join(blocks), level)).decode(),
    }
    if own:
        content["own"] = own
    return json.dumps(content)


def _own(study: Study, loss: Loss, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """What a scene says of a loss of somebody's own, by network; its maps join the arrays."""
    said: dict[str, Any] = {}
    for network in study.logits:
        found = own_maps(study, loss, network)
        if isinstance(found, str):
            said[network] = found
            continue
        said[network] = {"value": found.value, "map": None, "gradient": None}
        for kind, values in (("map", found.map), ("gradient", found.gradient)):
            if values is not None:
                step = float(np.abs(values).max()) / np.iinfo(np.int16).max
                steps = np.rint(values / step) if step > 0 else np.zeros_like(values)
                arrays[f"{kind}:{loss.key}:{network}"] = steps.astype(np.int16)
                said[network][kind] = step
    return said
