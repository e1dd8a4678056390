"""Real tensors for the few networks that need numbers to be built or to run: one network at a time, within a limit."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from harness.system.files import cache_home

if TYPE_CHECKING:
    from torch.overrides import TorchFunctionMode

LIMIT = 2 * 2**30  # bytes


class StorageLimitError(Exception):
    """A network that needs numbers, and more of them than are to be held."""

    def __init__(self) -> None:
        self.missing = f"the network needs real tensors, and more than {LIMIT / 2**30:g} GiB of them"
        self.supply = "let its constructor and its forward pass compute nothing from values of tensors"
        super().__init__(f"{self.missing}; {self.supply}")


def lacks_numbers(error: BaseException | None) -> bool:
    """Whether an exception is that of something which cannot be done on `meta`; torch has no class for these."""
    return isinstance(error, RuntimeError | TypeError) and "meta" in str(error)


@contextmanager
def real_tensors() -> Iterator[None]:
    """Inside, tensors are made in memory, and zeros in the place of what nobody fills, which takes none until written.

    Waits while another process is inside. Raises StorageLimitError where more than LIMIT bytes would be held.
    """
    with ExitStack() as inside:
        # Where no file can be locked, processes do not know of each other, and each keeps to the limit by itself.
        with suppress(ImportError, OSError):
            import fcntl

            folder = cache_home()
            folder.mkdir(parents=True, exist_ok=True)
            file = inside.enter_context((folder / "real-tensors.lock").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        inside.enter_context(_limited())
        yield


def _limited() -> "TorchFunctionMode":
    import torch
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.overrides import TorchFunctionMode

    sized = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn}

    class Limited(TorchFunctionMode):
        """Adds up the bytes of the tensors that are made and still held."""

        def __init__(self) -> None:
            super().__init__()
            self.held: dict[int, tuple[StorageWeakRef, int]] = {}

        def __torch_function__(
            self,
            function: Callable[..., Any],
            types: object,
            args: tuple[Any, ...] = (),
            kwargs: dict[str, Any] | None = None,
        ) -> Any:
            kwargs = kwargs or {}
            if function in sized and kwargs.get("device") is None:
                self.refuse(function(*args, **{**kwargs, "device": "meta"}).nbytes)
                if function is torch.empty and "memory_format" not in kwargs:
                    function = torch.zeros
            result = function(*args, **kwargs)
            if isinstance(result, torch.Tensor) and result.device.type == "cpu" and result.layout is torch.strided:
                storage = result.untyped_storage()
                reference = StorageWeakRef(storage)
                self.held[reference.cdata] = reference, storage.nbytes()
                self.refuse(0)
            return result

        def refuse(self, more: int) -> None:
            """Raise StorageLimitError if `more` bytes beside those held would be too many."""
            if self.total() + more <= LIMIT:
                return
            self.held = {key: kept for key, kept in self.held.items() if not kept[0].expired()}
            if self.total() + more > LIMIT:
                raise StorageLimitError

        def total(self) -> int:
            return sum(size for _, size in self.held.values())

    return Limited()
