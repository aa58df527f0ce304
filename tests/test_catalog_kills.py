"""The catalogue after kill -9: any changes, killed before any step that reaches the disk, leave it as before or after the one under way."""

from __future__ import annotations

import os
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamer.catalog import Catalog, pictures
from streamer.catalog.archive import export, restore
from tests.test_catalog import landmarks, png

Change = tuple[str, int, int]
"""What, on which garment of those there are, with which shade."""
Model = dict[str, tuple[str, int, bool, bool]]
"""By id: name, shade of the picture, published, whether there is a photo."""

CHANGES = st.lists(
    st.tuples(st.sampled_from(["add", "draft", "picture", "photo", "publish", "rename", "delete"]), st.integers(0, 5), st.integers(1, 250)),
    min_size=1,
    max_size=6,
)


def do(catalog: Catalog, change: Change) -> None:
    """One change of a real catalogue."""
    what, which, shade = change
    ids = sorted(each.id for each in catalog.records())
    if what in ("add", "draft"):
        about: dict[str, Any] = {"published": False, "photo": b"photo"} if what == "draft" else {}
        catalog.add(png(shade), "shirt", "blouse", landmarks("blouse"), **about)
    elif ids:
        id = ids[which % len(ids)]
        if what == "picture":
            catalog.update(id, png=png(shade))
        elif what == "photo":
            catalog.update(id, png=png(shade), photo=b"another")
        elif what == "publish":
            catalog.update(id, published=True)
        elif what == "rename":
            catalog.update(id, name=f"shirt {shade}")
        else:
            catalog.delete(id)


def expect(model: Model, change: Change) -> Model:
    """The same change of what is to be expected."""
    what, which, shade = change
    model = dict(model)
    if what in ("add", "draft"):
        id = next(id for id in ("shirt", *(f"shirt-{n}" for n in range(2, 99))) if id not in model)
        model[id] = ("shirt", shade, what == "add", what == "draft")
    elif model:
        id = sorted(model)[which % len(model)]
        name, old, published, photo = model[id]
        match what:
            case "picture":
                model[id] = (name, shade, published, photo)
            case "photo":
                model[id] = (name, shade, published, True)
            case "publish":
                model[id] = (name, old, True, photo)
            case "rename":
                model[id] = (f"shirt {shade}", old, published, photo)
            case "delete":
                del model[id]
    return model


def found(folder: Path) -> Model:
    """What a catalogue holds when it is opened; no file without its row, no row without its files, no half file."""
    catalog = Catalog(folder, built_in=None)
    try:
        model: Model = {}
        for each in catalog.records():
            catalog.update(each.id, tags={})  # decodes and checks the picture
            photo = catalog.photo(each.id)
            assert photo in (None, b"photo", b"another")
            shade = next(n for n in range(256) if png(n) == catalog.picture(each.id, drafts=True))
            model[each.id] = (each.name, shade, each.published, photo is not None)
    finally:
        catalog.close()
    assert len(list((folder / "pictures").iterdir())) == len(model)
    assert len(list((folder / "photos").iterdir())) == sum(photo for *_, photo in model.values())
    return model


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Kill this process before the disk step of this number."""
    left = step

    def killing(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **options: object) -> object:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return real(*args, **options)

        return call

    with pytest.MonkeyPatch.context() as patched:
        for name in ("fsync", "replace"):
            patched.setattr(pictures.os, name, killing(getattr(os, name)))
        patched.setattr(Path, "unlink", killing(Path.unlink))
        patched.setattr(sa.Connection, "exec_driver_sql", killing(sa.Connection.exec_driver_sql))
        yield


def change_until_killed(folder: Path, changes: Sequence[Change], step: int, done: Callable[[], object]) -> None:
    """Do the changes; ``done`` is called after each."""
    catalog = Catalog(folder, built_in=None)
    with killed_at(step):
        for change in changes:
            do(catalog, change)
            done()
    catalog.close()


def restore_until_killed(folder: Path, file: Path, step: int) -> None:
    """Take over an archive."""
    catalog = Catalog(folder, built_in=None)
    with killed_at(step):
        restore(catalog, file)
    catalog.close()


def run_and_die(work: Callable[[Callable[[], object]], None]) -> tuple[int, bool]:
    """Do ``work`` in a process of its own; how often it called what it is given, and whether it was killed."""
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads of this process have no part in what the child does
        child = os.fork()
    if child == 0:
        try:
            work(lambda: os.write(sending, b"."))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, "rb") as pipe:
        count = len(pipe.read())
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return count, status != 0


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(first=CHANGES, changes=CHANGES, step=st.integers(0, 40))
def test_a_kill_leaves_it_as_before_or_after_the_change_under_way(first: list[Change], changes: list[Change], step: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalog, model = Catalog(Path(folder), built_in=None), dict[str, Any]()
        for change in first:
            do(catalog, change)
            model = expect(model, change)
        catalog.close()
        assert found(Path(folder)) == model
        done, killed = run_and_die(lambda tell: change_until_killed(Path(folder), changes, step, tell))
        for change in changes[:done]:
            model = expect(model, change)
        assert found(Path(folder)) in ([model, expect(model, changes[done])] if killed and done < len(changes) else [model])


@pytest.mark.parametrize("step", [1, 4, 9, 14])
def test_an_import_that_was_killed_is_finished_by_doing_it_again(step: int, tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "one", built_in=None)
    for change in (("add", 0, 10), ("draft", 0, 20), ("add", 0, 30)):
        do(catalog, change)
    assert export(catalog, tmp_path / "all.zip") == 3
    catalog.close()
    wanted = found(tmp_path / "one")
    other = Catalog(tmp_path / "other", built_in=None)
    do(other, ("add", 0, 99))
    other.close()
    assert run_and_die(lambda _: restore_until_killed(tmp_path / "other", tmp_path / "all.zip", step))[1]
    half = found(tmp_path / "other")
    assert all(half[id] == wanted[id] for id in half.keys() - {"shirt"})
    other = Catalog(tmp_path / "other", built_in=None)
    assert restore(other, tmp_path / "all.zip") == 3
    other.close()
    assert found(tmp_path / "other") == wanted
