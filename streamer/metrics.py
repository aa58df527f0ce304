"""The server's numbers for Prometheus: where frames spend their time, how many come and go, what runs. grafana.json shows them.

Counts of a session are read from it when Prometheus asks, and added up when it ends; only times are noted frame by frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client import Counter as PrometheusCounter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from .http import Reply, Request
from .turn import Returned

if TYPE_CHECKING:
    from .server import Server
    from .session import Session

SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.024, 0.033, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)
QUEUES = {"wait": "mailbox", "out": "encoder"}  # stages that are waiting, by the queue they wait in
PREFIX = "fitting_room"


class Metrics(Collector):
    """One a server, told when a session has ``started`` and ``ended``; ``page`` is what Prometheus reads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._past: Counter[tuple[str, str]] = Counter()  # of sessions that ended: (kind, label)
        self.registry = CollectorRegistry()
        self._stage = Histogram(f"{PREFIX}_stage_seconds", "Time of a frame in a stage", ["stage"], buckets=SECONDS, registry=self.registry)
        self._queue = Histogram(f"{PREFIX}_queue_wait_seconds", "Time a frame waited", ["queue"], buckets=SECONDS, registry=self.registry)
        self._frame = Histogram(
            f"{PREFIX}_frame_seconds", "From a frame's first packet in to its last packet out", buckets=SECONDS, registry=self.registry
        )
        self._frames = PrometheusCounter(f"{PREFIX}_frames", "Frames returned, by what was done", ["status"], registry=self.registry)
        self._started = PrometheusCounter(f"{PREFIX}_sessions_started", "Shoppers who got a place", registry=self.registry)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def started(self, session: Session) -> None:
        """A session begins."""
        self._started.inc()
        session.left.append(self.frame)

    def frame(self, returned: Returned) -> None:
        """A frame has left."""
        at = returned.at
        for stage, ms in returned.ms.items():
            if stage in QUEUES:
                self._queue.labels(QUEUES[stage]).observe(ms / 1000)
            else:
                self._stage.labels(stage).observe(ms / 1000)
        self._frames.labels(returned.status).inc()
        if at.get("arrived"):
            self._stage.labels("gather").observe(at["complete"] - at["arrived"])
            self._queue.labels("decoder").observe(max(0.0, at["decoded"] - at["complete"] - returned.ms["decode"] / 1000))
            self._frame.observe(at["sent"] - at["arrived"])

    def ended(self, counts: Counter[tuple[str, str]]) -> None:
        """A session has ended; what it counted."""
        self._past.update(counts)

    def collect(self) -> Iterable[Metric]:
        """What is read rather than noted: counts of the sessions, the places, the engines."""
        server = self._server
        counts = sum((session.counts() for session in server.sessions), self._past)
        dropped = CounterMetricFamily(f"{PREFIX}_dropped_frames", "Frames dropped, by cause", labels=["cause"])
        for cause in ("network", "spared", "worker", "encoder", "failed"):
            dropped.add_metric([cause], counts["dropped", cause])
        media = CounterMetricFamily(f"{PREFIX}_media_bytes", "Bytes of media and control, by direction", labels=["direction"])
        for direction in ("received", "sent"):
            media.add_metric([direction], counts["bytes", direction])
        yield from (dropped, media)
        yield GaugeMetricFamily(f"{PREFIX}_sessions", "Shoppers at their mirrors", value=len(server.sessions))
        yield GaugeMetricFamily(f"{PREFIX}_waiting", "Shoppers waiting for a place", value=server.places.waiting)
        yield GaugeMetricFamily(f"{PREFIX}_places", "Mirrors there are", value=server.config.max_sessions)
        engines = InfoMetricFamily(f"{PREFIX}_engine", "What each network runs on", labels=["network", "runtime", "reason"])
        for network, engine in engines_of(server.worker.pipeline).items():
            engines.add_metric([network, engine.runtime, engine.reason], {})
        yield engines

    def page(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self.registry)


def engines_of(pipeline: Any) -> dict[str, Any]:
    """A pipeline's engines by the name of the attribute their network has."""
    parts = vars(pipeline) if hasattr(pipeline, "__dict__") else {}
    return {name: part.engine for name, part in parts.items() if hasattr(getattr(part, "engine", None), "runtime")}


async def metrics(server: Server, request: Request) -> Reply:
    """What Prometheus reads."""
    return Reply(server.metrics.page(), CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
