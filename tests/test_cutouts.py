"""Pictures to learn cutting out from, made of single pieces whose masks differ."""

import cv2
import numpy as np

from engines.training.cutouts import IGNORE, agreed, recolour, taught
from engines.training.garments import Photo

PIECE = np.zeros((200, 200), bool)
PIECE[50:160, 60:140] = True


def on_floor():
    grain = np.random.default_rng(3).normal(0, 6, (200, 200, 3))
    return np.clip(np.where(PIECE[..., None], (150, 40, 50), (190, 180, 160)) + grain, 0, 255).astype(np.uint8)


def photo(tmp_path, opinions):
    file = tmp_path / "photo.png"
    cv2.imwrite(str(file), opinions)
    return Photo("train_shirt_x", 1, on_floor(), file)


def opinions(*masks):
    return sum(mask.astype(np.uint8) << bit for bit, mask in enumerate(masks))


def test_what_all_see_is_the_piece_and_what_some_see_teaches_nothing(tmp_path):
    wider = PIECE.copy()
    wider[60:70, 140:150] = True
    labels = agreed(photo(tmp_path, opinions(PIECE, PIECE, wider)))
    assert ((labels == 2) == PIECE).all()
    assert ((labels == IGNORE) == (wider & ~PIECE)).all()


def test_where_they_differ_a_teacher_and_what_fits_it_decide(tmp_path):
    left_half = PIECE & (np.arange(200) < 100)
    torn = photo(tmp_path, opinions(left_half, left_half, PIECE))
    assert agreed(torn) is None
    garment = cv2.GaussianBlur(PIECE.astype(np.float32), (0, 0), 3)
    labels = taught(torn, lambda picture: np.dstack([1 - garment, 0 * garment, garment]))
    assert ((labels == 2) & ~PIECE).sum() == ((labels == 0) & PIECE).sum() == 0
    assert (labels == 2).sum() > 0.9 * PIECE.sum()
    assert (labels == 0).sum() > 0.9 * (~PIECE).sum()


def test_a_teacher_that_nothing_fits_is_not_believed(tmp_path):
    left_half = PIECE & (np.arange(200) < 100)
    half = np.full(PIECE.shape, 0.5, np.float32)
    assert taught(photo(tmp_path, opinions(left_half, left_half, PIECE)), lambda picture: np.dstack([half, 0 * half, half])) is None


def test_only_the_piece_is_recoloured():
    picture, labels = on_floor(), np.where(PIECE, np.uint8(2), np.uint8(0))
    changed = 0
    for seed in range(24):
        out = recolour(picture, labels, picture[:20, :20], np.random.default_rng(seed))
        assert (out[~PIECE] == picture[~PIECE]).all()
        changed += bool((out != picture).any())
    assert 5 <= changed <= 18
    assert (recolour(picture, np.zeros_like(labels), picture, np.random.default_rng(0)) == picture).all()
