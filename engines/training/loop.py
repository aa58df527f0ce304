"""What every training run shares: averaged weights, checkpoints that survive a kill, the learning rate over time, ONNX export."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn


class Average:
    """Exponential moving average of a network's weights and statistics."""

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Follow ``network``; faster in the first steps, whose weights are worth nothing."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def learning_rate(step: int, steps: int, peak: float, warm_up: int = 200) -> float:
    """Linear warm-up, then a cosine down to a hundredth of the peak."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    t = (step - warm_up) / max(1, steps - warm_up)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(t, 1.0))))


def save(path: Path, **state: Any) -> None:
    """Write a checkpoint so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def export(network: nn.Module, example: Tensor | tuple[Tensor, ...], path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Write an .onnx file (opset 17, free batch) of a network in evaluation mode.

    Every weight keeps its name, batch norm stays a node of its own (runtimes fold it): :func:`load_weights` reads them back.
    """
    temporary = path.with_suffix(".tmp")
    free = {name: {0: "batch"} for name in (*inputs, *outputs)}
    with warnings.catch_warnings():
        # The newer exporter renames weights and folds batch norm; this one is deprecated, not gone.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.eval(), example if isinstance(example, tuple) else (example,), str(temporary), opset_version=17,
            input_names=list(inputs), output_names=list(outputs),
            dynamic_axes=free, dynamo=False, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
        )  # fmt: skip
    onnx.save(half_weights(onnx.load(temporary)), temporary)
    temporary.replace(path)


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill a network with the weights of its exported file; what is for training only and not in the file stays as it is."""
    stored = {w.name.removesuffix("_half"): onnx.numpy_helper.to_array(w) for w in onnx.load(path).graph.initializer}
    state = network.state_dict()
    for name, value in state.items():
        if name in stored:
            state[name] = torch.from_numpy(stored[name].astype(np.float32)).reshape(value.shape)
    network.load_state_dict(state)


def half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large weights as float16 with a Cast behind each: half the file; runtimes fold the Cast and compute as before."""
    casts = []
    for weights in list(model.graph.initializer):
        if weights.data_type == onnx.TensorProto.FLOAT and np.prod(weights.dims) >= 1024:
            values = onnx.numpy_helper.to_array(weights).astype(np.float16)
            name = weights.name
            weights.CopyFrom(onnx.numpy_helper.from_array(values, name + "_half"))
            casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    return model
