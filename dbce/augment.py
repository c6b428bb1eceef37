"""The paper's augmentation (section 3.2) on batches of tensors: flips, rotation, zoom, elastic deformation,
colour jitter and blur, a random draw per sample, image and label map together, on their own device."""

from __future__ import annotations

import kornia.augmentation as K
import torch
from kornia.constants import DataKey
from torch import Tensor, nn


class Augment(nn.Module):
    """Random training augmentation by kornia; the random numbers come from torch's global generator.

    Args:
        size: side in pixels of the images, to which the elastic deformation is scaled.
        mirror: whether images are flipped at random; not where left and right have names.
    """

    def __init__(self, size: int, mirror: bool = True) -> None:
        super().__init__()
        flip = 0.5 if mirror else 0.0
        kernel = int(size * 0.2) // 2 * 2 + 1  # odd; a displacement smooth over a fifth of the image
        self.ops = K.AugmentationSequential(
            K.RandomHorizontalFlip(p=flip),
            K.RandomVerticalFlip(p=flip),
            K.RandomAffine(degrees=90.0, scale=(0.75, 1.35), translate=(0.05, 0.05), p=0.9),
            K.RandomElasticTransform(
                kernel_size=(kernel, kernel),
                sigma=(kernel / 4, kernel / 4),
                alpha=(1.5, 1.5),
                align_corners=False,
                p=0.3,
            ),
            K.ColorJiggle(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.03, p=0.8),
            K.RandomGaussianBlur(kernel_size=(5, 5), sigma=(0.3, 1.5), p=0.2),
            data_keys=["input", "mask"],
            extra_args={DataKey.MASK: {"resample": "nearest", "align_corners": False}},
        )

    @torch.no_grad()
    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) float in [0, 1] and (N, H, W) int64 -> the same shapes and types, augmented."""
        warped, mask = self.ops(images, labels[:, None].to(images.dtype))
        return warped.clamp_(0, 1), mask[:, 0].round().long()
