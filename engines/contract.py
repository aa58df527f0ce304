"""The names, shapes, types and ranges that networks and code agree on, written down once.

A network is loaded only if its file matches its :class:`Contract` (see :func:`engines.load`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engines.errors import UserError

CROP_HEIGHT, CROP_WIDTH = 256, 192
"""Size of the person crop in pixels; every network sees the person at this size."""

CLASSES = (
    "background", "hat", "hair", "glove", "sunglasses", "upper-clothes", "dress", "coat", "socks", "pants", "jumpsuits",
    "scarf", "skirt", "face", "left-arm", "right-arm", "left-leg", "right-leg", "left-shoe", "right-shoe", "bag", "accessory",
)  # fmt: skip
"""Parsing classes: 0..19 are LIP's, in its order; left and right are the person's."""

GROUPS: dict[str, tuple[str, ...]] = {
    "background": ("background",), "hair": ("hair",), "skin": ("face", "left-arm", "right-arm", "left-leg", "right-leg"),
    "upper": ("upper-clothes",), "outer": ("coat",), "dress": ("dress", "jumpsuits"), "pants": ("pants",), "skirt": ("skirt",),
    "shoes": ("left-shoe", "right-shoe", "socks"), "bag": ("bag",), "headwear": ("hat", "sunglasses"),
    "accessory": ("glove", "scarf", "accessory"),
}  # fmt: skip
"""The twelve groups in which parsing is measured."""

LANDMARKS = (
    "nose", "neck", "right-shoulder", "right-elbow", "right-wrist", "left-shoulder", "left-elbow", "left-wrist", "right-hip",
    "right-knee", "right-ankle", "left-hip", "left-knee", "left-ankle", "right-eye", "left-eye", "right-ear", "left-ear",
)  # fmt: skip
"""Body landmarks in OpenPose's COCO-18 order; left and right are the person's."""

GARMENT_LANDMARKS = (
    "neckline_left", "neckline_right", "center_front", "shoulder_left", "shoulder_right", "armpit_left", "armpit_right",
    "waistline_left", "waistline_right", "cuff_left_in", "cuff_left_out", "cuff_right_in", "cuff_right_out", "top_hem_left",
    "top_hem_right", "waistband_left", "waistband_right", "hemline_left", "hemline_right", "crotch", "bottom_left_in",
    "bottom_left_out", "bottom_right_in", "bottom_right_out",
)  # fmt: skip
"""Garment landmarks in FashionAI's order; left and right are the viewer's, the garment seen from the front."""

_NECK_TO_CUFF = ("neckline_left", "neckline_right", "shoulder_left", "shoulder_right", "armpit_left", "armpit_right",
                 "cuff_left_in", "cuff_left_out", "cuff_right_in", "cuff_right_out")  # fmt: skip
CATEGORY_LANDMARKS: dict[str, tuple[str, ...]] = {
    "blouse": (*_NECK_TO_CUFF, "center_front", "top_hem_left", "top_hem_right"),
    "outwear": (*_NECK_TO_CUFF, "waistline_left", "waistline_right", "top_hem_left", "top_hem_right"),
    "dress": (*_NECK_TO_CUFF, "center_front", "waistline_left", "waistline_right", "hemline_left", "hemline_right"),
    "trousers": ("waistband_left", "waistband_right", "crotch", "bottom_left_in", "bottom_left_out", "bottom_right_in",
                 "bottom_right_out"),
    "skirt": ("waistband_left", "waistband_right", "hemline_left", "hemline_right"),
}  # fmt: skip
"""Which landmarks a garment of a category must carry."""

KINDS = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
"""What a photo of a single piece can show."""
KIND_CATEGORY = {
    "dress": "dress", "longsleeve": "blouse", "outwear": "outwear", "pants": "trousers", "shirt": "blouse", "shorts": "trousers",
    "skirt": "skirt", "t-shirt": "blouse",
}  # fmt: skip
"""The category in which a kind is worn; hats and shoes cannot be put on anybody here."""
EMBEDDING = 128
"""Numbers of a garment's embedding."""

BODY_PLANES: dict[str, tuple[str, ...]] = {
    "face": ("face",), "hair": ("hair", "hat", "sunglasses"), "arms": ("left-arm", "right-arm", "glove"),
    "things": ("bag", "accessory", "scarf"), "top": ("upper-clothes", "coat", "dress", "jumpsuits"), "bottom": ("pants", "skirt"),
    "legs": ("left-leg", "right-leg", "left-shoe", "right-shoe", "socks"), "background": ("background",),
    "upper-arm strokes": (), "forearm strokes": (), "leg strokes": (),
}  # fmt: skip
"""What the try-on networks know of the body: the parsing in groups, and the limbs drawn as strokes from joint to joint."""
FLOW_HEIGHT, FLOW_WIDTH = CROP_HEIGHT // 8, CROP_WIDTH // 8
"""Cells of the flow that corrects where a garment lies."""


