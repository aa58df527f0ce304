"""A data channel cannot fill the memory. aiortc 1.16 tells the peer how much it may send ahead and keeps whatever comes: a message
that never ends, pieces of one byte, each of which is compared with all before it, or messages on 65,535 streams.
"""

from __future__ import annotations

from collections.abc import Callable

from aiortc.rtcsctptransport import DataChunk, RTCSctpTransport

STREAMS = 64  # numbers of streams; a page with one channel uses 0 or 1
CHUNKS = 256  # pieces kept until their message is whole: 300 KB, and a message here has 64 KB at most
CHANNELS = 8


def hold_to_window(sctp: RTCSctpTransport, exceeded: Callable[[str], object]) -> None:
    """From now on ``exceeded(sentence)`` is called, once, instead of keeping more; nothing more is taken then."""
    receive = sctp._receive_data_chunk
    over = False

    async def receive_within(chunk: DataChunk) -> None:
        nonlocal over
        if over:
            return
        kept = sum(len(stream.reassembly) for stream in sctp._inbound_streams.values())
        channels = len(sctp._data_channels)
        if chunk.stream_id < STREAMS and kept < CHUNKS and channels <= CHANNELS:
            await receive(chunk)
            return
        over = True
        exceeded("More was sent over data channels than is taken here.")

    sctp._receive_data_chunk = receive_within  # type: ignore[method-assign]
