"""What the NVIDIA driver is asked, and what is said where it is missing, old or broken."""

import ctypes
from types import SimpleNamespace

import pytest

from engines import hardware
from engines.hardware import Card, find_driver


def library(init=0, count=1, version=13000, listed=0):
    """libcuda with one kind of card."""

    def put(value, kind=ctypes.c_int):
        def call(pointer, *_):
            ctypes.cast(pointer, ctypes.POINTER(kind))[0] = value
            return 0

        return call

    def name(buffer, length, device):
        buffer.value = b"NVIDIA L4"
        return 0

    def attribute(pointer, which, device):
        ctypes.cast(pointer, ctypes.POINTER(ctypes.c_int))[0] = {75: 8, 76: 9}[which]
        return 0

    return SimpleNamespace(
        cuInit=lambda flags: init, cuDriverGetVersion=put(version), cuDeviceGetCount=lambda p: put(count)(p) or listed, cuDeviceGet=put(0),
        cuDeviceGetName=name, cuDeviceGetAttribute=attribute, cuDeviceTotalMem_v2=put(24 << 30, ctypes.c_size_t),
    )  # fmt: skip


def test_cards_are_listed_with_what_engines_are_built_for():
    driver = find_driver(library(count=2))
    assert driver.cards == (Card(0, "NVIDIA L4", (8, 9), 24 << 30), Card(1, "NVIDIA L4", (8, 9), 24 << 30))
    assert driver.cards[0].target == "sm89"
    assert driver.cuda == (13, 0)
    assert driver.problem == ""


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"init": 100}, "sees no NVIDIA card"),
        ({"init": 803}, "different versions; restart"),
        ({"init": 12345}, "error 12345"),
        ({"count": 0}, "sees no card"),
        ({"listed": 999}, "unknown fault"),
        ({"version": 12040}, r"CUDA 12\.4, and 13\.0 is needed: install a newer driver"),
    ],
)
def test_what_is_wrong_with_a_driver_is_said(made, said):
    with pytest.raises(AssertionError, match=said):
        assert not find_driver(library(**made)).problem


def test_a_machine_without_a_driver(monkeypatch):
    monkeypatch.setattr(hardware, "_LIBRARIES", ("libno-such-driver.so.1",))
    driver = find_driver()
    assert not driver.cards
    assert "no NVIDIA driver on this machine" in driver.problem
