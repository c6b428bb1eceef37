"""Write tests/web/lab_golden.json: what torch makes of the live lab's network. ``python -m tests.write_golden_lab``

The oracle of dbce/web/lab: the same small U-Net in torch, in float64 with autograd, trained by torch's Adam with the
losses of this package. Weights, images and labels follow from seeds by rules of a few lines, written here and in
tests/web/lab_golden.js, so that the file holds results only: losses of every step, and every `STRIDE`-th number of the
gradient of the first step, of the weights and of batch norm's statistics after the last.

The rate is a thirtieth of the lab's: Adam turns rounding of small gradients into whole steps, and at 1e-3 torch in
float32 and torch in float64 differ by 0.03 in some weight after 50 steps.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dbce import losses

FILE = Path(__file__).parent / "web" / "lab_golden.json"
SIZE, BATCH, WIDTH, STEPS, RATE, RADIUS, STRIDE = 64, 2, 4, 50, 1e-4, 4, 7
SHAPES = [(0, 1), (1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 4), (4, 4)]  # channels in units of WIDTH, 0 for one
SHAPES += [(8, 2), (2, 2), (4, 1), (1, 1), (2, 1), (1, 1)]
CASES = [(loss, objects) for objects in (1, 3) for loss in ("ce", "bce", "dice_ce", "dbce")]


def random(seed: int) -> Callable[[], float]:
    """mulberry32, as in random.js: uniform in [0, 1)."""
    state = seed & 0xFFFFFFFF

    def draw() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (1 | state)) & 0xFFFFFFFF
        t = ((t + ((t ^ (t >> 7)) * (61 | t))) & 0xFFFFFFFF) ^ t
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296

    return draw


def batch(step: int, objects: int) -> tuple[Tensor, Tensor]:
    """Images (BATCH, 1, SIZE, SIZE) with one bright square a class, the later ones smaller, in noise; and labels."""
    images = np.zeros((BATCH, SIZE, SIZE))
    labels = np.zeros((BATCH, SIZE, SIZE), dtype=np.int64)
    for b in range(BATCH):
        draw = random(1000 * step + b)
        for k in range(objects):
            y, x, r = 8 + int(draw() * 48), 8 + int(draw() * 48), 7 - 2 * k
            labels[b, y - r : y + r + 1, x - r : x + r + 1] = k + 1
        noise = np.array([draw() for _ in range(SIZE * SIZE)]).reshape(SIZE, SIZE)
        images[b] = np.floor(noise * 256) / 256 + labels[b] / 2
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels)


class Network(nn.Module):
    """Parameters in the order of network.js; the background's logit is 0."""

    def __init__(self, objects: int) -> None:
        super().__init__()
        channels = [(a * WIDTH or 1, b * WIDTH) for a, b in SHAPES]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in channels)
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for _, b in channels)
        self.head = nn.Conv2d(WIDTH, objects, 1)
        self.double()
        draw = random(0)

        def uniform(weight: Tensor, inputs: int) -> None:
            values = [(2 * draw() - 1) / np.sqrt(inputs) for _ in range(weight.numel())]
            weight.data.copy_(torch.tensor(values, dtype=torch.float32).view(weight.shape))

        for layer, (a, _) in zip(self.convolutions, channels, strict=True):
            uniform(layer.weight, 9 * a)
        for k in range(objects):
            uniform(self.head.weight[k], WIDTH)
        nn.init.zeros_(self.head.bias)

    def pair(self, k: int, x: Tensor) -> Tensor:
        for i in (k, k + 1):
            x = F.relu(self.norms[i](self.convolutions[i](x)))
        return x

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for k in (0, 2, 4):
            skips.append(self.pair(k, x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.pair(6, x)
        for k in (8, 10, 12):
            x = self.pair(k, torch.cat([F.interpolate(x, scale_factor=2), skips.pop()], dim=1))
        z = self.head(x)
        return torch.cat([torch.zeros_like(z[:, :1]), z], dim=1)

    def ordered(self, of: Callable[[Tensor], Tensor]) -> Tensor:
        """The parameters, or something of each, as one vector in the order of network.js."""
        parts = []
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            parts += [of(convolution.weight), of(norm.weight), of(norm.bias)]
        heads = torch.cat([of(self.head.weight).flatten(1), of(self.head.bias)[:, None]], dim=1)
        return torch.cat([part.flatten() for part in [*parts, heads]])

    def statistics(self) -> Tensor:
        return torch.cat([torch.cat([norm.running_mean, norm.running_var]) for norm in self.norms])


def frequencies(objects: int) -> list[float]:
    """Shares of the classes as the test gives them; no data need have them."""
    shares = [0.04 / 3**k for k in range(objects)]
    return [1 - sum(shares), *shares]


def objective(name: str, objects: int) -> Callable[[Tensor, Tensor], Tensor]:
    if name == "bce":
        return lambda z, y: losses.balanced_cross_entropy(z, y, frequencies(objects))
    if name == "dbce":
        return lambda z, y: losses.dilated_balanced_cross_entropy(z, y, RADIUS)
    return losses.cross_entropy if name == "ce" else losses.dice_cross_entropy


def packed(values: Tensor) -> str:
    """Every STRIDE-th number in float32, base64."""
    return encoded(values[::STRIDE].detach().numpy(), "<f4")


def encoded(values: np.ndarray | list[float], kind: str) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()


def record(name: str, objects: int) -> dict:
    network, loss_of = Network(objects), objective(name, objects)
    adam = torch.optim.Adam(network.parameters(), lr=RATE)
    losses_seen, gradient = [], ""
    for step in range(STEPS):
        images, labels = batch(step, objects)
        loss = loss_of(network(images), labels)
        adam.zero_grad()
        loss.backward()
        gradient = gradient or packed(network.ordered(lambda p: p.grad))
        adam.step()
        losses_seen.append(loss.item())
    weights, statistics = packed(network.ordered(lambda p: p)), packed(network.statistics())
    start = {"loss": name, "objects": objects, "frequencies": encoded(frequencies(objects), "<f8")}
    result = {"gradient": gradient, "weights": weights, "statistics": statistics}
    return {**start, **result, "losses": encoded(losses_seen, "<f8")}


def main() -> None:
    rule = {"batch": BATCH, "width": WIDTH, "rate": RATE, "radius": RADIUS, "stride": STRIDE}
    FILE.write_text(json.dumps({**rule, "cases": [record(*case) for case in CASES]}, indent=2) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
