"""Real tensors for networks that need values to be built or to run: one network at a time, within a memory limit."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from harness.system.cache_folder import cache_home
from harness.verdict import NotHereError

if TYPE_CHECKING:
    from torch.overrides import TorchFunctionMode

LIMIT = 2 * 2**30  # bytes of real tensors


class StorageLimitError(NotHereError):
    """The network needs more real tensors than allowed."""


def needs_real_tensors(error: BaseException | None) -> bool:
    """Whether torch raised the exception because `meta` tensors have no values; torch has no class for these errors."""
    return isinstance(error, RuntimeError | TypeError) and "meta" in str(error)


@contextmanager
def real_tensors() -> Iterator[None]:
    """Inside, tensors are real; uninitialized ones are zeros, which take no memory until they are written.

    Waits while another process is inside. Raises StorageLimitError before more than LIMIT bytes exist at once.
    """
    with ExitStack() as stack:
        # Without file locks, each process applies the limit on its own.
        with suppress(ImportError, OSError):
            import fcntl

            folder = cache_home()
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / "real-tensors.lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
        stack.enter_context(_memory_limit())
        yield


def _memory_limit() -> "TorchFunctionMode":
    import torch
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.overrides import TorchFunctionMode

    factories = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn}

    class MemoryLimit(TorchFunctionMode):
        """Tracks the bytes of all real tensors that still exist."""

        def __init__(self) -> None:
            super().__init__()
            self.storages: dict[int, tuple[StorageWeakRef, int]] = {}

        def __torch_function__(self, function: Any, types: object, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if function in factories and kwargs.get("device") is None:
                self.require(function(*args, **{**kwargs, "device": "meta"}).nbytes)
                if function is torch.empty and "memory_format" not in kwargs:
                    function = torch.zeros
            result = function(*args, **kwargs)
            if isinstance(result, torch.Tensor) and result.device.type == "cpu" and result.layout is torch.strided:
                storage = result.untyped_storage()
                reference = StorageWeakRef(storage)
                self.storages[reference.cdata] = reference, storage.nbytes()
                self.require(0)
            return result

        def require(self, additional: int) -> None:
            """Raise StorageLimitError if `additional` bytes would exceed the limit."""
            if self.total() + additional <= LIMIT:
                return
            self.storages = {key: entry for key, entry in self.storages.items() if not entry[0].expired()}
            if self.total() + additional > LIMIT:
                missing = f"the network needs more than {LIMIT / 2**30:g} GiB of real tensors"
                supply = "change its constructor and forward pass so that they do not depend on tensor values"
                raise StorageLimitError(missing, supply)

        def total(self) -> int:
            return sum(size for _, size in self.storages.values())

    return MemoryLimit()
