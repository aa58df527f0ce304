"""How steady the pipeline's view of the person is: ``python -m tests.steadiness --data ../shared/data``, a table and one JSON line.

Of the pixels that change by less than four grey levels between two frames, how many change class (percent); the share of landmarks within
5% of a person's height of the teacher's (PCK), where the teacher is sure and the landmark is on the picture; how many frames the wrists lag
behind the teacher's while they move fast; and how far landmarks wander on a still picture with camera noise (percent of the height).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from engines.body import Body
from engines.body.command import parse_picture
from engines.body.metrics import correct_keypoints
from engines.body.person import SEEN
from engines.contract import LANDMARKS
from engines.training.people import coco_landmarks
from streamer.pipeline import Pipeline
from streamer.timing import Spans

WRISTS = [LANDMARKS.index(f"{side}-wrist") for side in ("left", "right")]
FAST = 0.02
"""Person heights a frame from which a wrist is fast."""
NOISE, STILL_FRAMES = 3.0, 40
PERSON_HEIGHT = 500.0
"""Frame pixels: about the height of the whole person at the clips' distance (they are seen from the knees up)."""


def measure(pipeline: Pipeline, clip: Path, teacher: list, lags: list[float]) -> dict[str, float]:
    """Counts over one clip; the lags of fast wrists are added to ``lags``."""
    counts: dict[str, float] = dict.fromkeys(("frames", "seen", "still", "changed", "right", "sure"), 0)
    track, before, wrists = None, None, None
    capture = cv2.VideoCapture(str(clip))
    for blazepose in teacher:
        good, picture = capture.read()
        if not good:
            break
        frame = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        size = frame.shape[0], frame.shape[1]
        counts["frames"] += 1
        seen = pipeline.see(frame, track, Spans())
        if seen is None:
            track, before, wrists = None, None, None
            continue
        track, reading, crop = seen
        labels = parse_picture(reading, crop, size)
        if before is not None:
            still = cv2.absdiff(frame, before[0]).max(2) < 4
            counts["still"] += int(still.sum())
            counts["changed"] += int((still & (labels != before[1])).sum())
        before = frame, labels
        points = reading.landmarks.copy()
        points[:, :2] = crop.to_frame(points[:, :2])
        truth = coco_landmarks(np.array(blazepose, np.float32))
        truth[((truth[:, :2] < 0) | (truth[:, :2] >= size[::-1])).any(1), 2] = 0
        right, sure = correct_keypoints(truth, points, PERSON_HEIGHT)
        counts = counts | {"seen": counts["seen"] + 1, "right": counts["right"] + right, "sure": counts["sure"] + sure}
        if wrists is not None:
            for index, wrist in enumerate(WRISTS):
                step = truth[wrist, :2] - wrists[index, :2]
                speed = float(np.linalg.norm(step))
                if FAST * PERSON_HEIGHT < speed < 0.15 * PERSON_HEIGHT and min(truth[wrist, 2], wrists[index, 2]) > 0.7:
                    # How far it is behind along its way, in frames; the median is robust against a wrong teacher.
                    lags.append(float((truth[wrist, :2] - points[wrist, :2]) @ step) / speed**2)
        wrists = truth[WRISTS]
    return counts


def wander(pipeline: Pipeline, frame: np.ndarray) -> float:
    """Standard deviation of the seen landmarks on one frame with fresh camera noise, percent of the person's height."""
    random = np.random.default_rng(0)
    track, places = None, []
    for _ in range(STILL_FRAMES):
        noisy = np.clip(frame + random.normal(0, NOISE, frame.shape), 0, 255).astype(np.uint8)
        seen = pipeline.see(noisy, track, Spans())
        if seen is None:
            return float("nan")
        track, reading, crop = seen
        places.append(np.where(reading.landmarks[:, 2:] > SEEN, crop.to_frame(reading.landmarks[:, :2]), np.nan))
    spread = np.array(places[10:])
    steady = spread[:, ~np.isnan(spread).any((0, 2))]
    return float(100 * np.sqrt(steady.var(0).sum(1)).mean() / PERSON_HEIGHT)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with clips/")
    args = parser.parse_args()
    pipeline = Pipeline(Body.load())
    teacher = json.loads((args.data / "clips/keypoints.json").read_text())
    total: dict[str, float] = {}
    lags: list[float] = []
    wanders = []
    for name, points in teacher.items():
        clip = args.data / f"clips/{name}.mkv"
        counts = measure(pipeline, clip, points, lags)
        wanders.append(wander(pipeline, cv2.cvtColor(cv2.VideoCapture(str(clip)).read()[1], cv2.COLOR_BGR2RGB)))
        total = {k: total.get(k, 0) + v for k, v in counts.items()}
        print(f"{name:10} " + figures(counts))
    print(f"{'all':10} " + figures(total))
    lag, noise = float(np.median(lags)), float(np.nanmean(wanders))
    print(f"wrists lag {lag:.2f} frames behind in {len(lags)} fast moves; still landmarks wander by {noise:.3f} % of the height")
    summary = {
        "pck": total["right"] / total["sure"],
        "still_pixels_changing_percent": 100 * total["changed"] / total["still"],
        "found": total["seen"] / total["frames"],
        "wrist_lag_frames": lag,
        "still_landmarks_percent": noise,
    }
    print(json.dumps(summary))


def figures(c: dict[str, float]) -> str:
    """One row of the table."""
    still = 100 * c["changed"] / max(c["still"], 1)
    return f"found {c['seen']:.0f}/{c['frames']:.0f}  PCK {c['right'] / max(c['sure'], 1):.3f}  still pixels changing class {still:.3f} %"


if __name__ == "__main__":
    main()
