"""Networks for other runtimes: ONNX files that give what PyTorch gives."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

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
    try:
        import onnx
        import onnxscript  # noqa: F401  # torch's exporter needs it
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed; install it: pip install onnx onnxscript.") from error
    size = checkpoint.size
    program = torch.onnx.export(
        _Probabilities(checkpoint.network).eval(),
        (torch.zeros(2, 3, size, size),),
        input_names=["image"],
        output_names=["probability"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch", min=1, max=1024)}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    recipe = checkpoint.recipe
    task = TASKS.get(str(recipe.get("task")))
    notes = {"recipe": json.dumps(recipe, sort_keys=True), "classes": json.dumps(task.classes if task else [])}
    onnx.helper.set_model_props(model, notes)
    onnx.save(model, str(path))
