"""A committed network made ready for TensorRT, which takes every type as it is written in the file ("strongly typed").

float16 is written into the graph, but for what needs the range or the precision: GridSample, the arithmetic of its grid, and what is
composed from its result up to the outputs. Inputs and outputs keep the types of the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from engines.errors import UserError

_LEARNED = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
"""Where float16 pays; float32 reaches from a GridSample to the next of them."""


_SMALL = 1 << 14
"""Elements of a matrix up to which its product is written out."""

_ALWAYS_FLOAT = {("Resize", 1), ("Resize", 2)}
"""Inputs that ONNX has in float32 only: region and scales."""


def prepare(path: Path, precision: str) -> onnx.ModelProto:
    """The network ``path`` for TensorRT in ``precision``: fp32, fp16, or int8 where the file has Q/DQ nodes.

    Raises UserError for int8 without Q/DQ nodes.
    """
    model = onnx.load(path)
    cast_first(model)
    linear_as_convolution(model)
    products_as_sums(model)
    if precision == "int8" and not any(node.op_type == "QuantizeLinear" for node in model.graph.node):
        raise UserError(f"{path} has no Q/DQ nodes: an INT8 network is written by 'python -m calibration quantize'.")
    if precision == "fp16":
        model = to_half(model)
    onnx.checker.check_model(model)
    return model


def cast_first(model: onnx.ModelProto) -> None:
    """Cast uint8 inputs to float32 before anything else, in place: TensorRT takes uint8 as an input, but computes nothing in it."""
    for tensor in model.graph.input:
        if tensor.type.tensor_type.elem_type != TensorProto.UINT8:
            continue
        name = f"{tensor.name}_float"
        for node in model.graph.node:
            for index, source in enumerate(node.input):
                if source == tensor.name:
                    node.input[index] = name
        model.graph.node.insert(0, helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT, name=name))
    del model.graph.value_info[:]  # types of inner tensors, which may be others now


def linear_as_convolution(model: onnx.ModelProto) -> None:
    """Write linear layers (Gemm of learnt weights) as 1x1 convolutions, in place: for Turing cards TensorRT has no Gemm in float32."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    casts = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    ends = helper.make_tensor("linear_axes", TensorProto.INT64, [2], [2, 3])
    for index, node in reversed(list(enumerate(model.graph.node))):
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        weights = stored.get(casts.get(node.input[1], node.input[1])) if node.op_type == "Gemm" else None
        if weights is None or attributes.get("transB") != 1 or attributes.get("transA") or len(weights.dims) != 2:
            continue
        weights.dims.extend([1, 1])
        picture, found = f"{node.name}_picture", f"{node.name}_found"
        layers = [
            helper.make_node("Unsqueeze", [node.input[0], ends.name], [picture], name=picture),
            helper.make_node("Conv", [picture, *node.input[1:]], [found], name=found),
            helper.make_node("Squeeze", [found, ends.name], [node.output[0]], name=node.name),
        ]
        del model.graph.node[index]
        for layer in reversed(layers):
            model.graph.node.insert(index, layer)
        if ends.name not in stored:
            model.graph.initializer.append(ends)
            stored[ends.name] = ends


