"""Turns a photo into what a phone would send: cut, turned, badly lit, blurred, compressed, in front of another background."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engines.contract import CLASSES, CROP_HEIGHT, CROP_WIDTH, LANDMARKS
from engines.crop import MARGIN
from engines.training.people import IGNORE, Person

Random = np.random.Generator


def _mirror_order(names: tuple[str, ...]) -> np.ndarray:
    other = {"left": "right", "right": "left"}
    swapped = [f"{other[side]}-{part}" if (side := n.partition("-")[0]) in other and (part := n.partition("-")[2]) else n for n in names]
    return np.array([names.index(n) for n in swapped])


MIRRORED_CLASSES = _mirror_order(CLASSES)
MIRRORED_LANDMARKS = _mirror_order(LANDMARKS)
_NECK, _KNEES, _HIPS, _ANKLES = 1, [9, 12], [8, 11], [10, 13]


@dataclass(frozen=True, eq=False)
class Sample:
    """picture (256,192,3) uint8; labels (128,96) uint8, IGNORE where nothing is known; landmarks (18,3) in crop px;
    instances (128,96) uint8 (0 none, IGNORE unknown); absent (22,) bool."""

    picture: np.ndarray
    labels: np.ndarray
    landmarks: np.ndarray
    instances: np.ndarray
    absent: np.ndarray


def person_box(person: Person) -> np.ndarray:
    """(x0, y0, x1, y1) around the labels, or around the landmarks with room for hair, hands and feet."""
    if person.labels is not None and ((person.labels > 0) & (person.labels != IGNORE)).any():
        ys, xs = np.nonzero((person.labels > 0) & (person.labels != IGNORE))
        return np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], float)
    points = person.landmarks[:, :2]
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    room = 0.1 * (y1 - y0)
    height, width = person.picture.shape[:2]
    return np.array([max(x0 - room, 0), max(y0 - 1.2 * room, 0), min(x1 + room, width), min(y1 + 0.6 * room, height)])


def phone_box(person: Person, random: Random) -> np.ndarray:
    """The part of the person that the camera sees: all of them, to the knees, to the waist, or a close-up."""
    box = person_box(person)
    cut = random.random()
    bottom = box[3]
    points = person.landmarks
    if cut < 0.22:
        bottom = points[_KNEES, 1].mean() + random.normal(0, 0.04) * (box[3] - box[1])
    elif cut < 0.45:
        bottom = points[_HIPS, 1].mean() + random.normal(0.03, 0.05) * (box[3] - box[1])
    if bottom > box[1] + 0.2 * (box[3] - box[1]) and bottom < box[3]:
        box[3] = bottom
        # The cut also narrows what is seen: hands below the cut are gone.
        inside = points[points[:, 1] < bottom]
        if len(inside) > 3:
            room = 0.12 * (box[3] - box[1])
            box[0] = max(box[0], inside[:, 0].min() - 1.5 * room)
            box[2] = min(box[2], inside[:, 0].max() + 1.5 * room)
    return box


def cut_off(person: Person, bottom: float) -> Person:
    """The photo as a camera sees it whose picture ends at ``bottom``: nothing below can be seen."""
    rows = int(np.clip(bottom, 64, person.picture.shape[0]))
    landmarks = person.landmarks.copy()
    landmarks[landmarks[:, 1] >= rows, :2] = -1000
    labels, instances = (None if a is None else a[:rows] for a in (person.labels, person.instances))
    return replace(person, picture=person.picture[:rows], labels=labels, instances=instances, landmarks=landmarks)


def random_crop_matrix(box: np.ndarray, random: Random, find: bool = False) -> np.ndarray:
    """(2,3) picture px -> crop px: the pipeline's crop, moved, turned and scaled; with ``find`` the person is small in it."""
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    height = max(box[3] - box[1], (box[2] - box[0]) * CROP_HEIGHT / CROP_WIDTH)
    scale = CROP_HEIGHT / (height * MARGIN)
    scale *= random.uniform(0.3, 0.75) if find else float(np.exp(random.normal(0.0, 0.13)))
    spread = 0.5 * (1 / scale) * (CROP_HEIGHT - height * scale) if find else 0.05 * height
    cx, cy = cx + random.normal(0, abs(spread) * 0.5), cy + random.normal(0, abs(spread) * 0.5)
    angle = math.radians(random.normal(0, 6) if random.random() < 0.7 else random.uniform(-30, 30))
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    return np.array([[c, -s, (CROP_WIDTH - 1) / 2 - c * cx + s * cy], [s, c, (CROP_HEIGHT - 1) / 2 - s * cx - c * cy]])


def _half(matrix: np.ndarray) -> np.ndarray:
    """The same crop at half its size (pixel centres at integers)."""
    half = matrix * 0.5
    half[:, 2] -= 0.25
    return half


