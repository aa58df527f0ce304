"""Drawn bodies and garments whose landmarks and classes are known exactly, for the tests of fit and dress."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import CLASSES, LANDMARKS
from engines.crop import Crop, crop
from engines.tryon.garment import Garment

WIDTH, HEIGHT = 480, 640
SKIN, WALL, OLD, JEANS = (205, 160, 135), (120, 130, 140), (70, 70, 75), (40, 60, 110)

STANDING = {
    "nose": (240, 120), "neck": (240, 190), "right-shoulder": (180, 190), "right-elbow": (165, 285), "right-wrist": (160, 370),
    "left-shoulder": (300, 190), "left-elbow": (315, 285), "left-wrist": (320, 370), "right-hip": (205, 380), "right-knee": (205, 510),
    "right-ankle": (205, 620), "left-hip": (275, 380), "left-knee": (275, 510), "left-ankle": (275, 620), "right-eye": (230, 110),
    "left-eye": (250, 110), "right-ear": (215, 115), "left-ear": (265, 115),
}  # fmt: skip


@dataclass
class Body:
    """A person who faces the camera; ``moved`` puts landmarks elsewhere, ``sleeves`` says how far down the arms the old top goes."""

    moved: dict[str, tuple[float, float]] = field(default_factory=dict)
    sleeves: float = 0.6
    unseen: tuple[str, ...] = ()

    def points(self) -> np.ndarray:
        """(18, 3) landmarks in frame pixels with score 1, or 0 where not seen."""
        at = STANDING | self.moved
        return np.array([[*at[name], 0.0 if name in self.unseen else 1.0] for name in LANDMARKS], np.float32)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """The frame, and a class for each of its pixels."""
        frame, labels = np.full((HEIGHT, WIDTH, 3), WALL, np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
        at = {name: np.array(point, float) for name, point in (STANDING | self.moved).items()}

        def paint(corners: list[tuple[float, float]], colour: tuple[int, int, int], name: str) -> None:
            shape = [np.round(np.array(corners)).astype(np.int32)]
            cv2.fillPoly(frame, shape, colour)
            cv2.fillPoly(labels, shape, CLASSES.index(name))

        def limb(a: np.ndarray, b: np.ndarray, half: float, colour: tuple[int, int, int], name: str) -> None:
            ends = [tuple(int(v) for v in np.round(point)) for point in (a, b)]
            cv2.line(frame, ends[0], ends[1], colour, int(2 * half))
            cv2.line(labels, ends[0], ends[1], CLASSES.index(name), int(2 * half))

        for side in ("right", "left"):
            limb(at[f"{side}-hip"], at[f"{side}-knee"], 28, JEANS, "pants")
            limb(at[f"{side}-knee"], at[f"{side}-ankle"], 22, JEANS, "pants")
        paint([(170, 370), (310, 370), (308, 420), (172, 420)], JEANS, "pants")
        paint([(220, 100), (260, 100), (262, 200), (218, 200)], SKIN, "face")
        cv2.ellipse(frame, (240, 115), (30, 42), 0, 0, 360, SKIN, -1)
        cv2.ellipse(labels, (240, 115), (30, 42), 0, 0, 360, CLASSES.index("face"), -1)
        paint([(218, 172), (262, 172), (310, 182), (305, 260), (302, 395), (178, 395), (175, 260), (170, 182)], OLD, "upper-clothes")
        for side in ("right", "left"):
            shoulder, elbow, wrist = (at[f"{side}-{joint}"] for joint in ("shoulder", "elbow", "wrist"))
            hand = wrist + (wrist - elbow) * 0.3
            limb(shoulder, elbow, 17, SKIN, f"{side}-arm")
            limb(elbow, hand, 14, SKIN, f"{side}-arm")
            if self.sleeves > 0:
                limb(shoulder, shoulder + (elbow - shoulder) * min(self.sleeves, 1.0), 19, OLD, "upper-clothes")
            if self.sleeves > 1:
                limb(elbow, elbow + (wrist - elbow) * (self.sleeves - 1), 16, OLD, "upper-clothes")
        return frame, labels

    def read(self, box: tuple[float, float, float, float] = (90, 40, 390, 640)) -> tuple[np.ndarray, Crop, Reading]:
        """The frame, its crop and what a network that is always right but a little soft would read on it."""
        frame, labels = self.draw()
        cropped = crop(frame, box)
        return frame, cropped, Reading(soften(labels, cropped), to_crop(self.points(), cropped))


def to_crop(points: np.ndarray, cropped: Crop) -> np.ndarray:
    """(18, 3) landmarks from frame to crop pixels."""
    return np.column_stack([cropped.to_crop(points[:, :2].astype(float)), points[:, 2]]).astype(np.float32)


def soften(labels: np.ndarray, cropped: Crop) -> np.ndarray:
    """(22, 128, 96) probabilities from a class for each pixel of the frame."""
    matrix = cropped.matrix / 2
    matrix[:, 2] -= 0.25
    planes = [cv2.GaussianBlur((labels == index).astype(np.float32), (0, 0), 1.5) for index in range(len(CLASSES))]
    parsing = np.stack([cv2.warpAffine(plane, matrix, (96, 128), borderMode=cv2.BORDER_REPLICATE) for plane in planes])
    return parsing / np.maximum(parsing.sum(0), 1e-6)


def shirt(long: bool = False, sleeves: bool = True) -> Garment:
    """A blouse of 800 x 800 pixels with stripes of 20 pixels, red and white."""
    marks = {
        "neckline_left": (330, 60), "neckline_right": (470, 60), "center_front": (400, 120), "shoulder_left": (230, 90),
        "shoulder_right": (570, 90), "armpit_left": (240, 240), "armpit_right": (560, 240), "top_hem_left": (240, 700),
        "top_hem_right": (560, 700),
    }  # fmt: skip
    out, inside = ((40, 520), (110, 540)) if long else ((120, 220), (190, 280))
    if not sleeves:
        out, inside = (228, 100), (238, 230)
    for side in ("left", "right"):
        for end, (x, y) in (("out", out), ("in", inside)):
            marks[f"cuff_{side}_{end}"] = (x if side == "left" else 800 - x, y)
    corners = ["neckline_left", "center_front", "neckline_right", "shoulder_right", "cuff_right_out", "cuff_right_in", "armpit_right",
               "top_hem_right", "top_hem_left", "armpit_left", "cuff_left_in", "cuff_left_out", "shoulder_left"]  # fmt: skip
    return _garment("blouse", marks, corners)


def trousers() -> Garment:
    """Trousers of 800 x 800 pixels."""
    marks = {"waistband_left": (260, 40), "waistband_right": (540, 40), "crotch": (400, 240), "bottom_left_out": (230, 760),
             "bottom_left_in": (340, 760), "bottom_right_in": (460, 760), "bottom_right_out": (570, 760)}  # fmt: skip
    corners = ["waistband_left", "waistband_right", "bottom_right_out", "bottom_right_in", "crotch", "bottom_left_in", "bottom_left_out"]
    return _garment("trousers", marks, corners)


def skirt(hem: int = 600) -> Garment:
    """A skirt of 800 x 800 pixels, down to row ``hem``."""
    marks = {"waistband_left": (260, 40), "waistband_right": (540, 40), "hemline_left": (180, hem), "hemline_right": (620, hem)}
    return _garment("skirt", marks, ["waistband_left", "waistband_right", "hemline_right", "hemline_left"])


def _garment(category: str, marks: dict[str, tuple[int, int]], corners: list[str]) -> Garment:
    picture = np.zeros((800, 800, 4), np.uint8)
    picture[..., :3] = (200, 30, 40)
    picture[np.arange(800) // 20 % 2 == 0, :, :3] = (240, 235, 230)
    mask = np.zeros((800, 800), np.uint8)
    cv2.fillPoly(mask, [np.array([marks[name] for name in corners], np.int32)], 255)
    picture[..., 3] = mask
    return Garment(category, category, category, picture, {name: (float(x), float(y)) for name, (x, y) in marks.items()})
