"""Executor on a Ray cluster: jobs go to the next free worker, on nodes that have the same images and versions.

A worker is an actor on a GPU, or on a CPU core. Workers return only class indices, and results are stored on this
machine, so nodes may join and leave at any time.
"""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import ray
import torch
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.errors import UserError
from harness.evaluate.data.preprocessing import ImageError
from harness.evaluate.run.device import check_precision
from harness.evaluate.run.engine import result_versions
from harness.evaluate.run.executor import EvaluationTask, ExecutorError, Result, TopClasses, Workload
from harness.evaluate.run.job_queue import Job, JobQueue
from harness.evaluate.run.ray_worker import NodeInputs, Worker, inspect_node, load_shared
from harness.evaluate.statistics.scores import Failure
from harness.project.resources import DeviceError

_NO_CODE = Path("/")
# While one job's images are classified, those of the next are decoded.
_JOBS_PER_WORKER = 2
_POLL_SECONDS = 2.0
_CONNECT_SECONDS = 10.0
# How long to wait for a node when none is left.
_NO_NODE_SECONDS = 60.0


@contextmanager
def ray_executor(address: str, code: Path | None = None) -> "Iterator[RayExecutor]":
    """The cluster at an address, in the form that `ray.init` takes. Raises UserError if it cannot be reached.

    Nodes import installed modules, and those in the folder `code`.
    """
    try:
        _check_port(address)
        # Ray has its workers import first what is in the working folder, which may be anybody's.
        with chdir(code or _NO_CODE):
            ray.init(address, log_to_driver=False, logging_level="ERROR")
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        message = str(error).partition("\n")[0]
        raise UserError(
            f"--address {address}: expected a Ray cluster, got: {message}; start one with `ray start --head`"
        ) from None
    try:
        yield RayExecutor()
    finally:
        ray.shutdown()


def _check_port(address: str) -> None:
    """Raises OSError if nothing listens; `ray.init` would wait for a minute and then end this process."""
    match = re.fullmatch(r"(?:ray://)?([^:/]+):(\d{1,5})", address)
    if match:
        socket.create_connection((match[1], int(match[2])), _CONNECT_SECONDS).close()


class RayExecutor:
    """Evaluates on the cluster that this process is connected to."""

    def find_device(self, name: str, precision: str) -> torch.device:
        """`cuda` or `cpu`; `auto` prefers GPUs. Raises DeviceError if the cluster does not have the device."""
        gpus = ray.cluster_resources().get("GPU", 0)
        if name not in {"auto", "cpu", "cuda"}:
            raise DeviceError(f"--device {name}: on a cluster expected auto, cpu or cuda; Ray chooses the GPU")
        if name == "cuda" and not gpus:
            raise DeviceError("--device cuda: expected a GPU in the cluster, got none; use --device cpu")
        device = torch.device("cpu" if name == "cpu" or not gpus else "cuda")
        check_precision(device, precision)
        return device

    def evaluate(self, workload: Workload) -> Iterator[Result]:
        """See Executor. Nodes that join during the run are inspected and used."""
        if workload.settings.crop_cache:
            workload.note("Crops are not cached on a cluster.")
        run = _ClusterRun(workload)
        try:
            yield from run.results()
        finally:
            run.stop_workers()


