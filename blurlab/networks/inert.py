"""Read torch.save's files without running anything in them: tensors and plain containers come out.

Whatever else a file holds is stepped over, so that published checkpoints that hold a whole training
run can be read. What a file claims to hold is compared with its length before room is made.
"""

import io
import math
import os
import pickle
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from blurlab.networks import pickles
from blurlab.networks.pickles import Excess, Known, Pickle

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
MOST_TENSORS = 20_000  # the largest networks have a few thousand, their optimizers twice as many
MOST_NUMBERS = 2**40  # of one tensor, were there no file to hold it against
MOST_REPEATED = 2**20  # numbers of a tensor that shows some of its own several times
LONGEST_DIRECTORY = 4 * 2**20  # bytes of an archive's list of what is in it

SAVED = "save the state dict alone, as safetensors or with torch.save"


class Kept(NamedTuple):
    """Numbers of a tensor or several: their kind, how many, and the bytes once they are read."""

    dtype: torch.dtype
    count: int  # type: ignore[assignment]  # hides tuple.count
    content: bytearray


class Unusable(NamedTuple):
    """Stands for numbers, or a tensor of them, that are not plain ones in a row."""

    kind: str


def tensor(kept: Kept, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Tensor:
    """Make the tensor of some of the numbers that were kept.

    Raises UnpicklingError for one that reaches beyond them, or that no memory could hold.
    """
    numbers = (offset, *size, *stride)
    if not isinstance(kept, Kept) or not all(type(number) is int for number in numbers):
        raise pickle.UnpicklingError("a tensor of what is no number")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if min(numbers) < 0 or (0 not in size and last >= kept.count):
        raise pickle.UnpicklingError("a tensor that is larger than its numbers")
    total = math.prod(size)
    if math.prod(max(n, 1) for n in numbers) > MOST_NUMBERS and total == 0:
        raise pickle.UnpicklingError("a tensor with a side that is no length")
    if total > max(kept.count, MOST_REPEATED):
        raise pickle.UnpicklingError("a tensor that repeats its numbers beyond measure")
    if not kept.content:
        return torch.empty(size, dtype=kept.dtype)
    return torch.frombuffer(kept.content, dtype=kept.dtype).as_strided(size, stride, offset)


def _parameter(found: Any, *_: Any) -> Any:
    return found


def _ordered(items: Any = (), *_: Any) -> dict:
    made: dict = {}
    pickles.fill(made, items)
    return made


def _typed(function: Any, _: Any, arguments: Any, *__: Any) -> Any:
    """Make a tensor with attributes as one without."""
    if isinstance(function, Known) and function.make and isinstance(arguments, tuple):
        return function.make(*arguments)
    return pickles.NOTHING


def _unusable(kind: str, *_: Any) -> Unusable:
    return Unusable(kind)


FUNCTIONS: dict[str, Callable] = {
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _typed,
    "collections.OrderedDict": _ordered,
}
FUNCTIONS |= {
    f"torch._utils._rebuild_{name}": partial(_unusable, kind)
    for name, kind in {
        "sparse_tensor": "sparse",
        "sparse_csr_tensor": "sparse",
        "meta_tensor_no_storage": "meta",
        "qtensor": "quantised",
        "nested_tensor": "nested",
        "wrapper_subclass": "wrapped",
        "tensor_v3": "rare",
    }.items()
}
# What a state dict may name beside tensors, and what is not worth telling.
QUIET = re.compile(
    r"torch\.(Size|device|serialization\._get_layout|nn\.parameter\.Parameter)|_codecs\.encode"
    r"|(builtins|__builtin__)\.(set|frozenset|bytearray|complex|range|slice)"
)


def _knowing() -> Callable[[str], Known | None]:
    """Return what finds a name's meaning, for one file and so many tensors."""
    left = MOST_TENSORS

    def counted(kept: Any, *given: Any) -> Tensor | Unusable:
        nonlocal left
        left -= 1
        if left < 0:
            raise Excess(f"holds over {MOST_TENSORS:,} tensors")
        return kept if isinstance(kept, Unusable) else tensor(kept, *given)

    def known(name: str) -> Known | None:
        if name in ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"):
            return Known(make=counted)
        if name in FUNCTIONS:
            return Known(make=FUNCTIONS[name])
        module, _, last = name.rpartition(".")
        if module in ("torch", "torch.storage") and last.endswith("Storage"):
            return Known(DTYPES.get(last, pickles.NOTHING))
        is_dtype = module == "torch" and isinstance(getattr(torch, last, None), torch.dtype)
        return Known(pickles.NOTHING) if is_dtype or QUIET.fullmatch(name) else None

    return known


def _no_reference(_: Any) -> None:
    raise pickle.UnpicklingError("a reference where there is none")


BROKEN = (
    pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, ValueError, KeyError,
    TypeError, AttributeError, IndexError, OverflowError, MemoryError, RuntimeError, RecursionError,
    NotImplementedError, Excess,
)  # fmt: skip


def load(path: Path) -> Pickle:
    """Read a file of torch.save, old or new, with tensors on the CPU; tell what was stepped over.

    Raises ValueError, in one sentence, for one that asks for too much or is something else.
    """
    try:
        if zipfile.is_zipfile(path):
            with opened(path) as archive:
                return _new(archive, path.stat().st_size)
        with path.open("rb") as file:
            return _old(file, path.stat().st_size)
    except Excess as error:
        raise ValueError(f"{path.name} {error}; {SAVED}.") from None
    except BROKEN:
        raise ValueError(
            f"{path.name} is neither safetensors nor whole as torch.save writes; {SAVED}."
        ) from None


class _Directory(io.FileIO):
    """A file of which no more is read at once than an archive's list may be long."""

    def read(self, count: int | None = -1, /) -> bytes:
        if count is None or count < 0:
            count = os.fstat(self.fileno()).st_size - self.tell()
        if count > LONGEST_DIRECTORY:
            raise Excess("holds an endless list of files")
        return super().read(count)


def opened(path: Path) -> zipfile.ZipFile:
    """Open an archive, whose list of files is read first and could fill all memory.

    Raises Excess for a list that is too long or names a file twice; BadZipFile for what is none.
    """
    with _Directory(path) as file, zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    if len(set(names)) < len(names):
        raise Excess("holds two files of one name")
    return zipfile.ZipFile(path)


def _new(archive: zipfile.ZipFile, length: int) -> Pickle:
    (main,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    folder, seen, room = main.removesuffix("data.pkl"), {}, length

    def keep(dtype: torch.dtype, key: str, count: int) -> Kept:
        nonlocal room
        if key not in seen:
            entry = archive.getinfo(f"{folder}data/{key}")
            room -= entry.file_size
            if entry.compress_type != zipfile.ZIP_STORED:
                raise Excess("is packed again, so that its numbers would have to be inflated")
            if entry.file_size != count * item_size(dtype) or room < 0:
                raise pickle.UnpicklingError("numbers of another length than their tensor's")
            seen[key] = bytearray(archive.read(entry))
        if len(seen[key]) != count * item_size(dtype):
            raise pickle.UnpicklingError("numbers of two lengths")
        return Kept(dtype, count, seen[key])

    entry = archive.getinfo(main)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Excess("is packed in a way that torch.save knows nothing of")
    if entry.file_size > pickles.LONGEST:
        raise Excess(f"holds a pickle of over {pickles.LONGEST // 2**20} MB beside its tensors")
    return pickles.read(io.BytesIO(archive.read(entry)), _knowing(), partial(_reference, keep))


def _reference(keep: Callable[[torch.dtype, str, int], Kept], pid: Any) -> Kept | Unusable:
    """Return the numbers that a reference to a storage stands for."""
    if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
        raise pickle.UnpicklingError("a reference that is no storage")
    if not isinstance(pid[1], torch.dtype):
        return Unusable("rare")
    if type(pid[4]) is not int or pid[4] < 0:
        raise pickle.UnpicklingError("a storage without a length")
    if type(pid[2]) not in (str, int):
        raise pickle.UnpicklingError("a storage without a name")
    if any(view is not None for view in pid[5:]):  # of files before PyTorch 0.4
        raise pickle.UnpicklingError("a storage that is part of another")
    return keep(pid[1], str(pid[2]), pid[4])


def _plain(file: io.BufferedReader) -> Pickle:
    return pickles.read(file, _knowing(), _no_reference)


def _old(file: io.BufferedReader, length: int) -> Pickle:
    first = _plain(file)
    if first.value != MAGIC:
        return Pickle(None, first.foreign)
    if _plain(file).value != PROTOCOL:
        raise pickle.UnpicklingError("a protocol that is not known")
    _plain(file)  # the sizes of numbers on the machine that wrote it
    seen: dict[str, Kept] = {}
    room = length

    def keep(dtype: torch.dtype, key: str, count: int) -> Kept:
        nonlocal room
        if key not in seen:
            room -= count * item_size(dtype)
            if room < 0:
                raise pickle.UnpicklingError("more numbers than the file can hold")
            seen[key] = Kept(dtype, count, bytearray(count * item_size(dtype)))
        if seen[key][:2] != (dtype, count):
            raise pickle.UnpicklingError("numbers of two kinds")
        return seen[key]

    found = pickles.read(file, _knowing(), partial(_reference, keep))
    for key in _plain(file).value:
        (count,) = struct.unpack("<q", file.read(8))
        kept = seen[str(key)]
        if count != kept.count or file.readinto(kept.content) != len(kept.content):
            raise pickle.UnpicklingError("fewer numbers than were said")
    return found


def item_size(dtype: torch.dtype) -> int:
    return torch.empty(0, dtype=dtype).element_size()
