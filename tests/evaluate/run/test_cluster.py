"""A Ray cluster of real processes on this machine: the same counts as without it, whatever fails or joins."""

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
from harness.evaluate.data.dataset import Dataset, DatasetSpec, open_dataset
from harness.evaluate.run.engine import EvaluationSettings, EvaluationTask, Outcome, evaluate
from harness.evaluate.run.executor import Executor
from harness.evaluate.run.ledger import ledgers_folder
from harness.evaluate.run.network_loading import FileLoader
from harness.evaluate.run.progress import Progress
from harness.evaluate.statistics.scores import Failure, Scores
from harness.zoo import regnet
from tests.conftest import ROOT
from tests.evaluate.images import IDS, write_folders
from tests.evaluate.networks import Faulty, Net, NetLoader, Waiting
from tests.verify.test_imagenet import IDS as IMAGENET
from tests.verify.test_imagenet import state

pytest.importorskip("ray", reason="Ray is not installed: pip install 'model-card-harness[ray]'")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),  # one pytest worker starts the cluster for all tests
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

CPU = EvaluationSettings(torch.device("cpu"), refresh=True)
SMALL = Conditions(Geometry(16, Decimal("0.875"), "bicubic"))
SPEC = DatasetSpec(3, 67, IDS)
CANARY = ROOT / "modelindex" / "canary"
MEMORY = 80 * 2**20


class Nodes:
    """The cluster: a head without CPUs, and nodes with one CPU that start in the folder `home`."""

    def __init__(self, home: Path) -> None:
        from ray.cluster_utils import Cluster

        self.home = home
        self.checkout = home / "checkout"
        head = {
            "num_cpus": 0,
            "object_store_memory": MEMORY,
            "include_dashboard": False,
            # A killed node is noticed within seconds instead of 15.
            "_system_config": {"health_check_period_ms": 400},
        }
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.add(home) for _ in range(2)]

    def add(self, folder: Path) -> Any:
        with contextlib.chdir(folder):
            return self.cluster.add_node(num_cpus=1, object_store_memory=MEMORY)

    def kill(self, node: Any) -> None:
        """Send SIGKILL to all processes of a node at once."""
        (raylet,) = [info.process.pid for infos in node.all_processes.values() for info in infos]
        for pid in [raylet, *children(raylet)]:
            os.kill(pid, signal.SIGKILL)

    def remove(self, node: Any) -> None:
        self.nodes.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)


def children(pid: int) -> list[int]:
    output = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(line) for line in output.stdout.split()]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache of the nodes")))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Workers of another driver import the networks of these tests.
        patch.setenv("PYTHONPATH", str(ROOT))
        started = Nodes(tmp_path_factory.mktemp("home"))
        yield started
        started.cluster.shutdown()


@pytest.fixture(scope="module")
def executor(nodes: Nodes) -> Iterator[Executor]:
    """One connection for all tests: each connection starts its own processes, which takes seconds."""
    from harness.evaluate.run import ray_executor

    nodes.checkout.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(nodes.checkout)
        with ray_executor.ray_executor(nodes.cluster.address) as connected:
            patch.undo()
            patch.setattr(ray_executor, "_POLL_SECONDS", 0.2)
            yield connected


@pytest.mark.usefixtures("executor")
def test_nodes_import_nothing_from_the_working_folder(nodes: Nodes) -> None:
    import ray

    path = ray.get(ray.remote(num_cpus=0)(lambda: sys.path).remote())
    assert not {str(nodes.checkout), ""} & set(path)


@pytest.fixture
def two(nodes: Nodes) -> Nodes:
    """The cluster with two nodes, whatever an earlier test did to them."""
    for node in list(nodes.nodes):
        if node.dead_processes():
            nodes.remove(node)
    while len(nodes.nodes) < 2:
        nodes.nodes.append(nodes.add(nodes.home))
    return nodes


@pytest.fixture(autouse=True)
def _small_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(shards, "SHARD_SIZE", 25)


@pytest.fixture
def images(tmp_path: Path) -> Dataset:
    return open_dataset(write_folders(tmp_path / "images", SPEC), SPEC)


def make_task(net: type[Net], *arguments: object, name: str = "net") -> EvaluationTask:
    return EvaluationTask(name, f"weights of {name}", SMALL, NetLoader(net, arguments or (0,)), name)


