"""Networks on a CPU, run by onnxruntime: PyTorch's logits up to rounding, in about half of its time.

A graph without weights is stored for every bundled architecture (``python -m dbce export graphs`` writes it, see
`dbce.hub.onnx.write_graph`); the weights are PyTorch's own. onnxruntime folds normalisation into convolutions when it
loads them. Networks that have no graph run in PyTorch, and so does everything on a GPU.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from dbce.network import DeepSupervisionUnet

# read at the import: without it onnxruntime reports its use to Microsoft, and keeps a number of this device
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

onnxruntime.disable_telemetry_events()  # Windows' own way

FOLDER = Path(__file__).parent / "graphs"
"""Where the graphs lie, named as `place` says."""

_lock = threading.Lock()
_ready: WeakKeyDictionary[DeepSupervisionUnet, _Graph] = WeakKeyDictionary()


def place(config: dict[str, Any]) -> Path:
    """Where the graph of an architecture lies, or would: ``<encoder>-<decoder widths>-<classes>.onnx``."""
    parts = (config["encoder"], *config["decoder_channels"], config["num_classes"])
    return FOLDER / f"{'-'.join(map(str, parts))}.onnx"


def weights(network: DeepSupervisionUnet) -> dict[str, Tensor]:
    """What a prediction takes from the network's state, by name: all but counters and the heads of deep supervision."""
    last = f"heads.{len(network.heads) - 1}."
    return {
        name: value
        for name, value in network.state_dict().items()
        if name.startswith(("encoder.", "decoder.", last)) and not name.endswith("num_batches_tracked")
    }


def quickest(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """What computes a network's logits with the least work: its graph where there is one, else the network itself.

    Args:
        network: in evaluation mode. Hooks of it and its layers are not called where it has a graph.

    Returns:
        (N, 3, H, W) RGB in [0, 1] -> logits (N, C, H, W), as of `DeepSupervisionUnet.forward`.
    """
    if type(network) is not DeepSupervisionUnet:
        return network
    first = next(network.parameters())
    if first.device.type != "cpu" or first.dtype != torch.float32:
        return network
    if network.training or not place(network.config).is_file():
        return network
    with _lock:
        graph = _ready.get(network)
        if graph is None or graph.outdated():
            graph = _ready[network] = _Graph(network)
    return graph


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # a third of the memory, in the same time
    options.log_severity_level = 3
    return options


def open_session(data: bytes) -> Any:
    """A session of onnxruntime for an ONNX file that holds all it needs, computed by the thread that calls it."""
    return onnxruntime.InferenceSession(data, _options(), providers=["CPUExecutionProvider"])


class _Graph:
    """The graph of a network with its weights of now, computed by the thread that calls it."""

    def __init__(self, network: DeepSupervisionUnet) -> None:
        self._parameters = list(network.parameters())
        self._state = self._now()
        options = _options()
        # kept, because the session may read them where PyTorch has them
        self._arrays = {name: np.ascontiguousarray(value.numpy()) for name, value in weights(network).items()}
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in self._arrays.values()]
        options.add_external_initializers(list(self._arrays), values)
        graph = place(network.config).read_bytes()
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def __call__(self, image: Tensor) -> Tensor:
        return torch.from_numpy(self._session.run(None, {"image": image.contiguous().numpy()})[0])

    def outdated(self) -> bool:
        """Whether the network was trained on, or got other weights, since."""
        return self._now() != self._state

    def _now(self) -> list[tuple[int, int]]:
        return [(p.data_ptr(), 0 if p.is_inference() else p._version) for p in self._parameters]
