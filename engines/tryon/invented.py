"""Bare legs where the old trousers or skirt covered more than the new: what the try-on network has made, ready to be painted.

The network sees half of the crop. Its colours are smooth and can be enlarged; the edge between skin and what lies behind it is made as
crisp as the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engines.body import Reading
from engines.contract import CROP_HEIGHT, CROP_WIDTH
from engines.crop import Crop
from engines.tryon.agnostic import Agnostic, look
from engines.tryon.bare import Bare
from engines.tryon.cells import Cells, window
from engines.tryon.fit import Fit
from engines.tryon.skin import by_colour
from engines.tryon.tom import Rendered
from engines.tryon.warp import Box

Invent = Callable[[Agnostic], Rendered]
"""The try-on network."""

_SLOPE = 6.0  # crop pixels over which the network goes from skin to no skin
_RIM = 0.15  # old cloth so far below the new hem, in shoulder widths, is its rim
_FEWEST = 40  # cells of old cloth further down that are worth it
_NOWHERE = -1e3


@dataclass(frozen=True, eq=False)
class Legs:
    """What is invented, and from where on."""

    made: Rendered
    hem: float
    """Where the new garment ends, in crop pixels below the neck along the body: above, nothing is painted."""


def legs(invent: Invent, fit: Fit, reading: Reading, crop: Crop) -> Legs | None:
    """What the network makes of somebody's legs; None where the new garment goes as far down as the old one."""
    low, high = crop.to_frame(np.zeros(2)), crop.to_frame(np.array([CROP_WIDTH, CROP_HEIGHT]))
    whole = window(reading.parsing, crop, (int(low[0]), int(low[1]), int(high[0]), int(high[1])))
    old = _old(fit, whole)
    agnostic = look(fit, reading, crop, old)
    down, drawn = whole.along(fit.pose.neck, fit.pose.down), agnostic.garment[..., 3] > 127
    if not drawn.any():
        return None
    hem = float(np.percentile(down[drawn], 97))
    below = np.count_nonzero((old > 0.5) & (down > hem + _RIM * fit.pose.width) & ~drawn)
    return Legs(invent(agnostic), hem) if below > _FEWEST else None


def _old(fit: Fit, cells: Cells) -> np.ndarray:
    """The probability of the old trousers or skirt; tight trousers are told from legs by the colour of the face."""
    cloth, bare, other = cells.of("pants", "skirt"), cells.of("left-leg", "right-leg"), cells.of("dress", "jumpsuits")
    cloth += np.where(cloth > other, other, 0)
    again = by_colour(by_colour(bare, cloth, fit.pose, cells), cloth, fit.pose, cells)  # twice: it is surer of legs than of arms
    return np.clip(cloth + bare - again, 0.0, 1.0)


def limits(fit: Fit, crop: Crop) -> Box:
    """The pixels of the frame that may be painted."""
    joints = np.concatenate([fit.pose.hip_joints, fit.pose.knees, fit.pose.ankles])
    room = 0.4 * fit.pose.width
    low, high = np.floor(crop.to_frame(joints.min(0) - room)), np.ceil(crop.to_frame(joints.max(0) + room))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def bare_legs(found: Legs | None, fit: Fit, cells: Cells) -> Bare | None:
    """What to paint on a window: below the hem nothing of the old trousers or skirt is to be left. None where nothing was made."""
    if found is None:
        return None
    made = found.made
    y0, x0 = int(cells.y[0, 0]) // 2, int(cells.x[0, 0]) // 2
    cloth = _old(fit, cells)
    part = slice(y0, y0 + cloth.shape[0]), slice(x0, x0 + cloth.shape[1])
    beyond = np.asarray(cells.along(fit.pose.neck, fit.pose.down) - found.hem, np.float32)
    front = np.full_like(cloth, _NOWHERE)
    edge = (made.bare[part] - 0.5) * np.float32(_SLOPE)
    return Bare(cloth, beyond, edge, front, np.ascontiguousarray(made.skin[part]), np.ascontiguousarray(made.behind[part]))
