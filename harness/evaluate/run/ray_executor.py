"""The pass over the images on a Ray cluster: units of work go to whichever worker is free, on nodes that are checked.

A worker is an actor on a GPU, or on a core where the processor evaluates. Only integers come back from it, and all that
is kept is kept here, so that nodes may come and go.
"""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import ray
import torch
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.errors import UserError
from harness.evaluate.data.fingerprint import Image
from harness.evaluate.data.preprocessing import ImageError
from harness.evaluate.data.shards import Shard
from harness.evaluate.run.device import deciding_versions, refuse_precision
from harness.evaluate.run.engine import code_of_evaluating
from harness.evaluate.run.executor import Entrant, ExecutorError, Ranked, Result, Work
from harness.evaluate.run.ray_worker import Carried, Evaluator, Sight, look
from harness.evaluate.run.work_units import Unit, Units, count_failure, count_loss
from harness.evaluate.statistics.scores import Failure
from harness.project.resources import DeviceError

# Units that a worker has at a time: while one is ranked, the next is decoded.
_UNITS = 2
_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_TO_ANSWER = 10.0
# How long to wait for a node where there is none any more.
_PATIENCE = 60.0


@contextmanager
def ray_executor(address: str) -> "Iterator[RayExecutor]":
    """The cluster at an address, as `ray.init` takes it. Raises UserError where none answers."""
    try:
        _knock(address)
        ray.init(address, log_to_driver=False, logging_level="ERROR")
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        told = str(error).partition("\n")[0]
        raise UserError(
            f"--address {address}: expected a Ray cluster, got: {told}; `ray start --head` starts one"
        ) from None
    try:
        yield RayExecutor()
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raises OSError where nothing listens; Ray itself would wait for a minute, and then end this process."""
    found = re.fullmatch(r"(?:ray://)?([^:/]+):(\d{1,5})", address)
    if found:
        socket.create_connection((found[1], int(found[2])), _SECONDS_TO_ANSWER).close()


class RayExecutor:
    """Evaluates on the cluster that this process is connected to."""

    def find_device(self, name: str, precision: str) -> torch.device:
        """`cuda` or `cpu`; `auto` is the GPUs where the cluster has some. Raises DeviceError where there is none."""
        gpus = ray.cluster_resources().get("GPU", 0)
        if name not in {"auto", "cpu", "cuda"}:
            raise DeviceError(f"--device {name}: on a cluster expected auto, cpu or cuda; Ray chooses the GPU")
        if name == "cuda" and not gpus:
            raise DeviceError("--device cuda: expected a GPU in the cluster, got none; use --device cpu")
        device = torch.device("cpu" if name == "cpu" or not gpus else "cuda")
        refuse_precision(device, precision)
        return device

    def evaluate(self, work: Work) -> Iterator[Result]:
        """As Executor says. Nodes that join while it runs are checked, and take part."""
        if work.settings.crop_cache:
            work.tell("Nothing is cached: a cluster keeps no crops.")
        run = _Run(work)
        try:
            yield from run.results()
        finally:
            run.end()


@dataclass(slots=True, eq=False)
class _Node:
    """A node, how many workers it has room for, and the units of workers that died on it, with the cause."""

    number: str
    name: str
    room: int
    unjudged: list[tuple[Unit, str]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Worker:
    """An actor on a node, and the units it has, by what they will give."""

    node: _Node
    actor: Any
    units: dict[Any, Unit] = field(default_factory=dict)


class _Run:
    def __init__(self, work: Work) -> None:
        self.work = work
        self.kind = work.settings.device.type
        self.units = Units(work)
        self.images = ray.put([_absolute(image) for image in work.dataset.images])
        versions = deciding_versions(self.kind) | {"harness": code_of_evaluating()}
        self.expected = Sight(work.dataset.fingerprint, versions)
        self.nodes: dict[str, _Node] = {}
        self.checks: dict[Any, _Node] = {}
        self.workers: list[_Worker] = []
        self.refused: list[str] = []
        self.weights: dict[tuple[str, str], Carried] = {}
        self.looked = float("-inf")
        self.worked = time.monotonic()

    def results(self) -> Iterator[Result]:
        """The result of every unit, whichever worker it comes from."""
        while True:
            self._look_for_nodes()
            self._assign()
            awaited = [*self.checks, *(ref for worker in self.workers for ref in worker.units)]
            if not any(worker.units for worker in self.workers) and self.units.empty():
                return
            if not awaited:
                self._wait_for_a_node()
                continue
            for ref in ray.wait(awaited, timeout=_SECONDS_BETWEEN_LOOKS)[0]:
                if ref in self.checks:
                    self._check_came(ref)
                else:
                    yield from self._result_came(ref)

    def end(self) -> None:
        """Let go of the cluster's devices."""
        for worker in self.workers:
            ray.kill(worker.actor)

    def _look_for_nodes(self) -> None:
        """Have every node checked that was not there before and has something to evaluate on."""
        if time.monotonic() - self.looked < _SECONDS_BETWEEN_LOOKS:
            return
        self.looked = time.monotonic()
        for found in ray.nodes():
            number, has = found["NodeID"], found["Resources"]
            cores = int(has.get("CPU", 0))
            room = min(cores, int(has.get("GPU", 0))) if self.kind == "cuda" else cores
            if found["Alive"] and room and number not in self.nodes:
                self.nodes[number] = _Node(number, f"node {found['NodeManagerAddress']} ({number[:8]})", room)
                self._check(self.nodes[number])

    def _check(self, node: _Node) -> None:
        if node not in self.checks.values():
            here = NodeAffinitySchedulingStrategy(node.number, soft=False)
            self.checks[ray.remote(num_cpus=0, scheduling_strategy=here)(look).remote(self.images, self.kind)] = node

    def _check_came(self, ref: Any) -> None:
        """Give a node its workers if it sees what this machine sees; tell why it gets none otherwise."""
        node = self.checks.pop(ref)
        try:
            found = ray.get(ref)
        except RayError as error:
            alive = any(one["NodeID"] == node.number and one["Alive"] for one in ray.nodes())
            if alive:
                self._refuse(node, f"it could not be checked: {_cause(error)}")
            else:
                self.work.tell(f"{node.name} is lost; others do its work.")
                for unit, _ in node.unjudged:
                    count_loss(unit, node.name)
            return
        if found != self.expected:
            self._refuse(node, _difference(self.expected, found))
            return
        # It lives, so that a worker died there for a reason of its own.
        unjudged, node.unjudged = node.unjudged, []
        for unit, cause in unjudged:
            count_failure(unit, cause)
        here = NodeAffinitySchedulingStrategy(node.number, soft=False)
        actor = ray.remote(
            num_cpus=0, num_gpus=int(self.kind == "cuda"), max_concurrency=_UNITS, scheduling_strategy=here
        )(Evaluator)
        about = self.kind, self.work.settings.precision, self.work.dataset.shape.classes
        missing = node.room - sum(worker.node is node for worker in self.workers)
        self.workers += [_Worker(node, actor.remote(*about)) for _ in range(missing)]
        if not unjudged:
            self.work.tell(f"{node.name} sees the same images; workers there: {node.room}.")

    def _refuse(self, node: _Node, why: str) -> None:
        self.refused.append(f"{node.name} is refused: {why}")
        self.work.tell(f"{self.refused[-1]}. Others do the work.")

    def _wait_for_a_node(self) -> None:
        """Wait a little where nobody works. Raises ExecutorError where nobody will."""
        if self.refused or time.monotonic() - self.worked > _PATIENCE:
            told = "; ".join(self.refused) or f"none with a core{' and a GPU' if self.kind == 'cuda' else ''} is left"
            raise ExecutorError(f"No node of the cluster can evaluate: {told}")
        time.sleep(_SECONDS_BETWEEN_LOOKS)

    def _assign(self) -> None:
        """Give work to whoever has room for it, to those that have none first."""
        for room in range(1, _UNITS + 1):
            for worker in self.workers:
                if len(worker.units) < room and (unit := self.units.take()):
                    shard = Shard(unit.shard.number, tuple(map(_absolute, unit.shard.images)))
                    entrants = tuple(map(self._with_weights, unit.entrants))
                    worker.units[worker.actor.evaluate.remote(shard, entrants)] = unit

    def _with_weights(self, entrant: Entrant) -> Entrant:
        """The entrant with its weights in the cluster's memory; those that nobody wants any more are let go."""
        name = entrant.model, entrant.weights
        if name not in self.weights:
            units = [*self.units, *(unit for worker in self.workers for unit in worker.units.values())]
            wanted = {(one.model, one.weights) for unit in units for one in unit.entrants}
            self.weights = {name: carried for name, carried in self.weights.items() if name in wanted}
            try:
                loader = entrant.load.carried()
            except OSError as error:
                raise ExecutorError(f"{entrant.model}: {error.filename}: {error.strerror}") from None
            self.weights[name] = Carried(ray.put(loader), loader.size)
        return replace(entrant, load=self.weights[name])

    def _result_came(self, ref: Any) -> Iterator[Result]:
        worker = next((worker for worker in self.workers if ref in worker.units), None)
        if worker is None:
            return  # Of a worker that died; its units were given back together.
        unit = worker.units.pop(ref)
        self.worked = time.monotonic()
        try:
            found = ray.get(ref)
        except RayTaskError as error:
            count_failure(unit, _cause(error))
            self.units.put_back([unit])
            return
        except RayError as error:
            self._lose(worker, [unit, *worker.units.values()], _cause(error))
            return
        if isinstance(found, str):
            raise ImageError(found)
        outcomes = dict(zip(unit.entrants, map(_outcome, found.outcomes), strict=True))
        yield Result(unit.shard, slice(0, len(unit.shard.images)), outcomes, found.environment)

    def _lose(self, worker: _Worker, units: list[Unit], cause: str) -> None:
        """Give back the units of a worker that died. Whether it was the node is known when that was checked again."""
        self.workers.remove(worker)
        ray.kill(worker.actor)
        worker.node.unjudged += [(unit, cause) for unit in units]
        self.units.put_back(units)
        self._check(worker.node)


def _absolute(image: Image) -> Image:
    """The image by a path that is the same on every node."""
    return replace(image, path=image.path.absolute())


def _outcome(found: Any) -> list[Ranked] | Failure:
    return found if isinstance(found, Failure) else [tuple(first) for first in found.tolist()]


def _difference(expected: Sight, found: Sight) -> str:
    """In what a node differs, with the mend."""
    for name, version in expected.versions.items():
        if found.versions.get(name) != version:
            got = found.versions.get(name)
            return f"expected {name} {version} as here, got {got}; install the same there"
    told = "give every node the same files under the same path"
    return f"expected images of the fingerprint {expected.images[:12]}, got {found.images[:200]}; {told}"


def _cause(error: RayError) -> str:
    """What was raised on a node, or happened to it, in a line."""
    cause = getattr(error, "cause", None) or error
    name = "" if cause is error else f"{type(cause).__name__}: "
    return name + " ".join(str(cause).split())[:300]
