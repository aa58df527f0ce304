"""The geometric matching network: corrects where the landmark warp has laid a garment.

Both lie on each other already, within some pixels, so that one trunk over their planes sees the difference; CP-VTON's correlation of every
place with every other is for a garment that may be anywhere. What comes out is CP-VTON's: a thin-plate spline on a 5x5 grid; and a
residual flow for what is finer.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.body.network import Residual, conv
from engines.contract import BODY_PLANES, FLOW_HEIGHT, FLOW_WIDTH

GRID = 5
WIDTHS = (16, 32, 64, 96)
"""Channels at strides 2 to 16."""
PLATE, RESIDUAL = 20.0, 8.0
"""Crop pixels that the plate's control points and the residual flow can move a garment by."""


class MatchingNetwork(nn.Module):
    """Planes of person, body and garment in, a flow out."""

    basis: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 4 + len(BODY_PLANES) + 4
        for level, width in enumerate(WIDTHS[:3]):
            layers += [conv(before, width, stride=2), *([Residual(width)] if level else [])]
            before = width
        self.trunk = nn.Sequential(*layers)
        self.deep = nn.Sequential(conv(before, WIDTHS[3], stride=2), Residual(WIDTHS[3]))
        self.narrow = conv(WIDTHS[3], 32)
        self.points = nn.Linear(32 * 8 * 6, 2 * GRID * GRID)
        self.back = nn.Conv2d(WIDTHS[3], before, 1, bias=False)
        self.mix = conv(before, before)
        self.residual = nn.Conv2d(before, 2, 3, padding=1)
        for layer in (self.points, self.residual):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # starts with the landmark warp as it is
        self.register_buffer("basis", torch.from_numpy(plate_basis(FLOW_HEIGHT, FLOW_WIDTH)), persistent=False)

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """``planes``: float (N,19,128,96), 0..255. The flow (N,2,32,24): x and y in crop pixels from where a cell is drawn to where
        it is taken from; and of it what is beyond the plate."""
        x = self.trunk((planes - 127.5) / 64.0)
        deep = self.deep(x)
        points = self.points(self.narrow(deep).flatten(1)).float().tanh() * PLATE
        plate = (points.reshape(-1, 2, GRID * GRID) @ self.basis).reshape(-1, 2, FLOW_HEIGHT, FLOW_WIDTH)
        x = self.mix(x + F.interpolate(self.back(deep), scale_factor=2.0, mode="bilinear", align_corners=False))
        beyond = self.residual(x).float().tanh() * RESIDUAL
        beyond = F.interpolate(beyond, scale_factor=2.0, mode="bilinear", align_corners=False)
        return plate + beyond, beyond


class Exported(nn.Module):
    """The network as it ships."""

    def __init__(self, network: MatchingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, person: Tensor, body: Tensor, garment: Tensor) -> Tensor:
        planes = torch.cat([plane.permute(0, 3, 1, 2).float() for plane in (person, body, garment)], 1)
        flow: Tensor = self.network(planes)[0]
        return flow


def plate_basis(height: int, width: int) -> np.ndarray:
    """(25, height * width) float32: how much each cell of the crop moves with each control point of a 5x5 grid over the crop."""
    line = np.linspace(0, 1, GRID)
    points = np.stack(np.meshgrid(line * 0.75, line), -1).reshape(-1, 2)  # the crop is 3 wide and 4 high
    cells = np.stack(np.meshgrid((np.arange(width) + 0.5) / width * 0.75, (np.arange(height) + 0.5) / height), -1).reshape(-1, 2)

    def bend(a: np.ndarray) -> np.ndarray:
        square = ((a[:, None] - points[None]) ** 2).sum(2)
        return np.asarray(square * np.log(square + 1e-12))

    flat = np.column_stack([np.ones(len(points)), points])
    system = np.block([[bend(points), flat], [flat.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.vstack([np.eye(len(points)), np.zeros((3, len(points)))]))
    return np.ascontiguousarray((np.column_stack([bend(cells), np.ones(len(cells)), cells]) @ weights).T, np.float32)


def laid(garment: Tensor, flow: Tensor) -> Tensor:
    """The garment (N,4,128,96) taken from where the flow (N,2,32,24), crop pixels, points to."""
    count, _, height, width = garment.shape
    dense = F.interpolate(flow, size=(height, width), mode="bilinear", align_corners=False)
    y = torch.arange(height, dtype=torch.float32).reshape(1, height, 1).expand(count, height, width)
    x = torch.arange(width, dtype=torch.float32).reshape(1, 1, width).expand(count, height, width)
    # Crop pixels are half a cell.
    at = torch.stack([(x + dense[:, 0] / 2 + 0.5) * (2 / width) - 1, (y + dense[:, 1] / 2 + 0.5) * (2 / height) - 1], 3)
    return F.grid_sample(garment, at, mode="bilinear", padding_mode="zeros", align_corners=False)
