import pytest

from harness.index import prose
from harness.index.page import page_from_text

INDEX = "\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n"


def test_relations_are_read_from_inline_and_display_formulas() -> None:
    page = page_from_text("We set $b = 1$, $12 \\leq d \\leq 28$ and $x$:\n\n$$ u\\_{j} = w\\_{0} $$\n" + INDEX, "p.md")
    found = [(statement.text, statement.where.line) for statement in prose.relations(page)]
    assert found == [("b = 1", 1), ("12 ≤ d ≤ 28", 1), ("u_j = w_0", 3)]


@pytest.mark.parametrize("text", ["Piotr Dollár", "naïve café", "“quoted” – and … so on", "数学 модель", "ﬁne"])
def test_correctly_decoded_text_is_not_reported(text: str) -> None:
    assert list(prose.damaged_text(page_from_text(text + INDEX, "p.md"))) == []


@pytest.mark.parametrize(
    ("text", "found", "corrected"),
    [("by DollÃ¡r},", "DollÃ¡r", "Dollár"), ("itâ€™s", "itâ€™s", "it’s"), ("(naÃ¯ve)", "(naÃ¯ve", "(naïve")],
)
def test_wrongly_decoded_text_is_located_and_corrected(text: str, found: str, corrected: str) -> None:
    (damage,) = prose.damaged_text(page_from_text(f"first\n{text}{INDEX}", "p.md"))
    assert (damage.text, prose.fix_encoding(damage.text)) == (found, corrected)
    assert (damage.where.line, damage.where.column) == (2, text.index(found) + 1)


def test_wrongly_decoded_text_in_the_block_is_found() -> None:
    text = "<!--\nType: model-index\nModels:\n- Name: a\n  Metadata:\n    Training Data: DollÃ¡r\n-->"
    (damage,) = prose.damaged_text(page_from_text(text, "p.md"))
    assert damage.where.line == 6


def test_blocks_are_links_or_hyphened_names_outside_code() -> None:
    text = "With [Residual blocks](u) and squeeze-and-excitation blocks, each block.\n```\n$ x = 1 $ [A blocks]\n```\n"
    page = page_from_text(text + INDEX, "p.md")
    assert [statement.text for statement in prose.named_blocks(page)] == ["Residual", "squeeze-and-excitation"]
    assert list(prose.relations(page)) == []
