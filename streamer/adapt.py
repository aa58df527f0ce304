"""How much is asked for a session when the machine or the network is behind: fewer pixels or fewer frames, and more again later.

State in, state out, a decision a second; knows nothing of threads, codecs or pictures. What takes the time is what is given less of: pixels
where most of it grows with the picture, frames where it does not (a network takes as long for a small frame). A step back up that
does not hold is tried again after twice as long, so that a picture on the edge does not change its size every few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Reason = Literal["pipeline", "network"]

SCALES = (1.0, 0.75, 0.5)  # of the camera's width and height
LOWEST = 240  # pixels of the shorter side: with fewer nobody recognises a garment
RATES = ((1, 1), (2, 3), (1, 2), (1, 3))  # of the camera's frames so many in so many are taken
BEHIND = 1 / 3  # share of a second's frames dropped above which the machine is behind: under 20 of 30 are left,
BUSY = 0.85  # if it also works for this share of the time; else they came in bursts, as after a lost packet
KEEPS_UP = 0.1  # share below which it keeps up
SCARCE, AMPLE = 0.04, 0.06  # bits a pixel under which the picture falls to blocks, and with which a step up is worth it
WINDOW = 1.0  # seconds a decision rests on
FEWEST = 5  # camera frames without which a window says nothing
WAIT, LONGEST_WAIT = 4.0, 64.0  # seconds on a level before a step up is tried


@dataclass(frozen=True)
class Seen:
    """A frame as the worker saw it."""

    at: float  # seconds on any clock
    size: tuple[int, int]  # width, height of the camera's frame
    dropped: int  # frames of this session dropped so far
    busy: float  # seconds that the worker has worked so far, for whomever
    bitrate: int | None  # what the network carries back, bits a second; None: not known
    sized: bool  # whether most of the time for this frame went into work that grows with its size


@dataclass(frozen=True)
class Effort:
    """What a session is given at present, and why not more."""

    steps: tuple[Literal["scale", "rate"], ...] = ()  # steps down taken, in order
    reason: Reason | None = None
    fps: float = 0.0  # frames a second returned in the last window

    began: float | None = None  # the window
    frames: int = 0
    dropped: int = 0
    busy: float = 0.0
    sized: int = 0
    changed: float = float("-inf")  # the last step
    rose: bool = False  # it was one up
    wait: float = WAIT

    @property
    def scale(self) -> float:
        return SCALES[self.steps.count("scale")]

    @property
    def rate(self) -> float:
        """The share of the camera's frames that is taken."""
        taken, of = RATES[self.steps.count("rate")]
        return taken / of

    def takes(self, number: int) -> bool:
        """Whether the camera's frame of this number is taken: those that are, are spread evenly."""
        taken, of = RATES[self.steps.count("rate")]
        return number * taken // of > (number - 1) * taken // of

    def height(self, width: int, height: int) -> int:
        """Lines to work at for a camera's frame of this size."""
        return round(height * max(self.scale, min(1.0, LOWEST / min(width, height))))


def update(effort: Effort, seen: Seen) -> Effort:
    """Take a frame into account; at the end of a window perhaps take a step."""
    if (began := effort.began) is None:
        return _begin(effort, seen)
    effort = replace(effort, frames=effort.frames + 1, sized=effort.sized + seen.sized)
    length = seen.at - began
    if length < WINDOW:
        return effort
    effort = replace(effort, fps=round(effort.frames / length, 1))
    came = effort.frames + seen.dropped - effort.dropped
    if came >= FEWEST:
        lost = (seen.dropped - effort.dropped) / came
        effort = _decide(effort, seen, lost if seen.busy - effort.busy > BUSY * length else 0.0)
    return _begin(effort, seen)


def _begin(effort: Effort, seen: Seen) -> Effort:
    return replace(effort, began=seen.at, frames=0, sized=0, dropped=seen.dropped, busy=seen.busy)


def _decide(effort: Effort, seen: Seen, lost: float) -> Effort:
    rate = seen.size[0] * seen.size[1] * effort.fps
    scarce = seen.bitrate is not None and seen.bitrate < SCARCE * effort.scale**2 * rate
    if lost > BEHIND or scarce:
        return _down(effort, seen, "pipeline" if lost > BEHIND else "network", scarce or effort.sized * 2 > effort.frames)
    if effort.steps and lost < KEEPS_UP and seen.at - effort.changed >= effort.wait:
        higher = replace(effort, steps=effort.steps[:-1])
        ample = AMPLE * higher.scale**2 * rate * higher.rate / effort.rate
        if seen.bitrate is None or seen.bitrate >= ample:
            return replace(higher, reason=effort.reason if higher.steps else None, changed=seen.at, rose=True)
    return effort


def _down(effort: Effort, seen: Seen, reason: Reason, fewer_pixels: bool) -> Effort:
    smaller = effort.steps.count("scale") + 1 < len(SCALES) and effort.height(*seen.size) * min(seen.size) > LOWEST * seen.size[1]
    rarer = effort.steps.count("rate") + 1 < len(RATES)
    if not smaller and not rarer:
        return replace(effort, reason=reason)
    step: Literal["scale", "rate"] = "scale" if smaller and (fewer_pixels or not rarer) else "rate"
    failed = effort.rose and seen.at - effort.changed < effort.wait  # the step up did not hold
    wait = min(2 * effort.wait, LONGEST_WAIT) if failed else effort.wait if seen.at - effort.changed < 2 * effort.wait else WAIT
    return replace(effort, steps=(*effort.steps, step), reason=reason, changed=seen.at, rose=False, wait=wait)
