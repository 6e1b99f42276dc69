"""How fast pictures are corrupted, beside the imagecorruptions package where it can be imported.

It was written for older libraries, so install it apart, without them, and name the folder:

    pip install --no-deps --target FOLDER imagecorruptions==1.1.2
    IMAGECORRUPTIONS=FOLDER python -m benchmarks corruptions
"""

import importlib.util
import math
import os
import statistics
import sys
import types
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks import Row, alternate
from blurlab.corruptions.corrupting import corrupt
from blurlab.corruptions.table import published as published_names
from blurlab.pictures.images import to_uint8
from blurlab.pictures.photographs import photograph

SIZE, BATCH, SEVERITY = 224, 32, 3
SLOW = {"glass_blur"}  # a Python loop over pixels in the reference, of more than a second


def corruptions() -> list[Row]:
    """Time all 19 corruptions at severity 3 of a batch of 32, in milliseconds per picture."""
    cv2.setNumThreads(1)
    picture = photograph("cat", SIZE)
    images, levels = picture.expand(BATCH, -1, -1, -1).contiguous(), to_uint8(picture)
    peer = published()
    rows, generator = [], torch.Generator().manual_seed(0)
    for name in published_names():

        def ours(name=name):
            corrupt(images, name, SEVERITY, generator)

        def theirs(name=name):
            if peer:
                peer(levels, severity=SEVERITY, corruption_name=name)

        mine, other = alternate(ours, theirs, rounds=1 if name in SLOW else 5)
        mine /= BATCH
        rows.append(compared(name, mine, other if peer else math.nan))
    if peer:
        mean = statistics.geometric_mean(row.ratio for row in rows)
        rows.append(Row("19 corruptions, geometric mean", "imagecorruptions 1.1.2", mean, 4))
    return rows


def compared(name: str, mine: float, other: float) -> Row:
    times = f"{mine * 1e3:.2f} / {other * 1e3:.2f} ms"
    if math.isnan(other):
        return Row(name, "imagecorruptions is not installed", math.nan, times=times)
    return Row(name, "imagecorruptions 1.1.2", other / mine, at_least=0.9, times=times)


def published() -> Callable | None:
    """Import imagecorruptions.corrupt, or return None where there is no such package.

    It was written for older libraries; what they called otherwise is given back its old name.
    """
    sys.path[:0] = [folder for folder in (os.environ.get("IMAGECORRUPTIONS"),) if folder]
    package = importlib.util.find_spec("imagecorruptions")
    if package is None or package.origin is None:
        return None
    from scipy import ndimage

    folder = Path(package.origin).parent
    resources = types.ModuleType("pkg_resources")
    vars(resources)["resource_filename"] = lambda _, path: str(folder / path)
    sys.modules.setdefault("pkg_resources", resources)
    sys.modules.setdefault("scipy.ndimage.interpolation", ndimage)
    vars(np)["float_"] = np.float64
    import imagecorruptions.corruptions

    gaussian = imagecorruptions.corruptions.gaussian

    def with_old_argument(image, *args, multichannel=False, **options):
        return gaussian(image, *args, channel_axis=-1 if multichannel else None, **options)

    imagecorruptions.corruptions.gaussian = with_old_argument
    return imagecorruptions.corrupt


ROWS = [corruptions]
