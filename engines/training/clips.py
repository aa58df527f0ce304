"""Labels for frames of the clips, which have none: from the teacher's landmarks and colours, for people in a top and trousers.

The person is cut out by GrabCut, seeded along the limbs; skin is what has the face's colours where face, arms or hands can be; the
rest is hair around the head, the top above the hips and trousers below. Where two answers are close the pixel teaches nothing.
"""

from __future__ import annotations

import cv2
import numpy as np

from engines.contract import CLASSES
from engines.training.people import IGNORE

_LIMBS = ((11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (11, 12), (23, 24), (23, 25), (24, 26))
_ARMS = {"left-arm": ((11, 13), (13, 15), (15, 19), (15, 17)), "right-arm": ((12, 14), (14, 16), (16, 20), (16, 18))}
_C = {name: index for index, name in enumerate(CLASSES)}


def _draw(shape: tuple[int, int], points: np.ndarray, segments: tuple[tuple[int, int], ...], width: float) -> np.ndarray:
    """uint8 (H,W): 255 within ``width`` / 2 pixels of the segments."""
    mask = np.zeros(shape, np.uint8)
    for a, b in segments:
        cv2.line(mask, tuple(map(int, points[a, :2].round())), tuple(map(int, points[b, :2].round())), 255, max(1, round(width)))
    return mask


def cut_out(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """uint8 (H,W): 1 where the person is, 0 where not, IGNORE along the edge. ``points``: (33,3) BlazePose landmarks."""
    height, width = (n // 2 for n in frame.shape[:2])
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    half = points[:, :2] / 2
    across = float(np.linalg.norm(half[11] - half[12]))
    mask = np.full((height, width), cv2.GC_BGD, np.uint8)
    torso = half[[11, 12, 24, 23]].round().astype(np.int32)
    limbs = (*_LIMBS, *_ARMS["left-arm"], *_ARMS["right-arm"])
    reach = _draw((height, width), half, limbs, 0.75 * across)
    cv2.fillPoly(reach, [torso], 255)
    head = half[[0, 7, 8]].mean(0)
    cv2.ellipse(
        reach, tuple(map(int, (head - [0, 0.05 * across]).round())), (round(0.42 * across), round(0.5 * across)), 0, 0, 360, 255, -1
    )
    mask[reach > 0] = cv2.GC_PR_BGD
    near = _draw((height, width), half, limbs, 0.34 * across)
    cv2.fillPoly(near, [torso], 255)
    mask[near > 0] = cv2.GC_PR_FGD
    sure = _draw((height, width), half, (*_LIMBS, (15, 19), (16, 20), (7, 8)), 0.08 * across)
    inner = torso.mean(0) + (torso - torso.mean(0)) * 0.9
    cv2.fillPoly(sure, [inner.round().astype(np.int32)], 255)
    cv2.circle(sure, tuple(map(int, head.round())), round(0.16 * across), 255, -1)
    mask[sure > 0] = cv2.GC_FGD
    cv2.grabCut(small, mask, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    edge = cv2.morphologyEx(person, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    person[edge > 0] = IGNORE
    return cv2.resize(person, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def skin_likeness(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """float32 (H,W): how many standard deviations each pixel is from the colours of the face (LAB, lightness counting less)."""
    lab = cv2.cvtColor(cv2.GaussianBlur(frame, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    face = np.zeros(frame.shape[:2], np.uint8)
    size = float(np.linalg.norm(points[7, :2] - points[8, :2]))
    cv2.ellipse(face, tuple(map(int, points[0, :2].round())), (round(0.3 * size), round(0.35 * size)), 0, 0, 360, 255, -1)
    colours = lab[face > 0]
    middle = np.median(colours, 0)
    spread = np.maximum(np.median(np.abs(colours - middle), 0) * 1.48, [16, 3.5, 3.5])
    return np.linalg.norm((lab - middle) / spread / [1.6, 1, 1], axis=2).astype(np.float32)


def label_frame(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """uint8 (H,W) class labels of a clip's frame (RGB), IGNORE where unsure. ``points``: (33,3) BlazePose landmarks."""
    shape = frame.shape[:2]
    person = cut_out(frame, points)
    far = skin_likeness(frame, points)
    across = float(np.linalg.norm(points[11, :2] - points[12, :2]))
    labels = np.where(person == 1, IGNORE, person).astype(np.uint8)
    inside = person == 1
    y = np.mgrid[: shape[0], : shape[1]][0]
    hips = points[[23, 24], 1].mean()
    shoulders = points[[11, 12], 1].mean()
    labels[inside & (y > shoulders) & (y < hips - 0.1 * across)] = _C["upper-clothes"]
    labels[inside & (y > hips + 0.42 * across)] = _C["pants"]
    # The teacher's shoulders are joints: cloth reaches a little above them.
    labels[inside & (y > shoulders - 0.06 * across) & (y <= shoulders) & (far > 4)] = _C["upper-clothes"]
    head = np.zeros(shape, np.uint8)
    middle = points[[7, 8], :2].mean(0)
    size = float(np.linalg.norm(points[7, :2] - points[8, :2]))
    cv2.ellipse(head, tuple(map(int, (middle - [0, 0.1 * size]).round())), (round(0.72 * size), round(1.15 * size)), 0, 0, 360, 255, -1)
    above_chin = y < points[[9, 10], 1].mean() + 0.1 * size
    labels[inside & (head > 0) & above_chin & (far > 4.5)] = _C["hair"]
    face_region = (head > 0) & (y < shoulders)
    labels[inside & face_region & (far < 2.6)] = _C["face"]
    labels[inside & face_region & (far >= 2.6) & (far <= 4.5)] = IGNORE
    # Fair hair has the colours of skin.
    forehead = y < points[[2, 5], 1].mean() - 0.3 * size
    labels[inside & face_region & forehead & (far <= 4.5)] = IGNORE
    for name, segments in _ARMS.items():
        arm = _draw(shape, points, segments, 0.34 * across) > 0
        hand = np.zeros(shape, np.uint8)
        wrist, tip = (15, 19) if name == "left-arm" else (16, 20)
        centre = points[tip, :2] + 0.25 * (points[tip, :2] - points[wrist, :2])
        cv2.circle(hand, tuple(map(int, centre.round())), round(0.27 * across), 255, -1)
        # A hand before the face has the face's colours: only what is surely not face is taken there.
        reach = (arm | (hand > 0)) & ~((head > 0) & above_chin)
        reach &= person != 0
        # A rim of mixed colours between cloth and wall is no skin.
        skin = cv2.morphologyEx((reach & (far < 2.6)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)) > 0
        labels[reach & (far <= 4.0)] = IGNORE
        labels[skin] = _C[name]
    covered = (head > 0) & ((_draw(shape, points, (*_ARMS["left-arm"][1:], *_ARMS["right-arm"][1:]), 0.3 * across)) > 0)
    labels[covered & inside] = IGNORE
    return labels
