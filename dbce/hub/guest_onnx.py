"""An ONNX file of somebody's own, run by onnxruntime: what it says of its input and output, and what it must not do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dbce.data.formats import InputError
from dbce.study.graphs import open_session
from dbce.tasks import WORK_SIZE
from dbce.train.guest_words import SENTENCES, channels_of, spoken
from dbce.train.guests import Body, Reading, normalisation, numbers_of

MAX_BYTES = 2**31 - 1
"""Of a file: what protobuf holds."""

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_SQUASHES = {"Sigmoid": "probabilities", "Softmax": "probabilities", "LogSoftmax": "logits"}
_SHAPES_ONLY = {"Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Resize", "Upsample", "Slice"}
_DEEP = 20  # graphs within graphs


@dataclass
class _Seen:
    """What a walk through a file finds."""

    outside: list[str] = field(default_factory=list)
    makers: dict[str, tuple[str, str]] = field(default_factory=dict)  # by output: operator, first input


def read_onnx(data: bytes, name: str, reading: Reading) -> Body:
    """What an ONNX file holds, ready to be tried; no other file is opened for it.

    Args:
        data: the file.
        name: of it, for sentences.
        reading: what its owner says of it.

    Raises:
        InputError: no ONNX file, one whose weights lie elsewhere, or one that takes something else than one RGB image.
    """
    seen = _Seen()
    try:
        _walk_model(memoryview(data), seen)
    except (ValueError, IndexError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name} is no ONNX file, or a damaged one; export it again.") from error
    if seen.outside:
        raise InputError(
            f"{name} keeps weights in another file ({seen.outside[0]!r}), and no file is opened but the one you give; "
            "save it as one: onnx.save(onnx.load(path), path, save_as_external_data=False)."
        )
    try:
        session = open_session(data)
    except Exception as error:  # of many kinds, none of them ours
        reason = " ".join(str(error).split())[:160].rstrip(".")
        raise InputError(spoken("load", name=name, reason=reason)) from error
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise InputError(spoken("inputs", name=name, count=len(inputs)))
    given = inputs[0]
    if given.type not in _TYPES and given.type != "tensor(uint8)":
        raise InputError(spoken("type", name=name, type=given.type))
    last, side, sized = _layout(given.shape, name, reading)
    notes = session.get_modelmeta().custom_metadata_map
    ours = "recipe" in notes and "classes" in notes  # as of dbce.hub.onnx.to_onnx
    if given.type == "tensor(uint8)":
        how = normalisation(replace(reading, normalise="none"), "none", "")
        how["normalised"] = SENTENCES["bytes"]
    elif ours:
        how = normalisation(reading, "unit", " (as `dbce export` writes it)")
    else:
        how = normalisation(reading, "imagenet", SENTENCES["guessed"])
    run = _runner(session, given, last, name)
    values = _told(session.get_outputs()[0].name, seen)
    ordered = SENTENCES["said"] if reading.channels else "" if ours else SENTENCES["guessed"]
    return Body(name, run, side, sized, **how, channels=reading.channels or "RGB", ordered=ordered, values=values)


def _runner(session: Any, given: Any, last: bool, name: str) -> Any:
    """What computes, an image at a time: whatever the file says of a batch."""
    kind = _TYPES.get(given.type, np.uint8)
    output = session.get_outputs()[0].name

    def answer(image: np.ndarray) -> np.ndarray:
        fed = np.moveaxis(image, 1, 3) if last else image
        fed = np.rint(fed) if kind is np.uint8 else fed
        found = session.run([output], {given.name: np.ascontiguousarray(fed.astype(kind))})[0]
        if not isinstance(found, np.ndarray) or found.dtype.kind != "f":
            held = getattr(found, "dtype", type(found).__name__)
            raise InputError(spoken("labels", name=name, type=held))
        maps = found[:, None] if found.ndim == 3 and found.shape[0] == 1 else found
        maps = maps[None] if maps.ndim == 3 else maps
        if maps.ndim == 4 and maps.shape[3] < min(maps.shape[1:3]):
            maps = np.moveaxis(maps, 3, 1)
        return np.asarray(maps, np.float32)

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(np.concatenate([answer(one[None]) for one in numbers_of(images)]))

    return run


def _layout(shape: list[Any], name: str, reading: Reading) -> tuple[bool, int, str]:
    """Whether the colours are the last axis, the side in pixels, and how that is known."""
    words = " × ".join("?" if not isinstance(axis, int) else str(axis) for axis in shape)
    if len(shape) != 4:
        raise InputError(spoken("image", name=name, shape=words))
    last = shape[1] != 3 and shape[3] == 3
    colours, sides = (shape[3], shape[1:3]) if last else (shape[1], shape[2:])
    if isinstance(colours, int) and colours != 3:
        raise InputError(spoken("colours", name=name, count=channels_of(colours), shape=words))
    if isinstance(shape[0], int) and shape[0] != 1:
        raise InputError(spoken("batch", name=name, count=shape[0]))
    fixed = {side for side in sides if isinstance(side, int)}
    if len(fixed) > 1:
        raise InputError(spoken("square", name=name, shape=words))
    if not fixed:
        side = reading.size or WORK_SIZE
        return last, side, SENTENCES["you say" if reading.size else "free"]
    side = fixed.pop()
    if reading.size not in (None, side):
        raise InputError(f"{name} takes {side} × {side} px and no other size, and {reading.size} was asked for.")
    return last, side, SENTENCES["fixed"] if side == WORK_SIZE else spoken("resized", side=WORK_SIZE)


def _told(output: str, seen: _Seen) -> str | None:
    """What the last operator that changes values makes of them."""
    for _ in range(_DEEP):
        operator, source = seen.makers.get(output, ("", ""))
        if operator not in _SHAPES_ONLY:
            return _SQUASHES.get(operator)
        output = source
    return None


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("no number")


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """The fields of a message of protobuf: number, and a number or what it holds."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        length = {1: 8, 5: 4}.get(wire)
        if length is None:
            if wire != 2:
                raise ValueError("no message")
            length, at = _varint(data, at)
        if at + length > len(data):
            raise ValueError("cut short")
        yield number, data[at : at + length]
        at += length