class Recorder(Progress):
    """Records notes; calls `callback` with every note, and with None for every result."""

    def __init__(self, callback: Callable[[str | None], object] = lambda _: None) -> None:
        self.notes: list[str] = []
        self.results = 0
        self.callback = callback

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.callback(text)

    def advance(self, images: int, right: object) -> None:  # noqa: ARG002 - the signature of Progress
        self.results += 1
        self.callback(None)


def assert_same_as_local(outcomes: dict[EvaluationTask, Outcome], dataset: Dataset, images: int | None = None) -> None:
    """Every prediction equals that of the local executor; each image is counted once."""
    for task, local in evaluate(dataset, list(outcomes), replace(CPU, first=images), Progress()).items():
        outcome = outcomes[task]
        assert isinstance(outcome, Scores), outcome
        assert isinstance(local, Scores)
        assert (outcome.counts, outcome.predictions) == (local.counts, local.predictions)
        names = {(prediction.image, prediction.label) for prediction in outcome.predictions}
        assert len(names) == len(outcome.predictions) == (images or len(dataset.images))


@pytest.mark.usefixtures("two")
def test_canary_has_the_same_counts(executor: Executor) -> None:
    (checkpoint,) = CANARY.glob("*.pth")
    usual = Conditions(Geometry(32, Decimal("0.875"), "bicubic"))
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    canary = EvaluationTask(
        "canary", digest, usual, FileLoader(regnet.build("regnety_canary"), checkpoint, digest), "canary"
    )
    other = replace(canary, conditions=replace(usual, channels="BGR"), label="BGR")
    changed = replace(canary, weights="0" * 64, load=replace(canary.load, sha256="0" * 64), label="changed")
    digits = open_dataset(CANARY / "images", DatasetSpec(10, 50, tuple(map(str, range(10)))))
    outcomes = evaluate(digits, [canary, other, changed], CPU, Recorder(), executor)
    assert f"Expected weights with SHA-256 {'0' * 64}, got {digest}" in str(outcomes.pop(changed))
    assert isinstance(outcomes[canary], Scores)
    assert (outcomes[canary].counts.top_1, outcomes[canary].counts.top_5) == (469, 497)
    assert_same_as_local(outcomes, digits)


@pytest.mark.usefixtures("two")
def test_thousand_classes_have_the_same_counts(executor: Executor, tmp_path: Path) -> None:
    """A small dataset with ImageNet's classes, and a network of full size."""
    _, data = state()
    path = tmp_path / "regnety_002.pth"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    spec = DatasetSpec(1000, 1, tuple(IMAGENET))
    dataset = open_dataset(write_folders(tmp_path / "imagenet", spec), spec)
    conditions = Conditions(Geometry(32, Decimal("0.875"), "bicubic"))
    task = EvaluationTask(
        "regnety_002", digest, conditions, FileLoader(regnet.build("regnety_002"), path, digest), "regnety_002"
    )
    assert_same_as_local(evaluate(dataset, [task], replace(CPU, first=300), Recorder(), executor), dataset, 300)


def test_killed_worker_and_killed_node(two: Nodes, executor: Executor, images: Dataset) -> None:
    def kill(note: str | None) -> None:
        raylets = [node.all_processes["raylet"][0].process.pid for node in two.nodes]
        if note is None and recorder.results == 1:
            for process in children(raylets[0]):
                if "Worker" in Path(f"/proc/{process}/cmdline").read_text():
                    os.kill(process, signal.SIGKILL)
        if note is None and recorder.results == 3:
            two.kill(two.nodes[1])

    recorder = Recorder(kill)
    outcomes = evaluate(
        images, [make_task(Net, seed, name=f"net {seed}") for seed in range(2)], CPU, recorder, executor
    )
    assert_same_as_local(outcomes, images)


def test_late_node_takes_part(two: Nodes, executor: Executor, images: Dataset, tmp_path: Path) -> None:
    two.remove(two.nodes[1])
    folder = tmp_path / "gate"
    folder.mkdir()

    def on_note(note: str | None) -> None:
        if note and "has the same images" in note:
            if len(two.nodes) < 2:
                two.nodes.append(two.add(two.home))
            else:
                (folder / "go").touch()

    outcomes = evaluate(images, [make_task(Waiting, 0, folder)], CPU, Recorder(on_note), executor)
    assert len([path for path in folder.iterdir() if path.name != "go"]) == 2
    assert_same_as_local(outcomes, images)


