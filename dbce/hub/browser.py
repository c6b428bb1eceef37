"""Networks for onnxruntime-web: ONNX files of half the size that compute with exactly PyTorch's weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dbce.tasks import TASKS
from dbce.train.checkpoints import Checkpoint


def write_for_browser(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write one network as dbce/web/backends/onnx runs it: input ``image``, output ``logits``.

    ``image`` is (1, 3, S, S) float32 RGB in [0, 1] with S the size of the network's training images; ``logits`` is
    (1, C, S/4, S/4), what the last head says: enlarging to S and from there to the page's size, which is two more
    lines of arithmetic, is left to whoever runs the network, in PyTorch's order of operations. Normalisations stand
    beside the convolutions as in PyTorch (runtimes merge them when they load), so that weights that are stored in 16
    bits are written in 16 bits, and lose nothing.

    Args:
        checkpoint: what to write.
        path: file to write; one file holds everything.

    Raises:
        ValueError: the packages that write ONNX are missing.
    """
    try:
        import onnx
        import onnxscript
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed; install it: pip install onnx onnxscript.") from error
    program = torch.onnx.export(
        checkpoint.network.eval(),
        (torch.zeros(1, 3, checkpoint.size, checkpoint.size),),
        input_names=["image"],
        output_names=["logits"],
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    assert program is not None
    model = _simplified(onnx, onnxscript, program.model_proto)
    _end_before_enlarging(model)
    _halve(onnx, model)
    recipe = checkpoint.recipe
    task = TASKS.get(str(recipe.get("task")))
    notes = {"recipe": json.dumps(recipe, sort_keys=True), "classes": json.dumps(task.classes if task else [])}
    onnx.helper.set_model_props(model, notes)
    Path(path).write_bytes(model.SerializeToString(deterministic=True))


def _simplified(onnx: Any, onnxscript: Any, model: Any) -> Any:
    """A model without detours and notes, its weights as they were: as inputs they are unknown to the optimiser, which
    would merge normalisations into them, and merged weights need all of their 32 bits."""
    floats = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT]
    others = [tensor for tensor in model.graph.initializer if tensor.data_type != onnx.TensorProto.FLOAT]
    _replace(model.graph.initializer, others)
    model.graph.input.extend(onnx.helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in floats)
    model = onnxscript.optimizer.optimize(model)
    graph = model.graph
    _replace(graph.input, [value for value in graph.input if value.name == "image"])
    taken = {name for node in graph.node for name in node.input}
    graph.initializer.extend(tensor for tensor in floats if tensor.name in taken)
    del graph.value_info[:]
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
    return model


def _end_before_enlarging(model: Any) -> None:
    """Give out what the last node enlarges instead of what it makes of it."""
    last = next(node for node in reversed(model.graph.node) if node.op_type == "Resize")
    output = model.graph.output[0]
    if list(last.output) != [output.name]:
        raise ValueError("The network does not end with an enlargement; write it with `dbce.hub.onnx.to_onnx`.")
    source = last.input[0]
    for node in model.graph.node:
        node.output[:] = [output.name if name == source else name for name in node.output]
    model.graph.node.remove(last)
    taken = {name for node in model.graph.node for name in node.input}
    _replace(model.graph.initializer, [tensor for tensor in model.graph.initializer if tensor.name in taken])
    for axis in (2, 3):
        output.type.tensor_type.shape.dim[axis].dim_value //= 4


def _halve(onnx: Any, model: Any) -> None:
    """Write in 16 bits the weights that 16 bits hold exactly; runtimes turn them back once, when they load."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = onnx.numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if values.size < 64 or not np.array_equal(half.astype(np.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    _replace(model.graph.node, [*casts, *model.graph.node])


def _replace(values: Any, wanted: list[Any]) -> None:
    """Let a list of ONNX hold these values instead of its own."""
    copies = list(wanted)
    del values[:]
    values.extend(copies)
