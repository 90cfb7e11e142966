"""The peak memory of a process that builds full VGG16 and explains a picture ten times.

`python tests/benchmarks/memory_of_vgg16.py`: each composite gets a fresh process; the peak is the operating system's
own figure (VmHWM), TensorFlow's start included.
"""

from __future__ import annotations

import subprocess
import sys

CODE = """
import numpy as np
from lrp_edu import composites, data, models
from lrp_edu.keras_lrp import LRP

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e9

model = models.vgg16(weights=None)
built = peak()
explainer = LRP(model, composites.get("{composite}"))
image = data.preprocess(np.full((1, 224, 224, 3), 90.0, np.float32))
peaks = []
for _ in range(10):
    explainer(image)
    peaks.append(peak())
print(f"{composite:24}{{built:8.2f}}{{peaks[0]:8.2f}}{{peaks[-1]:8.2f}}")
"""


def main() -> None:
    print(f"{'peak in GB':24}{'built':>8}{'1st':>8}{'10th':>8}")
    for composite in ("epsilon_plus", "epsilon_alpha2_beta1", "deep_taylor"):
        done = subprocess.run(
            [sys.executable, "-c", CODE.format(composite=composite)], capture_output=True, text=True, check=True
        )
        print(done.stdout, end="", flush=True)


if __name__ == "__main__":
    main()
