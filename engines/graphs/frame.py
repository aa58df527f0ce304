"""The frame's own arithmetic as .onnx graphs, so that a card does it between the networks and nothing comes back to the host.

``python -m engines.graphs.frame`` writes them to their places. They compute what :mod:`engines.crop` and :mod:`engines.body.heatmaps` do
with OpenCV and numpy; sampling is GridSample, in float32. Sizes of frames are free. Dressing is in dress.py.
"""

from __future__ import annotations

import numpy as np
import onnx

import engines
from engines.body.heatmaps import STRIDE
from engines.contract import BODY, CROP_HEIGHT, CROP_WIDTH, GRAPHS
from engines.graphs.dress import dress_graph
from engines.graphs.text import to_bytes, to_model

_SAMPLES = 4
"""Samples along a side of a crop's pixel: where the frame is shrunk, their mean keeps fine patterns from aliasing."""
_REACH = 1.5
"""They spread over so many pixels of the shrunk frame: nearest to OpenCV's interpolated means (1.3 grey levels off; 1: 1.7)."""
_POSITION = """
    numbers = Constant <value = int64[1] {6}> ()
    flat = Reshape (matrix, numbers)
    scale, zero, left, nought, same, top = Split <axis = 0> (flat)
    one = Constant <value = float[1] {1}> ()
    two = Constant <value = float[1] {2}> ()
"""


def crop_graph() -> onnx.ModelProto:
    """A frame and the matrix of a crop (see :func:`engines.crop.crop_matrix`) to the crop's picture."""
    return to_model(f"""
crop (uint8[1,H,W,3] frame, float[1,2,3] matrix) => (uint8[1,{CROP_HEIGHT},{CROP_WIDTH},3] picture) {{
    {_POSITION}
    inverse = Div (one, scale)
    shrink = Floor (inverse)
    wide = GreaterOrEqual (shrink, two)
    nothing = Constant <value = float[1] {{0}}> ()
    side = Where (wide, shrink, nothing)
    {_samples("x", CROP_WIDTH, "left")}
    {_samples("y", CROP_HEIGHT, "top")}
    {_normalised(CROP_HEIGHT * _SAMPLES, CROP_WIDTH * _SAMPLES)}
    whole = Cast <to = 1> (frame)
    planes = Transpose <perm = [0, 3, 1, 2]> (whole)
    sampled = GridSample <mode = "bilinear", padding_mode = "border", align_corners = 1> (planes, grid)
    mean = AveragePool <kernel_shape = [{_SAMPLES}, {_SAMPLES}], strides = [{_SAMPLES}, {_SAMPLES}]> (sampled)
    {to_bytes("mean", "picture")}
}}""")


def landmarks_graph() -> onnx.ModelProto:
    """The body network's heat maps to landmarks in crop px with their scores, so that 18 points come back instead of 18 maps."""
    count, rows, columns = next(tensor.shape[1:] for tensor in BODY.outputs if tensor.name == "heatmaps")
    assert rows is not None
    assert columns is not None
    return to_model(f"""
landmarks (float[N,{count},{rows},{columns}] heatmaps) => (float[N,{count},3] landmarks) {{
    flat_shape = Constant <value = int64[3] {{0, {count}, {rows * columns}}}> ()
    flat = Reshape (heatmaps, flat_shape)
    first = Constant <value = int64[1] {{1}}> ()
    peak, place = TopK <axis = 2> (flat, first)
    index = Cast <to = 1> (place)
    columns = Constant <value = float[1] {{{columns}}}> ()
    rows_down = Div (index, columns)
    row = Floor (rows_down)
    before = Mul (row, columns)
    column = Sub (index, before)
    map_shape = Constant <value = int64[4] {{0, {count}, 1, 1}}> ()
    peak_at = Reshape (peak, map_shape)
    tenth = Constant <value = float[1] {{0.1}}> ()
    floor = Mul (peak_at, tenth)
    above = Sub (heatmaps, floor)
    bump = Relu (above)
    {_near("row", rows, "1,1,-1,1")}
    {_near("column", columns, "1,1,1,-1")}
    around = Mul (row_near, column_near)
    weight = Mul (bump, around)
    axes = Constant <value = int64[2] {{2, 3}}> ()
    sum = ReduceSum <keepdims = 0> (weight, axes)
    least = Constant <value = float[1] {{1e-9}}> ()
    total = Add (sum, least)
    {_centre("column", "x")}
    {_centre("row", "y")}
    landmarks = Concat <axis = 2> (x, y, peak)
}}""")


