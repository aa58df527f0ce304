"""Frames that no other refers to: of a stream in two temporal layers every second one. Where one of them is lost nobody has to wait for it.

What a packet tells of its frame is in its first byte: the N bit of VP8's payload descriptor (RFC 7741, 4.2), nal_ref_idc of H.264
(RFC 6184, 5.3). The page asks its encoder for the two layers (web/link.js).
"""

from __future__ import annotations

from typing import NamedTuple

SEI, STAP_A, FU_A = 6, 24, 28


class Place(NamedTuple):
    """Whether a packet's frame may be missed, and whether the packet is one that others of the same frame come before."""

    disposable: bool
    inside: bool


def place(codec: str, payload: bytes) -> Place:
    """Where a packet belongs, by its RTP payload. Nothing is disposable of codecs that are not known."""
    if not payload:
        return Place(False, False)
    first = payload[0]
    if codec == "VP8":
        return Place(bool(first & 0x20), not (first & 0x10 and not first & 0x07))
    if codec == "H264":
        kind = first & 0x1F
        continued = kind == FU_A and len(payload) > 1 and not payload[1] & 0x80
        return Place(not first & 0x60 and (0 < kind < SEI or kind in (STAP_A, FU_A)), continued)
    return Place(False, False)
