"""The try-on network: what is to be seen where the old garment was, and how much of the new one shows.

A U-Net of plain 3x3 convolutions at half the crop's size. The garment itself is drawn from its full-size picture by others; from here
come what must be invented (arms, neck, legs, what was behind a wide cut), where of it skin is, and the composite mask.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.body.network import Residual, Up, conv
from engines.contract import BODY_PLANES

WIDTHS = (24, 48, 80, 128)
"""Channels at strides 2 to 16."""


class Made(NamedTuple):
    """What the network makes, h = 128, w = 96; colours in 0..1.

    Skin and what is behind it are two pictures with an edge between them: one picture would be a blend wherever the network is not sure
    where the edge is.
    """

    skin: Tensor
    """(N,3,h,w)"""
    behind: Tensor
    """(N,3,h,w)"""
    bare: Tensor
    """(N,1,h,w) logits: which of the two is to be seen."""
    mask: Tensor
    """(N,1,h,w) logits: how much of the garment is to be seen, CP-VTON's composite mask."""

    def rendered(self) -> Tensor:
        """(N,3,h,w) the person without the old garment."""
        share = self.bare.sigmoid()
        return share * self.skin + (1 - share) * self.behind


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
        self.head = nn.Conv2d(WIDTHS[0], 4 * 8, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, planes: Tensor) -> Made:
        """``planes``: float (N,19,128,96), 0..255."""
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
        base = planes[:, :3].float() * 0.25 + 0.5
        return Made(base + 0.25 * x[:, 5:], base + 0.25 * x[:, :3], x[:, 4:5], x[:, 3:4])


class Exported(nn.Module):
    """The network as it ships: what :class:`Made` holds, the logits as shares."""

    def __init__(self, network: TryOnNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, person: Tensor, body: Tensor, garment: Tensor) -> tuple[Tensor, ...]:
        planes = torch.cat([plane.permute(0, 3, 1, 2).float() for plane in (person, body, garment)], 1)
        made = self.network(planes)
        return made.skin.clamp(0, 1), made.behind.clamp(0, 1), made.bare.sigmoid(), made.mask.sigmoid()
