"""What the written graphs share: ONNX's text form, checked and parsed."""

from __future__ import annotations

import onnx
from onnx import parser

_HEADER = '<ir_version: 8, opset_import: ["" : 17]>\n'


def to_model(text: str) -> onnx.ModelProto:
    """The graph as a model. Raises what onnx raises for one that is wrong."""
    model = parser.parse_model(_HEADER + text.strip())
    onnx.checker.check_model(model, full_check=True)
    return model


def to_bytes(source: str, result: str) -> str:
    """Lines: planes of floats to the uint8 picture they are nearest to."""
    return f"""
    byte_half = Constant <value = float[1] {{0.5}}> ()
    raised = Add ({source}, byte_half)
    rounded = Floor (raised)
    lowest = Constant <value_float = 0.0> ()
    highest = Constant <value_float = 255.0> ()
    bounded = Clip (rounded, lowest, highest)
    pixels = Transpose <perm = [0, 2, 3, 1]> (bounded)
    {result} = Cast <to = 2> (pixels)"""
