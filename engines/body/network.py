"""The body network: one U-Net of plain 3x3 convolutions with three heads: parsing, landmark heat maps, instances.

Plain convolutions run as fast as depthwise ones on a CPU and train several times faster; the channels double where the
area falls to a quarter, so that every convolution costs about the same.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.contract import CLASSES, LANDMARKS

WIDTHS = (16, 32, 64, 128, 192)
"""Channels at strides 2, 4, 8, 16 and 32."""
DEPTHS = (0, 1, 1, 2, 2)
"""Residual blocks of each stride's encoder."""
BLOCKS = (0, 1, 1, 0)
"""Residual blocks of the decoder at strides 2, 4, 8 and 16."""
OFFSET_UNIT = 64.0
"""Crop pixels of an offset of 1."""


def conv(inputs: int, outputs: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    """A 3x3 convolution, batch norm (folded into it at export) and ReLU."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


class Residual(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = conv(channels, channels, relu=False)
        nn.init.zeros_(self.second[1].weight)  # starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class Up(nn.Module):
    """Up to twice the size (bilinear), the encoder's features of that size added, then mixed."""

    def __init__(self, inputs: int, skip: int, blocks: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, skip, 1, bias=False)
        self.mix = nn.Sequential(conv(skip, skip), *(Residual(skip) for _ in range(blocks)))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        # The 1x1 comes before the enlargement: the same result at a quarter of the cost.
        return self.mix(F.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False) + skip)


class Context(nn.Module):
    """What the whole picture says: which classes are on it, and which channels matter (Zhang et al., EncNet, 2018).

    Whether a piece is a skirt or the lower half of a dress is seen nowhere near its own pixels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.presence = nn.Linear(channels, len(CLASSES))
        self.gate = nn.Linear(channels, channels)
        nn.init.constant_(self.gate.bias, 2.0)  # starts nearly open

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N,C,H,W) -> the same, gated, and presence logits (N,22)."""
        whole = x.mean((2, 3))
        return x * self.gate(whole).sigmoid()[:, :, None, None], self.presence(whole)


class Outputs(NamedTuple):
    """Everything the network says, as logits; h = 256, w = 192."""

    parsing: Tensor
    """(N,22,h/2,w/2)"""
    heatmaps: Tensor
    """(N,18,h/4,w/4)"""
    instances: Tensor
    """(N,3,h/4,w/4): logit of an instance's centre, then the offset (x, y) to one's own instance's centre, 1 = 64 px of the crop"""
    coarse: Tensor
    """(N,22,h/8,w/8): parsing for deep supervision, in training only"""
    presence: Tensor
    """(N,22): is the class on the picture"""


class BodyNetwork(nn.Module):
    """Person crops in, parsing, landmark maps and instances out (see :data:`engines.contract.BODY`)."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, depths: tuple[int, ...] = DEPTHS, blocks: tuple[int, ...] = BLOCKS) -> None:
        super().__init__()
        self.stem = conv(3, widths[0], stride=2)
        self.levels = nn.ModuleList()
        for level, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            layers: list[nn.Module] = [] if level == 0 else [conv(widths[level - 1], width, stride=2)]
            layers += [Residual(width) for _ in range(depth)]
            self.levels.append(nn.Sequential(*layers))
        self.context = Context(widths[-1])
        self.ups = nn.ModuleList(Up(widths[i + 1], widths[i], blocks[i]) for i in reversed(range(len(widths) - 1)))
        self.parsing = nn.Conv2d(widths[0], len(CLASSES), 1)
        self.heatmaps = nn.Conv2d(widths[1], len(LANDMARKS), 1)
        self.instances = nn.Conv2d(widths[1], 3, 1)
        nn.init.constant_(self.heatmaps.bias, -4.0)  # maps start near 0 after the sigmoid
        self.coarse = nn.Conv2d(widths[2], len(CLASSES), 1)
        self.trust = nn.Parameter(torch.full((len(CLASSES),), 0.1))  # how much the parsing believes the presence

    def forward(self, picture: Tensor) -> Outputs:
        """picture: float (N,3,256,192) in 0..255, RGB."""
        x = self.stem((picture - 127.5) / 64.0)
        skips: list[Tensor] = []
        for level in self.levels:
            x = level(x)
            skips.append(x)
        x, presence = self.context(x)
        features: list[Tensor] = []
        for up, skip in zip(self.ups, reversed(skips[:-1]), strict=True):
            x = up(x, skip)
            features.append(x)
        parsing = self.parsing(features[-1]) + (presence * self.trust)[:, :, None, None]
        fine = features[-2]
        return Outputs(parsing, self.heatmaps(fine), self.instances(fine), self.coarse(features[-3]), presence)


class Exported(nn.Module):
    """The network as it ships: uint8 picture in, probabilities and maps out (the contract's names and ranges)."""

    def __init__(self, network: BodyNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        out = self.network(picture.permute(0, 3, 1, 2).float())
        return out.parsing.softmax(1), out.heatmaps.sigmoid(), out.instances[:, :1].sigmoid(), out.instances[:, 1:] * OFFSET_UNIT
