"""Evaluation in one pass: each image once, the same counts as a plain loop, results stored and reused."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.evaluate.data import crops, shards
from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.crops import Batch
from harness.evaluate.data.dataset import Dataset, DatasetSpec, open_dataset
from harness.evaluate.data.preprocessing import crop, decode, normalise
from harness.evaluate.run import engine, local_executor
from harness.evaluate.run.device import batch_size, worker_devices
from harness.evaluate.run.engine import EvaluationSettings, EvaluationTask, Outcome, evaluate
from harness.evaluate.run.executor import Result, Workload
from harness.evaluate.run.ledger import ledgers_folder
from harness.evaluate.run.local_executor import LocalExecutor
from harness.evaluate.run.model_pool import BatchedNetwork, LogitsError
from harness.evaluate.run.progress import Progress
from harness.evaluate.statistics.scores import Failure, Scores
from harness.evaluate.statistics.stopping import StoppingRule
from tests.evaluate.images import IDS, write_folders, write_tar

CPU = EvaluationSettings(torch.device("cpu"))
BICUBIC = Conditions(Geometry(16, Decimal("0.875"), "bicubic"))
BILINEAR = Conditions(Geometry(16, Decimal("1.0"), "bilinear"))
SPEC = DatasetSpec(3, 43, IDS)


class Net(nn.Module):
    """Scores depend on every pixel; records the size of each batch."""

    def __init__(self, seed: int, classes: int = 3) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 16 * 16, classes, dtype=torch.float32)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.head.weight.normal_(generator=generator)
        self.batches: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(images))
        return self.head(images.flatten(1))


def make_task(net: nn.Module, conditions: Conditions = BICUBIC, name: str = "net") -> EvaluationTask:
    return EvaluationTask(name, f"weights of {name}", conditions, lambda: net, name)


@pytest.fixture(autouse=True)
def _small_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(shards, "SHARD_SIZE", 50)
    monkeypatch.setattr(local_executor, "batch_size", lambda *_: 20)


@pytest.fixture
def images(tmp_path: Path) -> Dataset:
    return open_dataset(write_folders(tmp_path / "images", SPEC), SPEC)


def plain_loop(dataset: Dataset, net: nn.Module, conditions: Conditions) -> dict[str, list[int]]:
    """The ranked classes by image name, one image at a time, in another order."""
    ranked = {}
    for image in dataset.images:
        crops = torch.tensor(crop(decode(image.read()), conditions.geometry))[None]
        with torch.inference_mode():
            ranked[image.name] = net(normalise(crops, conditions))[0].argsort(descending=True).tolist()
    return ranked


def scores(outcome: Outcome) -> Scores:
    assert isinstance(outcome, Scores), outcome
    return outcome


def test_counts_match_a_plain_loop(images: Dataset) -> None:
    nets = [Net(seed) for seed in range(3)]
    tasks = [
        make_task(nets[0], BICUBIC, "one"),
        make_task(nets[1], BICUBIC, "two"),
        make_task(nets[2], BILINEAR, "other conditions"),
    ]
    outcomes = evaluate(images, tasks, CPU, Progress())
    for each, net in zip(tasks, nets, strict=True):
        loop = plain_loop(images, net, each.conditions)
        found = scores(outcomes[each])
        assert {prediction.image: list(prediction.top_classes) for prediction in found.predictions} == loop
        labels = {image.name: image.label for image in images.images}
        assert found.counts.images == len(images.images) == 129
        assert found.counts.top_1 == sum(ranked[0] == labels[name] for name, ranked in loop.items())
        assert 0 < found.counts.top_1 < found.counts.top_5 == 129


def test_stored_results_are_reused(images: Dataset, tmp_path: Path) -> None:
    net = Net(0)
    first = evaluate(images, [make_task(net)], CPU, Progress())[make_task(net)]
    untouched = Net(1)
    again = evaluate(images, [make_task(untouched)], CPU, Progress())[make_task(net)]
    assert again == first
    assert untouched.batches == []
    # The same images in another layout are the same images.
    tar = open_dataset(write_tar(tmp_path / "tar", folders=True, spec=SPEC), SPEC)
    assert evaluate(tar, [make_task(untouched)], CPU, Progress())[make_task(net)] == first
    assert untouched.batches == []
    evaluate(images, [make_task(untouched)], replace(CPU, refresh=True), Progress())
    assert sum(untouched.batches) == 129


@pytest.mark.parametrize("change", ["weights", "conditions", "precision", "content", "label"])
def test_changed_inputs_are_evaluated_again(images: Dataset, change: str) -> None:
    evaluate(images, [make_task(Net(0))], CPU, Progress())
    net, settings, task = Net(0), CPU, make_task(Net(0))
    if change == "weights":
        task = replace(task, weights="other weights")
    elif change == "conditions":
        task = replace(task, conditions=replace(BICUBIC, channels="BGR"))
    elif change == "precision":
        settings = replace(CPU, precision="bf16")
    else:
        path = images.images[0].path
        if change == "content":
            path.write_bytes(images.images[5].read())
        else:
            path.rename(path.parents[1] / IDS[(images.images[0].label + 1) % 3] / path.name)
        images = open_dataset(path.parents[1], SPEC)
    found = scores(evaluate(images, [replace(task, load=lambda: net)], settings, Progress())[task])
    assert sum(net.batches) == found.counts.images == 129


def test_subset_is_a_prefix_of_all_images(images: Dataset) -> None:
    net = Net(0)
    part = scores(evaluate(images, [make_task(net)], replace(CPU, first=70), Progress())[make_task(net)])
    assert (part.counts.images, part.total_images) == (70, 129)
    whole = scores(evaluate(images, [make_task(net)], CPU, Progress())[make_task(net)])
    assert whole.predictions[:70] == part.predictions
    # The first shards, 50 images together, were stored; the partial next shard was not reused.
    assert sum(net.batches) == 70 + 79


NOTHING_RIGHT = StoppingRule((("top_1", Decimal(0)),), Decimal("0.1"), Decimal(5), Decimal("0.15"))


def test_decided_model_stops_and_the_others_continue(images: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, set[Geometry]]] = []

    def load_crops(batches: Sequence[Batch], *settings: Any, **options: Any) -> Any:
        made.append((batches[0].shard.number, set(batches[0].geometries)))
        return crops.load_crops(batches, *settings, **options)

    monkeypatch.setattr(local_executor, "load_crops", load_crops)
    # One batch at a time: no further batch starts before the decision.
    monkeypatch.setattr(local_executor, "_BATCHES_PER_DEVICE", 1)
    stopping, continuing = Net(0), Net(1)
    early = replace(make_task(stopping, BILINEAR, "early"), rule=NOTHING_RIGHT)
    late = make_task(continuing, BICUBIC, "late")
    outcomes = evaluate(images, [early, late], CPU, Progress())
    part = scores(outcomes[early])
    assert part.counts.images == sum(stopping.batches) < 129
    assert scores(outcomes[late]).counts.images == sum(continuing.batches) == 129
    assert [counts.images for counts in part.interim_counts] == [5, 10, 25, 50, 100][: len(part.interim_counts)]
    assert part.interim_counts[-1] == part.counts
    assert NOTHING_RIGHT.decided_at(part.interim_counts[:-1], part.total_images) is None
    # Crops that only it needed are no longer made, except for a shard that had already begun.
    (first, both), (second, remaining) = made
    assert (first, both, remaining) == (0, {BILINEAR.geometry, BICUBIC.geometry}, {BICUBIC.geometry})
    assert 0 <= second - len(part.interim_counts) <= 1
    # Continuing to all images loses nothing and counts nothing twice.
    endless = replace(early, rule=None)
    whole = scores(evaluate(images, [endless], CPU, Progress())[endless])
    assert sum(stopping.batches) == 129
    assert evaluate(images, [endless], replace(CPU, refresh=True), Progress())[endless] == whole
    assert whole.predictions[: part.counts.images] == part.predictions
    # Results of all images are used even with a stopping rule.
    assert evaluate(images, [early], CPU, Progress())[early] == whole


def test_stored_results_are_used_up_to_the_decision(images: Dataset) -> None:
    task = make_task(Net(0))
    whole = scores(evaluate(images, [task], CPU, Progress())[task])
    _shard_files()[-1].unlink()
    untouched = Net(0)
    ruled = replace(task, load=lambda: untouched, rule=NOTHING_RIGHT)
    part = scores(evaluate(images, [ruled], CPU, Progress())[ruled])
    assert untouched.batches == []
    assert part.predictions == whole.predictions[: part.counts.images]
    assert NOTHING_RIGHT.decided_at(part.interim_counts, part.total_images) == part.counts


def test_all_images_are_evaluated_without_a_decision(images: Dataset) -> None:
    never_decided = replace(NOTHING_RIGHT, declared=(("top_1", Decimal(35)),), margin=Decimal("0.001"))
    task = replace(make_task(net := Net(0)), rule=never_decided)
    assert scores(evaluate(images, [task], CPU, Progress())[task]).counts.images == sum(net.batches) == 129


class LimitedMemory(Net):
    """Has memory for `limit` images at once."""

    limit = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().forward(images)


def test_batch_is_halved_when_memory_runs_out(images: Dataset) -> None:
    net = LimitedMemory(0)
    found = scores(evaluate(images, [make_task(net)], CPU, Progress())[make_task(net)])
    assert {row.image: list(row.top_classes) for row in found.predictions} == plain_loop(images, Net(0), BICUBIC)
    assert max(net.batches) == 2
    assert sum(net.batches) == 129


def test_failure_if_not_even_one_image_fits(images: Dataset) -> None:
    net = LimitedMemory(0)
    net.limit = 0
    outcome = evaluate(images, [make_task(net)], CPU, Progress())[make_task(net)]
    assert isinstance(outcome, Failure)
    assert "out of memory" in outcome.reason


def test_unreadable_image_stops_the_evaluation(images: Dataset) -> None:
    broken = images.images[100]
    broken.path.write_bytes(b"\xff\xd8 no image")
    dataset = open_dataset(broken.path.parents[1], SPEC)
    outcome = evaluate(dataset, [make_task(Net(0))], CPU, Progress())[make_task(Net(0))]
    assert isinstance(outcome, Failure)
    assert broken.name in outcome.reason
    stored = [path for path in ledgers_folder().rglob("shard-*.json") if broken.name in path.read_text()]
    assert stored == []


class Broken(Net):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images) / (0 if len(images) < 20 else 1)


def test_nan_scores_fail_only_their_model(images: Dataset) -> None:
    fine, broken = make_task(Net(0), name="fine"), make_task(Broken(0), name="broken")
    outcomes = evaluate(images, [broken, fine], CPU, Progress())
    assert isinstance(outcomes[broken], Failure)
    assert "NaN or infinite" in str(outcomes[broken])
    assert scores(outcomes[fine]).counts.images == 129


def test_wrong_number_of_scores_is_an_error() -> None:
    with pytest.raises(LogitsError, match="expected 3 scores per image"):
        BatchedNetwork(Net(0, classes=4), 10).top_classes(torch.zeros(2, 3, 16, 16), 3)


def test_empty_dataset_is_an_error(images: Dataset) -> None:
    assert evaluate(replace(images, images=()), [make_task(Net(0))], CPU, Progress()) == {
        make_task(Net(0)): Failure("There are no images.")
    }


def _shard_files() -> Sequence[Path]:
    return sorted(ledgers_folder().rglob("shard-*.json"))


def test_damaged_shard_is_evaluated_again(images: Dataset) -> None:
    net = Net(0)
    first = evaluate(images, [make_task(net)], CPU, Progress())[make_task(net)]
    *_, damaged, other = _shard_files()
    damaged.write_bytes(damaged.read_bytes()[:-20])
    content = json.loads(other.read_text())
    content["predictions"][0][0] = "another image"
    other.write_text(json.dumps(content))
    again = Net(0)
    assert evaluate(images, [make_task(again)], CPU, Progress())[make_task(net)] == first
    assert sum(again.batches) == 50 + 29


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content["predictions"][3].__setitem__(2, []),
        lambda content: content["predictions"][3].__setitem__(0, ["a list"]),
        lambda content: content.__setitem__("environment", "x"),
        lambda content: content["environment"].pop("date"),
    ],
)
def test_malformed_shard_is_evaluated_again(images: Dataset, damage: Callable[[Any], object]) -> None:
    first = evaluate(images, [make_task(Net(0))], CPU, Progress())[make_task(Net(0))]
    path = _shard_files()[1]
    content = json.loads(path.read_text())
    damage(content)
    path.write_text(json.dumps(content))
    assert evaluate(images, [make_task(Net(0))], CPU, Progress())[make_task(Net(0))] == first
    path.write_text("[" * 100_000)
    assert evaluate(images, [make_task(Net(0))], CPU, Progress())[make_task(Net(0))] == first


def test_counts_that_contradict_the_predictions_are_an_error(images: Dataset) -> None:
    evaluate(images, [make_task(Net(0))], CPU, Progress())
    path = _shard_files()[1]
    content = json.loads(path.read_text())
    content["counts"]["top_1"] += 1
    path.write_text(json.dumps(content))
    outcome = evaluate(images, [make_task(Net(0))], CPU, Progress())[make_task(Net(0))]
    assert isinstance(outcome, Failure)
    assert "--refresh" in outcome.reason
    refreshed = evaluate(images, [make_task(Net(0))], replace(CPU, refresh=True), Progress())
    assert isinstance(refreshed[make_task(Net(0))], Scores)


def test_unwritable_ledger_is_reported_once(images: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    notes: list[str] = []

    class Recorder(Progress):
        def note(self, text: str) -> None:
            notes.append(text)

    assert scores(evaluate(images, [make_task(Net(0))], CPU, Recorder())[make_task(Net(0))]).counts.images == 129
    assert len(notes) == 1
    assert "cannot be stored" in notes[0]


def test_crop_cache_is_used_and_damage_detected(images: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "crops"
    cached = replace(CPU, crop_cache=folder)
    first = evaluate(images, [make_task(Net(0))], cached, Progress())[make_task(Net(0))]
    files = sorted(folder.rglob("*.crops"))
    assert [path.stat().st_size for path in files] == [size * (4 + 768) for size in (5, 5, 15, 25, 50, 29)]
    # Nothing is decoded again, so the images may be gone.
    gone = replace(images, images=tuple(replace(image, path=tmp_path / "gone") for image in images.images))
    for path in ledgers_folder().rglob("shard-*.json"):
        path.unlink()
    assert evaluate(gone, [make_task(Net(0))], cached, Progress())[make_task(Net(0))] == first
    damaged = bytearray(files[0].read_bytes())
    damaged[-5] ^= 1
    files[0].write_bytes(damaged)
    for path in ledgers_folder().rglob("shard-*.json"):
        path.unlink()
    assert evaluate(images, [make_task(Net(0))], cached, Progress())[make_task(Net(0))] == first
    # Damaged crops are decoded again, and cached again by the next run at the latest.
    evaluate(images, [make_task(Net(0), name="new")], cached, Progress())
    assert files[0].read_bytes() != damaged
    newer = make_task(Net(0), name="newer")
    assert scores(evaluate(gone, [newer], cached, Progress())[newer]).counts == scores(first).counts


class Slow(Net):
    """Lets batches finish out of order."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        time.sleep(0.01 * (len(images) % 3))
        return super().forward(images)


