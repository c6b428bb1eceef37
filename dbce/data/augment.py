"""The paper's augmentation (section 3.2) on batches of tensors: flips, rotation, zoom, elastic deformation,
colour jitter and blur, a random draw per sample, image and label map together, on their own device."""

from __future__ import annotations

from typing import Any

import kornia.augmentation as K
import torch
import torch.nn.functional as F
from kornia.constants import DataKey
from kornia.filters import gaussian_blur2d
from torch import Tensor, nn


class SmallFieldElastic(K.RandomElasticTransform):
    """kornia's elastic deformation (Simard et al. 2003), its field drawn on a coarse grid and enlarged.

    A field that is smooth over a twentieth of the image holds nothing that 40 x 40 points do not: drawn and blurred
    there it takes a tenth of the time, and is the same, relative to the image, at every image size.

    Args:
        spread: standard deviation of the displacement, as a share of half the image side.
        p: probability that a sample is deformed.
    """

    GRID = 40  # points a side
    SIGMA = 2.0  # of the blur, in grid spacings: a twentieth of the image

    def __init__(self, spread: float, p: float) -> None:
        super().__init__(align_corners=False, p=p)
        # uniform noise on [-1, 1] has deviation 1/sqrt(3); a Gaussian of sigma s divides it by 2 s sqrt(pi)
        self.gain = spread * 3**0.5 * 2 * self.SIGMA * torch.pi**0.5

    def generate_parameters(self, shape: tuple[int, ...]) -> dict[str, Tensor]:
        """``noise``: (B, 2, GRID, GRID) uniform on [-1, 1]; channels are x and y."""
        noise = torch.rand(shape[0], 2, self.GRID, self.GRID, device=self.device, dtype=self.dtype)
        return {"noise": noise * 2 - 1}

    def apply_transform(
        self, input: Tensor, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Tensor:
        """(B, C, H, W) -> the same shape, sampled where the enlarged field points."""
        noise = params["noise"].to(input)
        width = int(4 * self.SIGMA) * 2 + 1
        field = gaussian_blur2d(noise, (width, width), (self.SIGMA, self.SIGMA), "reflect") * self.gain
        field = F.interpolate(field, input.shape[-2:], mode="bilinear", align_corners=False)
        still = torch.eye(2, 3, device=input.device, dtype=input.dtype).expand(len(input), -1, -1)
        grid = F.affine_grid(still, list(input.shape), align_corners=False) + field.permute(0, 2, 3, 1)
        return F.grid_sample(input, grid, mode=flags["resample"].name.lower(), align_corners=False)


class ColourMatrix(K.IntensityAugmentationBase2D):
    """Brightness, contrast, saturation and hue of a sample in one matrix: ``rgb' = M rgb + t``.

    Contrast scales, brightness adds, saturation blends with the luma (ITU-R BT.601, as in torchvision), hue turns about
    the grey axis. By way of HSV the last two take ten times as long.

    Args:
        brightness: largest amount added.
        contrast: largest change of the factor 1.
        saturation: likewise.
        hue: largest turn, as a share of the full circle.
        p: probability that a sample is changed.
    """

    def __init__(self, brightness: float, contrast: float, saturation: float, hue: float, p: float) -> None:
        super().__init__(p=p)
        self.ranges = (brightness, contrast, saturation, hue)

    def generate_parameters(self, shape: tuple[int, ...]) -> dict[str, Tensor]:
        """``matrix``: (B, 3, 3), ``offset``: (B, 3, 1)."""
        noise = torch.rand(4, shape[0], 1, 1, device=self.device, dtype=self.dtype) * 2 - 1
        brightness, contrast, saturation, hue = (n * reach for n, reach in zip(noise, self.ranges, strict=True))
        one, ones = torch.eye(3).to(noise), torch.ones(3, 3).to(noise)
        luma = torch.tensor([[0.299, 0.587, 0.114]]).to(noise).expand(3, 3)
        cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]).to(noise) / 3**0.5
        angle = 2 * torch.pi * hue
        turn = one * angle.cos() + cross * angle.sin() + ones / 3 * (1 - angle.cos())  # Rodrigues' formula
        matrix = (1 + contrast) * ((1 + saturation) * one - saturation * luma) @ turn
        return {"matrix": matrix, "offset": brightness.expand(-1, 3, 1)}

    def apply_transform(
        self, input: Tensor, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> the same."""
        moved = torch.baddbmm(params["offset"].to(input), params["matrix"].to(input), input.flatten(2))
        return moved.clamp_(0, 1).view_as(input)


class Augment(nn.Module):
    """Random training augmentation by kornia; the random numbers come from torch's global generator.

    Args:
        mirror: whether images are flipped at random; not where left and right have names.
    """

    def __init__(self, mirror: bool = True) -> None:
        super().__init__()
        flip = 0.5 if mirror else 0.0
        self.ops = K.AugmentationSequential(
            K.RandomHorizontalFlip(p=flip),
            K.RandomVerticalFlip(p=flip),
            K.RandomAffine(degrees=90.0, scale=(0.75, 1.35), translate=(0.05, 0.05), p=0.9),
            SmallFieldElastic(spread=0.015, p=0.3),  # 2.4 px at 320
            ColourMatrix(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.03, p=0.8),
            K.RandomGaussianBlur(kernel_size=(5, 5), sigma=(0.3, 1.5), p=0.2),
            data_keys=["input", "mask"],
            extra_args={DataKey.MASK: {"resample": "nearest", "align_corners": False}},
        )

    @torch.no_grad()
    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) float in [0, 1] and (N, H, W) int64 -> the same shapes and types, augmented."""
        warped, mask = self.ops(images, labels[:, None].to(images.dtype))
        return warped.clamp_(0, 1), mask[:, 0].round().long()
