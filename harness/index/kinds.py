"""Keys of a page as kinds of claims: `File Size` is `file_size`, `Params (M)` is `parameters` in millions."""

import re
from functools import lru_cache

# Keys that name the unit: `Params (M)`, `FLOPs(G)`, `GMACs`, `File Size (MB)`.
_UNIT_IN_KEY = re.compile(
    r"(?P<parameters>#?\s*param(?:eter)?s?)\s*(?:[\[(](?P<parameters_unit>[KMG])[\])])?"
    r"|(?P<flops>FLOPs|MACs)\s*(?:[\[(](?P<flops_unit>[KMGT])[\])])?"
    r"|(?P<prefix>[KMGT])(?:FLOPs|MACs)"
    r"|(?:model|file) size\s*[\[(](?P<bytes>[KMG]i?B)[\])]",
    re.IGNORECASE,
)
_UNIT_SPELLINGS = {unit.casefold(): unit for unit in ("K", "M", "G", "T", "KB", "MB", "GB", "KiB", "MiB", "GiB")}


@lru_cache(maxsize=4096)
def snake_case(key: str) -> str:
    """The kind of claim that a key makes: `File Size` → `file_size`."""
    return re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")


@lru_cache(maxsize=4096)
def kind_and_unit(key: str) -> tuple[str, str]:
    """The kind that a metadata key means, and the unit it names: `Params (M)` → `parameters`, `M`."""
    match = _UNIT_IN_KEY.fullmatch(key.strip())
    if match is None:
        return snake_case(key), ""
    unit = match["parameters_unit"] or match["flops_unit"] or match["prefix"] or match["bytes"] or ""
    kind = "parameters" if match["parameters"] else "file_size" if match["bytes"] else "flops"
    return kind, _UNIT_SPELLINGS.get(unit.casefold(), "")
