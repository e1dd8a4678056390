"""The pass over the images: every model that wants a shard gets its crops, and its counts are kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from harness.disk import code_digest
from harness.evaluate.conditions import Conditions, Geometry
from harness.evaluate.crop_cache import CropCache, crop_versions
from harness.evaluate.crops import Batch, Crops, load_crops
from harness.evaluate.dataset import Dataset
from harness.evaluate.device import batch_size, cores, dtype, environment, exact_arithmetic
from harness.evaluate.forward import LogitsError, Runner
from harness.evaluate.ledger import Kept, Ledger, LedgerError
from harness.evaluate.preprocess import ImageError, normalise
from harness.evaluate.progress import Progress
from harness.evaluate.scores import Counts, Failure, Prediction, Scores, count, running
from harness.evaluate.shards import SHARD_SIZE, Shard, shards
from harness.evaluate.stopping import Rule
from harness.measure.tensors import WeightsFileError

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Entrant:
    """A model under conditions: its name, the SHA-256 of its weights, and how to get the network that holds them.

    `label` is what progress calls it. Where there is a `rule`, it is evaluated only until that is sure.
    """

    model: str
    weights: str
    conditions: Conditions
    load: Callable[[], "nn.Module"] = field(compare=False)
    label: str = field(compare=False)
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How to evaluate: device and precision, how many images (None for all), and whether kept results count."""

    device: torch.device
    precision: str = "fp32"
    first: int | None = None
    refresh: bool = False
    crop_cache: Path | None = None


Outcome = Scores | Failure

# The versions that an evaluation's result depends on.
_DECIDING = ("torch", "torchvision", "Pillow", "libjpeg", "CUDA", "cuDNN")
# And the harness's own modules, of this package.
_MODULES = ("conditions", "crops", "device", "engine", "forward", "network", "preprocess", "scores", "shards")


def evaluate(
    dataset: Dataset, entrants: Sequence[Entrant], settings: Settings, progress: Progress
) -> dict[Entrant, Outcome]:
    """Every entrant's scores on the dataset, in one pass over its images; what is kept is not evaluated again."""
    if not dataset.images:
        return dict.fromkeys(entrants, Failure("There are no images."))
    return _Evaluation(dataset, entrants, settings, progress).run()


