"""A hostile template reaches nothing: no Python object, no file outside the includes, no endless run."""

from pathlib import Path

import pytest

from harness.index.faults import PageError
from harness.index.page import page_from_text
from harness.index.template import check_template

INDEX = "\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n"


def _check(template: str, includes: Path) -> None:
    check_template(page_from_text(template + INDEX, "p.md"), includes)


@pytest.mark.parametrize(
    "template",
    [
        "{% include 'there.md' %}",
        "{% include 'not-there.md' %}",
        "{{ model_name }} and {{ model.deep.er }}",
        "{# a comment #} plain",
        "a {#heading-id} of Markdown",
        "$$ {x}^{2} $$",
    ],
)
def test_what_pages_do_is_fine(template: str, tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("snippet for {{ model_name }}")
    _check(template, tmp_path)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''|attr('__class__') }}{{ ().__class__.__base__ }}",
        "{{ self.__init__.__globals__ }}{{ cycler.__init__.__globals__.os }}",
        "{% include '../secret.md' %}",
        "{% include '/etc/passwd' %}",
        "{% include 'link.md' %}",
        "{% extends '../secret.md' %}",
        "{% import '../../secret.md' as m %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% include 'self.md' %}",
        "{% if %}",
        "{{ unclosed",
        "{% for x in 5 %}{% endfor %}",
        "{{ 1 / 0 }}",
    ],
)
def test_what_no_page_does_is_a_fault_of_the_page(template: str, tmp_path: Path) -> None:
    includes = tmp_path / "_includes"
    includes.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (includes / "link.md").symlink_to(tmp_path / "secret.md")
    (includes / "self.md").write_text("{% include 'self.md' %}")
    with pytest.raises(PageError) as caught:
        _check("first\n" + template, includes)
    (fault,) = caught.value.faults
    assert fault.where.line == 2
    assert fault.expected == "a template that renders from its includes alone"
