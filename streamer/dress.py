"""``python -m streamer dress``: the live pipeline on a photo, on every photo of a folder, or on a video."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.errors import UserError
from engines.pictures import SUFFIXES, list_pictures, read_rgb
from engines.tryon.outfit import Outfit
from streamer.catalog.pictures import write_whole
from streamer.config import Config
from streamer.offline import ADVICE, Call, load_outfit, load_pipeline, report
from streamer.pipeline import State
from streamer.timing import Spans
from streamer.video import ENCODERS, Video, VideoWriter, check_suffix

WRITABLE: dict[str, tuple[int, ...]] = {
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".png": (),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 95),
    ".bmp": (),
    ".tif": (),
    ".tiff": (),
}
"""Suffixes of pictures that are written, with the encoder's settings."""


@dataclass(eq=False)
class Job:
    """What is put on, by what, and the times so far."""

    pipeline: Call
    garments: Outfit
    spans: list[dict[str, float]] = field(default_factory=list)
    walls: list[float] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``dress``."""
    parser.add_argument("-i", "--person", type=Path, required=True, metavar="FILE|DIR", help="a photo, a folder of photos, or a video")
    parser.add_argument(
        "-c",
        "--garment",
        action="append",
        required=True,
        metavar="FILE|ID",
        help="a PNG with alpha and its JSON beside it, or an id of the catalogue; several times for several pieces at once",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE|DIR", help="where the result goes; a folder for a folder")
    parser.add_argument("--data", type=Path, default=Config().data, metavar="DIR", help="state folder with the catalogue (default var)")


def run(args: argparse.Namespace) -> int:
    """Dress what is asked for. Raises :class:`UserError` for what the user has to mend."""
    person: Path = args.person
    if not person.exists():
        raise UserError(f"there is no photo, folder or video {person}: check the path.")
    garments = load_outfit(args.garment, args.data)
    if person.is_dir():
        return _folder(person, args.out, garments)
    out = args.out / person.name if args.out.is_dir() else args.out
    if out.exists() and out.samefile(person):
        raise UserError(f"--out {out} is the picture of the person itself: choose another name.")
    if person.suffix.lower() in (".heic", ".heif"):
        raise UserError(f"{person} is a HEIC photo, which cannot be read here: save it as JPEG (iPhone: Camera, Formats, Most Compatible).")
    if person.suffix.lower() in {*SUFFIXES, ""}:
        _check_picture_suffix(out)
        _check_folder(out.parent)
        frame = read_rgb(person)
        pipeline, runtime = load_pipeline()
        job = Job(pipeline, garments)
        _photo(job, frame, person, out)
    else:
        check_suffix(out)
        _check_folder(out.parent)
        with Video(person) as video:
            pipeline, runtime = load_pipeline()
            job = Job(pipeline, garments)
            _video(job, video, out)
    print(f"wrote {out}", file=sys.stderr)
    print(json.dumps(report(job.spans, job.walls, runtime)))
    return 0


def _folder(folder: Path, out: Path, garments: Outfit) -> int:
    """Every photo of a folder; a bad one is reported and the others go on."""
    photos = list_pictures(folder)
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file, but {folder} is a folder of photos: name a folder.")
    _make_folder(out)
    if out.samefile(folder):
        raise UserError(f"--out {out} is the folder of the photos itself: choose another.")
    pipeline, runtime = load_pipeline()
    job = Job(pipeline, garments)
    failed = 0
    for path in tqdm(photos, unit="photo", disable=None if len(photos) > 3 else True):
        name = path.name if path.suffix.lower() in WRITABLE else f"{path.name}.png"
        try:
            _photo(job, read_rgb(path), path, out / name)
        except UserError as error:
            failed += 1
            tqdm.write(f"error: {error}", file=sys.stderr)
    print(f"wrote {len(photos) - failed} of {len(photos)} photos to {out}", file=sys.stderr)
    print(json.dumps(report(job.spans, job.walls, runtime, failed=failed)))
    return 2 if failed else 0


def _photo(job: Job, frame: np.ndarray, person: Path, out: Path) -> None:
    """A photo has no time before it: every one begins with a fresh state."""
    frame, status, _ = _dress(job, frame, None)
    if status != "ok":
        raise UserError(ADVICE[status].format(person))
    coded = cv2.imencode(out.suffix.lower(), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), list(WRITABLE[out.suffix.lower()]))[1]
    try:
        write_whole(out, coded.tobytes())
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}.") from None


def _video(job: Job, video: Video, out: Path) -> None:
    """Every frame in turn; those without a person stay as they are, but one must have one."""
    frames = iter(video)
    first = next(frames)
    size = (first.rgb.shape[1], first.rgb.shape[0])
    seen: set[str] = set()
    state: State | None = None
    with VideoWriter(out, size, video.rate) as writer, tqdm(total=len(video) or None, unit="frame", disable=None) as bar:
        for picture in itertools.chain([first], frames):
            if picture.rgb.shape[:2] != size[::-1]:
                raise UserError(f"the video {video.path} changes its size at {float(picture.time):.1f} s: cut it there.")
            frame, status, state = _dress(job, picture.rgb, state)
            seen.add(status)
            writer.write(frame, picture.time)
            bar.update()
        if "ok" not in seen:
            raise UserError(ADVICE[next((said for said in ("turn", "step-back") if said in seen), "nobody")].format(video.path))


def _dress(job: Job, frame: np.ndarray, state: State | None) -> tuple[np.ndarray, str, State]:
    spans = Spans()
    start = time.perf_counter()
    dressed = job.pipeline(frame, job.garments, state, spans)
    job.walls.append((time.perf_counter() - start) * 1000)
    job.spans.append(spans.ms)
    return dressed.frame, dressed.status, dressed.state


def _check_picture_suffix(out: Path) -> None:
    if out.suffix.lower() not in WRITABLE:
        known = ", ".join(WRITABLE)
        video = " (a video needs a video as --person)" if out.suffix.lower() in ENCODERS else ""
        raise UserError(f"a photo cannot be written as {out.name}{video}: end its name in {known}.")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(f"cannot write into {folder}: there is no such folder.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder}: {error.strerror}.") from None
