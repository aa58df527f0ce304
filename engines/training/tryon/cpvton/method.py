"""CP-VTON on photos, beside the others: ``python -m engines.training.tryon.cpvton.method --data DIR --networks runs/cpvton``.

Its own result has a plain background and a new face; only what may change is taken from it here: the old garment's region, the cloth.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from engines.body import Reading
from engines.contract import CROP_HEIGHT, CROP_WIDTH
from engines.crop import Crop
from engines.training.tryon.cpvton.network import Matching, TryOn
from engines.training.tryon.cpvton.train import FILTERS, HEIGHT, LEVELS, WIDTH, person_planes, product
from engines.tryon import evaluate, photo
from engines.tryon.agnostic import free_region, old_cloth
from engines.tryon.garment import Garment


def load(folder: Path) -> photo.Method:
    """The networks that engines.training.tryon.cpvton.train left in a folder."""
    matching, trying = Matching((HEIGHT, WIDTH), FILTERS), TryOn(LEVELS, FILTERS)
    for name, network in (("gmm", matching), ("tom", trying)):
        network.load_state_dict(torch.load(folder / f"{name}.pt", weights_only=True)["network"], strict=False)
        network.eval()

    @torch.no_grad()
    def wear(picture: np.ndarray, garment: Garment, reading: Reading, crop: Crop) -> np.ndarray:
        person = torch.from_numpy(person_planes(crop, reading))[None]
        flat = torch.from_numpy(product(garment)).permute(2, 0, 1)[None].float()
        grid = matching(person, flat[:, :3] / 127.5 - 1)
        warped = F.grid_sample(flat[:, :3] / 127.5 - 1, grid, padding_mode="border", align_corners=True)
        cover = F.grid_sample(flat[:, 3:] / 255, grid, align_corners=True)
        rendered, mask = trying(person, warped)
        # The cloth is taken from the crop's size, the rest is enlarged.
        large = [F.interpolate(t, size=(CROP_HEIGHT, CROP_WIDTH), mode="bilinear") for t in (rendered, mask, mask * cover)]
        made = large[1] * F.interpolate(warped, size=(CROP_HEIGHT, CROP_WIDTH), mode="bicubic").clamp(-1, 1) + (1 - large[1]) * large[0]
        old = free_region(old_cloth(garment.category, reading.parsing)).astype(np.float32) / 255
        changed = np.maximum(cv2.resize(old, (CROP_WIDTH, CROP_HEIGHT)), large[2][0, 0].numpy())
        drawn = np.dstack([((made[0] + 1) * 127.5).permute(1, 2, 0).numpy(), changed])
        size = picture.shape[1], picture.shape[0]
        over = cv2.warpAffine(drawn, crop.matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT)
        return np.clip(np.rint(picture + (over[..., :3] - picture) * over[..., 3:]), 0, 255).astype(np.uint8)

    return wear


def main() -> int:
    """Command line: the evaluation's table, with CP-VTON in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, add_help=False)
    parser.add_argument("--networks", type=Path, default=Path("runs/cpvton"))
    args, rest = parser.parse_known_args()
    photo.METHODS["cp-vton"] = lambda: load(args.networks)
    sys.argv[1:] = rest
    return evaluate.main()


if __name__ == "__main__":
    sys.exit(main())
