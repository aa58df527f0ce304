"""What the try-on networks are trained for."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import engines
from engines.contract import BODY_PLANES
from engines.garment.kind.network import KindNetwork
from engines.training import loop
from engines.tryon.tom.network import Made

_AT = {name: 4 + index for index, name in enumerate(BODY_PLANES)}
_LEVELS = (1, 2, 4)
"""After how many layers of the trunk features are compared: strides 2, 4 and 8."""


class Features(nn.Module):
    """Features of the kind network's trunk, trained here on photos of garments: the place of VGG's in the perceptual loss."""

    def __init__(self, file: Path | None = None) -> None:
        super().__init__()
        network = KindNetwork()
        loop.load_weights(network, file or engines.network_file("garment.kind"))
        self.trunk = network.trunk[: max(_LEVELS) + 1].eval().requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """``picture``: (N,3,h,w), 0..255."""
        x = (torch.cat([picture, torch.full_like(picture[:, :1], 255)], 1) - 127.5) / 64.0
        found = []
        for index, layer in enumerate(self.trunk):
            x = layer(x)
            if index in _LEVELS:
                found.append(x)
        return found


def perceptual(features: Features, made: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference of the features of two pictures, each level by its own size."""
    with torch.no_grad():
        aims = features(wanted)
    total = made.new_zeros(())
    for mine, aim in zip(features(made), aims, strict=True):
        total = total + (mine.float() - aim.float()).abs().mean() / (aim.float().abs().mean() + 1e-3)
    return total / len(aims)


def matching(laid: Tensor, picture: Tensor, truth: Tensor, body: Tensor) -> Tensor:
    """How far the garment laid (premultiplied RGBA 0..255) is from the one that is worn.

    Not asked where it may be hidden: behind arms, hair, bags; cloth drawn a little beyond the body counts a third.
    """
    hiding = (body[:, [2, 1, 3]].sum(1, keepdim=True) > 60) | (body[:, :1] > 128)
    ask = (1 - hiding.float()) * (1 - 0.67 * ((truth < 64) & (laid.detach()[:, 3:] > 64)).float())
    worn = truth / 255
    share = (laid[:, 3:] / 255 - worn).abs() * ask
    colour = (laid[:, :3] - picture * worn).abs().mean(1, keepdim=True) / 255 * ask
    return (share + 2 * colour).sum() / (worn.sum() + 1)


def bending(flow: Tensor, beyond: Tensor) -> Tensor:
    """Second differences of the flow, so that stripes stay stripes (CP-VTON+'s grid intervals, both ways), and what is beyond the plate."""
    across, along = flow.diff(n=2, dim=3), flow.diff(n=2, dim=2)
    mixed = flow.diff(dim=2).diff(dim=3)
    return (across**2).mean() + (along**2).mean() + 2 * (mixed**2).mean() + 0.02 * (beyond**2).mean()


def wearing(made: Made, laid: Tensor, batch: dict[str, Tensor], features: Features) -> dict[str, Tensor]:
    """The try-on network's losses. ``laid``: the garment it saw, 0..255; ``batch``: of engines.training.tryon.simulate."""
    alpha, free, worn, aim = laid[:, 3:] / 255, batch["person"][:, 3:] / 255, batch["truth"] / 255, batch["picture"] / 255
    bare, ask = batch["bare"] / 255, 1 - batch["other"] / 255
    rendered, m = made.rendered(), made.mask.sigmoid()
    whole = m * laid[:, :3] / 255 + (1 - m * alpha) * rendered
    changed = torch.maximum(free, alpha) * ask
    at = (0.02 + free * (1 - worn)) * ask  # what is invented is judged where the garment is not

    def mean(values: Tensor, weight: Tensor) -> Tensor:
        return (values * weight).sum() / (values.shape[1] * weight.sum() + 1)

    seen = whole * changed + aim * (1 - changed)
    return {
        "picture": mean((whole - aim).abs(), (0.05 + changed) * ask),
        "skin": mean((made.skin - aim).abs(), at * (bare > 0.7)),
        "behind": mean((made.behind - aim).abs(), at * (bare < 0.3)),
        "invented": mean((rendered - aim).abs(), at),
        "bare": mean(F.binary_cross_entropy_with_logits(made.bare, bare, reduction="none"), at),
        "mask": mean(F.binary_cross_entropy_with_logits(made.mask, worn, reduction="none"), alpha + 0.02),
        "smooth": m.diff(dim=2).abs().mean() + m.diff(dim=3).abs().mean(),
        "features": perceptual(features, seen * 255, batch["picture"]),
    }
