"""The body network: one U-Net of plain 3x3 convolutions with two heads, parsing and landmark heat maps.

Plain convolutions run as fast as depthwise ones on a CPU and train several times faster; the channels double where the
area falls to a quarter, so that every convolution costs about the same.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from engines.contract import CLASSES, LANDMARKS

WIDTHS = (16, 32, 64, 128, 192)
"""Channels at strides 2, 4, 8, 16 and 32."""
DEPTHS = (0, 1, 2, 2, 2)
"""Residual blocks of each stride's encoder."""


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


class BodyNetwork(nn.Module):
    """Person crops in, parsing logits and landmark heat maps out (see :data:`engines.contract.BODY`)."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, depths: tuple[int, ...] = DEPTHS) -> None:
        super().__init__()
        self.stem = conv(3, widths[0], stride=2)
        self.levels = nn.ModuleList()
        for level, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            blocks: list[nn.Module] = [] if level == 0 else [conv(widths[level - 1], width, stride=2)]
            blocks += [Residual(width) for _ in range(depth)]
            self.levels.append(nn.Sequential(*blocks))
        self.ups = nn.ModuleList(Up(widths[i + 1], widths[i], blocks=1 if i > 0 else 0) for i in reversed(range(len(widths) - 1)))
        self.parsing = nn.Conv2d(widths[0], len(CLASSES), 1)
        self.heatmaps = nn.Conv2d(widths[1], len(LANDMARKS), 1)
        nn.init.constant_(self.heatmaps.bias, -4.0)  # maps start near 0 after the sigmoid
        self.auxiliary = nn.Conv2d(widths[2], len(CLASSES), 1)  # deep supervision, training only

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """picture: float (N,3,256,192) in 0..255, RGB -> logits (N,22,128,96), map logits (N,18,64,48), coarse logits (N,22,32,24)."""
        x = self.stem((picture - 127.5) / 64.0)
        skips: list[Tensor] = []
        for level in self.levels:
            x = level(x)
            skips.append(x)
        features: list[Tensor] = []
        for up, skip in zip(self.ups, reversed(skips[:-1]), strict=True):
            x = up(x, skip)
            features.append(x)
        return self.parsing(features[-1]), self.heatmaps(features[-2]), self.auxiliary(features[-3])


class Exported(nn.Module):
    """The network as it ships: uint8 picture in, probabilities and heat maps out (the contract's names and ranges)."""

    def __init__(self, network: BodyNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        parsing, heatmaps, _ = self.network(picture.permute(0, 3, 1, 2).float())
        return parsing.softmax(1), heatmaps.sigmoid()
