"""Pairs for the try-on networks: ``python -m engines.training.tryon.pairs --data ../shared/data --out runs/pairs``.

Every person in the garments they wear: each is laid flat from the photo as it is, then put on by the landmark warp again, on another crop,
with other landmarks. Some get another garment's texture, on the photo and on the flat picture alike. One row of bytes a pair, so that
training reads from a file that the system keeps in memory.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.format import open_memmap
from tqdm import tqdm

from engines.body import Body, Reading
from engines.contract import CLASSES
from engines.crop import Crop, crop
from engines.training import augment, garments
from engines.training.people import Person, is_validation, load_clips, load_photos
from engines.training.tryon.flat import WORN_AS, lay_flat
from engines.tryon.agnostic import draw_small, groups, limbs, old_cloth
from engines.tryon.dress import _draw
from engines.tryon.fit import fit
from engines.tryon.garment import Garment

Random = np.random.Generator

PICTURE, BODY, GARMENT, TRUTH, OLD = slice(0, 3), slice(3, 14), slice(14, 18), 18, 19
"""Planes of a pair, (128, 96, 20) uint8: the person as they are; ``contract.BODY_PLANES``; the garment as the landmark warp lays it
(premultiplied RGBA); where it is to be seen; the probability that what is worn is what it replaces."""
PLANES = 20
_VARIANTS = 3
_RETEXTURED = 0.4
_HELD_OUT_CLIPS = 5  # every so many


def labelled(person: Person, body: Body) -> tuple[Person, Reading, Crop]:
    """The person with labels, the network's where there are none, and what it reads on the whole photo."""
    box = augment.person_box(person)
    cropped = crop(person.picture, (box[0], box[1], box[2], box[3]))
    reading = body(cropped.picture)
    if person.labels is None:
        matrix = cropped.matrix / 2
        matrix[:, 2] -= 0.25
        planes = cv2.warpAffine(
            reading.parsing.transpose(1, 2, 0), matrix, person.picture.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        person = replace(person, labels=planes.argmax(2).astype(np.uint8))
    return person, reading, cropped


def pairs_of(
    person: Person, reading: Reading, cropped: Crop, body: Body, textures: list[np.ndarray], random: Random, variants: int
) -> list[np.ndarray]:
    """The rows (128, 96, 20) of one person."""
    rows = []
    assert person.labels is not None
    counts = np.bincount(person.labels.ravel(), minlength=len(CLASSES))
    for category in WORN_AS:
        if category == "blouse" and counts[CLASSES.index("coat")] > counts[CLASSES.index("upper-clothes")]:
            continue  # what a coat leaves of a top is no product picture
        flat = lay_flat(person.picture, person.labels, reading, cropped, category)
        if flat is None:
            continue
        for _ in range(variants):
            worn, shown = person, flat
            if textures and random.random() < _RETEXTURED:
                worn, shown = retextured(person, flat, reading, cropped, textures[int(random.integers(len(textures)))])
            row = pair(worn, shown, body, random if variants > 1 or textures else None)
            if row is not None:
                rows.append(row)
    return rows


def pair(person: Person, flat: Garment, body: Body, random: Random | None) -> np.ndarray | None:
    """One row: ``flat`` laid by its landmarks on ``person``, who wears it, seen on another crop; without ``random`` nothing is varied."""
    box = augment.person_box(person)
    if random is not None:
        box = augment.phone_box(person, random)
        if random.random() < 0.5:
            person = augment.cut_off(person, box[3])
        size = np.array([box[2] - box[0], box[3] - box[1]] * 2)
        box = box + size * random.normal(0, 0.03, 4) + np.array([-1, -1, 1, 1]) * size * random.uniform(-0.02, 0.12)
        look = _look(random, 0.12, 12, 5)
        person = replace(person, picture=cv2.LUT(person.picture, look))
        own = cv2.LUT(cv2.LUT(np.ascontiguousarray(flat.picture[..., :3]), look), _look(random, 0.03, 3, 2))
        flat = replace(flat, picture=np.dstack([own, flat.picture[..., 3]]))
    cropped = crop(person.picture, (box[0], box[1], box[2], box[3]))
    reading = body(cropped.picture)
    if random is not None and random.random() < 0.6:
        landmarks = reading.landmarks.copy()
        landmarks[:, :2] += random.normal(0, random.uniform(0.5, 3.0), (18, 2))
        reading = replace(reading, landmarks=landmarks)
    fitted = fit(flat, reading, cropped)
    if fitted is None:
        return None
    matrix = cropped.matrix / 2
    matrix[:, 2] -= 0.25
    assert person.labels is not None
    worn = np.isin(person.labels, [CLASSES.index(name) for name in WORN_AS[flat.category]]).astype(np.uint8) * 255
    truth = cv2.warpAffine(cv2.blur(worn, (3, 3)), matrix, (96, 128), flags=cv2.INTER_LINEAR)
    if truth.mean() < 4:
        return None
    picture = cv2.resize(cropped.picture, (96, 128), interpolation=cv2.INTER_AREA)
    old = cv2.convertScaleAbs(old_cloth(flat.category, reading.parsing), alpha=255)
    laid = draw_small(fitted.layers, cropped)
    return np.dstack([picture, groups(reading.parsing), limbs(fitted.pose), laid, truth, old])


def _look(random: Random, contrast: float, brightness: float, tint: float) -> np.ndarray:
    """A table for cv2.LUT: another exposure, contrast and tint."""
    levels = (np.arange(256) - 127) * float(np.exp(random.normal(0, contrast))) + 127 + random.normal(0, brightness)
    return np.clip(levels[:, None] + random.normal(0, tint, 3), 0, 255).astype(np.uint8)[None]


def retextured(person: Person, flat: Garment, reading: Reading, cropped: Crop, texture: np.ndarray) -> tuple[Person, Garment]:
    """Person and flat garment with ``texture`` (H, W, 3) in place of the garment's own, under the light that is on the photo."""
    height, width = flat.picture.shape[:2]
    cloth = cv2.resize(texture, (width, height), interpolation=cv2.INTER_AREA)
    shown = replace(flat, picture=np.dstack([cloth, flat.picture[..., 3]]))
    fitted = fit(shown, reading, cropped)
    if fitted is None:
        return person, flat
    rows, columns = person.picture.shape[:2]
    drawn = _draw(fitted.layers, fitted.pose.width / cropped.scale, (0, 0, columns, rows)).astype(np.float32)
    assert person.labels is not None
    worn = np.isin(person.labels, [CLASSES.index(name) for name in WORN_AS[flat.category]])
    full = drawn[..., 3] > 200
    if not (worn & full).any():
        return person, flat
    grey = cv2.cvtColor(person.picture, cv2.COLOR_RGB2GRAY).astype(np.float32) + 12
    shade = np.clip(cv2.GaussianBlur(grey, (0, 0), 1.0) / np.median(grey[worn]), 0.55, 1.5)
    colour = np.where(full[..., None], drawn[..., :3], np.median(drawn[full & worn][:, :3], 0)) * shade[..., None]
    inside = cv2.GaussianBlur(worn.astype(np.float32), (3, 3), 0)[..., None]
    picture = np.clip(person.picture * (1 - inside) + colour * inside, 0, 255).astype(np.uint8)
    return replace(person, picture=picture), shown


def load_textures(data: Path, masks: Path) -> list[np.ndarray]:
    """The middle of the garments on the photos that training may see, where the masks agree it is cloth."""
    found = []
    kinds = ("dress", "longsleeve", "outwear", "shirt", "t-shirt", "skirt")
    for photo in garments.load(data, masks, "train", 224, lambda path: path.parent.name in kinds):
        mask = photo.mask(0)
        if mask is None:
            continue
        ys, xs = np.nonzero(cv2.erode(mask, np.ones((9, 9), np.uint8)))
        if len(ys) > 2000:
            (y0, y1), (x0, x1) = np.percentile(ys, [20, 80]).astype(int), np.percentile(xs, [20, 80]).astype(int)
            if min(y1 - y0, x1 - x0) > 24:
                found.append(photo.picture[y0:y1, x0:x1])
    return found


def write(people: list[Person], body: Body, textures: list[np.ndarray], out: Path, seed: int, variants: int) -> int:
    """Make the pairs of ``people`` and write them to ``out`` (.npy, (N, 128, 96, 20) uint8); how many there are."""
    random = np.random.default_rng(seed)
    most = len(people) * len(WORN_AS) * variants
    temporary = out.with_suffix(".tmp")
    rows = np.memmap(temporary, np.uint8, "w+", shape=(most, 128, 96, PLANES))
    count = 0
    for person in tqdm(people, unit="person", mininterval=20):
        for row in pairs_of(*labelled(person, body), body, textures, random, variants):
            rows[count] = row
            count += 1
    kept = open_memmap(out, "w+", np.uint8, (count, 128, 96, PLANES))
    kept[:] = rows[:count]
    kept.flush()
    temporary.unlink()
    return count


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with people/, garments/ and clips/")
    parser.add_argument("--masks", type=Path, default=Path("runs/masks"), help="of the garment photos (engines.training.masks)")
    parser.add_argument("--out", type=Path, default=Path("runs/pairs"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    body = Body.load()
    held_out = [person for person in load_photos(args.data, is_validation) if person.labels is not None]
    print(f"validation: {write(held_out, body, [], args.out / 'validation.npy', args.seed, 1)} pairs", flush=True)
    people = load_photos(args.data, lambda stem: not is_validation(stem))
    clips = load_clips(args.data, every=45)
    names = sorted({person.stem.partition(":")[0] for person in clips})
    people += [person for person in clips if names.index(person.stem.partition(":")[0]) % _HELD_OUT_CLIPS]
    textures = load_textures(args.data, args.masks)
    print(f"{len(textures)} textures, {len(people)} people", flush=True)
    print(f"training: {write(people, body, textures, args.out / 'training.npy', args.seed + 1, _VARIANTS)} pairs", flush=True)


if __name__ == "__main__":
    main()
