"""Executor on this machine: worker processes decode images, and each batch goes to the next free device."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import torch

from harness.evaluate.data.conditions import Geometry
from harness.evaluate.data.crop_cache import CropCache, crop_versions
from harness.evaluate.data.crops import Batch, Crops, load_crops
from harness.evaluate.data.shards import Shard
from harness.evaluate.run.device import (
    batch_size,
    check_precision,
    deterministic_arithmetic,
    library_versions,
    worker_devices,
)
from harness.evaluate.run.executor import Result, Workload, distinct_geometries
from harness.evaluate.run.model_pool import ModelPool
from harness.project.resources import DeviceError
from harness.system.processes import cores

# Batches in flight per device, so that no device waits for the next batch.
_BATCHES_PER_DEVICE = 2


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Evaluates on every GPU, or with a number of `workers`: on the CPU, that many batches at once."""

    workers: int | None = None

    def find_device(self, name: str, precision: str) -> torch.device:
        """The device named `auto`, `cpu`, `cuda` or `cuda:1`. Raises DeviceError if this machine does not have it."""
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", name):
            raise DeviceError(f"--device: expected auto, cpu, cuda or cuda:1, got {name!r}")
        device, gpus = torch.device(name), torch.cuda.device_count()
        if device.type == "cuda" and (device.index or 0) >= gpus:
            raise DeviceError(f"--device {name}: expected a GPU, this machine has {gpus}; use --device cpu")
        check_precision(device, precision)
        return device

    def evaluate(self, workload: Workload) -> Iterator[Result]:
        """See Executor. The batches of a shard may come from several devices."""
        settings = workload.settings
        devices = worker_devices(settings.device, self.workers)
        free_pools: SimpleQueue[ModelPool] = SimpleQueue()
        for device in devices:
            free_pools.put(ModelPool(device, settings.precision, workload.dataset.spec.classes))
        remaining = deque(workload.shards)
        threads = ThreadPoolExecutor(len(devices))
        try:
            with deterministic_arithmetic(settings.precision), _split_cpu_threads(devices):
                while remaining:
                    yield from _evaluate_as_planned(
                        workload, remaining, threads, free_pools, _BATCHES_PER_DEVICE * len(devices)
                    )
        finally:
            threads.shutdown(cancel_futures=True)


def _evaluate_as_planned(
    workload: Workload,
    remaining: deque[Shard],
    threads: ThreadPoolExecutor,
    free_pools: "SimpleQueue[ModelPool]",
    max_running: int,
) -> Iterator[Result]:
    """Take shards off `remaining` and evaluate them, until the geometries that their tasks need change.

    A task that failed or was decided early leaves the pass; crops that only it needed are no longer decoded.
    """
    device = workload.settings.device
    plan = {shard: wanted for shard in remaining if (wanted := distinct_geometries(workload.pending(shard)))}
    if not plan:
        remaining.clear()
        return
    geometries = {geometry for wanted in plan.values() for geometry in wanted}
    size = batch_size(device, sum(geometry.image_size**2 for geometry in geometries))
    batches = [Batch(shard, part, wanted) for shard, wanted in plan.items() for part in shard.batches(size)]
    cache_writer = _CropCacheWriter(workload, plan)
    loaded = load_crops(batches, cache_writer.cache, cores(), pin_memory=device.type == "cuda")
    running: set[Future[Result]] = set()
    for batch in batches:
        if batch.part.start == 0:
            if distinct_geometries(workload.pending(batch.shard)) != batch.geometries:
                break
            while remaining.popleft() is not batch.shard:
                pass
        crops = next(loaded)
        cache_writer.add(batch, crops)
        running.add(threads.submit(_predict, workload, batch, crops, free_pools))
        yield from _finished(running, max_running)
    else:
        remaining.clear()
    yield from _finished(running, 1)


def _finished(running: set[Future[Result]], limit: int) -> Iterator[Result]:
    """Wait until fewer than `limit` batches are running, and yield the results of the others."""
    while len(running) >= limit:
        done = wait(running, return_when=FIRST_COMPLETED).done
        running -= done
        yield from (future.result() for future in done)


def _predict(workload: Workload, batch: Batch, crops: Crops, free_pools: "SimpleQueue[ModelPool]") -> Result:
    pool = free_pools.get()
    try:
        outcomes = dict(pool.predict(workload.pending(batch.shard), crops))
        return Result(batch.shard, batch.part, outcomes, pool.environment)
    finally:
        free_pools.put(pool)


class _CropCacheWriter:
    """Writes crops to the cache, if there is one, shard by shard as they are decoded."""

    def __init__(self, workload: Workload, plan: Mapping[Shard, Sequence[Geometry]]) -> None:
        self.note = workload.note
        self.batches: dict[Geometry, list[torch.Tensor]] = {}
        self.cache: CropCache | None = None
        folder, device = workload.settings.crop_cache, workload.settings.device
        if folder is None:
            return
        cache = CropCache(folder, workload.dataset.fingerprint, crop_versions(library_versions(device.type)))
        geometries = {geometry for wanted in plan.values() for geometry in wanted}
        needed, free = cache.missing_bytes(plan, geometries) / 1e9, cache.free_bytes() / 1e9
        self.note(f"The crop cache needs {needed:.2f} GB in {folder}; {free:.0f} GB are free.")
        if needed > free:
            self.note("Crops are not cached: the disk is too small.")
        else:
            self.cache = cache

    def add(self, batch: Batch, crops: Crops) -> None:
        """Add the next batch; its shard is written with the shard's last batch."""
        if self.cache is None:
            return
        for geometry in batch.geometries:
            if batch.part.start == 0 and not self.cache.has(batch.shard, geometry):
                self.batches[geometry] = []
            if geometry in self.batches:
                self.batches[geometry].append(crops[geometry])
        if batch.part.stop == len(batch.shard.images):
            self._write(self.cache, batch.shard)

    def _write(self, cache: CropCache, shard: Shard) -> None:
        batches, self.batches = self.batches, {}
        try:
            for geometry, crops in batches.items():
                cache.write(shard, geometry, crops)
        except OSError as error:
            self.cache = None
            self.note(f"Crops are no longer cached: {error}")


@contextmanager
def _split_cpu_threads(devices: Sequence[torch.device]) -> Iterator[None]:
    """Divide torch's threads among several workers on the CPU."""
    before = torch.get_num_threads()
    if devices[0].type == "cpu" and len(devices) > 1:
        torch.set_num_threads(max(1, before // len(devices)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
