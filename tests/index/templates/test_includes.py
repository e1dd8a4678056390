"""A hostile template reaches no Python object and no file outside the includes. Templates are never run."""

from pathlib import Path

import pytest

from harness.index.faults import PageError
from harness.index.page import page_from_text
from harness.index.templates.sources import read_includes

INDEX = "\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n"


def _missing(template: str, includes: Path) -> frozenset[str]:
    includes_of = read_includes(page_from_text(template + INDEX, "p.md"), includes)
    return frozenset(include.name for include in includes_of if not include.there)


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        ("{% include 'there.md' %}", set()),
        ("{% include 'not-there.md' %}{% include '_nor_this.md' %}", {"not-there.md", "_nor_this.md"}),
        ("{% include 'folder/../there.md' %}", set()),
        ("{% include 'self.md' %}", {"gone.md"}),
        ("{{ model_name }} and {{ model.deep.er }} {{ x | upper }}", set()),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", set()),
        ("{{ 'a' * 1000000000 }}{{ 9 ** 9 ** 9 }}{{ 1 / 0 }}{{ 'a'|center(300000000) }}", set()),
        ("{# a comment #} plain", set()),
        ("a {#heading-id} of Markdown", set()),
        ("$$ {x}^{2} $$", set()),
    ],
)
def test_templates_are_read_and_never_run(template: str, missing: set[str], tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("snippet for {{ model_name }}")
    (tmp_path / "self.md").write_text("{% include 'self.md' %}{% include 'gone.md' %}")
    assert _missing(template, tmp_path) == missing


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''|attr('__class__') }}",
        "{{ x['__class__'] }}",
        "{{ self.__init__.__globals__ }}{{ cycler.__init__.__globals__.os }}",
        "{% include '../secret.md' %}",
        "{% include '/etc/passwd' %}",
        "{% include 'link.md' %}",
        "{% include name %}",
        "{% include ['../secret.md'] %}",
        "{% extends '../secret.md' %}",
        "{% import '../../secret.md' as m %}",
        "{% from '../secret.md' import m %}",
        "{% include 'reaches.md' %}",
        "{% include 'binary.md' %}",
        "{% if %}",
        "{{ unclosed",
        "{{ " + "(" * 5000 + ")" * 5000 + " }}",
    ],
)
def test_hostile_templates_are_faults(template: str, tmp_path: Path) -> None:
    includes = tmp_path / "_includes"
    includes.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (includes / "link.md").symlink_to(tmp_path / "secret.md")
    (includes / "reaches.md").write_text("one\n\n{% include '../secret.md' %}")
    (includes / "binary.md").write_bytes(b"\xff\xfe")
    with pytest.raises(PageError) as caught:
        _missing("first\n" + template, includes)
    (fault,) = caught.value.faults
    assert fault.where.line == 2
    assert fault.expected == "a template of text, variables and files in _includes/"


def test_nested_includes_have_the_line_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("\n\n{% include 'c.md' %}")
    page = page_from_text("one\n{% include 'a.md' %}\n{% include 'b.md' %}" + INDEX, "p.md")
    found = [(include.name, include.line, include.there) for include in read_includes(page, tmp_path)]
    assert found == [("a.md", 2, True), ("c.md", 2, False), ("b.md", 3, False)]
