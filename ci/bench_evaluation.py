"""Evaluation speed, as ratios within one run: decoding, six models in one pass, cached crops; and on a GPU.

python ci/bench_evaluation.py            decoding, six models and cached crops, on the CPU
python ci/bench_evaluation.py --workers  one worker on one core, two on two; bytes sent on a cluster
python ci/bench_evaluation.py --gpu      all twelve RegNetY on 20 000 images, on a GPU
"""

import argparse
import io
import multiprocessing
import os
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from harness.evaluate.data.conditions import IMAGENET_MEAN, IMAGENET_STD, Conditions, Geometry
from harness.evaluate.data.crop_cache import CropCache, crop_versions
from harness.evaluate.data.crops import Batch, load_crops
from harness.evaluate.data.dataset import Dataset as OpenedDataset
from harness.evaluate.data.dataset import DatasetSpec, open_dataset
from harness.evaluate.data.shards import make_shards
from harness.evaluate.run.device import batch_size, library_versions
from harness.evaluate.run.engine import EvaluationSettings, EvaluationTask, evaluate
from harness.evaluate.run.local_executor import LocalExecutor
from harness.evaluate.run.progress import Progress
from harness.evaluate.statistics.scores import Scores
from harness.system.processes import cores
from harness.zoo.regnet import REGNETY, build

Result = TypeVar("Result")

ROUNDS = 3
CLASSES = 10
FILES = 2000
GPU_FILES = 20_000
USUAL = Conditions(Geometry(224, Decimal("0.875"), "bicubic"))
# Small enough that decoding takes a large part of the time.
SMALL = Conditions(Geometry(64, Decimal("0.875"), "bicubic"))


def make_images(top: Path, files: int) -> Path:
    """JPEG files of 500×375, random crops of two real photographs."""
    photographs = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    generator = torch.Generator().manual_seed(0)
    distinct = []
    for number in range(FILES):
        photograph = photographs[number % 2]
        scale = 0.6 + 0.4 * torch.rand((), generator=generator).item()
        width, height = int(photograph.width * scale), int(photograph.height * scale)
        left = int(torch.randint(photograph.width - width + 1, (), generator=generator))
        upper = int(torch.randint(photograph.height - height + 1, (), generator=generator))
        cropped = photograph.crop((left, upper, left + width, upper + height)).resize(
            (500, 375), Image.Resampling.LANCZOS
        )
        stream = io.BytesIO()
        cropped.save(stream, "JPEG", quality=92)
        distinct.append(stream.getvalue())
    for number in range(files):
        path = top / str(number % CLASSES) / f"image_{number:05}.JPEG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(distinct[number % FILES])
    return top


def network(model: str, seed: int) -> nn.Module:
    """A network with random weights, which do not affect its speed."""
    torch.manual_seed(seed)
    module = build(model).module.to_empty(device="cpu").eval()
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.normal_(0, 0.05)
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.fill_(1)
    return module


def bare_loop(paths: list[Path]) -> None:
    """Decode and crop with PIL alone, on one core."""
    torch.set_num_threads(1)
    transform = transforms.Compose(
        [transforms.Resize(256, transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(224)]
    )
    for path in paths:
        with Image.open(path) as image:
            transform(image.convert("RGB"))


class PerModel(Dataset[tuple[torch.Tensor, int]]):
    """Images loaded as by timm's validation script."""

    def __init__(self, images: list[tuple[Path, int]], side: int) -> None:
        self.images = images
        resize = transforms.Resize(int(side / 0.875), transforms.InterpolationMode.BICUBIC)
        normalise = transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD)
        self.transform = transforms.Compose([resize, transforms.CenterCrop(side), transforms.ToTensor(), normalise])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.images[index]
        with Image.open(path) as image:
            return self.transform(image.convert("RGB")), label


def per_model_loop(networks: list[nn.Module], images: list[tuple[Path, int]], side: int) -> list[int]:
    """Top-1 counts of models evaluated one after the other, each with its own pass over the images."""
    counts = []
    for module in networks:
        module.to(memory_format=torch.channels_last)
        right = 0
        loader = DataLoader(PerModel(images, side), batch_size=256, num_workers=cores())
        with torch.inference_mode():
            for batch, labels in loader:
                scores = module(batch.to(memory_format=torch.channels_last))
                right += int((scores.argmax(1) == labels).sum())
        counts.append(right)
    return counts


