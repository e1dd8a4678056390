"""A page is also a Jinja template: it must render, in a sandbox, from its own includes alone."""

from pathlib import Path
from typing import NoReturn

from jinja2 import BaseLoader, ChainableUndefined, Environment, TemplateError, TemplateNotFound
from jinja2.exceptions import SecurityError
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.index.faults import Fault, Location, PageError
from harness.index.page import MOST_BYTES, Page

_MOST_REPEATS = 10_000


class _Includes(BaseLoader):
    """Files below one folder. An include that is not there renders as nothing: the page may stand elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, None]:  # noqa: ARG002
        path = self.folder.joinpath(*split_template_path(template)).resolve()
        if template.startswith("/") or not path.is_relative_to(self.folder.resolve()):
            raise TemplateNotFound(template)
        return (path.read_text("utf-8") if path.is_file() else ""), template, None


class _Sandbox(ImmutableSandboxedEnvironment):
    """Also refuses what makes a small template endless: long ranges, and products of texts."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: object, operator: str, left: object, right: object) -> object:  # noqa: ARG002
        raise SecurityError(f"the operator {operator} is not for pages")

    def unsafe_undefined(self, obj: object, attribute: str) -> NoReturn:
        raise SecurityError(f"a reach for {attribute!r} of a Python {type(obj).__name__}")


def check_template(page: Page, includes: Path) -> None:
    """Render the page and drop the result. Raises PageError where it cannot be, or reaches for too much."""
    if "{%" not in page.prose and "{{" not in page.prose:
        return
    sandbox = _Sandbox(loader=_Includes(includes), undefined=ChainableUndefined)
    sandbox.globals.clear()
    size = 0
    try:
        for repeats, piece in enumerate(sandbox.from_string(page.prose).generate()):
            size += len(piece)
            if size > MOST_BYTES or repeats > _MOST_REPEATS:
                raise SecurityError("the page renders without end")
    except TemplateNotFound as error:
        raise _error(page, _line_of(page, str(error.name)), f"an include outside it: {error.name}") from None
    except TemplateError as error:
        line = getattr(error, "lineno", None) or _line_of(page, "{%", "{{")
        raise _error(page, line, error.message or type(error).__name__) from None
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise _error(page, _line_of(page, "{%", "{{"), f"{type(error).__name__}: {error}") from None


def _line_of(page: Page, *marks: str) -> int:
    found = [place for place in map(page.prose.find, marks) if place >= 0]
    return page.prose.count("\n", 0, min(found, default=0)) + 1


def _error(page: Page, line: int, found: str) -> PageError:
    expected = "a template that renders from its includes alone"
    mend = "keep to text, variables and {% include 'name.md' %} of files in _includes/"
    return PageError([Fault(Location(page.name, line, 1), expected, found, mend)])
