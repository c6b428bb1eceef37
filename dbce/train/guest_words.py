"""What is said of a network of somebody's own, by Python and by the page, which gets it with its settings."""

from __future__ import annotations

from typing import Any

SENTENCES = {
    "about": "{name}: input {size} × {size} px ({sized}), {channels}{ordered}, {normalised}; output {maps} of {values} "
    "({told}){squash}.",
    "range": "values from {low} to {high} on {image}",
    "sum": "they sum to 1 on {image}",
    "nan": "{name} answers with values that are not numbers (NaN or infinity).",
    "outside": "{name} answers with values from {low} to {high} on {image}, which are no probabilities; if they are "
    "logits, say so (values: logits).",
    "sums": "The probabilities of {name} do not sum to 1 over the classes (a sigmoid for each?); export it with a "
    "softmax, or its logits.",
    "which": "{name} answers with values from {low} to {high} on {image}: probabilities do, and so may faint logits. "
    "Say which (values: probabilities or logits).",
    "classes": "{name} answers with {maps}, one a class; the task {task} has {wanted}. Give it to the task that it is "
    "for.",
    "maps": "{name} answers with {shape} numbers; it must be maps of one image, one a class.",
    "labels": "{name} answers with {type}: labels, not logits or probabilities. Export it without argmax.",
    "run": "{name} cannot be run on {size} × {size} px ({reason}); name another size of its input, or export it again.",
    "load": "{name} cannot be loaded by onnxruntime ({reason}); export it again.",
    "inputs": "{name} takes {count} inputs; it must take one, an image.",
    "type": "{name} takes {type}; an image must be given as float, half, double or uint8.",
    "image": "{name} takes {shape} numbers; it must take one image: 1 × 3 × height × width.",
    "colours": "{name} takes images of {count} ({shape}); here they have 3, RGB.",
    "batch": "{name} takes {count} images at once; export it for one, or for any number.",
    "square": "{name} takes images of {shape}; the page works on squares. Export it for a square.",
    "guessed": " (guessed)",
    "said": " (as you say)",
    "you say": "as you say",
    "free": "free in the file; the page’s own",
    "fixed": "fixed by the file",
    "resized": "fixed by the file; images are resized, maps back to {side}",
    "bytes": "values 0 to 255 (its input is uint8)",
    "pickle": "{name} is a pickle, and reading one runs whatever code it holds; save the network as .safetensors "
    "(smp: model.save_pretrained(folder)) or export it (torch.onnx.export).",
    "header": "{name} does not say how it was made, as files of `python -m dbce train` do; of another network name the "
    "folder, with its config.json, at the start: python app.py --network NAME=FOLDER.",
    "large": "{name} has {size} MB; a network that is dropped may have {most}. Name it at the start: "
    "python app.py --network NAME=PATH.",
    "slow": "{name} took more than {seconds} seconds for one image, so it was stopped; a smaller input or a smaller "
    "network is needed here.",
    "heavy": "{name} takes more than {most} MB of memory for one image; a smaller input or a smaller network is needed "
    "here.",
    "broken": "{name} broke the process that tried it, so it was not taken; export it again.",
    "name": "A network is called {name}; a name has up to 30 letters, digits, - and _.",
    "taken": "A network is called {name}, as another one here is; choose another name.",
    "many": "These are {count} networks; at most {most} are shown side by side.",
    "closed": "{name} is a network, and this page takes none, because it is served to others. On a machine of "
    "your own: python app.py --network NAME=PATH.",
    "browser": "{name} is a file of PyTorch’s weights, and networks run in this browser; export it to ONNX "
    "(python -m dbce export onnx), or start python app.py --network NAME=PATH.",
}
"""What is said of a network of somebody's own, here and in the page; names in braces are filled in."""


def spoken(key: str, **values: Any) -> str:
    """A sentence of `SENTENCES`; floats get three digits."""
    return SENTENCES[key].format(**{k: f"{v:.3g}" if isinstance(v, float) else v for k, v in values.items()})


def channels_of(count: int) -> str:
    """How many channels, in words."""
    return "1 channel" if count == 1 else f"{count} channels"


def counted_maps(count: int) -> str:
    """How many maps, in words."""
    return "1 map" if count == 1 else f"{count} maps"
