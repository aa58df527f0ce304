"""The kind network: a small residual network of plain 3x3 convolutions; an embedding, and from it the kinds and the colours."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.body.network import Residual, conv
from engines.contract import EMBEDDING, KINDS
from engines.garment.colours import NAMES

WIDTHS = (24, 48, 96, 192, 256)
DEPTHS = (0, 1, 1, 1, 1)
"""Channels and residual blocks at strides 2 to 32."""
_SHARPNESS = 16.0  # of the softmax over cosines
_PULL = 0.5


class KindNetwork(nn.Module):
    """Cut-outs in, unit embeddings, logits of the kinds and of the colour names' shares out."""

    def __init__(self, drop: float = 0.1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 4
        for width, depth in zip(WIDTHS, DEPTHS, strict=True):
            layers += [conv(before, width, stride=2), *(Residual(width) for _ in range(depth))]
            before = width
        self.trunk = nn.Sequential(*layers)
        self.drop = nn.Dropout(drop)
        self.embedding = nn.Linear(2 * before, EMBEDDING)
        self.kinds = nn.Parameter(torch.randn(len(KINDS), EMBEDDING))
        self.colours = nn.Linear(EMBEDDING, len(NAMES))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``picture``: float (N,4,96,96), RGB on grey and alpha, 0..255. Embedding (N,128), logits (N,10), logits (N,23)."""
        x = self.trunk((picture - 127.5) / 64.0)
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        unit = F.normalize(self.embedding(self.drop(x)).float(), dim=1)
        return unit, _SHARPNESS * unit @ F.normalize(self.kinds.float(), dim=1).T, self.colours(8 * unit)


class Exported(nn.Module):
    """The network as it ships: uint8 (N,96,96,4) in, embedding and probabilities out."""

    def __init__(self, network: KindNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        unit, logits, _ = self.network(picture.permute(0, 3, 1, 2).float())
        kinds = logits.softmax(1)
        # Towards the middle of the kinds it may be: a neighbour of the same colour but another kind helps nobody.
        sure = kinds**2 / (kinds**2).sum(1, keepdim=True)
        return F.normalize(unit + _PULL * sure @ F.normalize(self.network.kinds, dim=1), dim=1), kinds
