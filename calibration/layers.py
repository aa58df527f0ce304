"""What each quantised layer costs: the network's outputs with this one layer in INT8 and all others in float. A part of quantize."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
import onnxruntime


def losses(folded: onnx.ModelProto, quantised: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> dict[str, float]:
    """For each quantised convolution, by name: how far outputs are off with it alone in INT8, as a share of their mean; the worst.

    ``folded``: the float network that ``quantised`` was made of, its nodes named alike; ``inputs``: a batch of real ones by name.
    """
    wanted = _run(folded, inputs)
    shares = {}
    for name in quantised_layers(quantised):
        alone = to_float(quantised, folded, set(quantised_layers(quantised)) - {name})
        take_unrounded(alone)
        got = _run(alone, inputs)
        shares[name] = max(float(np.abs(g - w).mean() / max(np.abs(w).mean(), 1e-12)) for g, w in zip(got, wanted, strict=True))
    return shares


def quantised_layers(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions whose weights come from a DequantizeLinear."""
    makers = {output: node.op_type for node in model.graph.node for output in node.output}
    return [n.name for n in model.graph.node if n.op_type == "Conv" and makers.get(n.input[1]) == "DequantizeLinear"]


def to_float(quantised: onnx.ModelProto, folded: onnx.ModelProto, names: Iterable[str]) -> onnx.ModelProto:
    """The quantised network with the convolutions ``names`` as they are in the float one, and what nobody needs any more left out."""
    chosen = set(names)
    model = onnx.ModelProto.FromString(quantised.SerializeToString())
    floats = {node.name: node for node in folded.graph.node if node.op_type == "Conv"}
    weights = {tensor.name: tensor for tensor in folded.graph.initializer}
    there = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.name in chosen:
            for index, source in enumerate(floats[node.name].input):
                node.input[index] = source
                if source in weights and source not in there:
                    model.graph.initializer.append(weights[source])
                    there.add(source)
    _drop_unused(model)
    return model


def take_unrounded(model: onnx.ModelProto) -> None:
    """Let every node that is not quantised take what its neighbours are fed in INT8 as it was before it was rounded, in place.

    The quantiser rounds a tensor for all of its users as soon as one of them is quantised: heads and residual additions suffered.
    """
    layers = set(quantised_layers(model))
    rounded = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    before = {n.output[0]: rounded[n.input[0]] for n in model.graph.node if n.op_type == "DequantizeLinear" and n.input[0] in rounded}
    for node in model.graph.node:
        if node.name not in layers and node.op_type != "DequantizeLinear":
            for index, source in enumerate(node.input):
                node.input[index] = before.get(source, source)
    _drop_unused(model)


def _drop_unused(model: onnx.ModelProto) -> None:
    """Nodes and weights that no output depends on, in place."""
    needed = {tensor.name for tensor in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):  # an .onnx lists its nodes in the order they run
        if needed & set(node.output):
            needed.update(node.input)
            kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
    weights = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)


def _run(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> list[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, inputs))


def as_table(shares: dict[str, float], limit: float) -> list[str]:
    """Lines for people, the costliest first; what costs more than ``limit`` is marked as left in float."""
    order = sorted(shares.items(), key=lambda item: -item[1])
    return [f"{100 * share:7.3f} %  {name}{'  left in float' if share > limit else ''}" for name, share in order]
