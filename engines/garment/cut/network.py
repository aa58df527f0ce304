"""The cut-out network: a small U-Net of plain 3x3 convolutions with three outputs, background, skin and garment."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engines.body.network import Residual, Up, conv
from engines.garment.cut import OUTPUTS

WIDTHS = (16, 32, 64, 96, 128)
"""Channels at strides 2 to 32."""
DEPTHS = (0, 1, 1, 2, 2)
MEAN, DEVIATION = (137.9, 127.6, 122.5), 61.0
"""Of the training photos' RGB; the inputs are standardised by them."""


class CutNetwork(nn.Module):
    """Photos in, logits of the three classes at half their size out."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.levels = nn.ModuleList()
        before = 3
        for width, depth in zip(WIDTHS, DEPTHS, strict=True):
            self.levels.append(nn.Sequential(conv(before, width, stride=2), *(Residual(width) for _ in range(depth))))
            before = width
        self.whole = nn.Linear(before, before)
        self.ups = nn.ModuleList(Up(WIDTHS[i + 1], WIDTHS[i], 0) for i in reversed(range(len(WIDTHS) - 1)))
        self.classes = nn.Conv2d(WIDTHS[0], len(OUTPUTS), 1)

    def forward(self, picture: Tensor) -> Tensor:
        """``picture``: float (N,3,160,160) RGB 0..255; (N,3,80,80)."""
        x = (picture - self.mean) / DEVIATION
        skips = []
        for level in self.levels:
            x = level(x)
            skips.append(x)
        # What the whole picture looks like says what on it is the floor.
        x = x + self.whole(x.mean((2, 3)))[:, :, None, None]
        for up, skip in zip(self.ups, reversed(skips[:-1]), strict=True):
            x = up(x, skip)
        return self.classes(x)


class Exported(nn.Module):
    """The network as it ships: uint8 (N,160,160,3) in, probabilities out."""

    def __init__(self, network: CutNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        return self.network(picture.permute(0, 3, 1, 2).float()).softmax(1)