@pytest.mark.usefixtures("two")
def test_job_that_fails_three_times_stops_the_run(executor: Executor, images: Dataset) -> None:
    outcome = str(evaluate(images, [make_task(Faulty, name="faulty")], CPU, Recorder(), executor))
    assert re.search("shard [0-8] of faulty failed 3 times, most recently: KeyError: 'unexpected'", outcome)


@pytest.mark.usefixtures("two")
def test_unreadable_image_is_an_error(executor: Executor, images: Dataset) -> None:
    broken = images.images[100]
    broken.path.write_bytes(b"\xff\xd8 no image")
    dataset = open_dataset(broken.path.parents[1], SPEC)
    (outcome,) = evaluate(dataset, [make_task(Net)], CPU, Recorder(), executor).values()
    assert isinstance(outcome, Failure)
    assert f"{broken.name} cannot be decoded" in outcome.reason


def test_node_with_other_images_is_rejected(
    two: Nodes, executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`/proc/self/cwd` is a different folder for processes that started elsewhere."""
    honest = write_folders(two.home / "images", SPEC)
    changed = write_folders(tmp_path / "images", SPEC) / IDS[0] / "ILSVRC2012_val_00000001.png"
    changed.write_bytes(changed.read_bytes()[:-1] + b"\0")
    two.remove(two.nodes[1])
    two.nodes.append(two.add(tmp_path))
    monkeypatch.chdir(two.home)
    dataset = open_dataset(Path("/proc/self/cwd/images"), SPEC)
    gate = tmp_path / "gate"
    gate.mkdir()
    recorder = Recorder(lambda note: (gate / "go").touch() if note and "rejected" in note else None)
    outcomes = evaluate(dataset, [make_task(Waiting, 0, gate)], CPU, recorder, executor)
    (note,) = [note for note in recorder.notes if "rejected" in note]
    name = f"({two.nodes[1].node_id[:8]}) is rejected: expected images with fingerprint {dataset.fingerprint[:12]}"
    assert name in note
    assert_same_as_local(outcomes, open_dataset(honest, SPEC))
    two.remove(two.nodes[1])
    outcome = str(evaluate(replace(dataset, fingerprint="0" * 64), [make_task(Net)], CPU, recorder, executor))
    assert "No node of the cluster can evaluate: node " in outcome


def test_unreachable_address_is_an_error_at_once() -> None:
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
from harness.evaluate.data import shards
from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.dataset import DatasetSpec, open_dataset
from harness.evaluate.run.engine import evaluate
from harness.evaluate.run.executor import EvaluationSettings, EvaluationTask
from harness.evaluate.run.progress import Progress
from harness.evaluate.run.ray_executor import ray_executor
from tests.evaluate.networks import Net, NetLoader
shards.SHARD_SIZE = 25
small = Conditions(Geometry(16, Decimal("0.875"), "bicubic"))
task = EvaluationTask("net", "weights of net", small, NetLoader(Net, (0,)), "net")
images = open_dataset(Path(sys.argv[1]), DatasetSpec(3, 67, tuple(sys.argv[3:])))
with ray_executor(sys.argv[2]) as executor:
    evaluate(images, [task], EvaluationSettings(torch.device("cpu")), Progress(), executor)
"""


def test_another_driver_resumes_after_one_is_killed(
    two: Nodes, executor: Executor, images: Dataset, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "images"), two.cluster.address, *IDS]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    driver = subprocess.Popen(command, cwd=two.home, env=environment, start_new_session=True)
    while driver.poll() is None and not list(ledgers_folder().rglob("shard-*.json")):
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    before = {path: path.stat().st_mtime_ns for path in ledgers_folder().rglob("shard-*.json")}
    total = len(shards.make_shards(images, None))
    assert 0 < len(before) < total
    recorder = Recorder()
    outcomes = evaluate(images, [make_task(Net)], replace(CPU, refresh=False), recorder, executor)
    assert recorder.results == total - len(before)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert_same_as_local(outcomes, images)
