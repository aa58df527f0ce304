"""What aiortc 1.16 lacks for a live mirror: one file a fix, put together in :mod:`streamer.rtc.connection`."""
