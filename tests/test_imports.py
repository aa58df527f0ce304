"""Heavy packages stay at the edges, and imports point one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [p for p in ("streamer", "engines", "calibration") if (ROOT / p).is_dir()]
HEAVY = {"torch", "tensorrt", "tensorrt_rtx", "pycuda", "openvino", "onnxruntime", "onnx", "ray", "mediapipe"}


def files():
    return [f for p in PACKAGES for f in sorted((ROOT / p).rglob("*.py"))]


def at_the_edge(file: Path) -> bool:
    """Files that may import heavy packages: the runtimes, what only training uses, what writes .onnx, and what quantises."""
    return bool({"runtimes", "training", "graphs"} & set(file.parts)) or file.name in {"network.py", "train.py", "quantize.py", "layers.py"}


def imported(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_every_other_module_is_imported_without_the_heavy_packages():
    modules = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files() if not at_the_edge(f) and f.name != "__main__.py"]
    block = f"import sys; sys.modules.update(dict.fromkeys({sorted(HEAVY)!r})); import importlib; "
    code = block + f"[importlib.import_module(m) for m in {modules!r}]"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", files(), ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_one_way(file):
    names = set(imported(file))
    if file.is_relative_to(ROOT / "engines"):
        assert not names & {"streamer", "calibration", "tests"}
    if not at_the_edge(file):
        assert not names & HEAVY - ({"ray"} if file == ROOT / "streamer" / "cluster.py" else set())
    if file.parent.name == "runtimes":
        own = {"tensorrt": {"tensorrt", "tensorrt_rtx", "pycuda"}}.get(file.stem, {file.stem})
        assert not names & (HEAVY - own)
