"""Import torchvision without torch's compiler, which takes longer than all else and which nothing here needs."""

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
    """While torchvision is imported, stand in for the compiler, of which it asks one question.

    `torchvision.ops.roi_align` imports `torch._dynamo.utils` at its top; that takes 1.5 s, four times as long as
    the rest of torchvision. What stands in for it loads the real one when it is called.
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
    stand_ins = {package.__name__: package, module.__name__: module}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
