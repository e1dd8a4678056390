"""A Ray cluster of real processes on this machine: the same counts as without it, whatever dies, joins or lies."""

import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.errors import UserError
from harness.evaluate.data import shards
from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.dataset import Dataset, Shape, open_dataset
from harness.evaluate.run.engine import Entrant, Outcome, Settings, evaluate
from harness.evaluate.run.executor import Executor
from harness.evaluate.run.ledger import ledgers
from harness.evaluate.run.network_loading import FromFile
from harness.evaluate.run.progress import Silent
from harness.evaluate.statistics.scores import Failure, Scores
from harness.zoo import regnet
from tests.conftest import ROOT
from tests.evaluate.images import IDS, write_folders
from tests.evaluate.networks import Faulty, Made, Net, Waiting
from tests.verify.test_imagenet import IDS as IMAGENET
from tests.verify.test_imagenet import state

pytest.importorskip("ray", reason="Ray is not installed: pip install 'model-card-harness[ray]'")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),  # one worker starts the cluster, for all
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

CPU = Settings(torch.device("cpu"), refresh=True)
SMALL = Conditions(Geometry(16, Decimal("0.875"), "bicubic"))
SHAPE = Shape(3, 67, IDS)
CANARY = ROOT / "modelindex" / "canary"
MEMORY = 80 * 2**20


class Nodes:
    """The cluster: a head that evaluates nothing, and nodes of one core that start in the folder `home`."""

    def __init__(self, home: Path) -> None:
        from ray.cluster_utils import Cluster

        self.home = home
        head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.add(home) for _ in range(2)]

    def add(self, folder: Path) -> Any:
        with contextlib.chdir(folder):
            return self.cluster.add_node(num_cpus=1, object_store_memory=MEMORY)

    def kill(self, node: Any) -> None:
        """SIGKILL to all processes of a node at once."""
        (raylet,) = [one.process.pid for kind in node.all_processes.values() for one in kind]
        for number in [raylet, *children(raylet)]:
            os.kill(number, signal.SIGKILL)

    def remove(self, node: Any) -> None:
        self.nodes.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)


def children(process: int) -> list[int]:
    told = subprocess.run(["ps", "--ppid", str(process), "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(number) for number in told.stdout.split()]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache of the nodes")))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Workers of another driver find the networks of these tests by it.
        patch.setenv("PYTHONPATH", str(ROOT))
        started = Nodes(tmp_path_factory.mktemp("home"))
        yield started
        started.cluster.shutdown()


@pytest.fixture(scope="module")
def executor(nodes: Nodes) -> Iterator[Executor]:
    """One connection for all tests: another would have its own processes, which take seconds to start."""
    from harness.evaluate.run.ray_executor import ray_executor

    with ray_executor(nodes.cluster.address) as connected:
        yield connected


@pytest.fixture
def two(nodes: Nodes) -> Nodes:
    """The cluster with two nodes, whatever a test before did to them."""
    for node in list(nodes.nodes):
        if node.dead_processes():
            nodes.remove(node)
    while len(nodes.nodes) < 2:
        nodes.nodes.append(nodes.add(nodes.home))
    return nodes


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(shards, "SHARD_SIZE", 25)


@pytest.fixture
def images(tmp_path: Path) -> Dataset:
    return open_dataset(write_folders(tmp_path / "images", SHAPE), SHAPE)


def entrant(net: type[Net], *arguments: object, name: str = "net") -> Entrant:
    return Entrant(name, f"weights of {name}", SMALL, Made(net, arguments or (0,)), name)


class Told(Silent):
    """Keeps what is told, and calls `then` with every note, and with None for a result."""

    def __init__(self, then: Callable[[str | None], object] = lambda _: None) -> None:
        self.notes: list[str] = []
        self.results = 0
        self.then = then

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.then(text)

    def advance(self, images: int, right: object) -> None:  # noqa: ARG002 - as Progress has it
        self.results += 1
        self.then(None)


