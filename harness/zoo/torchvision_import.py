"""Import torchvision without torch's compiler, which takes most of the import time and is not needed."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def import_torchvision(name: str) -> Any:
    """The module `torchvision.<name>`."""
    with _dynamo_deferred():
        return importlib.import_module(f"torchvision.{name}")


@contextmanager
def _dynamo_deferred() -> Iterator[None]:
    """Replace the compiler by a placeholder while torchvision is imported.

    `torchvision.ops.roi_align` imports one function from `torch._dynamo.utils`. That takes 1.5 s, four times as long
    as the rest of torchvision. The placeholder of that function imports the real one when it is called.
    """
    package, module = ModuleType("torch._dynamo"), ModuleType("torch._dynamo.utils")
    if package.__name__ in sys.modules:
        yield
        return

    def is_compile_supported(device_type: str) -> bool:
        real = importlib.import_module(module.__name__)
        return bool(real.is_compile_supported(device_type))

    vars(module)["is_compile_supported"] = is_compile_supported
    vars(package)["utils"] = module
    placeholders = {package.__name__: package, module.__name__: module}
    sys.modules.update(placeholders)
    try:
        yield
    finally:
        for name in placeholders:
            del sys.modules[name]
