"""Code spans and comments of rendered pages: found in one pass, so that hostile text costs no time."""

import pytest

from harness.index.page import Parts
from harness.report.verified_page import with_links_from

LINK, REWRITTEN = "[a](b.md)", "[a](../../b.md)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LINK, REWRITTEN),
        (f"`{LINK}` {LINK}", f"`{LINK}` {REWRITTEN}"),
        (f"`` ` {LINK} `` {LINK}", f"`` ` {LINK} `` {REWRITTEN}"),
        (f"``` {LINK} `` {LINK}", f"``` {REWRITTEN} `` {REWRITTEN}"),
        (f"<!-- ` {LINK} --> {LINK} `", f"<!-- ` {LINK} --> {REWRITTEN} `"),
        (f"` <!-- ` {LINK} -->", f"` <!-- ` {REWRITTEN} -->"),
        (f"<!-- {LINK} {'<!-- ' * 100_000}", f"<!-- {REWRITTEN} {'<!-- ' * 100_000}"),
        (
            f"{LINK} {' '.join('`' * number for number in range(1, 1000))}",
            f"{REWRITTEN} {' '.join('`' * number for number in range(1, 1000))}",
        ),
    ],
)
def test_links_in_code_and_comments_stay(before: str, after: str) -> None:
    assert with_links_from(Parts(before, "", ""), "page.md", "../..").before == after
