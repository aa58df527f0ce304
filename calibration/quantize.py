"""Writes an INT8 network: ONNX Runtime's static quantisation, explicit Q/DQ nodes. With layers.py the only file here that imports onnx."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from tqdm import tqdm

import engines
from calibration import crops as crop_folder
from calibration.layers import as_table, losses, take_unrounded, to_float
from engines import origin
from engines.contract import CONTRACTS
from engines.errors import UserError

METHODS = {"minmax": CalibrationMethod.MinMax, "entropy": CalibrationMethod.Entropy, "percentile": CalibrationMethod.Percentile}
MOST_LOSS = 0.02
"""Share of an output's mean that one layer in INT8 may put it off by."""
_AT_ONCE = 16
"""Crops whose inner values are held in memory together, at most."""


class Reader(CalibrationDataReader):
    """Feeds crops, uint8 (N,256,192,3), one by one to the input ``name``; shows how far it is."""

    def __init__(self, crops: np.ndarray, name: str) -> None:
        self._progress = tqdm(total=len(crops), unit="crop", disable=not sys.stderr.isatty())
        self._crops, self._name = crops, name
        self.set_range(0, len(crops))

    def __len__(self) -> int:
        return len(self._crops)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Read crops ``start_index`` to ``end_index`` (exclusive) from here on."""
        self._left: Iterator[np.ndarray] = iter(self._crops[start_index:end_index])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next input, None at the end."""
        crop = next(self._left, None)
        if crop is None:
            return None
        self._progress.update()
        return {self._name: crop[None]}


def outer_convolutions(model: onnx.ModelProto) -> set[str]:
    """Names of the convolutions next to the network's inputs and outputs: the first layer and the heads."""
    nodes = list(model.graph.node)
    makers = {output: node for node in nodes for output in node.output}
    constants = {tensor.name for tensor in model.graph.initializer}
    outer: set[str] = set()
    # Forwards: what depends on an input without a convolution between.
    raw = {tensor.name for tensor in model.graph.input} - constants
    for node in nodes:  # an .onnx lists its nodes in the order they run
        if raw & set(node.input):
            if node.op_type == "Conv":
                outer.add(node.name)
            else:
                raw.update(node.output)
    # Backwards: the convolutions an output is made of.
    left = [tensor.name for tensor in model.graph.output]
    while left:
        maker = makers.get(left.pop())
        if maker is not None and maker.op_type == "Conv":
            outer.add(maker.name)
        elif maker is not None and maker.op_type != "Gemm":  # a linear layer is a head itself, and never quantised
            left.extend(maker.input)
    return outer


def quantize(
    source: Path,
    out: Path,
    crops: np.ndarray,
    method: str,
    weight_bits: int = 7,
    keep_float: tuple[str, ...] = (),
    most_loss: float = MOST_LOSS,
) -> dict[str, Any]:
    """Write the network ``source`` as INT8 to ``out``, with ranges from ``crops`` (uint8 (N,256,192,3)) by ``method`` of :data:`METHODS`.

    The first layer, the heads, layers whose name contains one of ``keep_float`` and those that alone put the outputs off by more than the
    share ``most_loss`` stay float32. ``weight_bits`` 7 keeps the sums of processors that add products of 8 bits in 16 (AVX2 and AVX-512
    without VNNI) from overflowing. Returns how many convolutions there are, the names of those left in float, and what each of the others
    costs. Raises UserError for a name in ``keep_float`` that no layer has.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        folded = Path(folder) / "folded.onnx"
        # Weights stored as float16 have a Cast behind them, which hides them from the quantiser.
        quant_pre_process(source, folded, skip_symbolic_shape=True)
        model = onnx.load(folded)
        convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
        for part in keep_float:
            if not any(part in name for name in convolutions):
                raise UserError(f"No layer's name contains '{part}'; the convolutions are {', '.join(convolutions)}.")
        outer = outer_convolutions(model)
        float_layers = {name for name in convolutions if name in outer or any(part in name for part in keep_float)}
        # The quantiser demands that the crops divide into equal parts.
        at_once = max(size for size in range(1, _AT_ONCE + 1) if len(crops) % size == 0)
        quantize_static(
            folded, out, Reader(crops, model.graph.input[0].name),
            quant_format=QuantFormat.QDQ, activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
            per_channel=True, reduce_range=weight_bits == 7, calibrate_method=METHODS[method],
            op_types_to_quantize=["Conv"], nodes_to_exclude=sorted(float_layers),
            extra_options={
                # TensorRT takes symmetric Q/DQ with float biases only.
                "ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False,
                # ReLU and the residual addition follow a convolution and run with it, before its sum is rounded.
                "OpTypesToExcludeOutputQuantization": ["Conv"],
                "CalibStridedMinMax": at_once,
            },
        )  # fmt: skip
        written = onnx.load(out)
        # Names of the float network's tensors are those of the folded file, so this is done while it is there.
        shares = losses(model, written, {model.graph.input[0].name: crops[:_AT_ONCE]})
        too_much = {name for name, share in shares.items() if share > most_loss}
        written = to_float(written, model, too_much)
        take_unrounded(written)
    onnx.helper.set_model_props(written, {origin.KEY: origin.mark(source)})
    onnx.save(written, out)
    return {"convolutions": len(convolutions), "float": sorted(float_layers | too_much), "losses": shares}


def run(args: argparse.Namespace) -> int:
    """The command: the whole file or none, checked against the contract before it gets its name. One JSON line last."""
    crops = crop_folder.read_for(CONTRACTS[args.network], args.crops)
    if args.out.resolve() == engines.network_file(args.network).resolve():
        raise UserError(f"{args.out} is the float network that quantisation starts from; write the INT8 network elsewhere.")
    if not args.out.parent.is_dir():
        raise UserError(f"The folder {args.out.parent} does not exist; make it or choose another --out.")
    engines.load(args.network, "onnxruntime")  # a missing or damaged float network is named before minutes of work
    temporary = args.out.with_name(args.out.name + ".part")
    try:
        layers = quantize(
            engines.network_file(args.network), temporary, crops, args.method, args.weight_bits, tuple(args.keep_float), args.most_loss
        )
        engines.load(args.network, "onnxruntime", path=temporary)
        temporary.replace(args.out)
    except OSError as error:
        raise UserError(f"{args.out} cannot be written: {error.strerror}. Choose another --out or make room.") from error
    finally:
        temporary.unlink(missing_ok=True)
    for line in as_table(layers.pop("losses"), args.most_loss):
        print(line)
    sizes = {"bytes": args.out.stat().st_size, "float_bytes": engines.network_file(args.network).stat().st_size}
    print(
        json.dumps({"file": str(args.out), "method": args.method, "weight_bits": args.weight_bits, "crops": len(crops), **layers, **sizes})
    )
    return 0
