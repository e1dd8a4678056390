"""File sizes of zoos with a known serialisation, and of others, whose size is compared to all named ones."""

import hashlib
import re
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from harness.project.references import SHIPPED, load_references
from harness.project.resources import Resources
from harness.verdict import Fact, Status, Table, Verdict
from tests.conftest import judged, page_text

ON_FILE = page_text()
# The same models in a collection that the references do not know.
ELSEWHERE = ON_FILE.replace("RegNetY\n", "Elsewhere\n")


def _verdict(page: str, model: str, declared: str, other: str) -> Verdict:
    """The verdict on a model whose declared size is changed to another."""
    assert f"File Size: {declared}\n" in page
    text = page.replace(f"File Size: {declared}\n", f"File Size: {other}\n")
    select = lambda claim: (claim.model, claim.kind) == (model, "file_size")  # noqa: E731
    return judged(text, select=select)[model, "file_size"]


SMALLEST = partial(_verdict, model="regnety_002", declared="12782926")
AVERAGED = partial(_verdict, model="regnety_032", declared="78084523")


def test_a_known_serialisation_decides_alone() -> None:
    assert SMALLEST(ON_FILE, other="12782926").status is Status.PASS
    wrong = SMALLEST(ON_FILE, other="12782923")
    assert (wrong.status, wrong.measured, wrong.difference) == (Status.FAIL, "12782926", "+3")
    # Bytes are declared to the byte, whatever digit they end in.
    assert SMALLEST(ON_FILE, other="12782930").status is Status.FAIL
    # The references have another type of counters for the averaged weights.
    counters = AVERAGED(ON_FILE, other="78084523").find("batch_norm_counters")
    assert isinstance(counters, Fact)
    assert counters.values == ("float32",)
    assert AVERAGED(ON_FILE, other="78084936").status is Status.FAIL


@pytest.mark.parametrize(
    ("verdict", "method", "tried"),
    [
        (partial(SMALLEST, other="12782926"), "prediction, legacy", 1),
        (partial(SMALLEST, other="12782923"), "prediction, legacy, dict", 3),
        (partial(AVERAGED, other="78084523"), "prediction, legacy, float32 counters", 2),
    ],
)
def test_a_named_serialisation_that_gives_exactly_the_bytes_confirms_them(
    verdict: partial[Verdict], method: str, tried: int
) -> None:
    found = verdict(ELSEWHERE)
    assert (found.status, found.method) == (Status.PASS, method)
    assert found.measured == found.claim.declared
    serialisations = found.find("serialisations")
    assert isinstance(serialisations, Table)
    assert len(serialisations.rows) == tried
    assert "not their values" in found.reason


def test_a_size_that_only_a_range_gives_is_explained() -> None:
    found = SMALLEST(ELSEWHERE, other="12782946")
    assert (found.status, found.method) == (Status.EXPLAINED, "range, legacy")
    assert "names and structure take between" in found.reason
    ranges = found.find("ranges")
    assert isinstance(ranges, Table)
    data, smallest, largest = (int(str(ranges.column(name)[0])) for name in ("data", "smallest", "largest"))
    assert data < smallest < 12782926 < largest < 1.005 * smallest
    for size, status in (
        (smallest + 1, Status.EXPLAINED),
        (largest, Status.EXPLAINED),
        (smallest - 1, Status.NOT_RUN),
        (largest + 1, Status.NOT_RUN),
    ):
        assert SMALLEST(ELSEWHERE, other=str(size)).status is status


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_tensor_more_or_less_is_not_explained(sign: int) -> None:
    """A convolution of the last stage and the classifier's matrix."""
    for tensor in (368 * 152 * 4, 368 * 1000 * 4):
        found = SMALLEST(ELSEWHERE, other=str(12782926 + sign * tensor))
        assert found.status is Status.NOT_RUN
        assert "nor does it lie in the range" in found.reason
        assert found.find("ranges") is not None


def test_the_size_of_another_network_of_the_family_is_not_explained() -> None:
    sizes = set(re.findall(r"File Size: (\d+)", ON_FILE)) - {"12782926"}
    assert len(sizes) == 11
    found = [SMALLEST(ELSEWHERE, other=size) for size in sizes]
    assert not {item.status for item in found} & {Status.PASS, Status.EXPLAINED}
    assert "The page declares the same size for regnety_" in found[0].reason + found[1].reason


