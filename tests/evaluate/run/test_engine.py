"""One pass over the images: every image once, the same counts as a plain loop, kept whole or not at all."""

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
from harness.evaluate.data.dataset import Dataset, Shape, open_dataset
from harness.evaluate.data.preprocessing import crop, decode, normalise
from harness.evaluate.run import local_executor as local
from harness.evaluate.run.device import batch_size, workers_on
from harness.evaluate.run.engine import Entrant, Outcome, Settings, evaluate
from harness.evaluate.run.executor import Result, Work
from harness.evaluate.run.forward import LogitsError, Runner
from harness.evaluate.run.ledger import ledgers
from harness.evaluate.run.local_executor import LocalExecutor
from harness.evaluate.run.progress import Silent
from harness.evaluate.statistics.scores import Failure, Scores
from harness.evaluate.statistics.stopping import StoppingRule
from tests.evaluate.images import IDS, write_folders, write_tar

CPU = Settings(torch.device("cpu"))
BICUBIC = Conditions(Geometry(16, Decimal("0.875"), "bicubic"))
BILINEAR = Conditions(Geometry(16, Decimal("1.0"), "bilinear"))
SHAPE = Shape(3, 43, IDS)


class Net(nn.Module):
    """Scores that depend on every pixel; writes down how many images it was given at a time."""

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


def entrant(net: nn.Module, conditions: Conditions = BICUBIC, name: str = "net") -> Entrant:
    return Entrant(name, f"weights of {name}", conditions, lambda: net, name)


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(shards, "SHARD_SIZE", 50)
    monkeypatch.setattr(local, "batch_size", lambda *_: 20)


@pytest.fixture
def images(tmp_path: Path) -> Dataset:
    return open_dataset(write_folders(tmp_path / "images", SHAPE), SHAPE)


def plain_loop(dataset: Dataset, net: nn.Module, conditions: Conditions) -> dict[str, list[int]]:
    """An image at a time, in another order."""
    found = {}
    for image in dataset.images:
        crops = torch.tensor(crop(decode(image.read()), conditions.geometry))[None]
        with torch.inference_mode():
            found[image.name] = net(normalise(crops, conditions))[0].argsort(descending=True).tolist()
    return found


def scores(outcome: Outcome) -> Scores:
    assert isinstance(outcome, Scores), outcome
    return outcome


def test_counts_are_those_of_a_plain_loop(images: Dataset) -> None:
    nets = [Net(seed) for seed in range(3)]
    entrants = [
        entrant(nets[0], BICUBIC, "one"),
        entrant(nets[1], BICUBIC, "two"),
        entrant(nets[2], BILINEAR, "other conditions"),
    ]
    outcomes = evaluate(images, entrants, CPU, Silent())
    for one, net in zip(entrants, nets, strict=True):
        loop = plain_loop(images, net, one.conditions)
        found = scores(outcomes[one])
        assert {prediction.image: list(prediction.ranked) for prediction in found.predictions} == loop
        labels = {image.name: image.label for image in images.images}
        assert found.counts.images == len(images.images) == 129
        assert found.counts.top_1 == sum(ranked[0] == labels[name] for name, ranked in loop.items())
        assert 0 < found.counts.top_1 < found.counts.top_5 == 129


def test_what_is_kept_is_not_evaluated_again(images: Dataset, tmp_path: Path) -> None:
    net = Net(0)
    first = evaluate(images, [entrant(net)], CPU, Silent())[entrant(net)]
    untouched = Net(1)
    again = evaluate(images, [entrant(untouched)], CPU, Silent())[entrant(net)]
    assert again == first
    assert untouched.batches == []
    # The same images in another layout are the same images.
    tar = open_dataset(write_tar(tmp_path / "tar", folders=True, shape=SHAPE), SHAPE)
    assert evaluate(tar, [entrant(untouched)], CPU, Silent())[entrant(net)] == first
    assert untouched.batches == []
    evaluate(images, [entrant(untouched)], replace(CPU, refresh=True), Silent())
    assert sum(untouched.batches) == 129


