"""The paper's network (section 3.2): an encoder of segmentation-models-pytorch, a U-Net decoder that stops
at 1/4 of the resolution, and one head at each of 1/16, 1/8 and 1/4 for deep supervision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin, snapshot_download
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

DECODER_CHANNELS = {"resnet34": (256, 128, 64), "mobilenet_v2": (64, 32, 16)}
"""Decoder widths at 1/16, 1/8, 1/4: SMP's own for the paper's encoder, slim for the bundled one."""

STRIDE = 32
"""Height and width of an input must be multiples of this many pixels."""

MEAN = (0.485, 0.456, 0.406)
"""Of the colours of ImageNet's images in [0, 1], red first."""

STD = (0.229, 0.224, 0.225)
"""Their standard deviation."""


class DeepSupervisionUnet(
    nn.Module,
    PyTorchModelHubMixin,
    library_name="dbce",
    pipeline_tag="image-segmentation",
    paper_url="https://arxiv.org/abs/2412.06045",
):
    """U-Net with heads at 1/16, 1/8 and 1/4, each upsampled to the size of the input.

    Takes RGB images in [0, 1]; ImageNet normalisation happens inside. ``save_pretrained``, ``push_to_hub`` and
    `from_pretrained` are those of huggingface_hub.

    Args:
        encoder: name of an SMP encoder with five stages; "resnet34" is the paper's.
        num_classes: number of classes C, background included.
        decoder_channels: decoder widths at 1/16, 1/8, 1/4; by default those of `DECODER_CHANNELS`.
        encoder_weights: "imagenet" for SMP's download, a path to a file of torchvision's key names, or None.

    Raises:
        ValueError: unknown encoder, weights that are neither known nor a file, or weights of another encoder.
    """

    def __init__(
        self,
        encoder: str = "resnet34",
        num_classes: int = 2,
        decoder_channels: Sequence[int] | None = None,
        encoder_weights: str | Path | None = None,
    ) -> None:
        # here, because they bring timm and torchvision: seconds, for commands that compute with no network
        from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoderBlock
        from segmentation_models_pytorch.encoders import get_encoder

        super().__init__()
        widths = tuple(decoder_channels or DECODER_CHANNELS.get(encoder, (256, 128, 64)))
        self.config: dict[str, Any] = {
            "encoder": encoder,
            "num_classes": num_classes,
            "decoder_channels": list(widths),
        }
        self._hub_mixin_config = dict(self.config)  # config.json: never the weights that training began with
        download = "imagenet" if encoder_weights == "imagenet" else None
        try:
            self.encoder = get_encoder(encoder, weights=download)
        except KeyError as error:
            raise ValueError(
                f"encoder is {encoder!r}, which segmentation-models-pytorch does not know; "
                f"use for example {', '.join(DECODER_CHANNELS)}."
            ) from error
        if encoder_weights is not None and download is None:
            _load_encoder(self.encoder, Path(encoder_weights))
        channels = self.encoder.out_channels  # of the input, 1/2, 1/4, 1/8, 1/16, 1/32
        inputs = (channels[5], *widths[:2])
        skips = channels[4:1:-1]
        self.decoder = nn.ModuleList(UnetDecoderBlock(i, s, o) for i, s, o in zip(inputs, skips, widths, strict=True))
        self.heads = nn.ModuleList(nn.Conv2d(width, num_classes, 3, padding=1) for width in widths)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, source: str | Path, *, subfolder: str | None = None, revision: str | None = None, **options: Any
    ) -> DeepSupervisionUnet:
        """Load a network from the Hub or a folder, in evaluation mode.

        Args:
            source: ``user/name`` on the Hub, or a folder.
            subfolder: where ``config.json`` and ``model.safetensors`` lie in it, e.g. "polyp/dbce" in repositories
                that `dbce.hub.publish` wrote.
            revision: branch, tag or commit.
            options: ``token``, ``cache_dir``, ``force_download``, ``local_files_only`` as of huggingface_hub.

        Raises:
            ValueError: no network there, or one with other weights than its configuration has.
        """
        where = str(source)
        if subfolder is not None:
            if not Path(where).is_dir():
                where = snapshot_download(where, revision=revision, allow_patterns=[f"{subfolder}/*"], **options)
            where, revision = str(Path(where) / subfolder), None
        if (subfolder is not None or Path(where).is_dir()) and not (Path(where) / "model.safetensors").is_file():
            raise ValueError(
                f"{source} holds no network{f' in {subfolder!r}' if subfolder else ''} (config.json and "
                'model.safetensors); name the folder that does, for example subfolder="polyp/dbce".'
            )
        try:
            return super().from_pretrained(where, revision=revision, **{"strict": True, **options})
        except (RuntimeError, TypeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ValueError(f"{source} holds no network of this kind ({reason}).") from error

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        """(N, 3, H, W) RGB in [0, 1] -> logits (N, C, H, W).

        In training mode a list of three such logits, from the heads at 1/16, 1/8 and 1/4; in evaluation
        mode those of the 1/4 head alone.

        Raises:
            ValueError: not three channels, or a side that is no multiple of 32.
        """
        if image.ndim != 4 or image.shape[1] != 3 or image.shape[2] % STRIDE or image.shape[3] % STRIDE:
            raise ValueError(
                f"image has shape {tuple(image.shape)}; it must be (N, 3, H, W) with H and W multiples of "
                f"{STRIDE}. Resize it, for example to 320 x 320."
            )
        features = self.encoder((image - self.mean) / self.std)
        x = features[5]
        outputs = []
        for level, (block, head) in enumerate(zip(self.decoder, self.heads, strict=True)):
            skip = features[4 - level]
            x = block(x, skip.shape[2], skip.shape[3], skip)
            if self.training or level == 2:
                outputs.append(F.interpolate(head(x), size=image.shape[2:], mode="bilinear", align_corners=False))
        return outputs if self.training else outputs[0]


def _load_encoder(encoder: nn.Module, path: Path) -> None:
    """Load encoder weights from a file of torch or safetensors, never from a pickle of code."""
    if not path.is_file():
        raise ValueError(
            f'encoder_weights is {str(path)!r}, which is neither "imagenet" nor a file; '
            "name an existing .pth or .safetensors file, or leave it out to train from scratch."
        )
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        encoder.load_state_dict({key.removeprefix("encoder."): value for key, value in state.items()})
    except (RuntimeError, AttributeError, SafetensorError, UnpicklingError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ValueError(
            f"{path} does not hold weights of this encoder ({reason}); pass the file that "
            "belongs to the encoder you named."
        ) from error
