"""A few hundred inputs of each kind from ci/fuzz.py."""

import importlib.util
import sys

import pytest

from tests.conftest import ROOT

_SPEC = importlib.util.spec_from_file_location("fuzz", ROOT / "ci" / "fuzz.py")
assert _SPEC
assert _SPEC.loader
fuzz = importlib.util.module_from_spec(_SPEC)
sys.modules["fuzz"] = fuzz
_SPEC.loader.exec_module(fuzz)


@pytest.mark.parametrize(("kind", "number"), [("page", 400), *((kind, 120) for kind in fuzz.KINDS)])
def test_mutated_input_raises_only_the_errors_of_its_reader(kind: str, number: int) -> None:
    """Mutated input is read, or refused with the reader's own error."""
    read = [fuzz.read(*fuzz.mutated(kind, seed)) for seed in range(number)]
    assert 0 < sum(read) < len(read)