def _floats(values: np.ndarray) -> str:
    return f"float[{len(values)}] {{{', '.join(f'{value:.6g}' for value in values)}}}"


def _samples(axis: str, size: int, shift: str) -> str:
    """The frame px of every sample of a crop's side: its pixel taken back, and spread around there."""
    spread = (np.arange(_SAMPLES) - (_SAMPLES - 1) / 2) / _SAMPLES * _REACH
    return f"""
    {axis}_crop = Constant <value = {_floats(np.repeat(np.arange(size), _SAMPLES))}> ()
    {axis}_spread = Constant <value = {_floats(np.tile(spread, size))}> ()
    {axis}_moved = Sub ({axis}_crop, {shift})
    {axis}_back = Div ({axis}_moved, scale)
    {axis}_aside = Mul ({axis}_spread, side)
    {axis}_at = Add ({axis}_back, {axis}_aside)"""


def _normalised(rows: int, columns: int) -> str:
    """``grid`` for GridSample from the frame's pixels ``x_at`` and ``y_at``: -1 and 1 are the middles of its outermost pixels."""
    lines = []
    for axis, dimension, shape in (("x", 2, "1,1,-1,1"), ("y", 1, "1,-1,1,1")):
        lines.append(f"""
    {axis}_size = Shape <start = {dimension}, end = {dimension + 1}> (frame)
    {axis}_float = Cast <to = 1> ({axis}_size)
    {axis}_last = Sub ({axis}_float, one)
    {axis}_double = Mul ({axis}_at, two)
    {axis}_part = Div ({axis}_double, {axis}_last)
    {axis}_unit = Sub ({axis}_part, one)
    {axis}_grid_shape = Constant <value = int64[4] {{{shape}}}> ()
    {axis}_flat = Reshape ({axis}_unit, {axis}_grid_shape)""")
    lines.append(f"""
    grid_shape = Constant <value = int64[4] {{1, {rows}, {columns}, 1}}> ()
    x_all = Expand (x_flat, grid_shape)
    y_all = Expand (y_flat, grid_shape)
    grid = Concat <axis = 3> (x_all, y_all)""")
    return "".join(lines)


def _near(axis: str, size: int, shape: str) -> str:
    """1 for cells at most two away, and only where the cell across the peak is on the map, too."""
    full = shape.replace("-1", str(size))
    return f"""
    {axis}_at = Reshape ({axis}, map_shape)
    {axis}_cells = Constant <value = float[{full}] {{{", ".join(map(str, range(size)))}}}> ()
    {axis}_away = Sub ({axis}_cells, {axis}_at)
    {axis}_distance = Abs ({axis}_away)
    {axis}_last = Constant <value = float[1] {{{size - 1}}}> ()
    {axis}_after = Sub ({axis}_last, {axis}_at)
    {axis}_two = Constant <value = float[1] {{2}}> ()
    {axis}_reach = Min ({axis}_at, {axis}_after, {axis}_two)
    {axis}_inside = LessOrEqual ({axis}_distance, {axis}_reach)
    {axis}_near = Cast <to = 1> ({axis}_inside)"""


def _centre(axis: str, result: str) -> str:
    """Crop px of the centre of mass along one axis."""
    return f"""
    {axis}_weighed = Mul (weight, {axis}_away)
    {axis}_sum = ReduceSum <keepdims = 0> ({axis}_weighed, axes)
    {axis}_off = Div ({axis}_sum, total)
    {axis}_behind = Constant <value = int64[1] {{2}}> ()
    {axis}_shift = Unsqueeze ({axis}_off, {axis}_behind)
    {axis}_centre = Add ({axis}, {axis}_shift)
    {axis}_stride = Constant <value = float[1] {{{STRIDE}}}> ()
    {axis}_start = Constant <value = float[1] {{{(STRIDE - 1) / 2}}}> ()
    {axis}_pixels = Mul ({axis}_centre, {axis}_stride)
    {result} = Add ({axis}_pixels, {axis}_start)"""


MAKERS = {"frame.crop": crop_graph, "frame.landmarks": landmarks_graph, "frame.dress": dress_graph}


def main() -> None:
    """Write every graph to its place."""
    for name, make in MAKERS.items():
        path = engines.network_file(GRAPHS[name].network)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(make(), path)


if __name__ == "__main__":
    main()