def timed_result(run: Callable[[], Result]) -> tuple[float, Result]:
    """The duration of a call in seconds, and its result."""
    started = time.monotonic()
    result = run()
    return time.monotonic() - started, result


def timed(run: Callable[[], object]) -> float:
    """The duration of a call in seconds."""
    return timed_result(run)[0]


def on_processor(folder: Path) -> bool:
    """Print rates and ratios; return whether all bounds hold."""
    spec = DatasetSpec(CLASSES, FILES // CLASSES, tuple(map(str, range(CLASSES))))
    dataset = open_dataset(make_images(folder / "images", FILES), spec)
    paths = [image.path for image in dataset.images]
    labelled = [(image.path, image.label) for image in dataset.images]
    parts = make_shards(dataset)
    size = batch_size(torch.device("cpu"), 224**2)
    batches = [Batch(shard, part, (USUAL.geometry,)) for shard in parts for part in shard.batches(size)]

    rates = [
        (bare_rate(paths, 1), bare_rate(paths, cores()), FILES / timed(lambda: consume(batches, None)))
        for _ in range(ROUNDS)
    ]
    core, at_once, ours = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"one core, a bare PIL loop         {core:8.0f} images/s")
    print(f"{cores()} cores, a bare PIL loop on each   {at_once:8.0f} images/s")
    print(f"{cores()} cores, the harness's crops       {ours:8.0f} images/s")

    networks = [network("regnety_canary", seed) for seed in range(6)]
    settings = EvaluationSettings(torch.device("cpu"), refresh=True)
    tasks = [
        EvaluationTask(f"model {seed}", f"{seed}", SMALL, lambda module=module: module, str(seed))
        for seed, module in enumerate(networks)
    ]
    loops, passes = [], []
    for _ in range(ROUNDS):
        seconds, expected = timed_result(lambda: per_model_loop(networks, labelled, SMALL.geometry.image_size))
        loops.append(seconds)
        seconds, outcomes = timed_result(lambda: evaluate(dataset, tasks, settings, Progress()))
        passes.append(seconds)
        counted = [outcome.counts.top_1 for outcome in outcomes.values() if isinstance(outcome, Scores)]
        if counted != expected:
            print(f"different counts: {counted} and {expected}")
            return False
    loop, one_pass = statistics.median(loops), statistics.median(passes)
    print(f"six models, one loop each          {loop:8.1f} s")
    print(f"six models, one pass              {one_pass:8.1f} s, the same counts")

    constant = EvaluationTask("constant", "constant", USUAL, lambda: Constant(CLASSES), "constant")
    caching = replace(settings, crop_cache=folder / "crops")
    evaluate(dataset, [constant], caching, Progress())
    cache = CropCache(folder / "crops", dataset.fingerprint, crop_versions(library_versions("cpu")))
    cached = statistics.median(FILES / timed(lambda: consume(batches, cache)) for _ in range(ROUNDS))
    print(f"{cores()} cores, cached crops              {cached:8.0f} images/s")
    decoding, reading = (
        statistics.median(timed(partial(evaluate, dataset, [constant], chosen, Progress())) for _ in range(ROUNDS))
        for chosen in (settings, caching)
    )
    print(f"an evaluation without a network: {decoding:.1f} s decoding, {reading:.1f} s from cached crops")

    bounds = [
        ("crops / (cores × one core)", ours / (cores() * core), 0.9),
        ("one loop each / one pass", loop / one_pass, 3.0),
        ("cached crops / decoding", cached / ours, 5.0),
    ]
    print(f"\ncrops / bare loops on all cores at once: {ours / at_once:.2f}")
    for what, value, bound in bounds:
        print(f"{what:28} at least {bound:3.1f}: {value:5.2f} {'ok' if value >= bound else 'MISSED'}")
    return all(value >= bound for _, value, bound in bounds)


def consume(batches: list[Batch], cache: CropCache | None) -> None:
    """Load every batch of crops."""
    for _ in load_crops(batches, cache, cores(), pin_memory=False):
        pass


