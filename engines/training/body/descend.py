"""One step of training."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engines.body.network import BodyNetwork, Outputs
from engines.training.body.losses import loss


def descend(
    network: BodyNetwork, optimiser: torch.optim.Optimizer, batch: dict[str, Tensor], rate: float, small: bool = False
) -> dict[str, float]:
    """One step on one batch, with ``small`` at half the size; the parts of the loss."""
    picture = batch["picture"].permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    if small:
        picture = F.avg_pool2d(picture, 2)
    for group in optimiser.param_groups:
        group["lr"] = rate
    # bfloat16 halves the time of a step on processors that have it; losses stay float32.
    with torch.autocast("cpu", torch.bfloat16):
        outputs = network(picture)
    total, parts = loss(Outputs(*(x.float() for x in outputs)), batch)
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    return parts
