"""A Lightning module; needs `pip install lightning`. Run: python examples/lightning_module.py"""

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from dbce import DilatedBalancedCrossEntropyLoss
from dbce.data.phantoms import polyp
from dbce.network import DeepSupervisionUnet


class Segmenter(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.network, self.criterion = DeepSupervisionUnet("mobilenet_v2"), DilatedBalancedCrossEntropyLoss(radius=4)
        self.losses: list[float] = []

    def training_step(self, batch, _):
        images, labels = batch
        loss = sum(self.criterion(logits, labels) for logits in self.network(images))  # three heads
        return self.losses.append(loss.item()) or loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 5e-4)


def main(steps: int = 20) -> list[float]:
    lightning.seed_everything(0)
    images, labels = map(np.stack, zip(*(polyp(seed, 64) for seed in range(4)), strict=True))
    data = TensorDataset(torch.from_numpy(images).permute(0, 3, 1, 2) / 255, torch.from_numpy(labels).long())
    module = Segmenter()
    trainer = lightning.Trainer(max_steps=steps, accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.fit(module, DataLoader(data, batch_size=4))
    return module.losses


if __name__ == "__main__":
    print(main())
