"""Networks for other runtimes: ONNX files that give what PyTorch gives, and graphs without weights for the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dbce.network import STRIDE, DeepSupervisionUnet
from dbce.study import graphs
from dbce.tasks import TASKS
from dbce.train.checkpoints import Checkpoint


class _Probabilities(nn.Module):
    """A network with its softmax."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network(image).softmax(dim=1)


def to_onnx(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write one network as an ONNX file: input ``image``, output ``probability``, recipe in its metadata.

    ``image`` is (N, 3, S, S) float32 RGB in [0, 1] with S the size of the network's training images, N free;
    ``probability`` is (N, C, S, S). ImageNet normalisation happens inside.

    Args:
        checkpoint: what to export.
        path: file to write; one file holds everything.

    Raises:
        ValueError: the packages that write ONNX are missing.
    """
    network, size = checkpoint.unet, checkpoint.size
    if graphs.place(network.config).is_file():
        onnx = _package("onnx")
        model = _from_graph(onnx, network, size)
    else:
        onnx, _ = _packages()
        model = _traced(checkpoint.network, size)
    note_recipe(model, checkpoint)
    onnx.save(model, str(path))


def _from_graph(onnx: Any, network: DeepSupervisionUnet, size: int) -> Any:
    """The stored graph of an architecture with the weights of a network, and softmax: nothing is traced."""
    model = onnx.load(str(graphs.place(network.config)), load_external_data=False)
    graph = model.graph
    fill_graph(onnx, graph, network)
    graph.node.append(onnx.helper.make_node("Softmax", ["logits"], ["probability"], axis=1))
    graph.output[0].name = "probability"
    for value in (graph.input[0], graph.output[0]):
        fix_lengths(value, {2: size, 3: size})
    return model


def _traced(network: nn.Module, size: int) -> Any:
    """A network with its softmax as PyTorch's exporter writes it, which takes some ten seconds."""
    program = torch.onnx.export(
        _Probabilities(network).eval(),
        (torch.zeros(2, 3, size, size),),
        input_names=["image"],
        output_names=["probability"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch", min=1, max=1024)}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    return program.model_proto


def fill_graph(onnx: Any, graph: Any, network: DeepSupervisionUnet, half: bool = False) -> None:
    """Put the weights of a network into its stored graph, and leave out what no node takes.

    Args:
        onnx: the package.
        graph: of the network's architecture, from `dbce.study.graphs.place`.
        network: whose weights to put in.
        half: whether what 16 bits hold exactly is written in 16 bits, which runtimes turn back once, when they load.
    """
    weights = {name: value.numpy() for name, value in graphs.weights(network).items()}
    tensors, casts = [], []
    taken = {name for node in graph.node for name in node.input}
    for tensor in graph.initializer:
        name = tensor.name
        if name not in taken:
            continue
        values = weights.get(name)
        if values is None:
            tensors.append(tensor)
            continue
        small = values.astype(np.float16)
        if not half or values.size < 64 or not np.array_equal(small.astype(np.float32), values):
            tensors.append(onnx.numpy_helper.from_array(values, name))
            continue
        tensors.append(onnx.numpy_helper.from_array(small, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(tensors)
    graph.node.extend(nodes)


def fix_lengths(value: Any, lengths: Mapping[int, int]) -> None:
    """Say of an input or output how long some of its axes are, axis -> length."""
    for axis, length in lengths.items():
        value.type.tensor_type.shape.dim[axis].dim_value = length


def note_recipe(model: Any, checkpoint: Checkpoint) -> None:
    """Write into an ONNX model's metadata the recipe of its network and, in order, its classes, both as JSON."""
    task = TASKS.get(str(checkpoint.recipe.get("task")))
    notes = {
        "recipe": json.dumps(checkpoint.recipe, sort_keys=True),
        "classes": json.dumps(task.classes if task else []),
    }
    _package("onnx").helper.set_model_props(model, notes)


def write_graph(network: DeepSupervisionUnet, path: str | Path) -> None:
    """Write a network without its weights: input ``image``, output ``logits``, as `dbce.study.graphs` runs it.

    ``image`` is (N, 3, H, W) float32 RGB in [0, 1], ``logits`` is (N, C, H, W); N, H and W are free, H and W multiples
    of 32. Weights are initialisers that lie outside the file, named and shaped as in the network's ``state_dict``.

    Args:
        network: whose architecture to write.
        path: file to write, of some tens of kilobytes.

    Raises:
        ValueError: the packages that write ONNX are missing, or the network takes a weight that
            `dbce.study.graphs.weights` does not know.
    """
    onnx, onnxscript = _packages()
    side = 2 * STRIDE
    program = torch.onnx.export(
        network.eval(),
        (torch.zeros(1, 3, side, side),),
        input_names=["image"],
        output_names=["logits"],
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    named = {tensor.name: tensor for tensor in model.graph.initializer}
    outside = [named[name] for name in graphs.weights(network) if name in named]
    if len(outside) != len(graphs.weights(network)):
        raise ValueError(f"{network.config} does not use all of its weights; such a network has no graph here.")
    # as inputs, weights are unknown to the optimiser, which would fold them
    model.graph.input.extend(onnx.helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in outside)
    _keep(model.graph.initializer, lambda tensor: tensor not in outside)
    model = onnxscript.optimizer.optimize(model)
    graph = model.graph
    _keep(graph.input, lambda value: value.name == "image")
    _free_size(onnx, graph)
    for tensor in outside:
        place = onnx.StringStringEntryProto(key="location", value="weights")
        graph.initializer.add(
            name=tensor.name,
            data_type=tensor.data_type,
            dims=tensor.dims,
            data_location=onnx.TensorProto.EXTERNAL,
            external_data=[place],
        )
    _plain(model, {tensor.name for tensor in outside})
    Path(path).write_bytes(model.SerializeToString(deterministic=True))


def _free_size(onnx: Any, graph: Any) -> None:
    """Let a graph of one size take any: what is enlarged is enlarged by a factor, not to a number of pixels."""
    factors = {"nearest": 2.0, "linear": 4.0}  # from level to level of the decoder, and from its last to the image
    for node in graph.node:
        if node.op_type == "Resize":
            mode = next(a.s.decode() for a in node.attribute if a.name == "mode")
            node.input[:] = [node.input[0], "", f"by_{mode}"]
    taken = {name for node in graph.node for name in node.input}
    _keep(graph.initializer, lambda tensor: tensor.name in taken)
    for mode, factor in factors.items():
        by = onnx.helper.make_tensor(f"by_{mode}", onnx.TensorProto.FLOAT, [4], [1, 1, factor, factor])
        graph.initializer.append(by)
    for value in (*graph.input, *graph.output):
        for axis, name in ((0, "batch"), (2, "height"), (3, "width")):
            value.type.tensor_type.shape.dim[axis].dim_param = name


def _plain(model: Any, outside: set[str]) -> None:
    """Leave out what a graph says of how it was made, so that the same architecture gives the same bytes."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.value_info[:], model.functions[:]
    graph.name, model.producer_name, model.producer_version = "network", "dbce", ""
    kept = {"", "image", "logits", *outside}
    made = [name for node in graph.node for name in node.output] + [tensor.name for tensor in graph.initializer]
    names = {name: name if name in kept else f"value_{number}" for number, name in enumerate(made)} | {"": ""}
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    for node in graph.node:
        node.name = ""
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names[name] for name in node.output]


def _keep(values: Any, wanted: Callable[[Any], bool]) -> None:
    """Leave in a list of ONNX only what is wanted."""
    kept = [value for value in values if wanted(value)]
    del values[:]
    values.extend(kept)


def _packages() -> tuple[Any, Any]:
    """The packages onnx and onnxscript, which PyTorch's exporter needs.

    Raises:
        ValueError: one of them is missing.
    """
    return _package("onnx"), _package("onnxscript")


def _package(name: str) -> Any:
    """A package, or a sentence that says what to install: both, for the exporter takes two."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed; install it: pip install onnx onnxscript.") from error
