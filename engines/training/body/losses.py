"""What the body network is trained to get right: parsing, landmarks, which classes there are, instances."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engines.body import heatmaps as maps
from engines.body.network import OFFSET_UNIT, Outputs
from engines.contract import CLASSES, CROP_WIDTH
from engines.training.people import IGNORE

WEIGHTS = np.array([0.5, 2, 1, 2, 2.5, 1, 1.3, 1, 2, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1.4, 2], np.float32)
"""Weight of a class in the pixel loss: rare ones count more."""
PARTS = ("pixel", "dice", "point", "presence", "piece")
"""Names of what :func:`loss` adds up."""


def loss(outputs: Outputs, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """The sum of what each output got wrong, and its parts."""
    labels = batch["labels"].long()
    if outputs.parsing.shape[-2:] != labels.shape[-2:]:
        labels = labels[:, :: labels.shape[1] // outputs.parsing.shape[2], :: labels.shape[2] // outputs.parsing.shape[3]]
    pixel, dice = parsing_loss(outputs, labels, batch["absent"])
    point = landmark_loss(outputs.heatmaps, batch["landmarks"])
    presence = presence_loss(outputs.presence, labels, batch["absent"])
    total = pixel + 0.5 * dice + 0.02 * point + 0.1 * presence
    piece = torch.zeros(())
    if outputs.instances.shape[-2:] == batch["centres"].shape[-2:]:  # at full size only
        piece = instance_loss(outputs.instances, batch)
        total = total + 0.3 * piece
    return total, dict(zip(PARTS, (x.item() for x in (pixel, dice, point, presence, piece)), strict=True))


def parsing_loss(outputs: Outputs, labels: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
    """Pixel cross-entropy (also coarse, also for classes that the tags exclude), and soft Dice."""
    known = labels != IGNORE
    weight = torch.from_numpy(WEIGHTS)
    pixel = F.cross_entropy(outputs.parsing, labels, weight, ignore_index=IGNORE, label_smoothing=0.02)
    step = labels.shape[1] // outputs.coarse.shape[2]
    rough = F.cross_entropy(outputs.coarse, labels[:, step // 2 :: step, step // 2 :: step], weight, ignore_index=IGNORE)
    probability = outputs.parsing.softmax(1)
    truth = F.one_hot(labels.where(known, 0), len(CLASSES)).permute(0, 3, 1, 2) * known[:, None]
    seen = probability * known[:, None]
    overlap = (seen * truth).sum((0, 2, 3))
    size = (seen + truth).sum((0, 2, 3))
    here = truth.sum((0, 2, 3)) > 20
    dice = (1 - (2 * overlap + 10) / (size + 10))[here].mean()
    excluded = -(1 - probability.clamp(max=0.999)).log().mean((2, 3))[absent].sum() / len(labels)
    return pixel + 0.4 * rough + 0.5 * excluded, dice


def landmark_loss(logits: Tensor, landmarks: Tensor) -> Tensor:
    """Binary cross-entropy of the maps; the bumps weigh more, what the teacher was unsure of less."""
    landmarks = landmarks.clone()
    scale = logits.shape[-1] * maps.STRIDE / CROP_WIDTH
    landmarks[..., :2] = (landmarks[..., :2] + 0.5) * scale - 0.5
    rows, columns = logits.shape[-2:]
    target = torch.from_numpy(np.stack([maps.draw(one, rows, columns) for one in landmarks.numpy()]))
    x, y, visible = landmarks.unbind(-1)
    outside = (x < -4) | (y < -4) | (x > columns * maps.STRIDE + 4) | (y > rows * maps.STRIDE + 4)
    # What the teacher is unsure of inside the crop teaches little.
    sure = torch.where(outside, 0.3, (visible - 0.2).clamp(0, 0.6) / 0.6)
    bump = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * (1 + 4 * target)
    return (bump.sum((2, 3)) * sure).sum() / sure.sum().clamp(min=1)


def presence_loss(logits: Tensor, labels: Tensor, absent: Tensor) -> Tensor:
    """Is a class on the picture: yes where a few pixels show it; no where everything is labelled or the tags say so."""
    flat = labels.flatten(1)
    pixels = torch.stack([(flat == c).sum(1) for c in range(len(CLASSES))], 1)
    present = pixels > max(3, flat.shape[1] // 2000)
    complete = (flat == IGNORE).float().mean(1, keepdim=True) < 0.2
    known = present | (complete & (pixels == 0)) | absent
    each = F.binary_cross_entropy_with_logits(logits, present.float(), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def instance_loss(logits: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Centres as bumps, offsets in units of 64 px by L1 on the pieces."""
    known = batch["pieces_known"]
    centre = F.binary_cross_entropy_with_logits(logits[:, 0], batch["centres"], reduction="none") * (1 + 4 * batch["centres"])
    wanted = batch["offsets"] / OFFSET_UNIT
    inside = known & (wanted != 0).any(1)
    way = (logits[:, 1:] - wanted).abs().sum(1)
    return 20 * (centre * known).sum() / known.sum().clamp(min=1) + (way * inside).sum() / inside.sum().clamp(min=1)