def test_a_size_declared_for_two_networks_is_explained_if_it_fits_only_one() -> None:
    found = SMALLEST(ELSEWHERE.replace("File Size: 17542753", "File Size: 12782946"), other="12782946")
    assert found.status is Status.EXPLAINED


def test_a_size_declared_for_two_networks_is_not_explained_if_it_fits_both() -> None:
    """The first of them has a few small convolutions more."""
    page = ELSEWHERE.replace("Name: regnety_002\n", "Name: ecaresnet50d\n")
    page = page.replace("File Size: 17542753", "File Size: 102573170")
    page = page.replace("Name: regnety_004\n", "Name: gluon_resnet50_v1c\n")
    found = _verdict(page, "ecaresnet50d", "12782926", "102573170")
    assert found.status is Status.NOT_RUN
    assert "does not distinguish these networks" in found.reason
    assert "The page declares the same size for gluon_resnet50_v1c." in found.reason


def test_a_size_declared_for_one_network_under_two_names_is_explained() -> None:
    page = ELSEWHERE.replace("File Size: 17542753", "File Size: 12782946")
    page = page.replace("Name: regnety_004\n", "Name: regnety_002.pycls_in1k\n")
    assert SMALLEST(page, other="12782946").status is Status.EXPLAINED


def test_a_wide_range_explains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.checks.file_size._WIDEST", Decimal("0.0001"))
    found = SMALLEST(ELSEWHERE, other="12782946")
    assert found.status is Status.NOT_RUN
    assert "too wide to explain it" in found.reason


def test_bytes_that_cannot_hold_the_parameters_fail() -> None:
    """regnety_002 has 3 162 996 parameters, declared as 3 160 000."""
    assert SMALLEST(ELSEWHERE, other="3162995").status is Status.FAIL
    # A file of 8-bit numbers may be that small.
    assert SMALLEST(ELSEWHERE, other="3162996").status is Status.NOT_RUN
    # The page says that the network is another one: then the network proves nothing.
    elsewhere = ELSEWHERE.replace("Parameters: 3160000", "Parameters: 2160000")
    assert SMALLEST(elsewhere, other="3162995").status is Status.NOT_RUN


def test_the_size_of_a_siblings_file_fails_if_it_holds_less_than_half_precision() -> None:
    """regnety_320 has 145 million parameters."""
    largest = partial(_verdict, model="regnety_320", declared="580891965")
    found = largest(ELSEWHERE, other="157124671")
    assert found.status is Status.FAIL
    assert "The page declares the same size for regnety_080." in found.reason
    assert largest(ELSEWHERE, other="157124673").status is Status.NOT_RUN
    assert largest(ELSEWHERE, other="334916722").status is Status.NOT_RUN


def test_a_rounded_size_says_how_many_serialisations_lie_within_its_step() -> None:
    found = SMALLEST(ELSEWHERE, other="12.78 MB")
    assert (found.status, found.measured) == (Status.PASS, "12782926")
    assert "give the declared size within its step of 10000 bytes" in found.reason
    assert "is not proven" in found.reason
    assert SMALLEST(ELSEWHERE, other="12.76 MB").status is Status.NOT_RUN


def test_an_unknown_serialisation_in_the_references_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    references = load_references([SHIPPED])
    monkeypatch.setitem(references.collections["RegNetY"], "serialization", "pigeon")  # type: ignore[arg-type]
    monkeypatch.setattr("tests.conftest.shipped_references", lambda: references)
    found = SMALLEST(ON_FILE, other="12782926")
    assert found.status is Status.NOT_RUN
    assert "'pigeon'" in found.reason


def test_the_file_decides_even_if_no_builder_knows_its_network(tmp_path: Path) -> None:
    data = b"some bytes"
    file = f"mystery_net-{hashlib.sha256(data).hexdigest()[:8]}"
    (tmp_path / f"{file}.pth").write_bytes(data)
    text = ON_FILE.replace("Name: regnety_002\n", "Name: mystery_net\n").replace("regnety_002-e68ca334", file)
    text = text.replace("File Size: 12782926", f"File Size: {len(data)}")
    select = lambda claim: (claim.model, claim.kind) == ("mystery_net", "file_size")  # noqa: E731
    found = judged(text, Resources(weights=tmp_path), select)["mystery_net", "file_size"]
    assert (found.status, found.measured) == (Status.PASS, str(len(data)))