@pytest.mark.parametrize("workers", [2, 5])
def test_several_workers_give_the_same_result(images: Dataset, workers: int) -> None:
    """Batches finish in any order, and each worker loads each network at most once."""
    tasks = [make_task(Slow(0), name="one"), make_task(Net(1), BILINEAR, name="two")]
    alone = evaluate(images, tasks, CPU, Progress())
    loaded: list[Slow] = []

    def load() -> Slow:
        loaded.append(Slow(0))
        return loaded[-1]

    reloaded = [replace(tasks[0], load=load), tasks[1]]
    threads = torch.get_num_threads()
    assert evaluate(images, reloaded, replace(CPU, refresh=True), Progress(), LocalExecutor(workers)) == alone
    assert torch.get_num_threads() == threads
    assert 2 <= len(loaded) <= workers
    assert all(net.batches for net in loaded)
    assert sum(sum(net.batches) for net in loaded) == 129


def test_nan_scores_fail_only_their_model_with_several_workers(images: Dataset) -> None:
    fine, broken = make_task(Net(0), name="fine"), make_task(Broken(0), name="broken")
    outcomes = evaluate(images, [broken, fine], CPU, Progress(), LocalExecutor(3))
    assert "NaN or infinite" in str(outcomes[broken])
    assert scores(outcomes[fine]).counts.images == 129