@dataclass(slots=True, eq=False)
class _Node:
    """A node and the number of workers it can hold.

    `lost_jobs` are those of workers that died, with the error: whether the node itself died is not known yet.
    """

    id: str
    name: str
    capacity: int
    lost_jobs: list[tuple[Job, str]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _WorkerHandle:
    """An actor on a node, and its jobs by the reference of their results."""

    node: _Node
    actor: Any
    jobs: dict[Any, Job] = field(default_factory=dict)


class _ClusterRun:
    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.device_type = workload.settings.device.type
        self.queue = JobQueue(workload)
        self.images = ray.put(workload.dataset.images)
        self.expected = NodeInputs(workload.dataset.fingerprint, result_versions(self.device_type))
        self.nodes: dict[str, _Node] = {}
        self.inspections: dict[Any, _Node] = {}
        self.workers: list[_WorkerHandle] = []
        self.rejections: list[str] = []
        self.loaders: dict[tuple[str, str], Any] = {}
        self.last_scan = float("-inf")
        self.last_result = time.monotonic()

    def results(self) -> Iterator[Result]:
        """The result of every job, in the order in which they finish."""
        while True:
            self._scan_nodes()
            self._assign_jobs()
            if not self.queue and not any(worker.jobs for worker in self.workers):
                return
            references = [*self.inspections, *(reference for worker in self.workers for reference in worker.jobs)]
            if not references:
                self._wait_for_node()
                continue
            for reference in ray.wait(references, timeout=_POLL_SECONDS)[0]:
                if reference in self.inspections:
                    self._handle_inspection(reference)
                else:
                    yield from self._handle_result(reference)

    def stop_workers(self) -> None:
        """Release the cluster's devices."""
        for worker in self.workers:
            ray.kill(worker.actor)

    def _scan_nodes(self) -> None:
        """Start an inspection of every new node that has a device."""
        if time.monotonic() - self.last_scan < _POLL_SECONDS:
            return
        self.last_scan = time.monotonic()
        for info in ray.nodes():
            node_id, resources = info["NodeID"], info["Resources"]
            cpus = int(resources.get("CPU", 0))
            capacity = min(cpus, int(resources.get("GPU", 0))) if self.device_type == "cuda" else cpus
            if info["Alive"] and capacity and node_id not in self.nodes:
                name = f"node {info['NodeManagerAddress']} ({node_id[:8]})"
                self.nodes[node_id] = _Node(node_id, name, capacity)
                self._inspect(self.nodes[node_id])

    def _inspect(self, node: _Node) -> None:
        if node not in self.inspections.values():
            inspect = ray.remote(num_cpus=0, scheduling_strategy=_on(node))(inspect_node)
            self.inspections[inspect.remote(self.images, self.device_type)] = node

    def _handle_inspection(self, reference: Any) -> None:
        """Start the node's workers if its inputs are those of this machine; otherwise reject it."""
        node = self.inspections.pop(reference)
        try:
            inputs = ray.get(reference)
        except RayError as error:
            if any(info["NodeID"] == node.id and info["Alive"] for info in ray.nodes()):
                self._reject(node, f"its inspection failed: {_describe_error(error)}")
            else:
                self.workload.note(f"{node.name} is lost; other nodes take over its jobs.")
                for job, _ in node.lost_jobs:
                    job.count_loss(node.name)
            return
        if inputs != self.expected:
            self._reject(node, _explain_difference(self.expected, inputs))
            return
        # The node is alive, so its worker died because of the job.
        lost_jobs, node.lost_jobs = node.lost_jobs, []
        for job, cause in lost_jobs:
            job.count_failure(cause)
        options = {"num_cpus": 0, "num_gpus": int(self.device_type == "cuda"), "max_concurrency": _JOBS_PER_WORKER}
        actor = ray.remote(**options, scheduling_strategy=_on(node))(Worker)
        arguments = self.device_type, self.workload.settings.precision, self.workload.dataset.spec.classes
        missing = node.capacity - sum(worker.node is node for worker in self.workers)
        self.workers += [_WorkerHandle(node, actor.remote(*arguments)) for _ in range(missing)]
        if not lost_jobs:
            self.workload.note(f"{node.name} has the same images and versions; workers: {node.capacity}.")

    def _reject(self, node: _Node, reason: str) -> None:
        self.rejections.append(f"{node.name} is rejected: {reason}")
        self.workload.note(f"{self.rejections[-1]}. Other nodes do the work.")

    def _wait_for_node(self) -> None:
        """Wait briefly when no node works. Raises ExecutorError if none will."""
        if self.rejections or time.monotonic() - self.last_result > _NO_NODE_SECONDS:
            devices = "a CPU core and a GPU" if self.device_type == "cuda" else "a CPU core"
            reason = "; ".join(self.rejections) or f"none with {devices} is left"
            raise ExecutorError(f"No node of the cluster can evaluate: {reason}")
        time.sleep(_POLL_SECONDS)

    def _assign_jobs(self) -> None:
        """Give jobs to workers that can take one, idle workers first."""
        for limit in range(1, _JOBS_PER_WORKER + 1):
            for worker in self.workers:
                if len(worker.jobs) < limit and (job := self.queue.take()):
                    tasks = tuple(map(self._with_shared_weights, job.tasks))
                    worker.jobs[worker.actor.evaluate.remote(job.shard, tasks)] = job

    def _with_shared_weights(self, task: EvaluationTask) -> EvaluationTask:
        """The task with its weights in Ray's object store, from which weights that no job needs are dropped."""
        key = task.model, task.weights
        if key not in self.loaders:
            jobs = [*self.queue, *(job for worker in self.workers for job in worker.jobs.values())]
            needed = {(other.model, other.weights) for job in jobs for other in job.tasks}
            self.loaders = {name: loader for name, loader in self.loaders.items() if name in needed}
            try:
                self.loaders[key] = ray.put(task.load)
            except OSError as error:
                raise ExecutorError(f"{task.model}: {error.filename}: {error.strerror}") from None
        return replace(task, load=partial(load_shared, self.loaders[key]))

    def _handle_result(self, reference: Any) -> Iterator[Result]:
        worker = next((worker for worker in self.workers if reference in worker.jobs), None)
        if worker is None:
            return  # The worker died, and all of its jobs are in the queue again.
        job = worker.jobs.pop(reference)
        self.last_result = time.monotonic()
        try:
            result = ray.get(reference)
        except RayTaskError as error:
            job.count_failure(_describe_error(error))
            self.queue.put_back([job])
            return
        except RayError as error:
            self._handle_lost_worker(worker, [job, *worker.jobs.values()], _describe_error(error))
            return
        if isinstance(result, str):
            raise ImageError(result)
        outcomes = dict(zip(job.tasks, map(_outcome, result.outcomes), strict=True))
        yield Result(job.shard, slice(0, len(job.shard.images)), outcomes, result.environment)

    def _handle_lost_worker(self, worker: _WorkerHandle, jobs: list[Job], cause: str) -> None:
        """Return the jobs of a dead worker to the queue; another inspection shows whether its node died too."""
        self.workers.remove(worker)
        ray.kill(worker.actor)
        worker.node.lost_jobs += [(job, cause) for job in jobs]
        self.queue.put_back(jobs)
        self._inspect(worker.node)


def _on(node: _Node) -> NodeAffinitySchedulingStrategy:
    return NodeAffinitySchedulingStrategy(node.id, soft=False)


def _outcome(outcome: Any) -> list[TopClasses] | Failure:
    return outcome if isinstance(outcome, Failure) else [tuple(top_classes) for top_classes in outcome.tolist()]


def _explain_difference(expected: NodeInputs, actual: NodeInputs) -> str:
    for name, version in expected.versions.items():
        if (other := actual.versions.get(name)) != version:
            return f"expected {name} {version} as on this machine, got {other}; install the same version there"
    return (
        f"expected images with fingerprint {expected.images[:12]}, got {actual.images[:200]}; give every node the same "
        "files under the same path"
    )


def _describe_error(error: RayError) -> str:
    """The error raised on a node, or what happened to it, on one line."""
    cause = getattr(error, "cause", None) or error
    name = "" if cause is error else f"{type(cause).__name__}: "
    return name + " ".join(str(cause).split())[:300]
