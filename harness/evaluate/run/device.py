"""What an evaluation runs on: device, precision, and the versions that its result depends on."""

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import PIL
import torch
from PIL import features

from harness.project.resources import DeviceError

_DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# Batches divide a shard of 1000 evenly. So many pixels keep a device busy; on a CPU more only leave its caches.
_BATCHES = (25, 50, 100, 125, 200, 250, 500)
_PIXELS = {"cpu": 50 * 224**2, "cuda": 250 * 224**2}


def find_device(name: str, precision: str) -> torch.device:
    """The device called `auto`, `cpu`, `cuda` or `cuda:1`. Raises DeviceError where it is not here."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", name):
        raise DeviceError(f"--device: expected auto, cpu, cuda or cuda:1, got {name!r}")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"--device {name}: expected a GPU, got {torch.cuda.device_count()} here; use --device cpu")
    refuse_precision(device, precision)
    return device


def refuse_precision(device: torch.device, precision: str) -> None:
    """Raises DeviceError where the device does not have the precision."""
    if device.type == "cpu" and precision == "tf32":
        raise DeviceError("--precision tf32: expected a GPU, got a CPU, which has no TF32; use --precision fp32")


def dtype(precision: str) -> torch.dtype:
    """The type of weights and inputs."""
    return _DTYPES[precision]


def batch_size(device: torch.device, pixels: int) -> int:
    """How many images of so many pixels are tried at once; halved where the device's memory does not hold them."""
    most = _PIXELS[device.type] // pixels
    return max((size for size in _BATCHES if size <= most), default=_BATCHES[0])


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_on(device: torch.device, workers: int | None) -> tuple[torch.device, ...]:
    """Each worker's device: `cuda` is every GPU in turn, any other the same for all. Without a number, one each."""
    if device.type == "cuda" and device.index is None:
        gpus = torch.cuda.device_count()
        return tuple(torch.device("cuda", number % gpus) for number in range(workers or gpus))
    return (device,) * (workers or 1)


def deciding_versions(kind: str) -> dict[str, str]:
    """The versions of what decodes and computes on a `cpu` or `cuda`; a GPU need not be here."""
    found = {
        "torch": str(torch.__version__),
        "torchvision": _version("torchvision"),
        "Pillow": PIL.__version__,
        "libjpeg": str(features.version("libjpeg_turbo") or features.version("jpg")),
    }
    if kind == "cuda":
        found |= {"CUDA": str(torch.version.cuda), "cuDNN": str(torch.backends.cudnn.version())}
    return found


def environment(device: torch.device) -> dict[str, Any]:
    """The day, the machine, and the versions of what decodes and computes."""
    found = {"date": datetime.now(UTC).date().isoformat(), "device": _processor()} | deciding_versions(device.type)
    if device.type == "cuda":
        found |= {"device": torch.cuda.get_device_name(device), "driver": _driver()}
    return found


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        told = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        told = None
    return told[1] if told else platform.processor() or platform.machine()


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def _driver() -> str:
    import subprocess

    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return told.strip()


@contextmanager
def exact_arithmetic(precision: str) -> Iterator[None]:
    """TF32 only where it is asked for, and the same algorithm each time, whatever was set before."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark, cudnn.deterministic
    cudnn.allow_tf32 = matmul.allow_tf32 = precision == "tf32"
    cudnn.benchmark, cudnn.deterministic = False, True
    try:
        with torch.inference_mode():
            yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark, cudnn.deterministic = before
