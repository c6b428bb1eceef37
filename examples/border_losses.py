"""Two losses that look at outlines: U-Net's weights, and the boundary loss. Functions as in own_losses.py.

Train: python -m dbce train polyp --data Kvasir-SEG --loss examples.border_losses:boundary
"""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from segmentation_models_pytorch.losses import DiceLoss
from torch import Tensor

from dbce import cross_entropy
from dbce.weightings import unet_weights

_dice = DiceLoss("multiclass")


def unet(logits: Tensor, target: Tensor) -> Tensor:
    """A map (N, H, W): cross entropy with U-Net's weights (Ronneberger et al. 2015, Eq. 2; w0 = 10, sigma = 5 px).

    Where no second object is near, they are one over the area of the class in the image: dilated balancing with R = 0.
    """
    weights = unet_weights(target, logits.shape[1], 0, -100) * target[0].numel()  # for a mean, not a sum
    return cross_entropy(logits, target, reduction="none") * weights


def boundary(logits: Tensor, target: Tensor) -> Tensor:
    """Dice, and a tenth of the boundary loss (Kervadec et al. 2019, Eq. 5): probability times signed distance."""
    distance = torch.from_numpy(np.stack([signed_distance(one) for one in target.cpu().numpy() > 0]))
    probability = 1 - logits.softmax(dim=1)[:, 0]
    return _dice(logits, target) + 0.1 * (probability * distance.to(logits)).mean()


def signed_distance(inside: np.ndarray) -> np.ndarray:
    """(H, W) bool -> pixels to the outline, below 0 inside; 0 everywhere where there is no outline."""
    if inside.all() or not inside.any():
        return np.zeros(inside.shape)
    return distance_transform_edt(~inside) - distance_transform_edt(inside)
