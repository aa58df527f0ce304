"""Recovery over a path that loses 5% and delays 50 ms each way: jitter buffer and requests on a made-up clock, packet by packet."""

from __future__ import annotations

import heapq
import itertools
import random

import numpy as np
import pytest
from aiortc.codecs import CODECS
from aiortc.rtp import RtpPacket

from streamer.rtc.jitter import LONGEST_PATIENCE, PATIENCE, FrameBuffer
from streamer.rtc.nack import Nacks
from streamer.rtc.receiver import TICK

VP8 = next(codec for codec in CODECS["video"] if codec.name == "VP8")
FRAME = 1 / 30


class Path:
    """A camera, a path and the receiving end. ``shown`` holds (sent, whole) of every frame, in seconds."""

    def __init__(self, loss, delay, packets=3, seed=1, layers=1):
        self.loss, self.delay, self.packets, self.layers, self.luck = loss, delay, packets, layers, random.Random(seed)
        self.now, self.events, self.order = 0.0, [], itertools.count()
        self.nacks = Nacks(lambda: self.now)
        self.buffer = FrameBuffer({96: VP8}, lambda: self.now)
        self.sent, self.resent, self.shown, self.key = [], {}, [], 0

    def run(self, seconds):
        for number in range(round(seconds / FRAME)):
            self.at(number * FRAME, self.send, number)
        for number in range(round(seconds / TICK)):
            self.at(number * TICK, self.tick)
        while self.events:
            self.now, _, call, *what = heapq.heappop(self.events)
            call(*what)

    def at(self, when, call, *what):
        heapq.heappush(self.events, (when, next(self.order), call, *what))

    def carry(self, call, *what):
        if self.luck.random() >= self.loss:
            self.at(self.now + self.delay, call, *what)

    def send(self, number):
        for part in range(self.packets):
            packet = RtpPacket(payload_type=96, sequence_number=len(self.sent), timestamp=number, marker=int(part == self.packets - 1))
            disposable = self.layers == 2 and number % 2 and self.key != number
            packet.payload = bytes([0x10 * (part == 0) + 0x20 * bool(disposable)])
            packet._data = bytes([0 if self.key == number else 1])
            self.sent.append(packet)
            self.carry(self.take, packet)

    def take(self, packet):
        if self.nacks.add(packet):
            self.ask()
        wants_key, frame = self.buffer.add(packet)
        for each in [frame, *(frame for _, frame in self.buffer.more())]:
            if each is not None:
                self.shown.append((each.timestamp * FRAME, self.now))
        if wants_key:
            self.carry(self.make_key)

    def tick(self):
        self.nacks.forget_before(self.buffer.next_sequence or 0)
        self.buffer.patience = min(max(PATIENCE, self.nacks.patience), LONGEST_PATIENCE)
        if self.nacks:
            self.ask()
        if self.buffer.needs_key_frame():
            self.carry(self.make_key)

    def ask(self):
        if missing := sorted(self.nacks.missing):
            for _ in range(1 + self.nacks.long):
                self.carry(self.answer, missing)

    def answer(self, missing):
        for sequence in missing:
            if self.now - self.resent.get(sequence, -1.0) > 2 * self.delay:  # as a browser: not again within a round trip
                self.resent[sequence] = self.now
                self.carry(self.take, self.sent[sequence])

    def make_key(self):
        self.key = 1 + int(self.now / FRAME)


@pytest.fixture(scope="module")
def minute():
    path = Path(loss=0.05, delay=0.05)
    path.run(60)
    return path


def test_the_picture_recovers_within_300_ms_of_a_loss(minute):
    still = np.diff([whole for _, whole in minute.shown])
    assert np.percentile(still, 99) < 0.3
    assert (still > 0.3).sum() <= 2  # a packet and two answers lost
    assert still.max() < 0.45


def test_the_delay_stays_under_a_quarter_of_a_second(minute):
    late = [whole - sent for sent, whole in minute.shown]
    assert np.percentile(late, 95) < 0.25
    assert min(late) == pytest.approx(0.05)


def test_the_delay_does_not_grow(minute):
    late = np.array([whole - sent for sent, whole in minute.shown])
    third = len(late) // 3
    assert np.median(late[-third:]) - np.median(late[:third]) < 0.01


def test_hardly_a_frame_is_given_up(minute):
    assert len(minute.shown) > 0.95 * 1800
    assert minute.buffer.lost_frames < 0.05 * 1800


def test_without_requests_half_of_the_picture_would_be_lost(monkeypatch):
    path = Path(loss=0.05, delay=0.05)
    monkeypatch.setattr(path, "answer", lambda missing: None)
    path.run(10)
    assert len(path.shown) < 0.75 * 300


def test_in_two_layers_less_is_waited_for(minute):
    path = Path(loss=0.05, delay=0.05, layers=2)
    path.run(60)
    late, before = ([whole - sent for sent, whole in each.shown] for each in (path, minute))
    assert np.mean(late) < np.mean(before) - 0.005
    assert len(path.shown) > 0.85 * 1800
    assert path.buffer.lost_frames < 0.12 * 1800
