"""``python -m engines tryon``: lists of who wears what, and the page that comes of them."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from engines.__main__ import main
from engines.errors import UserError, exit_on_user_error
from engines.tryon.pairs import BadRow, Pair, read_pairs
from engines.tryon.sources import Sources
from streamer.catalog import Catalog
from streamer.catalog.archive import export
from tests.garments import laid


def listed(tmp_path: Path, text: str) -> Path:
    (tmp_path / "pairs.csv").write_text(text, encoding="utf-8")
    return tmp_path / "pairs.csv"


def test_rows_are_read_with_their_lines(tmp_path: Path):
    file = listed(tmp_path, '\ufeffgarment,person,out\nbreton,a.jpg,x/1.png\n\n"a, b.png",c.jpg, 2.jpg \n')
    assert read_pairs(file) == [Pair(2, "a.jpg", "breton", "x/1.png"), Pair(4, "c.jpg", "a, b.png", "2.jpg")]


@pytest.mark.parametrize(
    ("row", "said"),
    [("a.jpg,,1.png", "nothing under garment"), ("a.jpg,b", "nothing under out"), ("a,b,1.png,c", "more values"),
     ("a,b,../1.png", "not below"), ("a,b,/tmp/1.png", "not below"), ("a,b,1.gif", "end it in"), ("a,b,0.png", "as in line 2")],
)  # fmt: skip
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, row: str, said: str):
    good, bad = read_pairs(listed(tmp_path, f"person,garment,out\na,b,0.png\n{row}\n"))
    assert isinstance(good, Pair)
    assert isinstance(bad, BadRow)
    assert bad.line == 3
    assert said in bad.reason


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"person;garment;out\n", "lacks the columns person, garment, out"), (b"person,garment,out\n", "no rows"), (b"", "lacks the columns"),
     (b'person,garment,out\n"a,b,c\n', "damaged at line 2"), ("person,garment,out\nä,b,c".encode("latin-1"), "not UTF-8")],
)  # fmt: skip
def test_a_list_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str):
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_pairs(tmp_path / "pairs.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_pairs(tmp_path / "none.csv")


def test_a_garment_is_a_photo_a_cut_out_or_an_id(tmp_path: Path):
    picture, alpha, _ = laid("breton")
    cv2.imwrite(str(tmp_path / "floor.jpg"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    catalog = Catalog(tmp_path / "catalog")
    export(catalog, tmp_path / "shop.zip")
    catalog.close()
    sources = Sources(tmp_path / "shop.zip")
    of_photo, own, shop = sources("floor.jpg", tmp_path), Sources()("tank", tmp_path), sources("tank", tmp_path)
    assert of_photo.category == "blouse"
    cut = of_photo.picture[..., 3] > 127
    assert (cut & (alpha > 0.5)).sum() > 0.65 * (cut | (alpha > 0.5)).sum()
    assert sources("floor.jpg", tmp_path) is of_photo, "read once"
    assert np.array_equal(own.picture, shop.picture)
    assert own.landmarks == shop.landmarks
    with pytest.raises(UserError, match="there is no garment 'toga'"):
        sources("toga", tmp_path)
    with pytest.raises(UserError, match="no exported catalogue"):
        Sources(tmp_path / "floor.jpg")
    with pytest.raises(UserError, match="cannot be read"):
        Sources(tmp_path / "none.zip")


class Page(HTMLParser):
    """Collects the sources of pictures, the links and the words."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.links: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("img", "a"):
            found = dict(attrs)
            (self.pictures if tag == "img" else self.links).append(found.get("src") or found.get("href") or "")

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_list_is_dressed_and_shown_and_what_is_wrong_is_named(tmp_path: Path, monkeypatch, capsys):
    portrait = np.ascontiguousarray(data.astronaut())
    for name, picture in (("ada & co.png", portrait), ("wall.png", np.full((200, 150, 3), 128, np.uint8))):
        cv2.imwrite(str(tmp_path / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    file = listed(
        tmp_path,
        "person,garment,out,truth\nada & co.png,tank,a & b/1.png,ada & co.png\nwall.png,tank,2.png\nada & co.png,toga,3.png\n"
        "none.png,tank,4.png\nada & co.png,tank,5.png,wall.png\n",
    )
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["engines", "tryon", "--pairs", str(file), "--out", str(out)])
    assert exit_on_user_error(main) == 2
    said = capsys.readouterr()
    assert "4 of 5 pairs failed" in said.err
    for line, reason in ((3, "no person was found"), (4, "no garment 'toga'"), (5, "none.png cannot be read"), (6, "the truth wall.png")):
        assert f"Line {line}: " in said.err
        assert reason in said.err
    figures = json.loads(said.out.splitlines()[-1])
    assert figures["pairs"] == 1
    assert figures["beside the clothes, grey levels"] < 1
    assert figures["on the face, grey levels"] == 0
    assert 0.3 < figures["SSIM with the truth"] < 0.99, "she wears something else now"
    result = cv2.cvtColor(cv2.imread(str(out / "a & b/1.png")), cv2.COLOR_BGR2RGB)
    assert result.shape == portrait.shape
    assert (result != portrait).any(2).mean() > 0.05

    page = Page()
    page.feed((out / "report.html").read_text(encoding="utf-8"))
    assert len(page.pictures) == 3
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.pictures)
    assert page.links == ["a%20%26%20b/1.png"]
    assert "ada & co.png in tank" in page.words
    assert "Line 4: there is no garment 'toga'" in page.words
