"""The landmark network: a small U-Net whose features feed three stages; each stage sees the features and the last stage's maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engines.body.network import Residual, Up, conv
from engines.contract import GARMENT_LANDMARKS

WIDTHS = (16, 32, 64, 96, 128)
"""Channels at strides 2 to 32."""
DEPTHS = (0, 1, 1, 1, 1)
STAGES = 3


class LandmarkNetwork(nn.Module):
    """Cut-outs in, for every stage the logits of 24 maps at a quarter of the size out; a softmax over a map's cells gives where it is."""

    def __init__(self) -> None:
        super().__init__()
        points = len(GARMENT_LANDMARKS)
        self.levels = nn.ModuleList()
        before = 4
        for width, depth in zip(WIDTHS, DEPTHS, strict=True):
            self.levels.append(nn.Sequential(conv(before, width, stride=2), *(Residual(width) for _ in range(depth))))
            before = width
        self.ups = nn.ModuleList(Up(WIDTHS[i + 1], WIDTHS[i], 0) for i in reversed(range(1, len(WIDTHS) - 1)))
        features = WIDTHS[1]
        self.first = nn.Sequential(conv(features, 48), nn.Conv2d(48, points, 1))
        self.later = nn.ModuleList(
            nn.Sequential(conv(features + points, 48), Residual(48), nn.Conv2d(48, points, 1)) for _ in range(STAGES - 1)
        )

    def forward(self, picture: Tensor) -> list[Tensor]:
        """``picture``: float (N,4,96,96), RGB on grey and alpha, 0..255; a list of (N,24,24,24), one a stage."""
        x = (picture - 127.5) / 64.0
        skips = []
        for level in self.levels:
            x = level(x)
            skips.append(x)
        for up, skip in zip(self.ups, reversed(skips[1:-1]), strict=True):
            x = up(x, skip)
        stages = [self.first(x)]
        for stage in self.later:
            # The maps as the next stage sees them: 0 to about 10 where a landmark is likely, not unbounded logits.
            maps = torch.softmax(stages[-1].flatten(2).float(), 2).view_as(stages[-1]) * 10
            stages.append(stages[-1] + stage(torch.cat([x, maps.to(x.dtype)], 1)))
        return stages


class Exported(nn.Module):
    """The network as it ships: uint8 (N,96,96,4) in, the last stage's maps out, each summing to 1."""

    def __init__(self, network: LandmarkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        last = self.network(picture.permute(0, 3, 1, 2).float())[-1]
        return last.flatten(2).softmax(2).view_as(last)
