"""A few hundred pages from ci/fuzz.py."""

import importlib.util

from tests.conftest import ROOT

_SPEC = importlib.util.spec_from_file_location("fuzz", ROOT / "ci" / "fuzz.py")
assert _SPEC
assert _SPEC.loader
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


def test_mutated_pages_raise_only_page_errors() -> None:
    """A mutated page is read, or refused with a location."""
    read = [fuzz.read(*fuzz.mutated(seed)) for seed in range(400)]
    assert 0 < sum(read) < len(read)