def same(found: dict[Entrant, Outcome], dataset: Dataset, images: int | None = None) -> None:
    """Every prediction is the one that this machine makes alone; each image once."""
    for one, alone in evaluate(dataset, list(found), replace(CPU, first=images), Silent()).items():
        there = found[one]
        assert isinstance(there, Scores), there
        assert isinstance(alone, Scores)
        assert (there.counts, there.predictions) == (alone.counts, alone.predictions)
        assert len({(image.image, image.label) for image in there.predictions}) == images or len(dataset.images)


@pytest.mark.usefixtures("two")
def test_the_canary_is_counted_as_here(executor: Executor) -> None:
    (checkpoint,) = CANARY.glob("*.pth")
    usual = Conditions(Geometry(32, Decimal("0.875"), "bicubic"))
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    canary = Entrant("canary", digest, usual, FromFile(regnet.build("regnety_canary"), checkpoint, digest), "canary")
    other = replace(canary, conditions=replace(usual, channels="BGR"), label="BGR")
    changed = replace(canary, weights="0" * 64, load=replace(canary.load, sha256="0" * 64), label="changed")
    digits = open_dataset(CANARY / "images", Shape(10, 50, tuple(map(str, range(10)))))
    found = evaluate(digits, [canary, other, changed], CPU, Told(), executor)
    assert f"Expected weights of SHA-256 {'0' * 64}, got {digest}" in str(found.pop(changed))
    assert isinstance(found[canary], Scores)
    assert (found[canary].counts.top_1, found[canary].counts.top_5) == (469, 497)
    same(found, digits)


@pytest.mark.usefixtures("two")
def test_a_thousand_classes_are_counted_as_here(executor: Executor, tmp_path: Path) -> None:
    """A small set of ImageNet's shape, with a network of its own size."""
    _, data = state()
    path = tmp_path / "regnety_002.pth"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    shape = Shape(1000, 1, tuple(IMAGENET))
    dataset = open_dataset(write_folders(tmp_path / "imagenet", shape), shape)
    conditions = Conditions(Geometry(32, Decimal("0.875"), "bicubic"))
    one = Entrant("regnety_002", digest, conditions, FromFile(regnet.build("regnety_002"), path, digest), "regnety_002")
    same(evaluate(dataset, [one], replace(CPU, first=300), Told(), executor), dataset, 300)


def test_a_worker_and_a_node_are_killed(two: Nodes, executor: Executor, images: Dataset) -> None:
    def kill(note: str | None) -> None:
        raylets = [node.all_processes["raylet"][0].process.pid for node in two.nodes]
        if note is None and told.results == 1:
            for process in children(raylets[0]):
                if "Evaluator" in Path(f"/proc/{process}/cmdline").read_text():
                    os.kill(process, signal.SIGKILL)
        if note is None and told.results == 3:
            two.kill(two.nodes[1])

    told = Told(kill)
    found = evaluate(images, [entrant(Net, seed, name=f"net {seed}") for seed in range(2)], CPU, told, executor)
    same(found, images)


def test_a_late_node_is_checked_and_takes_part(two: Nodes, executor: Executor, images: Dataset, tmp_path: Path) -> None:
    two.remove(two.nodes[1])
    folder = tmp_path / "gate"
    folder.mkdir()

    def on_note(note: str | None) -> None:
        if note and "sees the same images" in note:
            if len(two.nodes) < 2:
                two.nodes.append(two.add(two.home))
            else:
                (folder / "go").touch()

    found = evaluate(images, [entrant(Waiting, 0, folder)], CPU, Told(on_note), executor)
    assert len([path for path in folder.iterdir() if path.name != "go"]) == 2
    same(found, images)


@pytest.mark.usefixtures("two")
def test_a_shard_that_fails_three_times_stops_the_run_by_name(executor: Executor, images: Dataset) -> None:
    outcome = str(evaluate(images, [entrant(Faulty, name="faulty")], CPU, Told(), executor))
    assert re.search("shard [0-8] of faulty failed 3 times, the last time so: KeyError: 'a fault of its own'", outcome)


