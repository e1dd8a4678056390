"""`nox` runs linters and tests; `nox -s bench` measures; `nox -s picture` draws the picture of the README."""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

PINNED = ("-c", "ci/constraints.txt")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, import directions and workflow files. Needs no torch."""
    session.install(*PINNED, "click", "ftfy", "jinja2", "jsonschema", "pyyaml", "rich", "ruamel.yaml")
    typed = ("mypy", "types-PyYAML", "types-jsonschema")
    session.install(*PINNED, "check-jsonschema", "import-linter", "ruff", "zizmor", *typed)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports", "--no-logo", env={"PYTHONPATH": "."})
    workflows = sorted(map(str, Path(".github/workflows").glob("*.yml")))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "ci/action.yml")
    session.run("zizmor", "--offline", "--quiet", "--min-severity", "medium", ".github", "ci/action.yml")


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests. Arguments go to pytest."""
    session.install(*PINNED, ".[test]")
    # Two workers share the cores; more threads would slow both down.
    session.run("pytest", "--numprocesses", "2", "--dist", "loadgroup", *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure time and memory. `-- --gpu` also evaluates on a GPU."""
    session.install(*PINNED, ".", "timm", "fvcore", "scikit-learn")
    session.run("python", "ci/bench.py", success_codes=[0, 1])
    session.run("python", "ci/bench_evaluation.py", *session.posargs)
    session.run("python", "ci/bench_evaluation.py", "--workers")


@nox.session
def picture(session: nox.Session) -> None:
    """Draw the terminal output of `verify all` from the committed verdicts."""
    session.install(*PINNED, "click", "rich")
    session.run("python", "ci/picture.py", env={"PYTHONPATH": "."})
