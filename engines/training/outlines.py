"""Parametric outlines of garments with exact landmarks: random cuts, sleeves and poses, as they lie on a floor or hang.

Lengths are in units of a top's armpit-to-armpit distance (waistband for trousers and skirts); y points down; left is the viewer's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np

Random = np.random.Generator
Points = dict[str, np.ndarray]


@dataclass
class Outline:
    """Polygons in the order in which they are laid down, and landmarks by name."""

    category: str
    parts: list[tuple[str, np.ndarray]] = field(default_factory=list)
    """(material, (N,2)): ``cloth``, ``inside`` (the back seen through the neck), ``rib`` (collar, cuff, waistband)."""
    seams: list[np.ndarray] = field(default_factory=list)
    landmarks: Points = field(default_factory=dict)


def smooth(*points: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Chaikin's corner cutting of an open line; its ends stay."""
    line = np.array(points, float)
    for _ in range(rounds):
        a, b = line[:-1], line[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], 1).reshape(-1, 2)
        line = np.concatenate([line[:1], cut, line[-1:]])
    return line


def _at(x: float, y: float) -> np.ndarray:
    return np.array([x, y], float)


def _towards(angle: float, length: float, side: int) -> np.ndarray:
    """``angle``: degrees from straight down, outwards."""
    a = math.radians(angle)
    return np.array([side * math.sin(a), math.cos(a)]) * length


def _depth(polygon: np.ndarray, point: np.ndarray) -> float:
    """How deep a point lies inside a polygon; negative outside."""
    return cv2.pointPolygonTest(polygon.astype(np.float32).reshape(-1, 1, 2), (float(point[0]), float(point[1])), True)


def _visible_armpit(side: np.ndarray, armpit: np.ndarray, sleeve: np.ndarray) -> np.ndarray:
    """Where the body's side comes out from under the sleeve; a little below the armpit where the sleeve hides all of it."""
    below = side[side[:, 1] >= armpit[1]]
    fine = np.concatenate([a + (b - a) * np.linspace(0, 1, 8)[:, None] for a, b in pairwise(below)]) if len(below) > 1 else below
    out = [point for point in fine if _depth(sleeve, point) < 0]
    return out[0] if out and out[0][1] < armpit[1] + 0.4 else armpit + _at(0, 0.12)


