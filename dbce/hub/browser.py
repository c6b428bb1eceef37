"""Networks for onnxruntime-web: ONNX files of half the size that compute with exactly PyTorch's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbce.hub.onnx import fill_graph, fix_lengths, note_recipe
from dbce.study import graphs
from dbce.train.checkpoints import Checkpoint


def write_for_browser(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write one network as dbce/web/backends/onnx runs it: input ``image``, output ``logits``.

    ``image`` is (1, 3, S, S) float32 RGB in [0, 1] with S the size of the network's training images; ``logits`` is
    (1, C, S/4, S/4), what the last head says: enlarging to S and from there to the page's size, which is two more
    lines of arithmetic, is left to whoever runs the network, in PyTorch's order of operations. The graph is the one
    that the server runs (`dbce.study.graphs`), filled with weights: those that are stored in 16 bits are written in 16
    bits, and lose nothing.

    Args:
        checkpoint: what to write.
        path: file to write; one file holds everything.

    Raises:
        ValueError: the package onnx is missing, or the architecture has no graph.
    """
    try:
        import onnx
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed; install it: pip install onnx.") from error
    place = graphs.place(checkpoint.unet.config)
    if not place.is_file():
        raise ValueError(f"{place.name} is not there; write it with `python -m dbce export graphs`.")
    model = onnx.load(str(place), load_external_data=False)
    _end_before_enlarging(model.graph)
    fill_graph(onnx, model.graph, checkpoint.unet, half=True)
    for value, side in ((model.graph.input[0], checkpoint.size), (model.graph.output[0], checkpoint.size // 4)):
        fix_lengths(value, {0: 1, 2: side, 3: side})
    note_recipe(model, checkpoint)
    Path(path).write_bytes(model.SerializeToString(deterministic=True))


def _end_before_enlarging(graph: Any) -> None:
    """Give out what the last node enlarges instead of what it makes of it."""
    last = next(node for node in reversed(graph.node) if node.op_type == "Resize")
    output = graph.output[0].name
    for node in graph.node:
        node.output[:] = [output if name == last.input[0] else name for name in node.output]
    graph.node.remove(last)