def _messages(data: memoryview, *numbers: int) -> Iterator[tuple[int, memoryview]]:
    for number, value in _fields(data):
        if number in numbers:
            if not isinstance(value, memoryview):
                raise ValueError("a number where a message belongs")
            yield number, value


def _walk_model(data: memoryview, seen: _Seen) -> None:
    """The numbers of fields are those of onnx.proto3."""
    graphs = 0
    for number, value in _messages(data, 7, 20, 25):  # graph, training_info, functions
        if number == 7:
            graphs += 1
            _walk_graph(value, seen, 0, main=True)
        elif number == 20:
            for _, graph in _messages(value, 1, 2):
                _walk_graph(graph, seen, 0)
        else:
            for _, node in _messages(value, 7):
                _walk_node(node, seen, 0)
    if graphs != 1:
        raise ValueError("no graph")


def _walk_graph(data: memoryview, seen: _Seen, depth: int, main: bool = False) -> None:
    if depth > _DEEP:
        raise ValueError("graphs within graphs without end")
    for number, value in _messages(data, 1, 5, 15):  # node, initializer, sparse_initializer
        if number == 1:
            _walk_node(value, seen, depth, main)
        elif number == 5:
            _walk_tensor(value, seen)
        else:
            _walk_sparse(value, seen)


def _walk_node(data: memoryview, seen: _Seen, depth: int, main: bool = False) -> None:
    inputs: list[str] = []
    outputs: list[str] = []
    operator = ""
    for number, value in _messages(data, 1, 2, 4, 5):  # input, output, op_type, attribute
        if number == 5:
            _walk_attribute(value, seen, depth)
        elif number == 4:
            operator = str(value, "utf-8")
        else:
            (inputs if number == 1 else outputs).append(str(value, "utf-8"))
    if main:
        seen.makers |= {name: (operator, inputs[0] if inputs else "") for name in outputs}


def _walk_attribute(data: memoryview, seen: _Seen, depth: int) -> None:
    for number, value in _messages(data, 5, 6, 10, 11, 22, 23):  # t, g, tensors, graphs, sparse_tensor(s)
        if number in (6, 11):
            _walk_graph(value, seen, depth + 1)
        elif number in (5, 10):
            _walk_tensor(value, seen)
        else:
            _walk_sparse(value, seen)


def _walk_sparse(data: memoryview, seen: _Seen) -> None:
    for _, tensor in _messages(data, 1, 2):
        _walk_tensor(tensor, seen)


def _walk_tensor(data: memoryview, seen: _Seen) -> None:
    """Note where a tensor lies, unless it lies here."""
    for number, value in _fields(data):
        if number == 14 and value:  # data_location
            seen.outside.append("?") if not seen.outside else None
        if number == 13:  # external_data, pairs of key and value
            pair = {key: bytes(text).decode("utf-8", "replace") for key, text in _messages(value, 1, 2)}
            if pair.get(1) == "location":
                seen.outside.insert(0, pair.get(2, "")[:60])
            elif not seen.outside:
                seen.outside.append("?")