class _Evaluation:
    def __init__(self, dataset: Dataset, entrants: Sequence[Entrant], settings: Settings, progress: Progress) -> None:
        self.dataset = dataset
        self.settings = settings
        self.progress = progress
        self.environment = environment(settings.device)
        self.shards = shards(dataset, settings.first)
        self.ledgers = {entrant: Ledger(self._description(entrant)) for entrant in entrants}
        self.kept: dict[Entrant, dict[Shard, Kept]] = {entrant: {} for entrant in entrants}
        self.failures: dict[Entrant, Failure] = {}
        self.runners: dict[tuple[str, str], Runner] = {}
        self.cache = self._crop_cache()
        self.keeping = True

    def run(self) -> dict[Entrant, Outcome]:
        if not self.settings.refresh:
            self._look_up()
        work = [shard for shard in self.shards if self._wanting(shard)]
        if work:
            self._announce(work)
            try:
                with exact_arithmetic(self.settings.precision):
                    self._evaluate(work)
            except (ImageError, RuntimeError) as error:
                # A RuntimeError is DataLoader's: a worker that was killed, or too little shared memory.
                told = str(error).partition("\n")[0].rstrip(".")
                for entrant in self.ledgers:
                    if any(entrant in self._wanting(shard) for shard in self.shards):
                        self.failures.setdefault(entrant, Failure(f"{told}. No image is skipped."))
            finally:
                self.progress.stop()
        return {entrant: self._outcome(entrant) for entrant in self.ledgers}

    def _description(self, entrant: Entrant) -> dict[str, Any]:
        versions = {name: self.environment[name] for name in _DECIDING if name in self.environment}
        return {
            "model": entrant.model,
            "weights": entrant.weights,
            "images": self.dataset.fingerprint,
            "conditions": entrant.conditions.as_json(),
            "precision": self.settings.precision,
            "device": self.settings.device.type,
            "versions": versions | {"harness": _code_digest()},
        }

    def _look_up(self) -> None:
        for entrant, ledger in self.ledgers.items():
            try:
                found = {shard: ledger.load(shard) for shard in self.shards}
            except LedgerError as error:
                self.failures[entrant] = Failure(str(error))
            else:
                self.kept[entrant] = {shard: kept for shard, kept in found.items() if kept is not None}

    def _wanting(self, shard: Shard) -> list[Entrant]:
        """The entrants that the shard is still to be evaluated for."""
        going = (entrant for entrant in self.ledgers if entrant not in self.failures and not self._sure_after(entrant))
        return [entrant for entrant in going if shard not in self.kept[entrant]]

    def _sure_after(self, entrant: Entrant) -> Counts | None:
        """The counts by which the entrant's rule is sure; None while it is not, and where it has none."""
        if entrant.rule is None:
            return None
        return entrant.rule.decided_after(self._looks(entrant), self.dataset.shape.images)

    def _looks(self, entrant: Entrant) -> tuple[Counts, ...]:
        """The entrant's counts after each shard, up to the first that is still to be evaluated."""
        kept = self.kept[entrant]
        return running(kept[shard].counts for shard in takewhile(kept.__contains__, self.shards))

    def _announce(self, work: Sequence[Shard]) -> None:
        entrants = [entrant for entrant in self.ledgers if any(entrant in self._wanting(shard) for shard in work)]
        if self.cache is not None:
            geometries = {entrant.conditions.geometry for entrant in entrants}
            more, free = self.cache.missing(work, geometries) / 1e9, self.cache.free() / 1e9
            self.progress.note(
                f"The crop cache takes {more:.2f} GB more in {self.cache.folder}; {free:.0f} GB are free."
            )
            if more > free:
                self.cache = None
                self.progress.note("That does not fit: nothing is cached.")
        labels = [entrant.label for entrant in entrants]
        self.progress.start(sum(len(shard.images) for shard in work), labels)

    def _crop_cache(self) -> CropCache | None:
        if self.settings.crop_cache is None:
            return None
        return CropCache(self.settings.crop_cache, self.dataset.fingerprint, crop_versions(self.environment))

    def _evaluate(self, work: Sequence[Shard]) -> None:
        while work:
            done = self._evaluate_while_planned({shard: _geometries(self._wanting(shard)) for shard in work})
            work = [shard for shard in work[done:] if self._wanting(shard)]

    def _evaluate_while_planned(self, planned: Mapping[Shard, tuple[Geometry, ...]]) -> int:
        """Evaluate shards as long as models want the crops that are planned of them; how many it were.

        A model that fails, or is sure, leaves the pass, and crops that only it wanted are not made any more.
        """
        device = self.settings.device
        wanted = {geometry for geometries in planned.values() for geometry in geometries}
        size = batch_size(device, sum(geometry.image_size**2 for geometry in wanted))
        batches = [Batch(shard, part, crops) for shard, crops in planned.items() for part in shard.batches(size)]
        loaded = load_crops(batches, self.cache, cores(), pin_memory=device.type == "cuda")
        for done, (shard, geometries) in enumerate(planned.items()):
            if _geometries(self._wanting(shard)) != geometries:
                return done
            self._evaluate_shard(shard, size, loaded)
        return len(planned)

    def _evaluate_shard(self, shard: Shard, size: int, loaded: Iterator[Crops]) -> None:
        predictions: dict[Entrant, list[Prediction]] = {entrant: [] for entrant in self._wanting(shard)}
        cache, geometries = self.cache, _geometries(list(predictions))
        crops: dict[Geometry, list[torch.Tensor]] = {
            geometry: [] for geometry in geometries if cache and not cache.has(shard, geometry)
        }
        for part in shard.batches(size):
            batch = next(loaded)
            for geometry, parts in crops.items():
                parts.append(batch[geometry])
            images = shard.images[part]
            for entrant, ranked in self._ranked(list(predictions), batch):
                pairs = zip(images, ranked, strict=True)
                predictions[entrant] += [Prediction(image.name, image.label, classes) for image, classes in pairs]
            going = {entrant: made for entrant, made in predictions.items() if entrant not in self.failures}
            self.progress.advance(len(images), {one.label: self._right(one, made) for one, made in going.items()})
        for entrant, made in predictions.items():
            if entrant not in self.failures:
                self._keep(entrant, shard, made)
        self._keep_crops(shard, crops)

    def _ranked(self, entrants: Sequence[Entrant], batch: Crops) -> Iterator[tuple[Entrant, list[tuple[int, ...]]]]:
        """The batch's first classes by each entrant that has not failed; one's failure is its own."""
        for conditions in dict.fromkeys(entrant.conditions for entrant in entrants):
            # The input of one set of conditions at a time: of many, they would not fit beside each other.
            crops = batch[conditions.geometry].to(self.settings.device, non_blocking=True)
            inputs = normalise(crops, conditions).to(dtype(self.settings.precision), memory_format=torch.channels_last)
            for entrant in entrants:
                if entrant.conditions != conditions or entrant in self.failures:
                    continue
                try:
                    ranked = self._runner(entrant).first_classes(inputs, self.dataset.shape.classes)
                except (LogitsError, WeightsFileError, OSError, RuntimeError) as error:
                    self.failures[entrant] = Failure(f"{entrant.model}: {error}".partition("\n")[0])
                else:
                    yield entrant, [tuple(classes) for classes in ranked]

    def _runner(self, entrant: Entrant) -> Runner:
        name, settings = (entrant.model, entrant.weights), self.settings
        if name not in self.runners:
            network = entrant.load().to(settings.device, dtype(settings.precision), memory_format=torch.channels_last)
            self.runners[name] = Runner(network.eval(), SHARD_SIZE)
        return self.runners[name]

    def _right(self, entrant: Entrant, made: Sequence[Prediction]) -> tuple[int, int]:
        """How many images are right so far, of how many."""
        done = [kept.counts for kept in self.kept[entrant].values()]
        now = count(made)
        return sum(one.top_1 for one in done) + now.top_1, sum(one.images for one in done) + now.images

    def _keep(self, entrant: Entrant, shard: Shard, made: Sequence[Prediction]) -> None:
        if len(made) != len(shard.images):
            self.failures[entrant] = Failure(f"{len(made)} of the {len(shard.images)} images of a shard were counted.")
            return
        kept = self.kept[entrant][shard] = Kept(tuple(made), count(made), self.environment)
        try:
            self.ledgers[entrant].store(shard, kept)
        except OSError as error:
            if self.keeping:
                self.progress.note(f"What is evaluated cannot be kept, and is lost when this run ends: {error}")
            self.keeping = False
        sure = self._sure_after(entrant)
        if sure and len(self.kept[entrant]) < len(self.shards):
            told = f"{sure.images} of {self.dataset.shape.images} images"
            self.progress.note(f"{entrant.label}: sure after {told}.")

    def _keep_crops(self, shard: Shard, crops: Mapping[Geometry, Sequence[torch.Tensor]]) -> None:
        for geometry, batches in crops.items():
            try:
                if self.cache is not None:
                    self.cache.write(shard, geometry, batches)
            except OSError as error:
                self.cache = None
                self.progress.note(f"Crops cannot be kept any more: {error}")

    def _outcome(self, entrant: Entrant) -> Outcome:
        if entrant in self.failures:
            return self.failures[entrant]
        kept = [self.kept[entrant][shard] for shard in self._counted(entrant)]
        predictions = tuple(prediction for part in kept for prediction in part.predictions)
        environments = tuple({str(part.environment): part.environment for part in kept}.values())
        looks = running(part.counts for part in kept)
        return Scores(predictions, count(predictions), self.dataset.shape.images, environments, looks)

    def _counted(self, entrant: Entrant) -> Sequence[Shard]:
        """The shards that make the outcome: all, or, where some are not evaluated, those by which the rule is sure."""
        sure = self._sure_after(entrant)
        if sure is None or all(shard in self.kept[entrant] for shard in self.shards):
            return self.shards
        return self.shards[: self._looks(entrant).index(sure) + 1]


@cache
def _code_digest() -> str:
    """What of the harness an evaluation depends on: the code of evaluating and of building networks."""
    package = Path(__file__).parents[1]
    modules = [package / "evaluate" / f"{name}.py" for name in _MODULES]
    return code_digest([*modules, *package.glob("zoo/*.py"), package / "measure" / "tensors.py"])


def _geometries(entrants: Sequence[Entrant]) -> tuple[Geometry, ...]:
    return tuple(dict.fromkeys(entrant.conditions.geometry for entrant in entrants))
