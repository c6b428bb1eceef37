"""A 3-D U-Net of MONAI on drawn CT, targets (B, 1, D, H, W), radius in millimetres. Run: python examples/monai_unet.py

Needs: pip install monai
"""

import torch
from monai.networks.nets import UNet

from dbce import DilatedBalancedCrossEntropyLoss
from dbce.data import ct

SPACING = (5.0, 3.0, 3.0)  # millimetres between slices, rows, columns


def main(steps: int = 10) -> list[float]:
    torch.manual_seed(0)
    hu, organs = ct.scan(1, 64, range(20, 36))
    image = torch.from_numpy(ct.window(hu)).float()[None, None] / 255  # (B, 1, D, H, W)
    label = torch.from_numpy(organs).long()[None, None]  # MONAI keeps a channel axis of one

    network = UNet(spatial_dims=3, in_channels=1, out_channels=9, channels=(8, 16, 32), strides=(2, 2))
    criterion = DilatedBalancedCrossEntropyLoss(radius=10, spacing=SPACING, channel_target=True)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(steps):
        loss = criterion(network(image), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    print(main())