def top(random: Random, category: str) -> Outline:
    """A blouse, an outer garment or a dress."""
    u = random.uniform
    neck, slope = u(0.13, 0.34), u(0.05, 0.22)
    strappy = category != "outwear" and random.random() < (0.3 if category == "dress" else 0.06)
    shoulder = neck + u(0.05, 0.2) if strappy else max(neck + 0.08, u(0.36, 0.52))
    deep = u(0.38, 0.72) if not strappy else u(0.25, 0.5)
    front = u(0.03, 0.22) if random.random() < 0.7 else u(0.15, 0.55)
    dress = category == "dress"
    waist_at, waist = deep + u(0.25, 0.6), 0.5 * u(0.72, 1.08)
    length = waist_at + (u(0.55, 2.1) if dress else u(0.15, 0.75) if category == "blouse" else u(0.1, 1.5))
    hem = 0.5 * (u(0.8, 1.9) if dress else u(0.82, 1.25))
    kind = random.random()
    sleeveless = strappy or kind < (0.3 if dress else 0.07)
    long = not sleeveless and (category == "outwear" or kind < (0.6 if dress else 0.55))
    reach = u(0.95, 1.5) if long else u(0.16, 0.6)
    cuff = u(0.14, 0.28) if long else u(0.22, 0.42)
    out = Outline(category)
    sag = u(-0.02, 0.09)
    back = u(-0.02, min(0.08, front))
    sides: dict[str, Points] = {}
    # Long sleeves hang beside the body or over it, lie at an angle, or are spread out.
    pose = random.random()
    both_angles = u(20, 80) if not long else u(-8, 16) if pose < 0.38 else u(12, 58) if pose < 0.8 else u(40, 100)
    over = long and random.random() < 0.4
    sleeves: list[tuple[str, np.ndarray]] = []
    sleeve_of: Points = {}
    for name, side in (("left", -1), ("right", 1)):
        jitter = lambda amount: random.normal(0, amount)  # noqa: E731
        p: Points = {
            "neckline": _at(side * (neck + jitter(0.01)), jitter(0.01)),
            "shoulder": _at(side * (shoulder + jitter(0.015)), slope + jitter(0.015)),
            "armpit": _at(side * 0.5, deep + jitter(0.02)),
            "waistline": _at(side * (waist + jitter(0.015)), waist_at + jitter(0.02)),
            "hem": _at(side * (hem + jitter(0.02)), length + jitter(0.02)),
        }
        if sleeveless:
            p["cuff_out"], p["cuff_in"] = p["shoulder"] + _at(0, 0.005), p["armpit"] + _at(0, -0.005)
        else:
            first = both_angles + jitter(8)
            bend = jitter(6) if not long or random.random() < 0.6 else u(-75, 60)
            share = u(0.4, 0.6)
            elbow_out = p["shoulder"] + _towards(first, reach * share, side)
            p["cuff_out"] = elbow_out + _towards(first + bend, reach * (1 - share), side)
            across = _towards(first + bend - 90 + jitter(5), cuff, side)
            p["cuff_in"] = p["cuff_out"] + across
            wide = 0.5 * (cuff + float(np.linalg.norm(p["shoulder"] - p["armpit"])))
            elbow_in = elbow_out + _towards(first + bend / 2 - 90, wide, side)
            outer = smooth(
                p["shoulder"], p["shoulder"] + _towards(first, reach * 0.15, side) + _at(side * u(0, 0.04), 0), elbow_out, p["cuff_out"]
            )
            inner = smooth(p["cuff_in"], elbow_in, p["armpit"])
            under = np.array([p["armpit"] + _at(-side * 0.1, 0), p["shoulder"] + _at(-side * 0.08, 0.05)])
            sleeve = np.concatenate([outer, inner, under])
            sleeves.append(("cloth", sleeve))
            sleeve_of[name] = sleeve
            if random.random() < 0.4:
                at = u(0.03, 0.12)
                back_to = _towards(first + bend, -at, side)
                sleeves.append(("rib", np.array([p["cuff_out"], p["cuff_in"], p["cuff_in"] + back_to, p["cuff_out"] + back_to])))
            elif random.random() < 0.7:
                back_to = _towards(first + bend, -u(0.02, 0.06), side)
                out.seams.append(np.array([p["cuff_out"] + back_to, p["cuff_in"] + back_to]))
            out.seams.append(smooth(p["shoulder"], _at(side * (shoulder - 0.03), (slope + deep) * 0.6), p["armpit"]))
        sides[name] = p
    left, right = sides["left"], sides["right"]
    if not over:
        out.parts += sleeves
    centre = _at(random.normal(0, 0.015), front)
    sharp = u(0.2, 1.0)
    half = [smooth(p["neckline"], _at(p["neckline"][0] * sharp, front * u(0.6, 1.0)), centre) for p in (left, right)]
    neckline = np.concatenate([half[0], half[1][::-1]])
    if back < front - 0.02 and random.random() < 0.85:
        behind = smooth(right["neckline"], _at(0, 2 * back), left["neckline"])
        out.parts.append(("inside", np.concatenate([neckline, behind])))

    def side_line(p: Points) -> np.ndarray:
        armhole = smooth(p["shoulder"], _at(p["shoulder"][0] * 0.96, deep * 0.75), p["armpit"])
        hip = (p["waistline"] + p["hem"]) / 2 + _at(np.sign(p["hem"][0]) * random.normal(0.02, 0.03), 0)
        return np.concatenate([armhole, smooth(p["armpit"], p["waistline"], hip, p["hem"])])

    bottom = smooth(right["hem"], _at(hem * 0.3, length + sag), _at(-hem * 0.3, length + sag), left["hem"])
    shape = np.concatenate([neckline, side_line(right), bottom, side_line(left)[::-1]])
    out.parts.append(("cloth", shape))
    if over:
        out.parts += sleeves
    style = random.random()
    if front < 0.12 and not strappy and random.random() < 0.4:  # a stand-up collar or a polo neck: its upper edge is the neckline
        high, narrow = u(0.04, 0.26), u(0.8, 1.02)
        tops = {n: p["neckline"] * (narrow, 1) - _at(0, high) for n, p in sides.items()}
        rim = smooth(tops["left"], _at(0, tops["left"][1] + u(0, 0.08)), tops["right"])
        out.parts.append(("rib", np.concatenate([rim, neckline[::-1]])))
        for name, p in sides.items():
            p["neckline"] = tops[name]
        centre = rim[len(rim) // 2]
    elif style < 0.3:  # a band round the neck
        wide = u(0.03, 0.08)
        away = neckline + np.array([0, 1.0]) * wide + (neckline - centre) * _at(wide, 0)
        out.parts.append(("rib", np.concatenate([neckline, away[::-1]])))
    elif style < 0.55 and not strappy:  # a collar
        for p, side in ((left, -1), (right, 1)):
            tip = centre + _at(side * u(0.05, 0.2), u(0.02, 0.16))
            out.parts.append(
                (
                    "rib",
                    np.array([p["neckline"] + _at(0, -u(0, 0.06)), centre, tip, p["neckline"] + _at(side * u(0.02, 0.09), u(0.0, 0.06))]),
                )
            )
    elif style < (0.75 if category == "outwear" else 0.62):  # a hood
        high = u(0.15, 0.5)
        hood = smooth(
            left["neckline"] + _at(-0.04, 0.04),
            _at(-neck - u(0, 0.15), -high),
            _at(neck + u(0, 0.15), -high),
            right["neckline"] + _at(0.04, 0.04),
        )
        out.parts.insert(len(out.parts) - 1, ("cloth", np.concatenate([hood, neckline[::-1]])))
        out.parts.insert(len(out.parts) - 1, ("inside", neckline * 0.85 + _at(0, -high * 0.35)))
    if category == "outwear" or random.random() < 0.3:  # closed by a zip or buttons
        out.seams.append(np.array([centre, _at(random.normal(0, 0.02), length + sag * 0.7)]))
    if random.random() < 0.5:
        wide = u(0.02, 0.1)
        out.seams.append(bottom - _at(0, wide))
    if dress and random.random() < 0.5:
        out.seams.append(smooth(left["waistline"], _at(0, waist_at + u(-0.05, 0.05)), right["waistline"]))
    marks: Points = {"center_front": centre}
    for name, p in sides.items():
        marks |= {f"neckline_{name}": p["neckline"], f"shoulder_{name}": p["shoulder"], f"armpit_{name}": p["armpit"],
                  f"waistline_{name}": p["waistline"], f"cuff_{name}_in": p["cuff_in"], f"cuff_{name}_out": p["cuff_out"],
                  f"top_hem_{name}": p["hem"], f"hemline_{name}": p["hem"]}  # fmt: skip
    if not sleeveless:
        for name, p in sides.items():
            marks[f"armpit_{name}"] = _visible_armpit(side_line(p), p["armpit"], sleeve_of[name])
        if not over:  # what lies behind the body cannot be seen, and is not learnt
            marks = {n: at for n, at in marks.items() if "cuff" not in n or _depth(shape, at) < 0.03}
    out.landmarks = marks
    return out


def trousers(random: Random) -> Outline:
    """Trousers and shorts."""
    u = random.uniform
    out = Outline("trousers")
    short = random.random() < 0.35
    crotch = _at(random.normal(0, 0.03), u(0.45, 0.85))
    length = crotch[1] + (u(0.05, 0.6) if short else u(1.0, 2.1))
    spread = u(0.0, 0.35) if not short else u(-0.02, 0.16)
    wide = u(0.18, 0.36) if not short else u(0.36, 0.62)
    hip = 0.5 * u(1.05, 1.5)
    dip = u(-0.06, 0.06)
    sides: dict[str, Points] = {}
    lines = []
    for name, side in (("left", -1), ("right", 1)):
        j = lambda a=0.02: random.normal(0, a)  # noqa: E731
        bottom_in = _at(side * (0.02 + spread + j(0.03)), length + j(0.04))
        across = _towards(90 + random.normal(0, 6) + spread * 12, wide + j(0.01), side)
        p: Points = {"waistband": _at(side * 0.5, j()), "in": bottom_in, "out": bottom_in + across * (1, -1)}
        middle = (crotch[1] + length) / 2
        knee_out = (p["out"] + _at(side * hip, crotch[1])) / 2 + _at(side * u(-0.06, 0.05), 0)
        knee_in = (p["in"] + crotch) / 2 + _at(side * u(-0.04, 0.06), 0)
        outer = smooth(p["waistband"], _at(side * hip, crotch[1] * u(0.5, 0.95)), knee_out, p["out"])
        inner = smooth(p["in"], knee_in, crotch + _at(side * 0.03, 0.04), crotch)
        del middle
        leg = np.concatenate([outer, inner])
        lines.append(leg)
        sides[name] = p
        if random.random() < 0.8:
            up = _at(0, -u(0.02, 0.1))
            out.seams.append(np.array([p["in"] + up, p["out"] + up]))
        out.seams.append(smooth(_at(side * 0.36, 0.12), _at(side * 0.42, 0.3), _at(side * hip * 0.98, 0.34)))
    waist = smooth(sides["left"]["waistband"], _at(0, dip * 2), sides["right"]["waistband"])
    shape = np.concatenate([waist, lines[1], lines[0][::-1]])
    if dip > 0.015:
        out.parts.append(
            ("inside", np.concatenate([waist, smooth(sides["right"]["waistband"], _at(0, -0.03), sides["left"]["waistband"])]))
        )
    out.parts.append(("cloth", shape))
    band = u(0.05, 0.16)
    out.parts.append(("rib", np.concatenate([waist, waist[::-1] + _at(0, band)])))
    out.seams.append(smooth(_at(0, dip), _at(0.02, crotch[1] / 2), crotch))
    marks: Points = {"crotch": crotch}
    for name, p in sides.items():
        marks |= {f"waistband_{name}": p["waistband"], f"bottom_{name}_in": p["in"], f"bottom_{name}_out": p["out"]}
    out.landmarks = marks
    return out


def skirt(random: Random) -> Outline:
    """Skirts, narrow and wide."""
    u = random.uniform
    out = Outline("skirt")
    length, hem = u(0.6, 2.2), 0.5 * u(0.9, 2.6)
    dip, sag = u(-0.08, 0.08), u(-0.03, 0.2) * hem
    left, right = (_at(s * 0.5, random.normal(0, 0.02)) for s in (-1, 1))
    low = [_at(s * (hem + random.normal(0, 0.03)), length + random.normal(0, 0.03)) for s in (-1, 1)]
    waist = smooth(left, _at(0, 2 * dip), right)
    hip = u(0.5, max(0.55, min(0.85, hem)))
    lines = [smooth(a, _at(s * hip, length * u(0.2, 0.45)), b) for s, a, b in ((-1, left, low[0]), (1, right, low[1]))]
    wave = u(0, 0.03)
    t = np.linspace(0, 1, 25)[:, None]
    bottom = low[1] * (1 - t) + low[0] * t + np.hstack([0 * t, 4 * sag * t * (1 - t) + wave * np.sin(t * u(8, 40))])
    if dip > 0.02:
        out.parts.append(("inside", np.concatenate([waist, smooth(right, _at(0, -0.04), left)])))
    out.parts.append(("cloth", np.concatenate([waist, lines[1], bottom, lines[0][::-1]])))
    if random.random() < 0.8:
        out.parts.append(("rib", np.concatenate([waist, waist[::-1] + _at(0, u(0.04, 0.16))])))
    for _ in range(int(random.integers(0, 6))):
        x = u(-0.9, 0.9)
        out.seams.append(np.array([_at(x * 0.5, 0.1), _at(x * hem, length + sag * 0.8)]))
    out.landmarks = {"waistband_left": left, "waistband_right": right, "hemline_left": low[0], "hemline_right": low[1]}
    return out


def random_outline(random: Random) -> Outline:
    """Any garment: tops more often, for they have the most landmarks."""
    way = random.random()
    if way < 0.6:
        return top(random, ("blouse", "blouse", "outwear", "dress")[int(random.integers(4))])
    return trousers(random) if way < 0.84 else skirt(random)