def sample(person: Person, random: Random, backgrounds: list[np.ndarray], passer_by: Person | None = None) -> Sample:
    """One random training sample of a person; with a labelled ``passer_by`` someone who is not meant stands beside them."""
    find = random.random() < 0.12
    box = phone_box(person, random)
    if random.random() < 0.5:
        person = cut_off(person, box[3])
    matrix = random_crop_matrix(box, random, find)
    picture, labels = person.picture, person.labels
    if labels is not None and random.random() < 0.25:
        picture = recolour(picture, labels, random)
    border = cv2.BORDER_REPLICATE if random.random() < 0.6 else cv2.BORDER_CONSTANT
    flags = cv2.INTER_AREA if abs(matrix[0, 0]) < 0.4 else cv2.INTER_LINEAR
    grey = tuple(int(v) for v in random.integers(0, 256, 3))
    crop = cv2.warpAffine(picture, matrix, (CROP_WIDTH, CROP_HEIGHT), flags=flags, borderMode=border, borderValue=grey)
    size = (CROP_WIDTH // 2, CROP_HEIGHT // 2)
    pieces = small = np.full(size[::-1], IGNORE, np.uint8)
    if person.instances is not None:
        pieces = cv2.warpAffine(person.instances, _half(matrix), size, flags=cv2.INTER_NEAREST)
    if labels is not None:
        # Beyond the photo a smeared border may hold anything; a plain one is background.
        outside = IGNORE if border == cv2.BORDER_REPLICATE else 0
        small = cv2.warpAffine(labels, _half(matrix), size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=(outside,))
        if random.random() < 0.2:
            crop = replace_background(crop, labels, matrix, random, backgrounds)
    landmarks = person.landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    # A landmark outside the photo was guessed by the teacher; one outside the crop cannot be seen.
    height, width = picture.shape[:2]
    points = person.landmarks[:, :2]
    guessed = ((points < 0) | (points >= [width, height])).any(1) & (points[:, 0] > -999)
    landmarks[guessed, 2] = 0
    if passer_by is not None and labels is not None:
        covered = add_passer_by(crop, small, passer_by, random)
        small[covered], pieces[covered] = 0, 0
        cells = np.clip((landmarks[:, :2] / 2).round().astype(int), 0, [size[0] - 1, size[1] - 1])
        landmarks[covered[cells[:, 1], cells[:, 0]], 2] = 0
    if random.random() < 0.5:
        crop, small, pieces = np.ascontiguousarray(crop[:, ::-1]), mirror_labels(small[:, ::-1]), pieces[:, ::-1]
        landmarks = landmarks[MIRRORED_LANDMARKS]
        landmarks[:, 0] = CROP_WIDTH - 1 - landmarks[:, 0]
    return Sample(degrade(crop, random), np.ascontiguousarray(small), landmarks, np.ascontiguousarray(pieces), person.absent)


def add_passer_by(crop: np.ndarray, labels: np.ndarray, other: Person, random: Random) -> np.ndarray:
    """Draw ``other`` (labelled) into ``crop`` off to one side, mostly behind the person of ``labels`` (128,96).

    Returns (128,96) bool: where the other one covers the person or the place, all of which is background to the network:
    it reads the person in the middle.
    """
    assert other.labels is not None
    matrix = random_crop_matrix(person_box(other), random)
    matrix *= random.uniform(0.6, 1.0)
    matrix[:, 2] += [CROP_WIDTH / 2 * random.choice([-1, 1]) * random.uniform(0.7, 1.1) + 40, random.uniform(0, 50)]
    size = (CROP_WIDTH, CROP_HEIGHT)
    mask = cv2.warpAffine(((other.labels > 0) & (other.labels != IGNORE)).astype(np.float32), matrix, size)
    if random.random() < 0.7:  # behind
        mask[cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST) != 0] = 0
    alpha = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
    picture = cv2.warpAffine(other.picture, matrix, size)
    crop[:] = crop * (1 - alpha) + picture * alpha
    return mask[::2, ::2] > 0.5


