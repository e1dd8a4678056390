"""Devices, precisions, and the library versions that an evaluation's result depends on."""

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

# The data type of weights and inputs, by precision.
DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# All divide a shard of 1000 evenly.
_BATCH_SIZES = (25, 50, 100, 125, 200, 250, 500)
# Enough pixels per batch to keep a device busy; more do not fit in a CPU's caches.
_BATCH_PIXELS = {"cpu": 50 * 224**2, "cuda": 250 * 224**2}


def check_precision(device: torch.device, precision: str) -> None:
    """Raises DeviceError if the device does not support the precision."""
    if device.type == "cpu" and precision == "tf32":
        raise DeviceError("--precision tf32: expected a GPU, got a CPU, which has no TF32; use --precision fp32")


def batch_size(device: torch.device, pixels: int) -> int:
    """The number of images per batch, for images with this number of pixels."""
    limit = _BATCH_PIXELS[device.type] // pixels
    return max((size for size in _BATCH_SIZES if size <= limit), default=_BATCH_SIZES[0])


def worker_devices(device: torch.device, workers: int | None) -> tuple[torch.device, ...]:
    """The device of each worker: `cuda` means all GPUs in turn. Without a number of workers, one per device."""
    if device.type == "cuda" and device.index is None:
        gpus = torch.cuda.device_count()
        return tuple(torch.device("cuda", index % gpus) for index in range(workers or gpus))
    return (device,) * (workers or 1)


def library_versions(device_type: str) -> dict[str, str]:
    """The versions of the libraries that decode and compute on a `cpu` or `cuda`; a GPU need not be present."""
    from importlib.metadata import version

    versions = {
        "torch": str(torch.__version__),
        "torchvision": version("torchvision"),
        "Pillow": PIL.__version__,
        "libjpeg": str(features.version("libjpeg_turbo") or features.version("jpg")),
    }
    if device_type == "cuda":
        versions |= {"CUDA": str(torch.version.cuda), "cuDNN": str(torch.backends.cudnn.version())}
    return versions


def environment(device: torch.device) -> dict[str, Any]:
    """The date, the processor, and the library versions."""
    described = {"date": datetime.now(UTC).date().isoformat(), "device": _cpu_name()} | library_versions(device.type)
    if device.type == "cuda":
        described |= {"device": torch.cuda.get_device_name(device), "driver": _driver_version()}
    return described


def _cpu_name() -> str:
    try:
        match = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        match = None
    return match[1] if match else platform.processor() or platform.machine()


def _driver_version() -> str:
    import subprocess

    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


@contextmanager
def deterministic_arithmetic(precision: str) -> Iterator[None]:
    """Inference with TF32 only for precision `tf32`, and deterministic algorithms; restores the settings."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark, cudnn.deterministic
    cudnn.allow_tf32 = matmul.allow_tf32 = precision == "tf32"
    cudnn.benchmark, cudnn.deterministic = False, True
    try:
        with torch.inference_mode():
            yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark, cudnn.deterministic = before
