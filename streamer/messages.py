"""What a page may say, checked: signalling over the WebSocket, control over the data channel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

LARGEST_HEIGHT = 2160
MOST_SECTIONS = 4  # of an offer: one of video and one of data are expected


class BadMessageError(ValueError):
    """A message that is not understood. ``reason`` is the protocol's word for it, the text one sentence for people."""

    def __init__(self, text: str, reason: str = "bad-message") -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Offer:
    sdp: str
    garment: str | None  # id to start with


@dataclass(frozen=True)
class Candidate:
    candidate: RTCIceCandidate | None  # None: there are no more


@dataclass(frozen=True)
class Ping:
    t: float


@dataclass(frozen=True)
class Bye:
    pass


@dataclass(frozen=True)
class AskWearing:
    """What is the shopper wearing?"""


@dataclass(frozen=True)
class Keep:
    """Whether pictures of the shopper may be kept; ``mine``: the name of those already kept."""

    on: bool
    mine: str | None


@dataclass(frozen=True)
class Forget:
    """Delete the shopper's kept pictures."""

    mine: str | None


@dataclass(frozen=True)
class ChooseGarment:
    id: str | None


@dataclass(frozen=True)
class Quality:
    height: int | None


@dataclass(frozen=True)
class Mirror:
    """The page mirrors its own view; the picture is dressed and returned as the camera sees it."""

    on: bool


@dataclass(frozen=True)
class Profile:
    """Whether the page measures: its frames carry a number in the pixels, to be read and put onto what is returned."""

    on: bool


@dataclass(frozen=True)
class Overlay:
    """Whether only what was drawn is to be returned: the page lays it over its own picture."""

    on: bool


@dataclass(frozen=True)
class Clock:
    """What the server's clock shows, asked by a page whose own shows ``t`` ms."""

    t: float


Signal = Offer | Candidate | Ping | AskWearing | Keep | Forget | Bye
Control = ChooseGarment | Quality | Mirror | Profile | Overlay | Clock


def parse_signal(text: str, longest: int) -> Signal:
    """A message of the WebSocket. Raises :class:`BadMessageError`."""
    message = _parse_object(text, longest)
    match message.get("type"):
        case "offer":
            return Offer(_parse_sdp(message.get("sdp")), _id_or_none(message.get("garment")))
        case "candidate":
            return Candidate(_parse_candidate(message.get("candidate")))
        case "ping":
            return Ping(_number(message.get("t"), "t"))
        case "wearing":
            return AskWearing()
        case "keep":
            return Keep(_boolean(message.get("on"), "on of a keep message"), _id_or_none(message.get("mine")))
        case "forget":
            return Forget(_id_or_none(message.get("mine")))
        case "bye":
            return Bye()
        case other:
            raise BadMessageError(f"There is no message of type {_short(other)}.")


def parse_control(text: str, longest: int) -> Control:
    """A message of the data channel. Raises :class:`BadMessageError`."""
    message = _parse_object(text, longest)
    match message.get("type"):
        case "garment":
            return ChooseGarment(_id_or_none(message.get("id")))
        case "mirror":
            return Mirror(_boolean(message.get("on"), "on of a mirror message"))
        case "profile":
            return Profile(_boolean(message.get("on"), "on of a profile message"))
        case "overlay":
            return Overlay(_boolean(message.get("on"), "on of an overlay message"))
        case "clock":
            return Clock(_number(message.get("t"), "t"))
        case "quality":
            height = message.get("height")
            if height is not None and not (isinstance(height, int) and not isinstance(height, bool) and 16 <= height <= LARGEST_HEIGHT):
                raise BadMessageError(f"The field height of a quality message is null or a number from 16 to {LARGEST_HEIGHT}.")
            return Quality(height)
        case other:
            raise BadMessageError(f"There is no control message of type {_short(other)}.")


def _parse_object(text: Any, longest: int) -> dict[str, Any]:
    if not isinstance(text, str):
        raise BadMessageError("Messages are JSON text, this one is binary.")
    if len(text) > longest:
        raise BadMessageError(f"A message has at most {longest} characters, this one has {len(text)}.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessageError("Messages are JSON, this one is not.") from None
    if not isinstance(message, dict):
        raise BadMessageError("A message is a JSON object with a type.")
    return message


def _parse_sdp(sdp: Any) -> str:
    if not isinstance(sdp, str) or not sdp.startswith("v=0"):
        raise BadMessageError("The offer is no SDP.", "bad-offer")
    if sdp.count("\nm=") > MOST_SECTIONS:
        raise BadMessageError(f"The offer has more than {MOST_SECTIONS} media sections.", "bad-offer")
    if "\nm=video" not in sdp:
        raise BadMessageError("The offer has no video in it.", "bad-offer")
    return sdp


def _parse_candidate(fields: Any) -> RTCIceCandidate | None:
    if fields is None or (isinstance(fields, dict) and fields.get("candidate") == ""):
        return None
    if not isinstance(fields, dict) or not isinstance(line := fields.get("candidate"), str):
        raise BadMessageError("The ICE candidate is not in the form of RTCIceCandidate.toJSON().")
    mid, index = fields.get("sdpMid"), fields.get("sdpMLineIndex")
    if not (isinstance(mid, str) or (isinstance(index, int) and not isinstance(index, bool))):
        raise BadMessageError("The ICE candidate names neither sdpMid nor sdpMLineIndex.")
    try:
        candidate = candidate_from_sdp(line.removeprefix("candidate:"))
    except (ValueError, IndexError, AssertionError):
        raise BadMessageError("The ICE candidate cannot be read.") from None
    candidate.sdpMid, candidate.sdpMLineIndex = (mid if isinstance(mid, str) else None), index
    return candidate


def _id_or_none(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= 200):
        raise BadMessageError("A garment is named by its id, a text, or null for none.")
    return value


def _boolean(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise BadMessageError(f"The field {name} is true or false.")
    return value


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadMessageError(f"The field {name} is a number.")
    return value


def _short(value: Any) -> str:
    return repr(value)[:40]
