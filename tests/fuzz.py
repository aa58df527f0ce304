"""Coverage-guided fuzzing of what a page may say, for as long as you like; needs ``pip install atheris``, no part of the tests.

    python -m tests.fuzz [-max_total_time=60] [FOLDER OF FINDS]

Any error but the refusals stops it, with the input that made it.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress

try:
    import atheris
except ImportError:
    sys.exit("error: atheris is not installed: pip install atheris (Linux, Python up to the version it has wheels for).")

with atheris.instrument_imports(include=["streamer", "aiortc.sdp"]):
    from streamer.http import Refusal, find
    from streamer.limits import Reachable
    from streamer.messages import BadMessageError, parse_control, parse_signal
    from streamer.mirror import _here
    from streamer.routes import TABLE
    from streamer.rtc.connection import check_bundle


def inside(text: str) -> list[dict]:
    """Messages as a page sends them, with this in them."""
    return [
        {"type": "candidate", "candidate": {"candidate": text, "sdpMid": "0"}},
        {"type": "candidate", "candidate": {"candidate": f"candidate:1 1 udp {text} typ host", "sdpMLineIndex": 0}},
        {"type": "offer", "sdp": f"v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96\n{text}", "garment": text},
        {"type": text},
    ]


def once(data: bytes) -> None:
    """One made-up input, to every door it could come to."""
    text = data.decode("utf-8", "surrogateescape")
    told = [text, *(json.dumps(each) for each in inside(text))]
    for parse in (parse_signal, parse_control, _here):
        for message in told:
            with suppress(BadMessageError):
                parse(message, 8192)
    with suppress(Refusal):
        find(TABLE, "GET", f"/{text}")
    with suppress(ValueError):
        check_bundle(text)
    Reachable("192.168.0.7").filter(text)


if __name__ == "__main__":
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
