"""The trained network as a file, and back to train on."""

from __future__ import annotations

import copy
from pathlib import Path

import torch

from engines.body.network import BodyNetwork, Exported
from engines.contract import CROP_HEIGHT, CROP_WIDTH
from engines.training import loop
from engines.training.body.losses import WEIGHTS

PRIOR = 0.5
"""Share of a class's weight that is taken back at the last bias: weighted classes are predicted too often. Half was best on training
photos, for mean IoU (0.515 to 0.519); it also raises the accuracy."""


@torch.no_grad()
def _ship(network: BodyNetwork) -> Exported:
    """The network for export, without what its training's class weights add."""
    network.parsing.bias -= PRIOR * torch.from_numpy(WEIGHTS).log()
    return Exported(network)


@torch.no_grad()
def take_back(network: BodyNetwork, path: Path) -> None:
    """The weights of an exported network, to train on from; the inverse of :func:`export`."""
    loop.load_weights(Exported(network), path)
    network.parsing.bias += PRIOR * torch.from_numpy(WEIGHTS).log()


def export(network: BodyNetwork, path: Path) -> None:
    """Write the network as it ships."""
    example = torch.zeros(1, CROP_HEIGHT, CROP_WIDTH, 3, dtype=torch.uint8)
    loop.export(_ship(copy.deepcopy(network)), example, path, ["picture"], ["parsing", "heatmaps", "centres", "offsets"])
