"""How steady the pipeline's view of the person is: ``python -m tests.steadiness --data ../shared/data``, a table and one JSON line.

Of the pixels that change by less than four grey levels between two frames, how many change class (percent); and the share of landmarks
within 5% of a person's height of the teacher's (PCK), where the teacher is sure and the landmark is on the picture.
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
from engines.training.people import coco_landmarks
from streamer.pipeline import Pipeline
from streamer.timing import Spans

PERSON_HEIGHT = 500.0
"""Frame pixels: about the height of the whole person at the clips' distance (they are seen from the knees up)."""


def measure(pipeline: Pipeline, clip: Path, teacher: list) -> dict[str, int]:
    """Counts over one clip."""
    counts = dict.fromkeys(("frames", "seen", "still", "changed", "right", "sure"), 0)
    track, before = None, None
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
            track, before = None, None
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
    return counts


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with clips/")
    args = parser.parse_args()
    pipeline = Pipeline(Body.load())
    teacher = json.loads((args.data / "clips/keypoints.json").read_text())
    total: dict[str, int] = {}
    for name, points in teacher.items():
        counts = measure(pipeline, args.data / f"clips/{name}.mkv", points)
        total = {k: total.get(k, 0) + v for k, v in counts.items()}
        print(f"{name:10} " + figures(counts))
    print(f"{'all':10} " + figures(total))
    print(json.dumps({"pck": total["right"] / total["sure"], "still_pixels_changing_percent": 100 * total["changed"] / total["still"],
                      "found": total["seen"] / total["frames"]}))  # fmt: skip


def figures(c: dict[str, int]) -> str:
    """One row of the table."""
    still = 100 * c["changed"] / max(c["still"], 1)
    return f"found {c['seen']}/{c['frames']}  PCK {c['right'] / max(c['sure'], 1):.3f}  still pixels changing class {still:.3f} %"


if __name__ == "__main__":
    main()
