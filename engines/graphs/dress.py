"""Drawing a fitted garment at the frame's size as one .onnx graph: the warp of every layer, shadows, what is in front, light and pasting.

It computes what :mod:`engines.tryon.dress` draws with OpenCV, from what :mod:`engines.tryon.sheet` makes of a fit.
"""

from __future__ import annotations

import onnx

from engines.contract import CELLS, CROP_HEIGHT, CROP_WIDTH, LAYERS, NODES
from engines.graphs.text import to_bytes, to_model

_STEEPNESS = 3.5
"""Of a mask's edges: see :mod:`engines.tryon.matte`."""
OLD_MIDDLE = 0.3
"""What counts as the edge of an old garment that is painted over: see :mod:`engines.tryon.paint`."""


def dress_graph() -> onnx.ModelProto:
    """Layers over one another, from the back to the front, each with the light it leaves on those behind it; then onto the frame."""
    layers = [f"layer{number}" for number in range(LAYERS)]
    return to_model(f"""
dress (uint8[1,H,W,3] frame, uint8[1,h,w,4] garment, float[1,2,3] matrix, float[1,2,3] place, float[1,{4 * LAYERS},{NODES},{NODES}] layers,
       float[1,{LAYERS},4] bounds, float[1,{CELLS},{CROP_HEIGHT // 2},{CROP_WIDTH // 2}] cells) => (uint8[1,H,W,3] dressed) {{
    one = Constant <value = float[1] {{1}}> ()
    two = Constant <value = float[1] {{2}}> ()
    half = Constant <value = float[1] {{0.5}}> ()
    most = Constant <value = float[1] {{255}}> ()
    steepness = Constant <value = float[1] {{{_STEEPNESS}}}> ()
    nought = Constant <value_float = 0.0> ()
    unit = Constant <value_float = 1.0> ()
    colours = Constant <value = int64[1] {{1}}> ()
    whole = Cast <to = 1> (frame)
    below = Transpose <perm = [0, 3, 1, 2]> (whole)
    {_pixels("x", 2)}
    {_pixels("y", 1)}
    single = Constant <value = int64[1] {{1}}> ()
    size = Concat <axis = 0> (single, y_count, x_count, single)
    numbers = Constant <value = int64[1] {{6}}> ()
    {_grid("place", "nodes", NODES, NODES)}
    spread = GridSample <mode = "bilinear", padding_mode = "border", align_corners = 1> (layers, nodes_grid)
    onto_cells = Mul (matrix, half)
    shift = Constant <value = float[1,2,3] {{0, 0, 0.25, 0, 0, 0.25}}> ()
    parsing = Sub (onto_cells, shift)
    {_grid("parsing", "cells", CROP_HEIGHT // 2, CROP_WIDTH // 2)}
    large = GridSample <mode = "bilinear", padding_mode = "border", align_corners = 1> (cells, cells_grid)
    {_layers(layers)}
    parts = Constant <value = int64[13] {{3, 1, 1, 3, 1, 3, 1, 1, 1, 1, 1, 1, 6}}> ()
    seen_colour, seen_rest, steep, light, may_edge, old_colour, old_rest, inner, near_edge, paint_edge, skin_edge, arm_edge, colours_of
        = Split <axis = 1> (large, parts)
    two_colours = Constant <value = int64[2] {{3, 3}}> ()
    skin, behind = Split <axis = 1> (colours_of, two_colours)
    scaled = Div (below, most)
    {_mask("seen", 0.5)}
    {_mask("old", OLD_MIDDLE)}
    {_clip("inner", "sure")}
    {_clip("steep", "sleeves")}
    {_clip("near_edge", "near")}
    {_clip("paint_edge", "beyond")}
    {_clip("skin_edge", "bare")}
    {_clip("arm_edge", "arm")}
    {_clip("may_edge", "may")}
    surest = Max (old_mask, sure)
    nearby = Mul (surest, near)
    wanted = Mul (nearby, beyond)
    painted = Mul (wanted, may)
    arms = Mul (arm, painted)
    no_arms = Sub (one, arms)
    cloth = Mul (seen_mask, sleeves)
    free = Mul (cloth, no_arms)
    shown = Mul (free, may)
    not_drawn = Sub (one, cover_{LAYERS - 1})
    not_behind = Max (bare, not_drawn)
    put_on = Mul (painted, not_behind)
    warmer = Sub (skin, behind)
    tinged = Mul (warmer, bare)
    colour = Add (behind, tinged)
    change = Sub (colour, below)
    part = Mul (change, put_on)
    person = Add (below, part)
    covered = Mul (cover_{LAYERS - 1}, shown)
    clear = Sub (one, covered)
    stays = Mul (person, clear)
    lit = Mul (drawn_{LAYERS - 1}, light)
    put = Mul (lit, shown)
    sum = Add (stays, put)
    {to_bytes("sum", "dressed")}
}}""")


def _pixels(axis: str, dimension: int) -> str:
    """The numbers of the frame's columns or rows."""
    return f"""
    {axis}_count = Shape <start = {dimension}, end = {dimension + 1}> (frame)
    {axis}_scalar = Constant <value = int64[0] {{}}> ()
    {axis}_end = Reshape ({axis}_count, {axis}_scalar)
    {axis}_first = Constant <value_int = 0> ()
    {axis}_step = Constant <value_int = 1> ()
    {axis}_range = Range ({axis}_first, {axis}_end, {axis}_step)
    {axis}_pixel = Cast <to = 1> ({axis}_range)"""