class FailsLate(Net):
    """Fails after fifty images."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if sum(self.batches) >= 50:
            raise RuntimeError("no more")
        return super().forward(images)


@pytest.mark.parametrize("workers", [1, 2])
def test_crops_of_failed_models_are_no_longer_made(
    images: Dataset, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass ends if no model is left."""
    monkeypatch.setattr(local_executor, "batch_size", batch_size)
    monkeypatch.setattr(shards, "SHARD_SIZE", 10)
    made: list[Geometry] = []
    original = crops.crop
    monkeypatch.setattr(crops, "crop", lambda image, geometry: made.append(geometry) or original(image, geometry))
    failing, fine = make_task(FailsLate(0), BILINEAR, "failing"), make_task(Net(0), name="fine")
    fresh = replace(CPU, refresh=True)
    outcomes = evaluate(images, [failing, fine], fresh, Progress(), LocalExecutor(workers))
    assert outcomes[failing] == Failure("failing: no more")
    assert scores(outcomes[fine]).counts.images == 129
    assert made.count(BICUBIC.geometry) >= 129 > made.count(BILINEAR.geometry) >= 60
    alone = make_task(FailsLate(0), BILINEAR, "failing")
    assert evaluate(images, [alone], fresh, Progress(), LocalExecutor(workers)) == {alone: Failure("failing: no more")}


