"""Rendering of text, variables and includes. Code, endless output and other files are refused."""

from pathlib import Path

import pytest

from harness.index.faults import PageError
from harness.index.page import page_from_text
from harness.index.templates.rendering import render

BLOCK = "<!--  \nType: model-index\nModels:\n- Name: '{{ model_name }}'  # {% raw %} é\n-->"
VARIABLES = {"model_name": "a_1", "weights": "https://example.org/a.pth?x=1&y=%20", "missing": None, "long": "x" * 490}


def _rendered(text: str, folder: Path, **variables: str) -> str:
    page = render(page_from_text(text, "page.md"), folder, VARIABLES | variables)
    return page.before + page.index + page.after


def test_includes_and_variables_are_rendered_but_not_the_model_index(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("from {{ weights }} & {% include 'b.md' %}")
    (tmp_path / "b.md").write_text("{# a comment #}<{{ model_name }}>")
    text = f"# {{{{ model_name }}}}\n{{% include 'a.md' %}}\n\n{BLOCK}\n\nEnd, without a line's end"
    page = "# a_1\nfrom https://example.org/a.pth?x=1&y=%20 & <a_1>\n\n"
    assert _rendered(text, tmp_path) == f"{page}{BLOCK}\n\nEnd, without a line's end"


def test_line_endings_stay(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one\ntwo\n")
    text = f"# T\r\n{{% include 'a.md' %}}\r\n{BLOCK}\r\n"
    assert _rendered(text, tmp_path) == f"# T\r\none\r\ntwo\r\n\r\n{BLOCK}\r\n"


def test_a_page_without_template_syntax_stays_as_it_is(tmp_path: Path) -> None:
    text = f"{BLOCK}\n100 % {{ }} }} {{ #\n"
    assert _rendered(text, tmp_path) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for i in range(9**9) %}x{% endfor %}", "got a for"),
        ("{{ model_name * 999999999 }}", "got a mul"),
        ("{{ model_name | upper }}", "got a filter"),
        ("{{ model_name.__class__ }}", "got a getattr"),
        ("{{ range(3) }}", "got a call"),
        ("{% set a = 1 %}", "got a assign"),
        ("{% macro a() %}{% endmacro %}", "got a macro"),
        ("{% if model_name %}x{% endif %}", "got a if"),
        ("{% include ['a.md', 'b.md'] %}", "an include whose name is computed"),
        ("{% include model_name %}", "an include whose name is computed"),
        (
            "\n{{ unknown }}",
            "page.md:2:1: expected a template",
        ),
        ("{{ missing }}", "the variable missing, which the page's first model does not declare"),
        ("{{ long }}" * 20_000, "more than 8388608 characters"),
        (
            "\n\n{% include 'loop.md' %}",
            "page.md:3:1: expected a template of text, variables and files in _includes/, got a for",
        ),
        ("{% include 'none.md' %}", "an include of none.md, which is not in modelindex/_includes/"),
        ("{% include '../secret.md' %}", "an include outside _includes/: ../secret.md"),
        ("{% include '/etc/passwd' %}", "an include outside _includes/: /etc/passwd"),
        ("{% include 'link.md' %}", "an include outside _includes/: link.md"),
        ("{% include 'self.md' %}", "self.md, which includes itself"),
        ("{% include 'bomb0.md' %}", "more than 8388608 characters"),
        ("{{ model_name", "expected token 'end of print statement'"),
    ],
)
def test_templates_that_are_refused(tmp_path: Path, template: str, message: str) -> None:
    folder = tmp_path / "_includes"
    folder.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "loop.md").write_text("\n\n\n\n{% for i in [1] %}{% endfor %}")
    (folder / "self.md").write_text("{% include 'self.md' %}")
    for depth in range(40):
        (folder / f"bomb{depth}.md").write_text(f"{{% include 'bomb{depth + 1}.md' %}}" * 2)
    (folder / "bomb40.md").write_text("")
    with pytest.raises(PageError) as raised:
        _rendered(f"{template}\n{BLOCK}\n", folder)
    assert message in str(raised.value)


@pytest.mark.parametrize("name", ["<script>", "a`b", "a\nb", '"', "{{ weights }}", "a|b"])
def test_values_that_could_be_markup_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PageError, match="could be read as more than a value"):
        _rendered(f"{{{{ model_name }}}}\n{BLOCK}\n", tmp_path, model_name=name)
    assert _rendered(f"{{{{ weights }}}}\n{BLOCK}\n", tmp_path, model_name=name).startswith("https://")


def test_an_include_is_rendered_however_its_path_is_written(tmp_path: Path) -> None:
    (tmp_path / "ok.md").write_text("text")
    (tmp_path / "sub").mkdir()
    assert _rendered(f"{{% include 'sub/../ok.md' %}}\n{BLOCK}", tmp_path).startswith("text\n")


@pytest.mark.parametrize("template", ["{{ " + "9" * 5000 + " }}", "{{ " + "+".join("1" * 3000) + " }}"])
def test_long_numbers_and_sums_are_faults_of_the_page(template: str, tmp_path: Path) -> None:
    with pytest.raises(PageError, match=r"page\.md:1:1: expected a template of text"):
        _rendered(f"{template}\n{BLOCK}", tmp_path)