@pytest.mark.parametrize("change", ["weights", "conditions", "precision", "content", "label"])
def test_what_changed_is_evaluated_anew(images: Dataset, change: str) -> None:
    evaluate(images, [entrant(Net(0))], CPU, Silent())
    net, settings, one = Net(0), CPU, entrant(Net(0))
    if change == "weights":
        one = replace(one, weights="other weights")
    elif change == "conditions":
        one = replace(one, conditions=replace(BICUBIC, channels="BGR"))
    elif change == "precision":
        settings = replace(CPU, precision="bf16")
    else:
        path = images.images[0].path
        if change == "content":
            path.write_bytes(images.images[5].read())
        else:
            path.rename(path.parents[1] / IDS[(images.images[0].label + 1) % 3] / path.name)
        images = open_dataset(path.parents[1], SHAPE)
    found = scores(evaluate(images, [replace(one, load=lambda: net)], settings, Silent())[one])
    assert sum(net.batches) == found.counts.images == 129


def test_a_part_is_the_beginning_of_the_whole(images: Dataset) -> None:
    net = Net(0)
    part = scores(evaluate(images, [entrant(net)], replace(CPU, first=70), Silent())[entrant(net)])
    assert (part.counts.images, part.of) == (70, 129)
    whole = scores(evaluate(images, [entrant(net)], CPU, Silent())[entrant(net)])
    assert whole.predictions[:70] == part.predictions
    # The first shards, of 50 together, were kept whole; the 20 images of the next were not.
    assert sum(net.batches) == 70 + 79


NOTHING_RIGHT = StoppingRule((("top_1", Decimal(0)),), Decimal("0.1"), Decimal(5), Decimal("0.15"))


def test_a_model_that_is_sure_leaves_the_pass_and_the_others_go_on(
    images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, set[Geometry]]] = []

    def load_crops(batches: Sequence[Batch], *settings: Any, **options: Any) -> Any:
        made.append((batches[0].shard.number, set(batches[0].geometries)))
        return crops.load_crops(batches, *settings, **options)

    monkeypatch.setattr(local, "load_crops", load_crops)
    sure, going = Net(0), Net(1)
    early = replace(entrant(sure, BILINEAR, "early"), rule=NOTHING_RIGHT)
    late = entrant(going, BICUBIC, "late")
    outcomes = evaluate(images, [early, late], CPU, Silent())
    part = scores(outcomes[early])
    assert part.counts.images == sum(sure.batches) < 129 == sum(going.batches) == scores(outcomes[late]).counts.images
    assert [look.images for look in part.looks] == [5, 10, 25, 50, 100][: len(part.looks)]
    assert part.looks[-1] == part.counts
    assert NOTHING_RIGHT.decided_after(part.looks[:-1], part.of) is None
    # Crops that only it wanted are not made any more, but for a shard that was begun before it was known.
    (first, both), (second, one) = made
    assert (first, both, one) == (0, {BILINEAR.geometry, BICUBIC.geometry}, {BICUBIC.geometry})
    assert 0 <= second - len(part.looks) <= 1
    # Going on to all images loses nothing and counts nothing twice.
    endless = replace(early, rule=None)
    whole = scores(evaluate(images, [endless], CPU, Silent())[endless])
    assert sum(sure.batches) == 129
    assert evaluate(images, [endless], replace(CPU, refresh=True), Silent())[endless] == whole
    assert whole.predictions[: part.counts.images] == part.predictions
    # And what is known of all images is not thrown away.
    assert evaluate(images, [early], CPU, Silent())[early] == whole


def test_what_is_kept_of_all_images_is_used_until_it_is_sure(images: Dataset) -> None:
    one = entrant(Net(0))
    whole = scores(evaluate(images, [one], CPU, Silent())[one])
    _shard_files()[-1].unlink()
    untouched = Net(0)
    ruled = replace(one, load=lambda: untouched, rule=NOTHING_RIGHT)
    part = scores(evaluate(images, [ruled], CPU, Silent())[ruled])
    assert untouched.batches == []
    assert part.predictions == whole.predictions[: part.counts.images]
    assert NOTHING_RIGHT.decided_after(part.looks, part.of) == part.counts