def products_as_sums(model: onnx.ModelProto) -> None:
    """Write products of small matrices as sums of products, in place, for the same reason."""
    inferred = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = {value.name: [each.dim_value for each in value.type.tensor_type.shape.dim] for value in inferred}
    axes = {name: helper.make_tensor(name, TensorProto.INT64, [1], [axis]) for name, axis in (("last_axis", 2), ("middle_axis", 1))}
    for index, node in reversed(list(enumerate(model.graph.node))):
        second = shapes.get(node.input[1], []) if node.op_type == "MatMul" else []
        if len(second) != 2 or not 0 < second[0] * second[1] <= _SMALL:
            continue
        column, each = f"{node.name}_column", f"{node.name}_each"
        layers = [
            helper.make_node("Unsqueeze", [node.input[0], "last_axis"], [column], name=column),
            helper.make_node("Mul", [column, node.input[1]], [each], name=each),
            helper.make_node("ReduceSum", [each, "middle_axis"], [node.output[0]], name=node.name, keepdims=0),
        ]
        del model.graph.node[index]
        for layer in reversed(layers):
            model.graph.node.insert(index, layer)
        model.graph.initializer.extend(axes.values())
        axes = {}


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in float16 but for :func:`stays_float`; inputs and outputs keep their types.

    ONNX Runtime's converter (1.31) writes the same cast twice where a tensor has two users that stay float32; hence this one.
    """
    lift_constants(model)
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{index}"
    floats = _float_tensors(model)
    single = stays_float(model)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    half_made: set[str] = set()  # what is made in float16 under its own name
    written: list[onnx.NodeProto] = []
    casts: set[str] = set()

    def cast(name: str, to: int) -> str:
        """The tensor in the other type: cast once, however many use it. Weights are rewritten instead."""
        other = f"{name}_{'half' if to == TensorProto.FLOAT16 else 'single'}"
        if other not in casts:
            casts.add(other)
            if name in weights:
                values = onnx.numpy_helper.to_array(weights[name]).clip(-65504, 65504)  # float16's largest number
                model.graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float16), other))
            else:
                written.append(helper.make_node("Cast", [name], [other], to=to, name=other))
        return other

    for node in model.graph.node:
        stays = node.name in single
        for index, name in enumerate(node.input):
            if name not in floats:
                continue
            if stays or (node.op_type, index) in _ALWAYS_FLOAT:
                node.input[index] = cast(name, TensorProto.FLOAT) if name in half_made else name
            elif name not in half_made:
                node.input[index] = cast(name, TensorProto.FLOAT16)
        if not stays:
            half_made.update(name for name in node.output if name in floats)
            for attribute in node.attribute:
                if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                    attribute.i = TensorProto.FLOAT16
        written.append(node)
    outputs = {tensor.name for tensor in model.graph.output} & half_made
    for node in written:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name in outputs:
                    names[index] = f"{name}_made"
    written += [helper.make_node("Cast", [f"{name}_made"], [name], to=TensorProto.FLOAT, name=f"{name}_out") for name in sorted(outputs)]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in written]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    del model.graph.value_info[:]
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model


def _float_tensors(model: onnx.ModelProto) -> set[str]:
    """Names of the float32 tensors: inputs, weights, and all that is computed."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    typed = {v.name: v.type.tensor_type.elem_type for v in (*inferred.input, *inferred.value_info, *inferred.output)}
    typed |= {tensor.name: tensor.data_type for tensor in inferred.initializer}
    return {name for name, kind in typed.items() if kind == TensorProto.FLOAT}


def lift_constants(model: onnx.ModelProto) -> None:
    """Constant nodes become initialisers, in place: the converter knows which inputs of a Resize stay float32 for initialisers only."""
    constants = [node for node in model.graph.node if node.op_type == "Constant"]
    for node in constants:
        tensor = next(helper.get_attribute_value(attribute) for attribute in node.attribute)
        if isinstance(tensor, onnx.TensorProto):
            lifted = onnx.TensorProto()
            lifted.CopyFrom(tensor)
            lifted.name = node.output[0]
            model.graph.initializer.append(lifted)
            model.graph.node.remove(node)


def stays_float(model: onnx.ModelProto) -> set[str]:
    """Names of the nodes that stay float32: GridSamples, what their grids are computed with, and what follows them up to the outputs."""
    nodes = list(model.graph.node)
    makers = {output: node for node in nodes for output in node.output}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in nodes:
        for source in node.input:
            users.setdefault(source, []).append(node)
    samplers = [node for node in nodes if node.op_type == "GridSample"]
    before = _reach((makers.get(node.input[1]) for node in samplers), lambda node: (makers.get(name) for name in node.input))
    after = _reach(
        (user for node in samplers for user in users.get(node.output[0], [])),
        lambda node: (user for name in node.output for user in users.get(name, [])),
    )
    return {node.name for node in samplers} | before | after


def _reach(start: Iterable[onnx.NodeProto | None], step) -> set[str]:  # type: ignore[no-untyped-def] # noqa: ANN001
    """Names of the nodes reached from ``start`` by ``step``, none of them learned."""
    reached: set[str] = set()
    left = [node for node in start if node is not None]
    while left:
        node = left.pop()
        if node.op_type in _LEARNED or node.name in reached:
            continue
        reached.add(node.name)
        left += [other for other in step(node) if other is not None]
    return reached
