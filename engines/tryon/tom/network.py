"""The try-on network: what is to be seen where the old garment was, and how much of the new one shows.

A U-Net of plain 3x3 convolutions at half the crop's size. The garment itself is drawn from its full-size picture by others; from here
come what must be invented (arms, neck, legs, what was behind a wide cut) and the composite mask.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.body.network import Residual, Up, conv
from engines.contract import BODY_PLANES

WIDTHS = (24, 48, 80, 128)
"""Channels at strides 2 to 16."""


class TryOnNetwork(nn.Module):
    """Planes of person, body and garment in; rendered person and composite mask out."""

    def __init__(self) -> None:
        super().__init__()
        inputs = 4 + len(BODY_PLANES) + 4
        self.stem = conv(inputs, WIDTHS[0], stride=2)
        self.levels = nn.ModuleList(
            nn.Sequential(conv(before, width, stride=2), Residual(width)) for before, width in itertools.pairwise(WIDTHS)
        )
        self.deep = Residual(WIDTHS[-1])
        self.ups = nn.ModuleList(Up(WIDTHS[i + 1], WIDTHS[i], 0) for i in reversed(range(len(WIDTHS) - 1)))
        # Four pixels come from each cell of the last stage: convolutions at the full 128x96 would cost as much as all others.
        self.head = nn.Conv2d(WIDTHS[0], 4 * 4, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """``planes``: float (N,19,128,96), 0..255. Rendered person (N,3,128,96), 0..1; logits of the mask (N,1,128,96)."""
        planes = (planes - 127.5) / 64.0
        x = self.stem(planes)
        skips = [x]
        for level in self.levels:
            x = level(x)
            skips.append(x)
        x = self.deep(x)
        for up, skip in zip(self.ups, reversed(skips[:-1]), strict=True):
            x = up(x, skip)
        x = F.pixel_shuffle(self.head(x).float(), 2)
        # What is free to change comes in as the person's skin colour: only the difference is to be learned.
        return planes[:, :3].float() * 0.25 + 0.5 + 0.25 * x[:, :3], x[:, 3:]


class Exported(nn.Module):
    """The network as it ships: one picture, rendered person and mask, as bytes."""

    def __init__(self, network: TryOnNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, person: Tensor, body: Tensor, garment: Tensor) -> tuple[Tensor, Tensor]:
        planes = torch.cat([plane.permute(0, 3, 1, 2).float() for plane in (person, body, garment)], 1)
        rendered, mask = self.network(planes)
        return rendered.clamp(0, 1), mask.sigmoid()
