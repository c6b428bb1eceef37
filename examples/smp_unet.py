"""A U-Net of segmentation-models-pytorch, one sigmoid channel or several. Run: python examples/smp_unet.py"""

import numpy as np
import segmentation_models_pytorch as smp
import torch

from dbce import DilatedBalancedCrossEntropyLoss
from dbce.data.phantoms import polyp


def main(steps: int = 20) -> list[float]:
    torch.manual_seed(0)
    pairs = [polyp(seed, 64) for seed in range(4)]
    images = torch.from_numpy(np.stack([image for image, _ in pairs])).permute(0, 3, 1, 2) / 255
    labels = torch.from_numpy(np.stack([mask for _, mask in pairs])).long()  # (N, H, W)

    network = smp.Unet("mobilenet_v2", encoder_weights=None, classes=1)  # SMP's binary form: one channel
    criterion = DilatedBalancedCrossEntropyLoss(radius=4)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(steps):
        z = network(images)  # (N, 1, H, W)
        loss = criterion(torch.cat([torch.zeros_like(z), z], dim=1), labels)  # background 0, object z
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    print(main())