def bare_rate(paths: list[Path], processes: int) -> float:
    """Images per second of several `bare_loop` processes at once, each with its share of the images."""
    share = len(paths) // cores()
    forked = multiprocessing.get_context("fork")
    started = time.monotonic()
    running = [
        forked.Process(target=bare_loop, args=(paths[number * share : (number + 1) * share],))
        for number in range(processes)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join()
    return processes * share / (time.monotonic() - started)


class Constant(nn.Module):
    """Costs no time, so that only reading and cropping are measured."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.arange(classes, dtype=torch.float32))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The same scores for every image."""
        return self.scores.expand(len(images), -1)


def on_workers(folder: Path) -> None:
    """Print the speed of one worker on one core and two on two, limited by decoding and limited by a network."""
    spec = DatasetSpec(CLASSES, FILES // CLASSES, tuple(map(str, range(CLASSES))))
    dataset = open_dataset(make_images(folder / "images", FILES), spec)
    canary, large = network("regnety_canary", 0), network("regnety_002", 0)
    for what, task, files in (
        ("mostly decoding", EvaluationTask("canary", "canary", SMALL, lambda: canary, "canary"), FILES),
        ("regnety_002 at 224", EvaluationTask("002", "002", USUAL, lambda: ten_classes(large), "002"), FILES // 4),
    ):
        settings = EvaluationSettings(torch.device("cpu"), first=files, refresh=True)
        one, two = (
            statistics.median(files / rate_on(count, dataset, task, settings) for _ in range(ROUNDS))
            for count in (1, 2)
        )
        print(f"{what:20} 1 worker {one:6.1f} images/s, 2 workers {two:6.1f}, efficiency {two / (2 * one):.2f}")
    shard = make_shards(dataset)[0]
    print(f"sent to a worker per shard and group:   {len(pickle.dumps(shard)):8} bytes")
    print(f"sent back per shard and model:          {np.zeros((len(shard.images), 5), np.int32).nbytes:8} bytes")


def ten_classes(module: nn.Module) -> nn.Module:
    """The network, reduced to its first ten scores."""
    return nn.Sequential(module, FirstScores())


class FirstScores(nn.Module):
    """Reduces scores to the classes of the generated images."""

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        """The scores of the first classes."""
        return scores[:, :CLASSES]


def rate_on(count: int, dataset: OpenedDataset, task: EvaluationTask, settings: EvaluationSettings) -> float:
    """Seconds of an evaluation by `count` workers on as many cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        torch.set_num_threads(count)
        return timed(lambda: evaluate(dataset, [task], settings, Progress(), LocalExecutor(count)))
    finally:
        os.sched_setaffinity(0, before)


def on_gpu(folder: Path) -> None:
    """Print the speed of all twelve RegNetY on 20 000 images, and the limits set by decoding and computing alone."""
    device = LocalExecutor().find_device("cuda", "fp32")
    spec = DatasetSpec(1000, GPU_FILES // CLASSES, tuple(map(str, range(1000))))
    dataset = open_dataset(make_images(folder / "images", GPU_FILES), spec)
    models = list(REGNETY)
    tasks = [EvaluationTask(name, name, USUAL, lambda name=name: network(name, 0), name) for name in models]
    size = batch_size(device, 224**2)
    batches = [Batch(shard, part, (USUAL.geometry,)) for shard in make_shards(dataset) for part in shard.batches(size)]
    decode = GPU_FILES / timed(lambda: [None for _ in load_crops(batches, None, cores(), pin_memory=True)])
    caching = EvaluationSettings(device, refresh=True, crop_cache=folder / "crops")
    run = GPU_FILES / timed(lambda: evaluate(dataset, tasks, replace(caching, crop_cache=None), Progress()))
    evaluate(dataset, tasks, caching, Progress())
    compute = GPU_FILES / timed(lambda: evaluate(dataset, tasks, caching, Progress()))
    print(f"{torch.cuda.get_device_name(device)}, {cores()} cores, fp32 without TF32, twelve RegNetY at 224")
    print(f"decoding alone {decode:.0f} images/s; from cached crops {compute:.0f}; the run {run:.0f}")
    print(f"share of the lower limit: {run / min(decode, compute):.2f}")


def main() -> None:
    """Run the selected benchmark; exit 1 if a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--workers", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        if arguments.gpu:
            on_gpu(Path(folder))
        elif arguments.workers:
            on_workers(Path(folder))
        else:
            sys.exit(not on_processor(Path(folder)))


if __name__ == "__main__":
    main()
