"""The architecture of Wang et al., "Toward Characteristic-Preserving Image-based Virtual Try-On Network" (2018), in any size.

At 256x192 with 64 filters it is theirs; at half the size one of the levels is left out, so that the lowest features are as large.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.tryon.gmm.network import plate_basis

Size = tuple[int, int]
"""Height and width."""
PERSON = 22
"""Planes of the person's representation."""


def _features(inputs: int, filters: int) -> nn.Sequential:
    """Four convolutions that halve, two that do not; ReLU before batch norm."""
    layers: list[nn.Module] = []
    before = inputs
    for level in range(4):
        width = min(filters << level, 8 * filters)
        layers += [nn.Conv2d(before, width, 4, 2, 1), nn.ReLU(inplace=True), nn.BatchNorm2d(width)]
        before = width
    layers += [nn.Conv2d(before, before, 3, 1, 1), nn.ReLU(inplace=True), nn.BatchNorm2d(before)]
    return nn.Sequential(*layers, nn.Conv2d(before, before, 3, 1, 1), nn.ReLU(inplace=True))


class Matching(nn.Module):
    """Features of both, correlation of every place with every other, 50 offsets of a thin-plate spline's control points."""

    basis: Tensor

    def __init__(self, size: Size, filters: int) -> None:
        super().__init__()
        self.size = size
        self.person, self.cloth = _features(PERSON, filters), _features(3, filters)
        places = size[0] // 16 * (size[1] // 16)
        layers: list[nn.Module] = []
        before = places
        for width, stride in ((8 * filters, 2), (4 * filters, 2), (2 * filters, 1), (filters, 1)):
            layers += [nn.Conv2d(before, width, 4 if stride == 2 else 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            before = width
        self.regression = nn.Sequential(*layers)
        self.points = nn.Linear(before * (size[0] // 64) * (size[1] // 64), 50)
        self.register_buffer("basis", torch.from_numpy(plate_basis(*size)), persistent=False)

    def forward(self, person: Tensor, cloth: Tensor) -> Tensor:
        """(N,22,H,W) and (N,3,H,W), -1..1, to where every pixel is taken from, (N,H,W,2) in -1..1."""
        a, b = F.normalize(self.person(person), dim=1), F.normalize(self.cloth(cloth), dim=1)
        count = len(a)
        alike = torch.einsum("nchw,ncp->nphw", a, b.flatten(2))
        points = self.points(self.regression(alike).flatten(1)).float().tanh().reshape(count, 2, 25)
        moved = (points @ self.basis).reshape(count, 2, *self.size)
        y = torch.linspace(-1, 1, self.size[0])[None, :, None].expand(count, *self.size)
        x = torch.linspace(-1, 1, self.size[1])[None, None].expand(count, *self.size)
        return torch.stack([x + moved[:, 0], y + moved[:, 1]], 3)


class _Level(nn.Module):
    """A level of the U-Net around the ones below it."""

    def __init__(self, outer: int, inner: int, below: nn.Module | None, inputs: int | None = None) -> None:
        super().__init__()
        self.first = inputs is not None
        down: list[nn.Module] = [nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=False)]
        if not self.first:
            down.insert(0, nn.LeakyReLU(0.2))
            if below is not None:
                down.append(nn.InstanceNorm2d(inner))
        up: list[nn.Module] = [nn.ReLU(), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
                               nn.Conv2d(inner if below is None else 2 * inner, outer, 3, 1, 1, bias=False)]  # fmt: skip
        if not self.first:
            up.append(nn.InstanceNorm2d(outer))
        self.down, self.below, self.up = nn.Sequential(*down), below, nn.Sequential(*up)

    def forward(self, x: Tensor) -> Tensor:
        made = self.down(x)
        made = self.up(self.below(made) if self.below is not None else made)
        return made if self.first else torch.cat([x, made], 1)


class TryOn(nn.Module):
    """A U-Net: person and warped cloth in, rendered person and composite mask out."""

    def __init__(self, levels: int, filters: int) -> None:
        super().__init__()
        level: nn.Module = _Level(8 * filters, 8 * filters, None)
        for _ in range(levels - 5):
            level = _Level(8 * filters, 8 * filters, level)
        for times in (4, 2, 1):
            level = _Level(times * filters, 2 * times * filters, level)
        self.network = _Level(4, filters, level, PERSON + 3)

    def forward(self, person: Tensor, warped: Tensor) -> tuple[Tensor, Tensor]:
        """(N,22,H,W) and (N,3,H,W) in -1..1. Rendered (N,3,H,W) in -1..1, mask (N,1,H,W) 0..1."""
        made = self.network(torch.cat([person, warped], 1)).float()
        return made[:, :3].tanh(), made[:, 3:].sigmoid()