@dataclass(frozen=True)
class Tensor:
    """One named input or output of a network. ``shape`` starts with the batch, which is free (``None``)."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    meaning: str


@dataclass(frozen=True)
class Contract:
    """What a network takes and gives; checked when its file is loaded."""

    network: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


BODY = Contract(
    network="body",
    inputs=(Tensor("picture", (None, CROP_HEIGHT, CROP_WIDTH, 3), "uint8", "RGB person crop"),),
    outputs=(
        Tensor("parsing", (None, len(CLASSES), CROP_HEIGHT // 2, CROP_WIDTH // 2), "float32",
               "class probabilities at half the crop's resolution, summing to 1 over the classes"),
        Tensor("heatmaps", (None, len(LANDMARKS), CROP_HEIGHT // 4, CROP_WIDTH // 4), "float32",
               "one map a landmark at a quarter of the crop's resolution, 1 at the landmark, 0 where it is not"),
        Tensor("centres", (None, 1, CROP_HEIGHT // 4, CROP_WIDTH // 4), "float32",
               "1 at the middle of a piece of clothing, 0 where there is none"),
        Tensor("offsets", (None, 2, CROP_HEIGHT // 4, CROP_WIDTH // 4), "float32",
               "x and y from a cell to the middle of the piece it belongs to, in crop pixels"),
    ),
)  # fmt: skip

GARMENT_KIND = Contract(
    network="garment.kind",
    inputs=(Tensor("picture", (None, 96, 96, 4), "uint8", "RGB of the garment cut out on grey (127), and its alpha"),),
    outputs=(
        Tensor("embedding", (None, EMBEDDING), "float32", "of length 1; similar pieces have a large dot product"),
        Tensor("kinds", (None, len(KINDS)), "float32", "probabilities of the kinds, summing to 1"),
    ),
)  # fmt: skip

GARMENT_CUT = Contract(
    network="garment.cut",
    inputs=(Tensor("picture", (None, 160, 160, 3), "uint8", "RGB, the whole photo in the middle, its border repeated"),),
    outputs=(
        Tensor("classes", (None, 3, 80, 80), "float32",
               "probabilities of background, skin and garment at half the picture's resolution, summing to 1 over the classes"),
    ),
)  # fmt: skip
GARMENT_LANDMARKS_NETWORK = Contract(
    network="garment.landmarks",
    inputs=(Tensor("picture", (None, 96, 96, 4), "uint8", "RGB of the garment cut out on grey (127), and its alpha"),),
    outputs=(
        Tensor("maps", (None, len(GARMENT_LANDMARKS), 24, 24), "float32",
               "where each landmark is, at a quarter of the picture's resolution; a map sums to 1"),
    ),
)  # fmt: skip

_CELLS = (CROP_HEIGHT // 2, CROP_WIDTH // 2)
TRYON_TOM = Contract(
    network="tryon.tom",
    inputs=(
        Tensor("person", (None, *_CELLS, 4), "uint8",
               "RGB at half the crop's resolution, the person's mean skin colour where the fourth plane, what is free to change, is 255"),
        Tensor("body", (None, *_CELLS, len(BODY_PLANES)), "uint8",
               "the planes of BODY_PLANES, 255 where sure; nothing of the parsing in the free region"),
        Tensor("garment", (None, *_CELLS, 4), "uint8", "premultiplied RGBA of the garment laid on the body"),
    ),
    outputs=(
        Tensor("skin", (None, 3, *_CELLS), "float32", "RGB 0..1 of bare arms, neck and legs where the region is free"),
        Tensor("behind", (None, 3, *_CELLS), "float32", "RGB 0..1 of what lies behind them"),
        Tensor("bare", (None, 1, *_CELLS), "float32", "0..1: which of the two is to be seen"),
        Tensor("mask", (None, 1, *_CELLS), "float32", "0..1: the composite mask, how much of the garment shows where it is drawn"),
    ),
)  # fmt: skip

CONTRACTS = {contract.network: contract for contract in (BODY, GARMENT_CUT, GARMENT_KIND, GARMENT_LANDMARKS_NETWORK, TRYON_TOM)}

NODES, LAYERS, CELLS = 64, 5, 24
"""Points along a side at which a garment's layers are described to a card; the most layers; planes on the parsing's cells."""
_FRAME = Tensor("frame", (1, None, None, 3), "uint8", "RGB frame of any size")
GRAPHS = {
    contract.network: contract
    for contract in (
        Contract("frame.crop", (_FRAME, Tensor("matrix", (1, 2, 3), "float32", "frame px to crop px, see engines.crop.crop_matrix")),
                 (Tensor("picture", (1, CROP_HEIGHT, CROP_WIDTH, 3), "uint8", "RGB person crop"),)),
        Contract("frame.landmarks", (next(t for t in BODY.outputs if t.name == "heatmaps"),),
                 (Tensor("landmarks", (None, len(LANDMARKS), 3), "float32", "x and y in crop px, and a score 0..1"),)),
        Contract("frame.dress", (
            _FRAME,
            Tensor("garment", (1, None, None, 4), "uint8", "premultiplied RGBA of its pieces beside one another, of any size"),
            Tensor("matrix", (1, 2, 3), "float32", "frame px to crop px"),
            Tensor("place", (1, 2, 3), "float32", "frame px to columns and rows of the layers' nodes"),
            Tensor("layers", (1, 4 * LAYERS, NODES, NODES), "float32",
                   "of each layer: x and y in the garment's px, frame px inside of it (0.5: its edge), light left on those behind"),
            Tensor("bounds", (1, LAYERS, 4), "float32", "x0, y0, x1, y1 of each layer's piece in the garment's px"),
            Tensor("cells", (1, CELLS, CROP_HEIGHT // 2, CROP_WIDTH // 2), "float32",
                   "planes at half the crop's resolution: functions of R, G, B (0..1) and 1 that give what shows (4), where sleeves "
                   "end (1), light (3), where anything may be drawn (1); functions that give the old garment (4), edges of where it surely "
                   "is, of what is near it, of all that is painted, of skin and of arms (5), the skin's colour and the one behind (6)"),
        ), (Tensor("dressed", (1, None, None, 3), "uint8", "RGB frame with the garment"),)),
    )
}  # fmt: skip
"""Arithmetic around the networks, for cards: written by engines/graphs/frame.py, not trained."""


Found = dict[str, tuple[tuple[int | None, ...], str]]
"""What a runtime sees in a file: name -> (shape with ``None`` for free sizes, dtype)."""


def check(contract: Contract, file: object, inputs: Found, outputs: Found) -> None:
    """Compare what a file holds with its contract.

    Raises :class:`UserError` naming the tensor that differs.
    """
    for kind, wanted, found in (("input", contract.inputs, inputs), ("output", contract.outputs, outputs)):
        for tensor in wanted:
            if tensor.name not in found:
                raise UserError(
                    f"The network file {file} has no {kind} '{tensor.name}' (it has {', '.join(found) or 'none'}): it is not a "
                    f"'{contract.network}' network of this version; take the file that belongs to this checkout."
                )
            shape, dtype = found[tensor.name]
            fits = len(shape) == len(tensor.shape) and all(
                a is None or b is None or a == b for a, b in zip(shape, tensor.shape, strict=True)
            )
            if not fits or dtype != tensor.dtype:
                raise UserError(
                    f"In the network file {file} the {kind} '{tensor.name}' is {dtype} {list(shape)}, but {tensor.dtype} "
                    f"{list(tensor.shape)} is expected; take the file that belongs to this checkout."
                )


def check_inputs(contract: Contract, arrays: Mapping[str, np.ndarray]) -> None:
    """:func:`check_input` of every one; raises :class:`UserError` also for one that is missing."""
    for tensor in contract.inputs:
        if tensor.name not in arrays:
            raise UserError(f"The network '{contract.network}' is not given its input '{tensor.name}'.")
    for name, array in arrays.items():
        check_input(contract, name, array)


def check_input(contract: Contract, name: str, array: np.ndarray) -> None:
    """Raises :class:`UserError`, which names the tensor, where an array is not what the network takes, or holds no numbers."""
    tensor = next((tensor for tensor in contract.inputs if tensor.name == name), None)
    if tensor is None:
        raise UserError(f"The network '{contract.network}' has no input '{name}' (it has {', '.join(t.name for t in contract.inputs)}).")
    fits = array.ndim == len(tensor.shape) and all(b is None or a == b for a, b in zip(array.shape, tensor.shape, strict=True))
    if not fits or array.dtype != tensor.dtype:
        raise UserError(
            f"The input '{name}' of '{contract.network}' is {array.dtype} {list(array.shape)}, but {tensor.dtype} {list(tensor.shape)} "
            f"is expected."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"The input '{name}' of '{contract.network}' has values that are no numbers.")
