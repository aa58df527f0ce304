"""The training of the body network learns: needs torch (requirements-train.txt)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

import engines
from engines.body import Body
from engines.body.command import parse_picture
from engines.body.metrics import ParsingScore
from engines.body.person import read_person
from engines.contract import CLASSES
from tests import bodies

torch = pytest.importorskip("torch", reason="training needs torch: pip install -r requirements-train.txt")

from engines.body.network import BodyNetwork, Outputs  # noqa: E402
from engines.training import pseudo  # noqa: E402
from engines.training.augment import Sample  # noqa: E402
from engines.training.body.descend import descend  # noqa: E402
from engines.training.body.samples import as_tensors  # noqa: E402
from engines.training.body.weights import export, take_back  # noqa: E402
from engines.training.people import Person  # noqa: E402

POSES = [
    bodies.Body(),
    bodies.Body(moved={"left-wrist": (400, 200), "left-elbow": (360, 240)}),
    bodies.Body(moved={"right-wrist": (80, 160), "right-elbow": (120, 220)}, sleeves=0.2),
    bodies.Body(moved={"left-knee": (300, 500), "right-knee": (180, 500)}, sleeves=0.9),
]


def samples() -> list[Sample]:
    """The four drawn people as training samples, without augmentation."""
    made = []
    for body in POSES:
        frame, labels = body.draw()
        points = body.points()
        picture = cv2.resize(frame, (192, 256), interpolation=cv2.INTER_AREA)
        small = cv2.resize(labels, (96, 128), interpolation=cv2.INTER_NEAREST)
        points[:, :2] = points[:, :2] * 0.4
        pieces = np.where(np.isin(small, [CLASSES.index("upper-clothes"), CLASSES.index("pants")]), small, 0).astype(np.uint8)
        made.append(Sample(picture, small, points, pieces, np.zeros(len(CLASSES), bool)))
    return made


@pytest.fixture(scope="module")
def network() -> BodyNetwork:
    """Sixty steps on the four pictures."""
    torch.manual_seed(1)
    torch.set_num_threads(2)
    network = BodyNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    tensors = [as_tensors(one) for one in samples()]
    batch = {name: torch.from_numpy(np.stack([one[name] for one in tensors])) for name in tensors[0]}
    optimiser = torch.optim.AdamW(network.parameters())
    first = last = 0.0
    for _ in range(60):
        last = sum(descend(network.train(), optimiser, batch, 2e-3).values())
        first = first or last
    assert last < first / 3
    with torch.no_grad():  # the statistics of the last weights
        for _ in range(30):
            network(batch["picture"].permute(0, 3, 1, 2).float())
    return network.eval()


def test_a_short_run_overfits_four_pictures(network: BodyNetwork) -> None:
    score = ParsingScore()
    with torch.no_grad():
        for one in samples():
            seen = network(torch.from_numpy(one.picture).permute(2, 0, 1)[None].float())
            score.add(one.labels, seen.parsing.argmax(1)[0].numpy())
    assert score.accuracy > 0.95
    assert score.iou["upper"] > 0.8


def test_an_exported_network_can_be_trained_on(network: BodyNetwork, tmp_path: Path) -> None:
    export(network, tmp_path / "body.onnx")
    again = BodyNetwork()
    take_back(again, tmp_path / "body.onnx")
    picture = torch.from_numpy(samples()[0].picture).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        expected, seen = network(picture), again.eval()(picture)
    for name in ("parsing", "heatmaps", "instances", "presence"):
        torch.testing.assert_close(getattr(seen, name), getattr(expected, name), atol=0.05, rtol=0.02)  # weights are stored in 16 bits


class ByColour(torch.nn.Module):
    """Knows the drawn people's classes for certain, by their colours."""

    COLOURS: ClassVar = {"background": bodies.WALL, "upper-clothes": bodies.OLD, "pants": bodies.JEANS, "face": bodies.SKIN}

    def forward(self, picture: torch.Tensor) -> Outputs:
        logits = torch.full((len(picture), len(CLASSES), 128, 96), -9.0)
        for name, colour in self.COLOURS.items():
            distance = (picture[:, :, ::2, ::2] - torch.tensor(colour)[:, None, None]).abs().sum(1)
            logits[:, CLASSES.index(name)] = 9 - distance
        return Outputs(logits, *torch.zeros(4))


def test_unlabelled_pictures_are_labelled_as_the_tags_allow() -> None:
    frame, labels = POSES[0].draw()
    absent = np.zeros(len(CLASSES), bool)
    absent[CLASSES.index("pants")] = True
    labelled = pseudo.label(ByColour(), Person("1", frame, None, POSES[0].points(), absent)).labels
    assert labelled is not None
    assert not (labelled == CLASSES.index("pants")).any()
    assert (labelled[labels == CLASSES.index("upper-clothes")] == CLASSES.index("upper-clothes")).mean() > 0.9
    assert (labelled[labels == 0] == 0).mean() > 0.9


def test_labels_that_must_be_wrong_are_left_out() -> None:
    frame, labels = POSES[0].draw()
    wrong = labels.copy()
    wrong[200:240, 200:280] = CLASSES.index("coat")
    person = Person("2", frame, wrong, POSES[0].points(), np.zeros(len(CLASSES), bool))
    doubted, share = pseudo.doubt(ByColour(), person)
    assert doubted.labels is not None
    assert (doubted.labels[205:235, 205:275] == 255).all()
    np.testing.assert_array_equal(doubted.labels[250:350, 215:265], labels[250:350, 215:265])
    assert 0.005 < share < 0.03


def test_own_pictures_are_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed network takes the astronaut's suit for a coat or a top; outlined as a dress, it is one after a few steps."""
    from skimage.data import astronaut

    from engines.body import train

    picture = astronaut()
    cv2.imwrite(str(tmp_path / "me.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    outline = np.array([(60, 511), (80, 340), (170, 250), (290, 250), (400, 330), (440, 511)])
    shape = {"name": "polygon", "all_points_x": outline[:, 0].tolist(), "all_points_y": outline[:, 1].tolist()}
    regions = [{"shape_attributes": shape, "region_attributes": {"name": "dress"}}]
    (tmp_path / "via.json").write_text(json.dumps({"me": {"filename": "me.png", "regions": regions}}))
    argv = ["train", "--via", str(tmp_path / "via.json"), "--images", str(tmp_path), "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", [*argv, "--via-steps", "60", "--batch", "4"])
    before = seen_as(engines.network_file("body"), picture, outline, "dress")
    assert train.main() == 0
    after = seen_as(tmp_path / "out/body.onnx", picture, outline, "dress")
    assert before < 0.5
    assert after > 0.8


def seen_as(network: Path, picture: np.ndarray, outline: np.ndarray, name: str) -> float:
    """Which share of the pixels inside the outline the network takes for the class."""
    reading, crop, _ = read_person(Body.load(path=network), picture)
    inside = cv2.fillPoly(np.zeros(picture.shape[:2], np.uint8), [outline.astype(np.int32)], 1) > 0
    return float((parse_picture(reading, crop, (picture.shape[0], picture.shape[1]))[inside] == CLASSES.index(name)).mean())