def test_where_nothing_is_sure_all_images_are_evaluated(images: Dataset) -> None:
    open_till_the_end = replace(NOTHING_RIGHT, declared=(("top_1", Decimal(35)),), margin=Decimal("0.001"))
    one = replace(entrant(net := Net(0)), rule=open_till_the_end)
    assert scores(evaluate(images, [one], CPU, Silent())[one]).counts.images == sum(net.batches) == 129


class Forgetful(Net):
    """Has memory for only so many images at once."""

    most = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().forward(images)


def test_where_memory_ends_the_batch_is_halved_and_every_image_counted_once(images: Dataset) -> None:
    net = Forgetful(0)
    found = scores(evaluate(images, [entrant(net)], CPU, Silent())[entrant(net)])
    assert {one.image: list(one.ranked) for one in found.predictions} == plain_loop(images, Net(0), BICUBIC)
    assert max(net.batches) == 2
    assert sum(net.batches) == 129


def test_where_not_even_one_image_fits_it_is_said(images: Dataset) -> None:
    net = Forgetful(0)
    net.most = 0
    outcome = evaluate(images, [entrant(net)], CPU, Silent())[entrant(net)]
    assert isinstance(outcome, Failure)
    assert "out of memory" in outcome.reason


def test_an_image_that_does_not_decode_stops_the_evaluation_by_name(images: Dataset) -> None:
    broken = images.images[100]
    broken.path.write_bytes(b"\xff\xd8 no image")
    dataset = open_dataset(broken.path.parents[1], SHAPE)
    outcome = evaluate(dataset, [entrant(Net(0))], CPU, Silent())[entrant(Net(0))]
    assert isinstance(outcome, Failure)
    assert broken.name in outcome.reason
    kept = [path for path in ledgers().rglob("shard-*.json") if broken.name in path.read_text()]
    assert kept == []


class Broken(Net):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images) / (0 if len(images) < 20 else 1)


def test_scores_that_are_no_numbers_are_an_error_of_that_model_alone(images: Dataset) -> None:
    fine, broken = entrant(Net(0), name="fine"), entrant(Broken(0), name="broken")
    outcomes = evaluate(images, [broken, fine], CPU, Silent())
    assert isinstance(outcomes[broken], Failure)
    assert "NaN or infinite" in str(outcomes[broken])
    assert scores(outcomes[fine]).counts.images == 129


def test_another_number_of_scores_is_an_error() -> None:
    with pytest.raises(LogitsError, match="expected 3 scores an image"):
        Runner(Net(0, classes=4), 10).first_classes(torch.zeros(2, 3, 16, 16), 3)


def test_no_images_is_an_error(images: Dataset) -> None:
    assert evaluate(replace(images, images=()), [entrant(Net(0))], CPU, Silent()) == {
        entrant(Net(0)): Failure("There are no images.")
    }


def _shard_files() -> Sequence[Path]:
    return sorted(ledgers().rglob("shard-*.json"))


def test_a_damaged_shard_is_evaluated_again(images: Dataset) -> None:
    net = Net(0)
    first = evaluate(images, [entrant(net)], CPU, Silent())[entrant(net)]
    *_, damaged, other = _shard_files()
    damaged.write_bytes(damaged.read_bytes()[:-20])
    content = json.loads(other.read_text())
    content["predictions"][0][0] = "another image"
    other.write_text(json.dumps(content))
    again = Net(0)
    assert evaluate(images, [entrant(again)], CPU, Silent())[entrant(net)] == first
    assert sum(again.batches) == 50 + 29


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content["predictions"][3].__setitem__(2, []),
        lambda content: content["predictions"][3].__setitem__(0, ["a list"]),
        lambda content: content.__setitem__("environment", "x"),
        lambda content: content["environment"].pop("date"),
    ],
)
def test_a_shard_of_another_form_is_evaluated_again(images: Dataset, spoil: Callable[[Any], object]) -> None:
    first = evaluate(images, [entrant(Net(0))], CPU, Silent())[entrant(Net(0))]
    path = _shard_files()[1]
    content = json.loads(path.read_text())
    spoil(content)
    path.write_text(json.dumps(content))
    assert evaluate(images, [entrant(Net(0))], CPU, Silent())[entrant(Net(0))] == first
    path.write_text("[" * 100_000)
    assert evaluate(images, [entrant(Net(0))], CPU, Silent())[entrant(Net(0))] == first


