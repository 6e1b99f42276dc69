"""Read torch.save's files with an unpickler that can build tensors and plain containers alone.

Whatever else a file names is replaced by a thing that does nothing when it is called, filled or
given a state, so that published checkpoints that hold a whole training run can be stepped through.
"""

import collections
import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

MAGIC = 0x1950A86A20F9469CFC6C  # of torch.save before PyTorch 1.6
PROTOCOL = 1001
DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class Kept(NamedTuple):
    """Numbers of a tensor or several: their kind, how many, and the bytes once they are read."""

    dtype: torch.dtype
    count: int
    content: bytearray


class Nothing:
    """Stands for whatever is no tensor: it takes everything and does nothing."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __call__(self, *args, **kwargs):
        return Nothing()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass

    def add(self, value):
        pass


class Unpickler(pickle.Unpickler):
    """Builds what ALLOWED names and Nothing for the rest; notes the rest's names.

    keep: makes the numbers of a storage out of its dtype, key and count.
    """

    def __init__(self, file, keep: Callable[[torch.dtype, str, int], Kept] | None = None):
        super().__init__(file, encoding="utf-8")
        self.keep, self.foreign = keep, []

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]
        self.foreign.append(f"{module}.{name}")
        return Nothing

    def persistent_load(self, pid: Any) -> Kept:
        if self.keep is None or pid[0] != "storage" or not isinstance(pid[1], torch.dtype):
            raise pickle.UnpicklingError("a reference that is no storage")
        if any(view is not None for view in pid[5:]):  # of files before PyTorch 0.4
            raise pickle.UnpicklingError("a storage that is part of another")
        return self.keep(pid[1], str(pid[2]), int(pid[4]))


def tensor(kept: Kept, offset: int, size: tuple, stride: tuple, *_) -> Tensor:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    numbers = (offset, *size, *stride)
    if min(numbers) < 0 or (0 not in size and last >= kept.count) or max(numbers) > 2**40:
        raise pickle.UnpicklingError("a tensor that is larger than its numbers")
    if not kept.content:
        return torch.empty(size, dtype=kept.dtype)
    return torch.frombuffer(kept.content, dtype=kept.dtype).as_strided(size, stride, offset)


def _parameter(found: Tensor, *_) -> Tensor:
    return found


ALLOWED = {
    ("torch._utils", "_rebuild_tensor"): tensor,
    ("torch._utils", "_rebuild_tensor_v2"): tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("collections", "OrderedDict"): collections.OrderedDict,
}


def load(path: Path) -> Any:
    """Read a file of torch.save, old or new, with tensors on the CPU and Nothing for all the rest.

    Raises ValueError for one that is cut short, damaged or something else.
    """
    try:
        return _read(path)[0]
    except BROKEN:
        raise ValueError(f"{path.name} is cut short, damaged or not of torch.save.") from None


def foreign(path: Path) -> list[str]:
    """Name what a file of torch.save holds beside tensors and containers; nothing of it is run."""
    try:
        return _read(path)[1]
    except BROKEN:
        return []


BROKEN = (
    pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, ValueError, KeyError,
    TypeError, AttributeError, IndexError, OverflowError, MemoryError, RuntimeError, RecursionError,
)  # fmt: skip


def _read(path: Path) -> tuple[Any, list[str]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return _new(archive)
    with path.open("rb") as file:
        return _old(file, path.stat().st_size)


def _new(archive: zipfile.ZipFile) -> tuple[Any, list[str]]:
    (main,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    folder, seen = main.removesuffix("data.pkl"), {}

    def keep(dtype: torch.dtype, key: str, count: int) -> Kept:
        if key not in seen:
            entry = archive.getinfo(f"{folder}data/{key}")
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != count * item_size(
                dtype
            ):
                raise pickle.UnpicklingError("numbers of another length than their tensor's")
            seen[key] = bytearray(archive.read(entry))
        return Kept(dtype, count, seen[key])

    unpickler = Unpickler(io.BytesIO(archive.read(main)), keep)
    return unpickler.load(), unpickler.foreign


def _old(file, length: int) -> tuple[Any, list[str]]:
    first = Unpickler(file)
    if first.load() != MAGIC:
        return None, first.foreign
    if Unpickler(file).load() != PROTOCOL:
        raise pickle.UnpicklingError("a protocol that is not known")
    Unpickler(file).load()  # the sizes of numbers on the machine that wrote it
    seen: dict[str, Kept] = {}

    def keep(dtype: torch.dtype, key: str, count: int) -> Kept:
        if key not in seen:
            room = length - sum(len(each.content) for each in seen.values())
            if not 0 <= count * item_size(dtype) <= room:
                raise pickle.UnpicklingError("more numbers than the file can hold")
            seen[key] = Kept(dtype, count, bytearray(count * item_size(dtype)))
        return seen[key]

    unpickler = Unpickler(file, keep)
    payload = unpickler.load()
    for key in Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        kept = seen[str(key)]
        if count != kept.count or file.readinto(kept.content) != len(kept.content):
            raise pickle.UnpicklingError("fewer numbers than were said")
    return payload, unpickler.foreign


def item_size(dtype: torch.dtype) -> int:
    return torch.empty(0, dtype=dtype).element_size()
