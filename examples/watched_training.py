"""examples/smp_unet.py, watched in TensorBoard: maps, predictions and scores of two fixed images every tenth step.

Needs: pip install tensorboard. Run: python examples/watched_training.py, then tensorboard --logdir runs/watched
"""

import numpy as np
import segmentation_models_pytorch as smp
import torch

from dbce import DilatedBalancedCrossEntropyLoss, Watch
from dbce.data.phantoms import polyp


def main(steps: int = 20, folder: str = "runs/watched") -> list[float]:
    torch.manual_seed(0)
    pairs = [polyp(seed, 64) for seed in range(4)]
    images = torch.from_numpy(np.stack([image for image, _ in pairs])).permute(0, 3, 1, 2) / 255
    labels = torch.from_numpy(np.stack([mask for _, mask in pairs])).long()  # (N, H, W)

    network = smp.Unet("mobilenet_v2", encoder_weights=None, classes=1)
    criterion = DilatedBalancedCrossEntropyLoss(radius=4)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    watch = Watch(images[:2], labels[:2], folder, radius=4, every=10)  # W&B: "wandb" in place of the folder
    losses = []
    for step in range(steps):
        z = network(images)  # (N, 1, H, W)
        loss = criterion(torch.cat([torch.zeros_like(z), z], dim=1), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        watch(step, network, loss=losses[-1])
    return losses


if __name__ == "__main__":
    print(main())
