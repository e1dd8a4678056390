"""A few hundred of the pages that ci/fuzz.py makes."""

import importlib.util

from tests.conftest import ROOT

_SPEC = importlib.util.spec_from_file_location("fuzz", ROOT / "ci" / "fuzz.py")
assert _SPEC
assert _SPEC.loader
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


def test_mutated_pages_raise_nothing_but_page_errors() -> None:
    """A page cut, doubled or strewn with characters that mean something is read, or refused with its place."""
    read = [fuzz.read(*fuzz.mutated(seed)) for seed in range(400)]
    assert 0 < sum(read) < len(read)
