"""The pass over the images on this machine: processes decode, and crops go to whichever device is free."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

import torch

from harness.evaluate.data.crop_cache import CropCache, crop_versions
from harness.evaluate.data.crops import Batch, Crops, load_crops
from harness.evaluate.data.shards import Shard
from harness.evaluate.run.device import batch_size, cores, deciding_versions, exact_arithmetic, find_device, workers_on
from harness.evaluate.run.executor import Result, Work, geometries
from harness.evaluate.run.ranking import Ranker

if TYPE_CHECKING:
    from harness.evaluate.data.conditions import Geometry

# So many batches are ready for each device, so that none waits for the next.
_READY = 2


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Evaluates here: on every GPU, or so many `workers`; on a processor, that many batches at once."""

    workers: int | None = None

    def find_device(self, name: str, precision: str) -> torch.device:
        """The device called so. Raises DeviceError where it is not here."""
        return find_device(name, precision)

    def evaluate(self, work: Work) -> Iterator[Result]:
        """As Executor says. The batches of a shard may come from several devices."""
        settings = work.settings
        devices = workers_on(settings.device, self.workers)
        free: SimpleQueue[Ranker] = SimpleQueue()
        for device in devices:
            free.put(Ranker(device, settings.precision, work.dataset.shape.classes))
        left = deque(work.shards)
        pool = ThreadPoolExecutor(len(devices))
        try:
            with exact_arithmetic(settings.precision), _threads_shared_by(devices):
                while left:
                    yield from _while_planned(work, left, pool, free, _READY * len(devices))
        finally:
            pool.shutdown(cancel_futures=True)


def _while_planned(
    work: Work, left: deque[Shard], pool: ThreadPoolExecutor, free: "SimpleQueue[Ranker]", ready: int
) -> Iterator[Result]:
    """Evaluate shards off `left` as long as models want the crops that are planned of them.

    A model that failed, or has seen enough, leaves the pass, and crops that only it wanted are not made any more.
    """
    device = work.settings.device
    planned = {shard: wanted for shard in left if (wanted := geometries(work.wanting(shard)))}
    if not planned:
        left.clear()
        return
    size = batch_size(device, sum(one.image_size**2 for one in {one for wanted in planned.values() for one in wanted}))
    batches = [Batch(shard, part, wanted) for shard, wanted in planned.items() for part in shard.batches(size)]
    kept = _KeptCrops(work, planned)
    loaded = load_crops(batches, kept.cache, cores(), pin_memory=device.type == "cuda")
    running: set[Future[Result]] = set()
    for batch in batches:
        if batch.part.start == 0:
            if geometries(work.wanting(batch.shard)) != batch.geometries:
                break
            while left.popleft() is not batch.shard:
                pass
        crops = next(loaded)
        kept.take(batch, crops)
        running.add(pool.submit(_rank, work, batch, crops, free))
        if len(running) >= ready:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    else:
        left.clear()
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


def _rank(work: Work, batch: Batch, crops: Crops, free: "SimpleQueue[Ranker]") -> Result:
    ranker = free.get()
    try:
        outcomes = dict(ranker.rank(work.wanting(batch.shard), crops))
        return Result(batch.shard, batch.part, outcomes, ranker.environment)
    finally:
        free.put(ranker)


class _KeptCrops:
    """The crop cache, if there is one: what is not in it yet is written shard by shard, as it is decoded."""

    def __init__(self, work: Work, planned: "Mapping[Shard, Sequence[Geometry]]") -> None:
        self.tell = work.tell
        self.made: dict[Geometry, list[torch.Tensor]] = {}
        self.cache: CropCache | None = None
        folder, device = work.settings.crop_cache, work.settings.device
        if folder is None:
            return
        cache = CropCache(folder, work.dataset.fingerprint, crop_versions(deciding_versions(device.type)))
        wanted = {geometry for geometries in planned.values() for geometry in geometries}
        more, free = cache.missing(planned, wanted) / 1e9, cache.free() / 1e9
        self.tell(f"The crop cache takes {more:.2f} GB more in {folder}; {free:.0f} GB are free.")
        if more > free:
            self.tell("That does not fit: nothing is cached.")
        else:
            self.cache = cache

    def take(self, batch: Batch, crops: Crops) -> None:
        """Write the crops of a shard when its last batch, behind all others of it, is here."""
        if self.cache is None:
            return
        for geometry in batch.geometries:
            if batch.part.start == 0 and not self.cache.has(batch.shard, geometry):
                self.made[geometry] = []
            if geometry in self.made:
                self.made[geometry].append(crops[geometry])
        if batch.part.stop == len(batch.shard.images):
            self._write(batch.shard)

    def _write(self, shard: Shard) -> None:
        made, self.made = self.made, {}
        try:
            for geometry, parts in made.items():
                if self.cache is not None:
                    self.cache.write(shard, geometry, parts)
        except OSError as error:
            self.cache = None
            self.tell(f"Crops cannot be kept any more: {error}")


@contextmanager
def _threads_shared_by(devices: Sequence[torch.device]) -> Iterator[None]:
    """Where several workers are on the processor, each has its share of the cores."""
    before = torch.get_num_threads()
    if devices[0].type == "cpu" and len(devices) > 1:
        torch.set_num_threads(max(1, before // len(devices)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