def test_workers_use_gpus_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    every, second, processor = torch.device("cuda"), torch.device("cuda:1"), torch.device("cpu")
    assert [str(device) for device in worker_devices(every, None)] == ["cuda:0", "cuda:1"]
    assert [str(device) for device in worker_devices(every, 3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert [str(device) for device in worker_devices(second, None)] == ["cuda:1"]
    assert worker_devices(processor, None) == (processor,)
    assert worker_devices(processor, 2) == (processor, processor)


class RepeatsResults(LocalExecutor):
    """Returns every result twice."""

    def evaluate(self, workload: Workload) -> Iterator[Result]:
        for result in super().evaluate(workload):
            yield result
            yield result


class SkipsResults(LocalExecutor):
    """Leaves out every second result."""

    def evaluate(self, workload: Workload) -> Iterator[Result]:
        return islice(super().evaluate(workload), 0, None, 2)


def test_executor_must_return_each_image_once(images: Dataset) -> None:
    outcome = evaluate(images, [make_task(Net(0))], CPU, Progress(), RepeatsResults())[make_task(Net(0))]
    assert "each once" in str(outcome)
    outcome = evaluate(images, [make_task(Net(0))], CPU, Progress(), SkipsResults())[make_task(Net(0))]
    match = re.search(r"Only (\d) of 6 shards were evaluated", str(outcome))
    assert match
    assert len(list(ledgers_folder().rglob("shard-*.json"))) == int(match[1])


def test_every_module_that_decides_an_outcome_is_in_the_code_digest() -> None:
    """A new module must be listed in RESULT_MODULES, or here if outcomes do not depend on it."""
    without_effect = {
        "evaluate/causes.py",
        "evaluate/evaluation.py",
        "evaluate/data/dataset.py",
        "evaluate/data/ground_truth.py",
        "evaluate/data/images.py",
        "evaluate/run/executor.py",
        "evaluate/run/job_queue.py",
        "evaluate/run/ledger.py",
        "evaluate/run/local_executor.py",
        "evaluate/run/progress.py",
        "evaluate/run/ray_executor.py",
        "evaluate/run/ray_worker.py",
        "evaluate/statistics/comparison.py",
        "evaluate/statistics/confidence_sequence.py",
        "evaluate/statistics/intervals.py",
        "evaluate/statistics/stopping.py",
    }
    package = Path(engine.__file__).parents[2]
    modules = {path.relative_to(package).as_posix() for path in (package / "evaluate").rglob("*.py")}
    listed = {module for module in engine.RESULT_MODULES if module.startswith("evaluate/")}
    assert listed | without_effect == {module for module in modules if not module.endswith("__init__.py")}
    assert not listed & without_effect


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_gives_the_same_classes(images: Dataset) -> None:
    on_cpu = scores(evaluate(images, [make_task(Net(0))], CPU, Progress())[make_task(Net(0))])
    on_gpu = scores(
        evaluate(images, [make_task(Net(0))], replace(CPU, device=torch.device("cuda")), Progress())[make_task(Net(0))]
    )
    assert on_gpu.predictions == on_cpu.predictions
    assert "driver" in on_gpu.environments[0]