def nobody(picture: np.ndarray, random: Random) -> Sample:
    """A picture without a person: all background, no landmark."""
    height, width = picture.shape[:2]
    side = random.uniform(0.5, 1.3)
    box = np.array([0, 0, width, height]) * side + random.normal(0, 0.1) * min(width, height)
    crop = cv2.warpAffine(picture, random_crop_matrix(box, random), (CROP_WIDTH, CROP_HEIGHT), borderMode=cv2.BORDER_REFLECT)
    landmarks = np.full((len(LANDMARKS), 3), -100.0, np.float32)
    landmarks[:, 2] = 1
    labels = np.zeros((CROP_HEIGHT // 2, CROP_WIDTH // 2), np.uint8)
    return Sample(degrade(crop, random), labels, landmarks, labels, np.zeros(len(CLASSES), bool))


def mirror_labels(labels: np.ndarray) -> np.ndarray:
    """Left and right classes swapped, for a mirrored picture."""
    table = np.arange(256, dtype=np.uint8)
    table[: len(CLASSES)] = MIRRORED_CLASSES
    return table[labels]


def recolour(picture: np.ndarray, labels: np.ndarray, random: Random) -> np.ndarray:
    """Another hue and depth for one piece of clothing: its class does not hang on its colour."""
    worn = [
        c
        for c in np.unique(labels)
        if c != IGNORE and CLASSES[c] in ("upper-clothes", "dress", "coat", "pants", "skirt", "jumpsuits", "scarf", "bag")
    ]
    if not worn:
        return picture
    mask = (labels == random.choice(worn)).astype(np.uint8)
    x, y, w, h = cv2.boundingRect(mask)
    region = picture[y : y + h, x : x + w]
    lab = (cv2.cvtColor(region, cv2.COLOR_RGB2LAB) - [128, 128, 128]) * [random.uniform(0.6, 1.2), 1, 1] + [
        128 + random.normal(0, 30),
        128 + random.normal(0, 18),
        128 + random.normal(0, 18),
    ]
    new = cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
    alpha = cv2.GaussianBlur(mask[y : y + h, x : x + w].astype(np.float32), (0, 0), 1)[..., None]
    out = picture.copy()
    out[y : y + h, x : x + w] = (region * (1 - alpha) + new * alpha).astype(np.uint8)
    return out


def replace_background(
    crop: np.ndarray, labels: np.ndarray, matrix: np.ndarray, random: Random, backgrounds: list[np.ndarray]
) -> np.ndarray:
    """The person in another place: a room, a floor, a wall, or a plain colour."""
    mask = cv2.warpAffine((labels > 0).astype(np.float32), matrix, (CROP_WIDTH, CROP_HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.6, 1.4))[..., None]
    new: np.ndarray
    if random.random() < 0.3:
        ramp = np.linspace(0, 1, CROP_HEIGHT)[:, None, None]
        new = random.uniform(20, 245, 3) * (1 - ramp) + random.uniform(20, 245, 3) * ramp + np.zeros((1, CROP_WIDTH, 1))
    else:
        place = backgrounds[random.integers(len(backgrounds))]
        height, width = place.shape[:2]
        zoom = max(CROP_WIDTH / width, CROP_HEIGHT / height) * random.uniform(1, 1.8)
        place = cv2.resize(place, None, fx=zoom, fy=zoom)
        y, x = (int(random.integers(0, n - m + 1)) for n, m in zip(place.shape[:2], crop.shape[:2], strict=True))
        new = cv2.GaussianBlur(place[y : y + CROP_HEIGHT, x : x + CROP_WIDTH], (0, 0), random.uniform(0.3, 3))
    return (crop * alpha + new * (1 - alpha)).astype(np.uint8)


def degrade(crop: np.ndarray, random: Random) -> np.ndarray:
    """Light, colour cast, blur, noise and compression of a phone's video."""
    if random.random() < 0.8:
        values = np.linspace(0, 1, 256) ** np.exp(random.normal(0, 0.25)) * 255
        gain, lift = np.exp(random.normal(0, 0.18)), random.normal(0, 14)
        table = np.stack([(values - 128) * gain * np.exp(random.normal(0, 0.07)) + 128 + lift for _ in range(3)], -1)
        crop = cv2.LUT(crop, np.clip(table, 0, 255).astype(np.uint8)[None])
    if random.random() < 0.4:
        grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        keep = random.uniform(0, 1.5)
        crop = cv2.addWeighted(crop, keep, grey, 1 - keep, 0)
    blur = random.random()
    if blur < 0.2:
        crop = cv2.GaussianBlur(crop, (0, 0), random.uniform(0.4, 1.6))
    elif blur < 0.3:
        length = int(random.integers(3, 10))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), random.uniform(0, 180), 1)
        turned = cv2.warpAffine(kernel, turn, (length, length))
        crop = cv2.filter2D(crop, -1, np.asarray(turned / max(float(turned.sum()), 1e-3), np.float32))
    elif blur < 0.45:
        factor = random.uniform(0.35, 0.8)
        crop = cv2.resize(cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), (CROP_WIDTH, CROP_HEIGHT))
    if random.random() < 0.4:
        crop = np.clip(crop + random.normal(0, random.uniform(2, 12), crop.shape), 0, 255).astype(np.uint8)
    if random.random() < 0.4:
        _, coded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 85))])
        crop = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    if random.random() < 0.15:
        # Something in front: the network must go on beside it.
        w, h = (int(v) for v in random.integers(8, 50, 2))
        x, y = int(random.integers(0, CROP_WIDTH - w)), int(random.integers(0, CROP_HEIGHT - h))
        crop[y : y + h, x : x + w] = random.integers(0, 256, 3)
    return crop
