"""``python -m engines body`` on the astronaut portrait, and on folders that are not what they should be."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from engines.contract import CLASSES, LANDMARKS

ROOT = Path(__file__).resolve().parent.parent


def run(*args):
    return subprocess.run([sys.executable, "-m", "engines", "body", *map(str, args)], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory):
    """The folder with the portrait, and what the command made of it."""
    folder = tmp_path_factory.mktemp("people")
    cv2.imwrite(str(folder / "astronaut.png"), cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))
    (folder / "notes.txt").write_text("not a picture")
    done = run(folder, folder / "out")
    assert done.returncode == 0, done.stderr
    labels = cv2.imread(str(folder / "out/astronaut.png"), cv2.IMREAD_UNCHANGED)
    return labels, json.loads((folder / "out/keypoints.json").read_text())["astronaut"], done


def test_labels_have_the_pictures_size_and_one_class_a_pixel(astronaut):
    labels, _, done = astronaut
    assert labels.shape == (512, 512)
    assert labels.dtype == np.uint8
    assert labels.max() < len(CLASSES)
    assert json.loads(done.stdout.splitlines()[-1])["pictures"] == 1


def test_the_person_is_where_they_are(astronaut):
    """Collins's portrait: face around (222, 115), the orange suit over the lower half, the flag on the left."""
    labels, keypoints, _ = astronaut
    assert labels[115, 222] == CLASSES.index("face")
    assert (labels[380:480, 150:290] != 0).mean() > 0.95
    assert (labels[:200, 440:] == 0).mean() > 0.8
    points = {name: np.array(p) for name, p in zip(LANDMARKS, keypoints, strict=True)}
    assert len(keypoints) == 18
    assert points["nose"][:2] == pytest.approx([222, 120], abs=25)
    assert points["nose"][2] > 0.5
    assert points["right-shoulder"][0] < points["neck"][0] < points["left-shoulder"][0]
    assert points["right-eye"][0] < points["left-eye"][0]


def test_a_bad_picture_is_named_and_the_others_are_done(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((40, 30, 3), 128, np.uint8))
    done = run(tmp_path, tmp_path / "out")
    assert done.returncode == 2
    assert "broken.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out/grey.png").exists()
    assert list(json.loads((tmp_path / "out/keypoints.json").read_text())) == ["grey"]


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path):
    for folder, said in ((tmp_path / "no", "is not a folder"), (tmp_path, "has no pictures")):
        done = run(folder, tmp_path / "out")
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr
