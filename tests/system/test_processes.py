"""Tasks in processes: a process that dies loses only its own task, and no process outlives its parent."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.system.processes import map_in_processes
from tests.conftest import fresh_environment


def act(name: str, task: str) -> str:
    """Do what the task says."""
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "raise":
        raise ValueError(task)
    return name + task.upper()


def test_a_process_that_dies_loses_only_its_own_task() -> None:
    tasks = ["a", "b", "die", "c", "d", "die", "e", "f"]
    results = dict(map_in_processes(act, "me ", tasks, 2, ()))
    assert results == {index: None if task == "die" else f"me {task.upper()}" for index, task in enumerate(tasks)}


class Shared:
    """A value shared by tasks, which counts how often it is sent to a process."""

    sent = 0

    def __reduce__(self) -> tuple[type, tuple[()]]:
        type(self).sent += 1
        return Shared, ()


def act_with(_: Shared, task: str) -> str:
    """Do what the task says, and ignore the shared value."""
    return act("", task)


def test_the_shared_value_is_sent_to_each_process_once() -> None:
    tasks = list("abcdefgh")
    assert len(dict(map_in_processes(act_with, Shared(), tasks, 2, ()))) == len(tasks)
    assert Shared.sent <= 2


def test_exceptions_of_tasks_are_raised() -> None:
    with pytest.raises(ValueError, match="raise"):
        dict(map_in_processes(act, "", ["a", "raise", "b"], 2, ()))


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_no_process_outlives_its_parent(tmp_path: Path, name: str) -> None:
    (tmp_path / "task.py").write_text(
        textwrap.dedent("""
            import os, time
            from pathlib import Path

            def wait(_, task):
                Path(task).write_text(str(os.getpid()))
                time.sleep(60)
        """)
    )
    tasks = [str(tmp_path / "pid")]
    code = (
        "import task\nfrom harness.system.processes import map_in_processes\n"
        f"list(map_in_processes(task.wait, None, {tasks!r}, 2, ()))"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    parent = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path})
    pid = _eventually(lambda: int((tmp_path / "pid").read_text() or 0) if (tmp_path / "pid").exists() else 0)
    parent.send_signal(getattr(signal, name))
    parent.wait(30)
    _eventually(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])


def test_an_interrupt_while_processes_start_prints_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("from pathlib import Path\nPath('begun').touch()\nimport time\ntime.sleep(0.3)\n")
    code = (
        "from harness.system.processes import map_in_processes\ntry:\n"
        "    list(map_in_processes(print, None, ['x'], 2, ['slow']))\n"
        "except KeyboardInterrupt:\n    import os\n    os._exit(130)"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _eventually((tmp_path / "begun").exists)
    os.killpg(parent.pid, signal.SIGINT)
    assert (parent.communicate(timeout=30)[1], parent.returncode) == (b"", 130)


def _eventually(condition: Callable[[], int]) -> int:
    """The function's result as soon as it is true; fails after 30 seconds."""
    for _ in range(3000):
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError("the condition never held")


def test_processes_import_nothing_from_the_working_folder(tmp_path: Path, hostile_folder: Path) -> None:
    (tmp_path / "tasks.py").write_text("def act(_, task):\n    return task\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import tasks\nfrom harness.system.processes import map_in_processes\n"
        "if __name__ == '__main__':\n    print(sorted(map_in_processes(tasks.act, None, ['a', 'b'], 2, ['dis'])))\n"
    )
    run = subprocess.run(
        [sys.executable, script],
        cwd=hostile_folder,
        env=fresh_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "[(0, 'a'), (1, 'b')]\n", run.stderr
    assert not (hostile_folder / "imported").exists(), (hostile_folder / "imported").read_text()


def test_a_process_that_would_import_from_the_working_folder_is_refused(tmp_path: Path) -> None:
    """With -E, Python ignores the variable that asks for the safe path."""
    code = "from harness.system.processes import map_in_processes\nlist(map_in_processes(print, None, ['x'], 2, ()))"
    parent = [sys.executable, "-E", "-c", f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\n{code}"]
    run = subprocess.run(parent, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "expected safe-path mode" in run.stderr