def _grid(matrix: str, name: str, rows: int, columns: int) -> str:
    """``NAME_grid`` for GridSample: where the frame's pixels lie on small planes, -1 and 1 being the middles of their outermost cells."""
    lines = [f"""
    {name}_flat = Reshape ({matrix}, numbers)
    {name}_scale, {name}_a, {name}_x_shift, {name}_b, {name}_c, {name}_y_shift = Split <axis = 0> ({name}_flat)"""]  # fmt: skip
    for axis, count, shape in (("x", columns, "1,1,-1,1"), ("y", rows, "1,-1,1,1")):
        at = f"{name}_{axis}"
        lines.append(f"""
    {at}_scaled = Mul ({axis}_pixel, {name}_scale)
    {at}_at = Add ({at}_scaled, {at}_shift)
    {at}_last = Constant <value = float[1] {{{2 / (count - 1):.9g}}}> ()
    {at}_part = Mul ({at}_at, {at}_last)
    {at}_unit = Sub ({at}_part, one)
    {at}_shape = Constant <value = int64[4] {{{shape}}}> ()
    {at}_side = Reshape ({at}_unit, {at}_shape)
    {at}_all = Expand ({at}_side, size)""")
    return (
        "".join(lines)
        + f"""
    {name}_grid = Concat <axis = 3> ({name}_x_all, {name}_y_all)"""
    )


def _mask(name: str, middle: float) -> str:
    """``NAME_mask`` of linear functions of the frame's colours, as crisp as the frame; a half where they give ``middle``."""
    return f"""
    {name}_tinted = Mul ({name}_colour, scaled)
    {name}_sum = ReduceSum <keepdims = 1> ({name}_tinted, colours)
    {name}_value = Add ({name}_sum, {name}_rest)
    {name}_middle = Constant <value = float[1] {{{middle}}}> ()
    {name}_off = Sub ({name}_value, {name}_middle)
    {name}_steep = Mul ({name}_off, steepness)
    {name}_edge = Add ({name}_steep, half)
    {_clip(f"{name}_edge", f"{name}_mask")}"""


def _clip(source: str, result: str) -> str:
    return f"""
    {result} = Clip ({source}, nought, unit)"""


def _layers(layers: list[str]) -> str:
    """``drawn_N`` and ``cover_N``: premultiplied colours 0..255 and alpha 0..1 of all layers together."""
    lines = [f"""
    pieces = Cast <to = 1> (garment)
    pictures = Transpose <perm = [0, 3, 1, 2]> (pieces)
    garment_width = Shape <start = 2, end = 3> (garment)
    garment_height = Shape <start = 1, end = 2> (garment)
    garment_size = Concat <axis = 0> (garment_width, garment_height)
    garment_sides = Cast <to = 1> (garment_size)
    garment_last = Sub (garment_sides, one)
    fours = Constant <value = int64[{len(layers)}] {{{", ".join(["4"] * len(layers))}}}> ()
    {", ".join(layers)} = Split <axis = 1> (spread, fours)
    ones = Constant <value = int64[{len(layers)}] {{{", ".join(["1"] * len(layers))}}}> ()
    {", ".join(f"{name}_bounds" for name in layers)} = Split <axis = 1> (bounds, ones)
    corners = Constant <value = int64[2] {{2, 2}}> ()
    corner_shape = Constant <value = int64[4] {{1, 1, 1, 2}}> ()
    four_parts = Constant <value = int64[3] {{2, 1, 1}}> ()
    colour_parts = Constant <value = int64[2] {{3, 1}}> ()"""]  # fmt: skip
    for number, name in enumerate(layers):
        colour, cover = (f"{name}_colour", f"{name}_cover") if number else ("drawn_0", "cover_0")
        lines.append(f"""
    {name}_taken, {name}_inside, {name}_light = Split <axis = 1> ({name}, four_parts)
    {name}_low, {name}_high = Split <axis = 2> ({name}_bounds, corners)
    {name}_first = Reshape ({name}_low, corner_shape)
    {name}_end = Reshape ({name}_high, corner_shape)
    {name}_points = Transpose <perm = [0, 2, 3, 1]> ({name}_taken)
    {name}_after = Max ({name}_points, {name}_first)
    {name}_within = Min ({name}_after, {name}_end)
    {name}_double = Mul ({name}_within, two)
    {name}_part = Div ({name}_double, garment_last)
    {name}_grid = Sub ({name}_part, one)
    {name}_sampled = GridSample <mode = "bilinear", padding_mode = "zeros", align_corners = 1> (pictures, {name}_grid)
    {name}_edge = Clip ({name}_inside, nought, unit)
    {name}_put = Mul ({name}_sampled, {name}_edge)
    {colour}, {name}_alpha = Split <axis = 1> ({name}_put, colour_parts)
    {cover} = Div ({name}_alpha, most)""")
        if number:
            lines.append(f"""
    {name}_clear = Sub (one, {name}_cover)
    {name}_left = Mul ({name}_clear, {name}_light)
    {name}_behind = Mul (drawn_{number - 1}, {name}_left)
    drawn_{number} = Add ({name}_behind, {name}_colour)
    {name}_still = Mul (cover_{number - 1}, {name}_clear)
    cover_{number} = Add ({name}_still, {name}_cover)""")
    return "".join(lines)
