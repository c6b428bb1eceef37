"""An nnU-Net v2 trainer with the dilated balanced cross entropy in place of its cross entropy.

Needs: pip install nnunetv2, then copy this file into nnunetv2/training/nnUNetTrainer/ of that installation (nnU-Net
looks for trainers there) and run: nnUNetv2_train DATASET 3d_fullres FOLD -tr nnUNetTrainerDBCE
"""

import numpy as np
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from torch import Tensor, nn

from dbce import DilatedBalancedCrossEntropyLoss

RADIUS = 10.0  # in the unit of the plan's spacing, millimetres


class _Scaled(nn.Module):
    """Every output in its own resolution, so every one with its own spacing; targets are (B, 1, ...) floats."""

    def __init__(self, full_size: tuple[int, ...], spacing: tuple[float, ...], ignore_index: int) -> None:
        super().__init__()
        self.full_size, self.spacing, self.ignore_index = full_size, spacing, ignore_index

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        ratio = [full / here for full, here in zip(self.full_size, output.shape[2:], strict=True)]
        spacing = [step * factor for step, factor in zip(self.spacing, ratio, strict=True)]
        options = {"ignore_index": self.ignore_index, "channel_target": True}
        return DilatedBalancedCrossEntropyLoss(RADIUS, spacing=spacing, **options)(output, target.long())


class nnUNetTrainerDBCE(nnUNetTrainer):
    def _build_loss(self) -> nn.Module:
        plan, ignore = self.configuration_manager, self.label_manager.ignore_label
        loss = _Scaled(tuple(plan.patch_size), tuple(plan.spacing), -100 if ignore is None else ignore)
        if not self.enable_deep_supervision:
            return loss
        weights = np.array([1 / 2**level for level in range(len(self._get_deep_supervision_scales()))])
        weights[-1] = 0  # nnU-Net leaves the coarsest output out
        return DeepSupervisionWrapper(loss, weights / weights.sum())
