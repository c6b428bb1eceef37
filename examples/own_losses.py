"""Losses of other libraries, and a new one, each a function of logits (N, C, H, W) and labels (N, H, W).

Train: python -m dbce train polyp --data Kvasir-SEG --loss examples.own_losses:focal
"""

from kornia.losses import focal_loss
from monai.losses import DiceFocalLoss
from segmentation_models_pytorch.losses import LovaszLoss, TverskyLoss
from torch import Tensor

from dbce import cross_entropy
from dbce.dilation import dilate_classes

lovasz = LovaszLoss("multiclass")
tversky = TverskyLoss("multiclass", alpha=0.3, beta=0.7)
_dice_focal = DiceFocalLoss(to_onehot_y=True, softmax=True, include_background=False)


def dice_focal(logits: Tensor, target: Tensor) -> Tensor:
    return _dice_focal(logits, target[:, None])


def focal(logits: Tensor, target: Tensor) -> Tensor:
    """A map (N, H, W): the page can draw it."""
    return focal_loss(logits, target, alpha=None, gamma=2.0).sum(dim=1)


def dilated_set(logits: Tensor, target: Tensor, radius: float, dilated_frequencies=(0.9191, 0.2463)) -> Tensor:
    """Dilated, but balanced by the data set: 1 over the mean share of a class's dilated mask, the largest that covers.

    The shares are Kvasir-SEG's with R = 20 at 320 px (8 at 128): the mean of `dilate_classes` over its images.
    """
    covered = dilate_classes(target.cpu(), len(dilated_frequencies), radius, -100).to(target.device)  # (N, C, H, W)
    weight = covered / logits.new_tensor(dilated_frequencies).view(-1, 1, 1)
    return cross_entropy(logits, target, reduction="none") * weight.amax(dim=1)
