"""What Prometheus reads, and that the dashboard asks for exactly that."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

from prometheus_client.parser import text_string_to_metric_families

from streamer.config import ROOT
from streamer.metrics import engines_of
from tests.fakes import FakePipeline
from tests.shopper import Shopper
from tests.test_server import fitting_room, greyish, open_socket, reddish

DASHBOARD = ROOT / "streamer" / "grafana.json"


class Networked(FakePipeline):
    """With a network on an engine, as the real one; what is blue cannot be worn."""

    def __init__(self):
        super().__init__()
        self.body = SimpleNamespace(engine=SimpleNamespace(runtime="abacus", reason='chosen because of "its beads"'))

    def __call__(self, frame, garment, state, spans, /):
        if garment is not None and garment.id == "blue":
            raise RuntimeError("not blue")
        return super().__call__(frame, garment, state, spans)


async def numbers(client):
    """{(name, labels): value} of /metrics."""
    reply = await client.get("/metrics")
    assert reply.status == 200
    assert reply.content_type == "text/plain"
    families = text_string_to_metric_families(await reply.text())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def asked_for():
    """Every metric's name in the dashboard's queries."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    return set(re.findall(r"\b(?:fitting_room|process)_\w+", queries))


async def test_frames_sessions_drops_bytes_and_engines_are_counted_and_stay_so(tmp_path):
    async with fitting_room(tmp_path, pipeline=Networked()) as client:
        empty = await numbers(client)
        assert empty["fitting_room_sessions", ()] == 0
        assert empty["fitting_room_dropped_frames_total", (("cause", "worker"),)] == 0

        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        await shopper.frame(reddish)
        shopper.say(type="garment", id="blue")
        await shopper.frame(greyish)
        during = await numbers(client)
        assert during["fitting_room_sessions", ()] == 1
        assert during["fitting_room_frames_total", (("status", "ok"),)] >= 1
        assert during["fitting_room_dropped_frames_total", (("cause", "failed"),)] >= 1
        assert during["fitting_room_stage_seconds_count", (("stage", "dress"),)] >= 1
        assert 0 < during["fitting_room_frame_seconds_sum", ()] < 60
        for queue in ("decoder", "mailbox", "encoder"):
            assert during["fitting_room_queue_wait_seconds_count", (("queue", queue),)] >= 1
        labels = (("network", "body"), ("reason", 'chosen because of "its beads"'), ("runtime", "abacus"))
        assert during["fitting_room_engine_info", labels] == 1

        await shopper.leave()
        while (after := await numbers(client))["fitting_room_sessions", ()]:
            pass
        counters = [key for key in during if key[0].endswith(("_total", "_count")) and key[0].startswith("fitting_room")]
        assert len(counters) > 12
        for key in counters:
            assert after[key] >= during[key], f"{key} went back when the session ended"
        assert after["fitting_room_media_bytes_total", (("direction", "sent"),)] > 1000


async def test_the_dashboard_asks_for_what_there_is_and_for_all_of_it(tmp_path):
    async with fitting_room(tmp_path, pipeline=Networked()) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        await shopper.frame(reddish)
        there = {name for name, _ in await numbers(client)}
        await shopper.leave()
    assert asked_for() <= there, f"nobody tells {asked_for() - there}"
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in there if name.startswith("fitting_room") and "_created" not in name}
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked_for()}
    assert families <= shown, f"not on the dashboard: {families - shown}"


async def test_from_another_machine_prometheus_needs_its_secret(tmp_path):
    async with fitting_room(tmp_path, metrics_secret="beans", trust_localhost=False) as client:
        assert (await client.get("/metrics")).status in (401, 403)
        assert (await client.get("/metrics", headers={"Authorization": "Bearer bean"})).status in (401, 403)
        assert (await client.get("/metrics", headers={"Authorization": "Bearer beans"})).status == 200
    (tmp_path / "none").mkdir()
    async with fitting_room(tmp_path / "none", trust_localhost=False) as client:
        assert (await client.get("/metrics", headers={"Authorization": "Bearer "})).status in (401, 403)


def test_the_dashboard_is_one():
    dashboard = json.loads(DASHBOARD.read_text())
    assert {"title", "uid", "schemaVersion", "panels", "templating"} <= dashboard.keys()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells


def test_a_pipeline_without_engines_has_none():
    assert engines_of(FakePipeline()) == {}
    assert engines_of(lambda *args: None) == {}
