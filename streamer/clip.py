"""What the measuring commands show to the camera when they are not told: a clip, or a portrait in motion."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from engines.errors import UserError

from .config import ROOT
from .video import Video


def default_clip() -> Path | None:
    """A clip of the training data, where it lies beside the repository; None: use the portrait. Raises UserError without either."""
    clips = Path(os.environ.get("FITTING_ROOM_DATA", ROOT.parent / "shared" / "data")) / "clips"
    if found := sorted(clips.glob("*.mkv")):
        return next((path for path in found if path.stem == "student"), found[0])
    if importlib.util.find_spec("skimage") is None:
        raise UserError("there is no clip to measure on: name one with --video FILE (a person from the knees or the waist up).")
    return None


def clip_frames(path: Path | None) -> Iterator[np.ndarray]:
    """A clip's frames, RGB uint8 (H, W, 3); None: the portrait in motion. Raises UserError for a file that is no video."""
    if path is None:
        yield from portrait()
        return
    with Video(path, threads=1) as video:
        for picture in video:
            yield picture.rgb


def portrait(count: int = 150) -> Iterator[np.ndarray]:
    """640x480 frames of scikit-image's astronaut (a development dependency), who sways before the camera."""
    from skimage.data import astronaut

    portrait = astronaut()
    for number in range(count):
        turn = 2 * np.pi * number / 75
        matrix = cv2.getRotationMatrix2D((256, 256), 2 * np.sin(turn), 0.93 + 0.03 * np.sin(2 * turn))
        matrix[:, 2] += (64 + 30 * np.sin(turn), -16)
        yield cv2.warpAffine(portrait, matrix, (640, 480), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
