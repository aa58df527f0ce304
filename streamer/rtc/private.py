"""Reaching an aiortc object's private attributes by their plain names: the one place that knows Python's name mangling."""

from __future__ import annotations

from typing import Any


class Private:
    """``Private(sender, RTCRtpSender).encoder`` is ``sender._RTCRtpSender__encoder``, to read and to set."""

    __slots__ = ("_object", "_prefix")

    def __init__(self, instance: object, owner: type) -> None:
        object.__setattr__(self, "_object", instance)
        object.__setattr__(self, "_prefix", f"_{owner.__name__}__")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._object, self._prefix + name)

    def __setattr__(self, name: str, value: object) -> None:
        getattr(self._object, self._prefix + name)  # only what is there: a misspelt name must not pass unnoticed
        setattr(self._object, self._prefix + name, value)
