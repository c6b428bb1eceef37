"""A plain PyTorch loop; the weight maps come from the data loader's workers. Run: python examples/plain_pytorch.py"""

import torch
from torch.utils.data import DataLoader, Dataset

from dbce import cross_entropy, weight_map_numpy
from dbce.data.phantoms import polyp
from dbce.network import DeepSupervisionUnet


class Polyps(Dataset):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int):
        image, mask = polyp(index, 64)
        weight = weight_map_numpy(mask, num_classes=2, radius=4)  # computed beside the training
        return image.transpose(2, 0, 1).astype("float32") / 255, mask.astype("int64"), weight


def main(steps: int = 20) -> list[float]:
    torch.manual_seed(0)
    network = DeepSupervisionUnet("mobilenet_v2")
    optimiser = torch.optim.Adam(network.parameters(), 5e-4)
    losses: list[float] = []
    while len(losses) < steps:
        for image, label, weight in DataLoader(Polyps(), batch_size=4, num_workers=1):
            maps = [cross_entropy(logits, label, reduction="none") * weight for logits in network(image)]
            loss = sum(map.sum(dim=(1, 2)).mean() for map in maps)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses


if __name__ == "__main__":
    print(main())
