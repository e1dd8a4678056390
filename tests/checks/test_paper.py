"""Papers: titles apart from their spelling, and links that shorten them."""

import pytest

from harness.verdict import Status
from tests.conftest import verdicts_on

TITLE = "Big Transfer (BiT): General Visual Representation Learning"
PAGE = """<!--
Type: model-index
Collections:
- Name: Big Transfer
  Paper:
    Title: '{title}'
    URL: {url}
Models:
- Name: resnetv2_50x1_bitm
-->
"""


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://arxiv.org/abs/1912.11370", Status.PASS),
        ("https://paperswithcode.com/paper/big-transfer-bit-general-visual-representation-learning", Status.PASS),
        # Of the first version's title, shortened; the second paper of this title; the number without its point.
        ("https://paperswithcode.com/paper/large-scale-learning-of-general-visual", Status.PASS),
        ("https://paperswithcode.com/paper/big-transfer-bit-general-visual-representation-1", Status.PASS),
        ("https://paperswithcode.com/paper/191211370", Status.PASS),
        ("https://paperswithcode.com/paper/big", Status.UNCHECKED),
        ("https://paperswithcode.com/paper/large-scale-learning-of-general-vis", Status.UNCHECKED),
        ("https://paperswithcode.com/paper/191211371", Status.UNCHECKED),
    ],
)
def test_links(url: str, status: Status) -> None:
    (verdict,) = verdicts_on(PAGE.format(title=TITLE, url=url), select=lambda claim: claim.kind == "paper_url")
    assert verdict.status is status


@pytest.mark.parametrize(
    ("title", "status"),
    [
        (TITLE, Status.PASS),
        ("Big Transfer (BiT) : general visual representation learning", Status.PASS),
        ("Large Scale Learning of General Visual Representations for Transfer", Status.PASS),
        ("Big Transfer (BiT)", Status.PASS),  # without the subtitle
        ("Big Transfer", Status.FAIL),
    ],
)
def test_titles(title: str, status: Status) -> None:
    url = "https://arxiv.org/abs/1912.11370"
    (verdict,) = verdicts_on(PAGE.format(title=title, url=url), select=lambda claim: claim.kind == "paper_title")
    assert verdict.status is status
