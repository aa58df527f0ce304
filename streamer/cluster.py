"""``python -m streamer cluster``: the fitting room on Ray Serve, on as many machines as the Ray cluster has.

A replica is what ``serve`` is: the same server, one worker, its own sessions. Ray Serve starts replicas, sends each new shopper
to one with few, starts more when they fill, and lets one that is no longer needed live until its last shopper has left: a
session's WebSocket is open as long as the session, and Serve counts it as a request. Needs requirements-cluster.txt.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import signal
import sys
import threading
from dataclasses import replace
from types import ModuleType
from typing import Any

from engines.errors import UserError

from . import serve
from .asgi import Asgi
from .config import ROOT, Config

NAME = "fitting-room"
PAGE_REQUESTS = 32  # at once beside a replica's sessions: pages and pictures
FILL = 0.75  # of a replica's places taken on average before one more is started, which takes seconds
RAY_SETTINGS = {  # of a Ray that is started here; one that runs already needs them where it is started
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to anybody who was not named
    "RAY_worker_niceness": "0",  # 15 as Ray comes: live video would wait for whatever else the machine does
    "RAY_SERVE_QUEUE_LENGTH_CACHE_TIMEOUT_S": "0",  # 10 as it comes: so long a busy replica is preferred to one not asked again
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``serve``, a replica's, and those of the cluster."""
    serve.add_arguments(parser)
    parser.add_argument("--replicas", default="1-2", metavar="N|MIN-MAX", help="servers at once, as needed (default %(default)s)")
    parser.add_argument("--cpus", type=float, default=1, metavar="N", help="processor cores kept for a replica (default %(default)g)")
    parser.add_argument("--gpus", type=float, default=0, metavar="N", help="GPUs kept for a replica; 0.5: two share one (default none)")
    parser.add_argument("--ray", metavar="ADDRESS", help="a running Ray cluster; auto: this machine's (default: start one here)")
    parser.add_argument(
        "--calm-seconds", type=float, default=120, metavar="N", help="how long fewer replicas must be enough (default %(default)g)"
    )
    parser.add_argument(
        "--leave-minutes", type=float, default=30, metavar="N", help="how long a replica that is to end waits for its shoppers"
    )


def run(args: argparse.Namespace) -> int:
    """Deploy, and wait for Ctrl-C or SIGTERM. Raises :class:`UserError` for what the user has to mend."""
    least, most = replica_range(args.replicas)
    for name in ("cpus", "gpus", "calm_seconds", "leave_minutes"):
        if not 0 <= (value := getattr(args, name)) < math.inf:
            raise UserError(f"--{name.replace('_', '-')} {value} cannot be meant: take a number from 0.")
    config = serve.config_from(args)
    ray, ray_serve = _ray()
    pem = serve.certificate_file(config)
    tls = {"ssl_certfile": str(pem), "ssl_keyfile": str(config.key or pem)} if pem else {}
    stop = threading.Event()
    _start(ray, args.ray)
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        ray_serve.start(http_options={"host": config.host, "port": config.port, **tls})
        ends = (args.calm_seconds, 60 * args.leave_minutes)
        ray_serve.run(deployment(config, least, most, args.cpus, args.gpus, *ends), name=NAME)
        serve.announce(config, config.port)
        stop.wait()
        print("closing ...", flush=True)
    finally:
        ray_serve.shutdown()
        ray.shutdown()
    return 0


def deployment(config: Config, least: int, most: int, cpus: float, gpus: float, calm_seconds: float, leave_seconds: float) -> Any:
    """What Serve is to run: ``least`` to ``most`` replicas, each a server of ``config``.

    When fewer have been enough for ``calm_seconds``, one gets no more shoppers, and ends with its last or after ``leave_seconds``.

    Nobody queues at one replica while another has a place: a phone that finds none asks again every few seconds, and is sent to
    the less busy of two. At 75% full that is 95% within 12 s instead of 72 s (python -m tests.load).
    """
    # Who comes back may find another machine, where what was kept of them could be neither counted nor deleted: nobody is asked.
    config = replace(config, max_waiting=0, screens=False, keep_crops=0)
    ray_serve = _ray()[1]
    pem, keys = serve.certificate_file(config), serve.kept_keys(config)

    def build() -> Asgi:  # in the replica's process, on whichever machine
        serve.set_up_logging(config)
        return Asgi(lambda: serve.make_server(config, pem, keys))

    options = ray_serve.deployment(
        name=NAME,
        max_ongoing_requests=config.max_sessions + PAGE_REQUESTS,
        autoscaling_config={
            "min_replicas": least,
            "max_replicas": most,
            "target_ongoing_requests": max(1.0, FILL * config.max_sessions),
            "upscale_delay_s": 3,
            "downscale_delay_s": calm_seconds,
        },
        graceful_shutdown_wait_loop_s=2,
        graceful_shutdown_timeout_s=leave_seconds,
        health_check_period_s=5,
        health_check_timeout_s=10,
        ray_actor_options={"num_cpus": cpus, "num_gpus": gpus},
    )
    return options(ray_serve.ingress(build)()).bind()


def replica_range(text: str) -> tuple[int, int]:
    """``2`` or ``1-4``. Raises :class:`UserError` for what cannot be meant."""
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text)
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= least <= most:
        raise UserError(f"--replicas {text!r} is no number of servers: write 2, or 1-4 for as many as are needed.")
    return least, most


def _ray() -> tuple[ModuleType, ModuleType]:
    for name, value in RAY_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        from ray import serve as ray_serve
    except ImportError as error:
        need = f"{sys.executable} -m pip install -r {ROOT / 'requirements-cluster.txt'}"
        raise UserError(f"Ray Serve is not installed ({error}): run `{need}`.") from None
    return ray, ray_serve


def _start(ray: ModuleType, address: str | None) -> None:
    """Reach the cluster, or start one of this machine alone."""
    here = {} if address else {"include_dashboard": False}
    try:
        ray.init(address, runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}}, log_to_driver=False, logging_level="ERROR", **here)
    except Exception as error:  # Ray raises bare ones, too
        raise UserError(f"Ray cannot be reached at {address}: {error}" if address else f"Ray cannot be started here: {error}") from None
