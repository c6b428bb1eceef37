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
from dbce.registry import Loss
from dbce.study.own import own_maps
from dbce.study.predictor import LOGIT_STEP, LabelStudy, Study, quantise

FAR = 255
"""Distances are sent rounded up and capped here; so ``<= R`` is exact for whole R below it."""


def png(image: np.ndarray) -> str:
    """(H, W, 3) uint8 RGB -> a PNG as a data URL, exact."""
    return _data_url(".png", image)


def jpeg(image: np.ndarray) -> str:
    """(H, W, 3) uint8 RGB -> a JPEG as a data URL, for thumbnails."""
    return _data_url(".jpg", image)


def _data_url(suffix: str, image: np.ndarray) -> str:
    code = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    kind = {".png": "png", ".jpg": "jpeg"}[suffix]
    return f"data:image/{kind};base64,{base64.b64encode(code.tobytes()).decode()}"


def ceil_distance(mask: np.ndarray) -> np.ndarray:
    """(H, W) mask -> (H, W) uint8 distance in pixels to it, rounded up, capped at `FAR`."""
    return np.minimum(np.ceil(np.sqrt(squared_distance(mask).astype(np.float64))), FAR).astype(np.uint8)


def delta_code(array: np.ndarray) -> bytes:
    """(H, W) int16 -> what is left of each value when its left and upper neighbours predict it, low bytes first.

    Maps are smooth, so this deflates to less than half of the values themselves, in a third of the time.
    """
    zero = np.int16(0)
    rest = np.diff(np.diff(array, axis=1, prepend=zero), axis=0, prepend=zero)  # wraps around, and so does its sum
    return rest.astype("<i2").view(np.uint8).reshape(-1, 2).T.tobytes()


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

    ``losses`` are somebody's own, whose maps it shall hold. ``level`` is how hard its numbers are packed, 1 to 9: at 9
    it is a sixth smaller and takes 0.2 s longer.

    The text holds ``size`` (pixels a side), ``classes``, ``title``, ``note``, ``losses``, ``logit_step``, ``image``
    (PNG data URL), ``place`` (number of the slice and of all slices, or null), ``numbering`` (of labels that could be
    in the other one as well, else null), ``shape`` (height and width of what was opened: the page gives its square maps
    that shape again), and ``arrays``: name -> type, offset, length in the deflated block ``data``,
    where int16 stands as of `delta_code`. Arrays are ``logit:<loss>`` (int16, multiples of ``logit_step``) and, with
    a mask, ``labels`` (255 where ignored) and ``distance:<class>`` (uint8). With more than two classes
    ``found:<loss>`` (uint8 labels) and, with a mask, ``entropy:<loss>`` (int16, multiples of ``logit_step``) stand for
    the logits. Where there are ``losses`` and a mask, ``own`` holds by loss and network its ``value`` and, for
    ``map:<loss>:<network>`` and ``gradient:<loss>:<network>`` (int16, of two classes), what one step is worth, or null
    where the loss has none; or the sentence why there is nothing.

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
        blocks.append(delta_code(array) if array.dtype == np.int16 else array.tobytes())
        offset += array.nbytes
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
        "image": png(study.image),
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
