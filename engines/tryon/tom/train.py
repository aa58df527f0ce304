"""Trains both try-on networks: ``python -m engines.tryon.tom.train --pairs runs/pairs``. What was measured is in CARD.md.

Together, for the try-on network learns from the garment as the matching network lays it. Continues where it stopped.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from engines.training import loop
from engines.training.tryon import losses
from engines.training.tryon.simulate import push, simulate, stack
from engines.tryon.gmm import network as gmm
from engines.tryon.tom import network as tom

Batch = dict[str, Tensor]
_WEIGHTS = {"picture": 4.0, "skin": 3.0, "behind": 2.0, "invented": 2.0, "bare": 0.3, "mask": 0.5, "smooth": 0.2, "features": 0.5}
_BENDING = 0.15


def planes(batch: Batch, garment: Tensor) -> Tensor:
    """What a network sees, (N,19,128,96), 0..255."""
    return torch.cat([batch["person"], batch["body"], garment], 1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def figures(matching: nn.Module, trying: nn.Module, rows: np.ndarray, features: losses.Features, sheet: Path | None) -> dict[str, float]:
    """Losses on pairs not trained on, each with the same old garment and the same errors every time."""
    random = np.random.default_rng(7)
    sums: dict[str, float] = {}
    strips: list[np.ndarray] = []
    for at in range(0, len(rows), 16):
        batch = stack([simulate(row, random) for row in rows[at : at + 16]])
        pushed = push(batch["garment"], random)
        share = len(pushed) / len(rows)
        for name, garment in (("still", batch["garment"]), ("pushed", pushed)):
            flow, beyond = matching(planes(batch, garment))
            laid = gmm.laid(garment, flow)
            before = losses.matching(garment, batch["picture"], batch["truth"], batch["body"])
            after = losses.matching(laid, batch["picture"], batch["truth"], batch["body"])
            for key, value in ((f"{name}_before", before), (f"{name}_after", after), ("bending", losses.bending(flow, beyond) / 2)):
                sums[key] = sums.get(key, 0) + float(value) * share
        made = trying(planes(batch, laid))
        skin = batch["person"][:, :3] / 255
        plain = losses.wearing(made._replace(skin=skin, behind=skin), laid, batch, features)
        found = losses.wearing(made, laid, batch, features)
        for key, value in [*found.items(), ("skin_invented", plain["invented"])]:
            sums[key] = sums.get(key, 0) + float(value) * share
        if sheet is not None and len(strips) < 40:
            m, rendered = made.mask.sigmoid(), made.rendered()
            whole = m * laid[:, :3] + (1 - m * laid[:, 3:] / 255) * rendered * 255
            shown = [
                batch["picture"],
                batch["person"][:, :3],
                pushed[:, :3],
                laid[:, :3],
                rendered * 255,
                (m * 255).expand(-1, 3, -1, -1),
                whole,
            ]
            strips += list(torch.cat(shown, 3)[:8].clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())
    if sheet is not None:
        half = len(strips) // 2
        pages = np.hstack([np.vstack(strips[:half]), np.vstack(strips[half : 2 * half])])
        cv2.imwrite(str(sheet), cv2.cvtColor(pages, cv2.COLOR_RGB2BGR))
    return sums


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, default=Path("runs/pairs"), help="made by engines.training.tryon.pairs")
    parser.add_argument("--out", type=Path, default=Path("runs/tryon"))
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate")
    parser.add_argument("--threads", type=int, default=1, help="of torch; one is best beside other work")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    training, held_out = (np.load(args.pairs / f"{name}.npy", mmap_mode="r") for name in ("training", "validation"))
    features = losses.Features()
    networks: dict[str, nn.Module] = {"gmm": gmm.MatchingNetwork(), "tom": tom.TryOnNetwork()}
    for network in (*networks.values(), features):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averages = {name: loop.Average(network, 0.998) for name, network in networks.items()}
    optimiser = torch.optim.AdamW([p for network in networks.values() for p in network.parameters()], lr=args.rate, weight_decay=0.02)
    checkpoint, first = args.out / "last.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        for name, network in networks.items():
            network.load_state_dict(state[name], strict=False)
            averages[name].network.load_state_dict(state[f"{name}_average"], strict=False)
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
        print(f"continued at step {first}", flush=True)
    random = np.random.default_rng(args.seed * 1_000_000 + first)
    began = saved = time.monotonic()
    sums: dict[str, float] = {}
    for step in range(first, args.steps):
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate(step, args.steps, args.rate)
        batch = stack([simulate(training[i], random) for i in np.sort(random.integers(0, len(training), args.batch))])
        garment = batch["garment"]
        wrong = torch.from_numpy(random.random((len(garment), 1, 1, 1)) < 0.3)
        garment = torch.where(wrong, push(garment, random), garment)
        with torch.autocast("cpu", torch.bfloat16):
            flow, beyond = networks["gmm"].train()(planes(batch, garment))
            laid = gmm.laid(garment, flow)
            # It has to bear what the landmark warp gives, too.
            either = torch.from_numpy(random.random((len(garment), 1, 1, 1)) < 0.5)
            worn = torch.where(either, garment, laid.detach())
            made = networks["tom"].train()(planes(batch, worn))
            found = losses.wearing(made, worn, batch, features)
        found["match"] = losses.matching(laid, batch["picture"], batch["truth"], batch["body"])
        found["bend"] = losses.bending(flow, beyond)
        total = found["match"] + _BENDING * found["bend"] + sum(weight * found[name] for name, weight in _WEIGHTS.items())
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        for network in networks.values():
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        for name, network in networks.items():
            averages[name].update(network, step)
        for name, value in found.items():
            sums[name] = sums.get(name, 0) + value.item()
        last = step + 1 == args.steps
        if (step + 1) % 50 == 0:
            parts = " ".join(f"{name} {value / 50:.4f}" for name, value in sums.items())
            print(f"step {step + 1}/{args.steps} {parts} {(time.monotonic() - began) / 50:.2f} s/step", flush=True)
            sums, began = {}, time.monotonic()
        if time.monotonic() - saved > 180 or last:
            saved = time.monotonic()
            states = {name: network.state_dict() for name, network in networks.items()}
            states |= {f"{name}_average": average.network.state_dict() for name, average in averages.items()}
            loop.save(checkpoint, optimiser=optimiser.state_dict(), step=step + 1, **states)
        if (step + 1) % 500 == 0 or last:
            found_figures = figures(averages["gmm"].network, averages["tom"].network, held_out, features, args.out / "sheet.png")
            print(f"validation step {step + 1} " + " ".join(f"{k} {v:.4f}" for k, v in found_figures.items()), flush=True)
            began = time.monotonic()
    write(averages["gmm"].network, averages["tom"].network, args.out)


def write(matching: nn.Module, trying: nn.Module, out: Path) -> None:
    """gmm.onnx and tom.onnx."""
    example = tuple(torch.zeros(1, 128, 96, channels, dtype=torch.uint8) for channels in (4, 11, 4))
    inputs = ["person", "body", "garment"]
    loop.export(gmm.Exported(matching), example, out / "gmm.onnx", inputs, ["flow"])  # type: ignore[arg-type]
    loop.export(tom.Exported(trying), example, out / "tom.onnx", inputs, ["skin", "behind", "bare", "mask"])  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