def test_counts_that_are_not_those_of_the_predictions_are_an_error(images: Dataset) -> None:
    evaluate(images, [entrant(Net(0))], CPU, Silent())
    path = _shard_files()[1]
    content = json.loads(path.read_text())
    content["counts"]["top_1"] += 1
    path.write_text(json.dumps(content))
    outcome = evaluate(images, [entrant(Net(0))], CPU, Silent())[entrant(Net(0))]
    assert isinstance(outcome, Failure)
    assert "--refresh" in outcome.reason
    assert isinstance(
        evaluate(images, [entrant(Net(0))], replace(CPU, refresh=True), Silent())[entrant(Net(0))], Scores
    )


def test_a_ledger_that_cannot_be_written_is_said_once_and_costs_nothing_else(
    images: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    notes: list[str] = []

    class Telling(Silent):
        def note(self, text: str) -> None:
            notes.append(text)

    assert scores(evaluate(images, [entrant(Net(0))], CPU, Telling())[entrant(Net(0))]).counts.images == 129
    assert len(notes) == 1
    assert "cannot be kept" in notes[0]


def test_crops_are_kept_and_used_and_damage_is_noticed(images: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "crops"
    cached = replace(CPU, crop_cache=folder)
    first = evaluate(images, [entrant(Net(0))], cached, Silent())[entrant(Net(0))]
    files = sorted(folder.rglob("*.crops"))
    assert [path.stat().st_size for path in files] == [size * (4 + 768) for size in (5, 5, 15, 25, 50, 29)]
    # Nothing is decoded any more: the images could be gone.
    gone = replace(images, images=tuple(replace(image, path=tmp_path / "gone") for image in images.images))
    for path in ledgers().rglob("shard-*.json"):
        path.unlink()
    assert evaluate(gone, [entrant(Net(0))], cached, Silent())[entrant(Net(0))] == first
    spoiled = bytearray(files[0].read_bytes())
    spoiled[-5] ^= 1
    files[0].write_bytes(spoiled)
    for path in ledgers().rglob("shard-*.json"):
        path.unlink()
    assert evaluate(images, [entrant(Net(0))], cached, Silent())[entrant(Net(0))] == first
    # What was damaged is forgotten, decoded again, and kept anew by the next run at the latest.
    evaluate(images, [entrant(Net(0), name="new")], cached, Silent())
    assert files[0].read_bytes() != spoiled
    newer = entrant(Net(0), name="newer")
    assert scores(evaluate(gone, [newer], cached, Silent())[newer]).counts == scores(first).counts


class Slow(Net):
    """Gives others time to come in between."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        time.sleep(0.01 * (len(images) % 3))
        return super().forward(images)


@pytest.mark.parametrize("workers", [2, 5])
def test_several_workers_give_what_one_gives(images: Dataset, workers: int) -> None:
    """Batches are done in any order, each by whoever is free, and networks are loaded once for each worker."""
    entrants = [entrant(Slow(0), name="one"), entrant(Net(1), BILINEAR, name="two")]
    alone = evaluate(images, entrants, CPU, Silent())
    loaded: list[Slow] = []

    def load() -> Slow:
        loaded.append(Slow(0))
        return loaded[-1]

    anew = [replace(entrants[0], load=load), entrants[1]]
    threads = torch.get_num_threads()
    assert evaluate(images, anew, replace(CPU, refresh=True), Silent(), LocalExecutor(workers)) == alone
    assert torch.get_num_threads() == threads
    assert 2 <= len(loaded) <= workers
    assert all(net.batches for net in loaded)
    assert sum(sum(net.batches) for net in loaded) == 129


def test_what_goes_wrong_with_several_workers_is_what_goes_wrong_with_one(images: Dataset) -> None:
    fine, broken = entrant(Net(0), name="fine"), entrant(Broken(0), name="broken")
    outcomes = evaluate(images, [broken, fine], CPU, Silent(), LocalExecutor(3))
    assert "NaN or infinite" in str(outcomes[broken])
    assert scores(outcomes[fine]).counts.images == 129


class Refusing(Net):
    """Fails after fifty images."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if sum(self.batches) >= 50:
            raise RuntimeError("no more")
        return super().forward(images)


@pytest.mark.parametrize("workers", [1, 2])
def test_crops_that_nobody_wants_any_more_are_not_made(
    images: Dataset, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything where nobody is left."""
    monkeypatch.setattr(local, "batch_size", batch_size)
    monkeypatch.setattr(shards, "SHARD_SIZE", 10)
    made: list[Geometry] = []
    real = crops.crop
    monkeypatch.setattr(crops, "crop", lambda image, geometry: made.append(geometry) or real(image, geometry))
    refusing, fine = entrant(Refusing(0), BILINEAR, "refusing"), entrant(Net(0), name="fine")
    fresh = replace(CPU, refresh=True)
    outcomes = evaluate(images, [refusing, fine], fresh, Silent(), LocalExecutor(workers))
    assert outcomes[refusing] == Failure("refusing: no more")
    assert scores(outcomes[fine]).counts.images == 129
    assert made.count(BICUBIC.geometry) >= 129 > made.count(BILINEAR.geometry) >= 60
    alone = entrant(Refusing(0), BILINEAR, "refusing")
    assert evaluate(images, [alone], fresh, Silent(), LocalExecutor(workers)) == {alone: Failure("refusing: no more")}


def test_gpus_are_taken_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    every, second, processor = torch.device("cuda"), torch.device("cuda:1"), torch.device("cpu")
    assert [str(one) for one in workers_on(every, None)] == ["cuda:0", "cuda:1"]
    assert [str(one) for one in workers_on(every, 3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert [str(one) for one in workers_on(second, None)] == ["cuda:1"]
    assert workers_on(processor, None) == (processor,)
    assert workers_on(processor, 2) == (processor, processor)


class Twice(LocalExecutor):
    """Gives a part of the images a second time."""

    def evaluate(self, work: Work) -> Iterator[Result]:
        for result in super().evaluate(work):
            yield result
            yield result


class Half(LocalExecutor):
    """Leaves out every second part."""

    def evaluate(self, work: Work) -> Iterator[Result]:
        return islice(super().evaluate(work), 0, None, 2)


def test_whoever_evaluates_gives_each_image_once(images: Dataset) -> None:
    outcome = evaluate(images, [entrant(Net(0))], CPU, Silent(), Twice())[entrant(Net(0))]
    assert "each once" in str(outcome)
    outcome = evaluate(images, [entrant(Net(0))], CPU, Silent(), Half())[entrant(Net(0))]
    told = re.search(r"Only (\d) of 6 shards were evaluated", str(outcome))
    assert told
    assert len(list(ledgers().rglob("shard-*.json"))) == int(told[1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_gives_the_same_classes(images: Dataset) -> None:
    on_cpu = scores(evaluate(images, [entrant(Net(0))], CPU, Silent())[entrant(Net(0))])
    on_gpu = scores(
        evaluate(images, [entrant(Net(0))], replace(CPU, device=torch.device("cuda")), Silent())[entrant(Net(0))]
    )
    assert on_gpu.predictions == on_cpu.predictions
    assert "driver" in on_gpu.environments[0]
