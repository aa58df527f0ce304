"""Networks and frame graphs one after the other: what one gives stays where the next one takes it, on the card or in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import engines
from engines.contract import CONTRACTS, GRAPHS
from engines.errors import UserError

Arrays = dict[str, np.ndarray]


class Chain:
    """Steps in their order, all on one runtime. A step takes the inputs of the call and the outputs of the steps before it, by name."""

    def __init__(self, steps: Sequence[Any], takes: Sequence[Sequence[str]]) -> None:
        """``steps``: loaded engines that share a device; ``takes``: the names of each one's inputs."""
        self._steps, self._takes = list(steps), [tuple(names) for names in takes]

    @classmethod
    def load(cls, names: Sequence[str], runtime: str, **options: Any) -> Chain:
        """Load the networks ``names`` on one runtime that can hand arrays on. Raises UserError, see :func:`engines.load`."""
        steps: list[Any] = []
        try:
            for name in names:
                shared = {"device": steps[0].device} if steps else {}
                steps.append(engines.load(name, runtime, **options, **shared))
        except UserError:
            for step in reversed(steps):
                step.close()
            raise
        if not all(hasattr(step, "upload") for step in steps):
            raise UserError(
                f"The runtime '{runtime}' runs networks one by one only; take one of onnxruntime, {', '.join(engines.CARD_RUNTIMES)}."
            )
        return cls(steps, [[tensor.name for tensor in (CONTRACTS | GRAPHS)[name].inputs] for name in names])

    def __call__(self, wanted: Sequence[str], **inputs: np.ndarray) -> Arrays:
        """The outputs ``wanted`` of any of the steps; nothing else is copied back."""
        first = self._steps[0]
        with first.device:
            if mark := getattr(first.device, "mark_start", None):
                mark()
            made: dict[str, Any] = {}
            makers: dict[str, Any] = {}
            for step, names in zip(self._steps, self._takes, strict=True):
                taken = {name: made[name] if name in made else step.upload(name, inputs[name]) for name in names}
                outputs = step.run(taken)
                made |= taken | outputs
                makers |= dict.fromkeys(outputs, step)
            results: Arrays = {}
            for step in self._steps:
                mine = {name: made[name] for name in wanted if makers.get(name) is step}
                if mine:
                    results |= step.download(mine)
        return results

    def close(self) -> None:
        """Let go of the steps, the last one first, and of the device they share."""
        for step in reversed(self._steps):
            step.close()