@pytest.mark.usefixtures("two")
def test_an_image_that_does_not_decode_is_an_error_by_name(executor: Executor, images: Dataset) -> None:
    broken = images.images[100]
    broken.path.write_bytes(b"\xff\xd8 no image")
    dataset = open_dataset(broken.path.parents[1], SHAPE)
    (outcome,) = evaluate(dataset, [entrant(Net)], CPU, Told(), executor).values()
    assert isinstance(outcome, Failure)
    assert f"{broken.name} does not decode" in outcome.reason


def test_a_node_that_sees_other_images_is_refused_by_name(
    two: Nodes, executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`/proc/self/cwd` is another folder for processes that started elsewhere."""
    honest = write_folders(two.home / "images", SHAPE)
    changed = write_folders(tmp_path / "images", SHAPE) / IDS[0] / "ILSVRC2012_val_00000001.png"
    changed.write_bytes(changed.read_bytes()[:-1] + b"\0")
    two.remove(two.nodes[1])
    two.nodes.append(two.add(tmp_path))
    monkeypatch.chdir(two.home)
    dataset = open_dataset(Path("/proc/self/cwd/images"), SHAPE)
    gate = tmp_path / "gate"
    gate.mkdir()
    told = Told(lambda note: (gate / "go").touch() if note and "refused" in note else None)
    found = evaluate(dataset, [entrant(Waiting, 0, gate)], CPU, told, executor)
    (note,) = [note for note in told.notes if "refused" in note]
    name = f"({two.nodes[1].node_id[:8]}) is refused: expected images of the fingerprint {dataset.fingerprint[:12]}"
    assert name in note
    same(found, open_dataset(honest, SHAPE))
    two.remove(two.nodes[1])
    outcome = str(evaluate(replace(dataset, fingerprint="0" * 64), [entrant(Net)], CPU, told, executor))
    assert "No node of the cluster can evaluate: node " in outcome


def test_an_address_where_nothing_listens_is_said_at_once() -> None:
    from harness.evaluate.run.ray_executor import ray_executor

    for address in ("127.0.0.1:1", "ray://127.0.0.1:1", "no address"):
        with (
            pytest.raises(UserError, match=f"--address {address}: expected a Ray cluster, got: "),
            ray_executor(address),
        ):
            pass


DRIVER = """
import sys
from decimal import Decimal
from pathlib import Path
import torch
from harness.evaluate.data import conditions, dataset, shards
from harness.evaluate.run import engine, executor as work, progress, ray_executor
from tests.evaluate.networks import Made, Net
shards.SHARD_SIZE = 25
small = conditions.Conditions(conditions.Geometry(16, Decimal("0.875"), "bicubic"))
entrant = work.Entrant("net", "weights of net", small, Made(Net, (0,)), "net")
images = dataset.open_dataset(Path(sys.argv[1]), dataset.Shape(3, 67, tuple(sys.argv[3:])))
with ray_executor.ray_executor(sys.argv[2]) as executor:
    engine.evaluate(images, [entrant], work.Settings(torch.device("cpu")), progress.Silent(), executor)
"""


def test_the_driver_is_killed_and_another_goes_on(
    two: Nodes, executor: Executor, images: Dataset, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "images"), two.cluster.address, *IDS]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    driver = subprocess.Popen(command, cwd=two.home, env=environment, start_new_session=True)
    while driver.poll() is None and not list(ledgers().rglob("shard-*.json")):
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    before = {path: path.stat().st_mtime_ns for path in ledgers().rglob("shard-*.json")}
    every = len(shards.shards(images, None))
    assert 0 < len(before) < every
    told = Told()
    found = evaluate(images, [entrant(Net)], replace(CPU, refresh=False), told, executor)
    assert told.results == every - len(before)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    same(found, images)
