"""Step through pickles: numbers, words, containers and tensors come out, and nothing is run.

The standard unpickler calls what a file names and makes room for what a file claims. This one knows
the few functions that it is given, takes NOTHING for the result of all others, and stops at limits.
"""

import pickletools
import re
from collections.abc import Callable
from pickle import UnpicklingError
from typing import IO, Any, NamedTuple

MOST_STEPS = 1_000_000  # a large training run has some hundred thousand
LONGEST = 64 * 2**20  # bytes of a pickle, without the tensors' numbers
MOST_NAMES = 20  # of foreign things that are kept
KEYS = str | int | float | bytes | None  # the hash of a nested tuple could take forever

NOTHING = object()  # stands for whatever is not built
LITERALS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
GETS, PUTS = {"GET", "BINGET", "LONG_BINGET"}, {"PUT", "BINPUT", "LONG_BINPUT"}
VALUES = {"INT", "LONG", "FLOAT", "STRING", "BYTES", "UNICODE", "BYTEARRAY"}
# Steps that put on the stack what is written beside them, such as SHORT_BINUNICODE.
SAID = {
    step.name
    for step in pickletools.opcodes
    if step.name.removeprefix("SHORT_").removeprefix("BIN").rstrip("1248") in VALUES
}


class Excess(Exception):
    """Raised for what no network's file needs; its words go on after the file's name."""


class Known(NamedTuple):
    """What a file names and may have: a value, or a function of what the file gives it."""

    value: Any = None
    make: Callable | None = None


class Pickle(NamedTuple):
    """value: what was built.  foreign: names of what was not, each once."""

    value: Any
    foreign: list[str]


class _Bounded:
    """The next LONGEST bytes of a file; it has no tell(), which would be asked at every step."""

    def __init__(self, file: IO[bytes]):
        self.file, self.left = file, LONGEST

    def read(self, count: int) -> bytes:
        self._take(count)
        return self.file.read(count)

    def readline(self) -> bytes:
        line = self.file.readline(self.left + 1)
        self._take(len(line))
        return line

    def _take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise Excess(
                f"holds a pickle of over {LONGEST // 2**20} MB beside its tensors' numbers"
            )


def read(
    file: IO[bytes], known: Callable[[str], Known | None], refer: Callable[[Any], Any]
) -> Pickle:
    """Step through the pickle that a binary file goes on with, up to its end.

    known: finds what a name "module.name" stands for.  refer: makes a value of a persistent id.
    Raises Excess at a limit; UnpicklingError, or another error of pickle.BROKEN, for damage.
    """
    machine = _Machine(known, refer)
    steps = pickletools.genops(_Bounded(file))  # type: ignore[arg-type]  # asks for no more of it
    for count, (step, said, _) in enumerate(steps):
        if count == MOST_STEPS:
            raise Excess(f"takes over {MOST_STEPS:,} steps to unpickle")
        machine.take(step.name, said)
    return Pickle(machine.stack.pop(), list(machine.foreign))


class _Machine:
    def __init__(self, known: Callable[[str], Known | None], refer: Callable[[Any], Any]):
        self.known, self.refer = known, refer
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # stacks that marks have set aside
        self.memo: dict[int, Any] = {}
        self.foreign: dict[str, None] = {}

    def take(self, name: str, said: Any) -> None:
        if name in PUTS:
            self.memo[int(said)] = self.stack[-1]
        elif name in GETS:
            self.push(self.memo[int(said)])
        elif step := STEPS.get(name):
            step(self)
        elif name in SAID:
            self.push(said)
        elif name in LITERALS:
            self.push(LITERALS[name])
        elif name in ("GLOBAL", "INST"):
            found = self.named(said.replace(" ", "."))
            self.push(found if name == "GLOBAL" else self.called(found, self.marked()))
        elif name == "PERSID":
            self.push(self.refer(said))
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise UnpicklingError(f"the step {name}")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        return self.stack.pop()

    def marked(self) -> list[Any]:
        """Return what was put on the stack since the last mark, and go back to before it."""
        above, self.stack = self.stack, self.below.pop()
        return above

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def named(self, name: str) -> Any:
        found = self.known(name)
        if found is None:
            # A name is a file's to choose: it may be long, or hold what is no letter.
            if len(self.foreign) < MOST_NAMES:
                self.foreign[re.sub(r"[^\w.<>]", "?", name[:80])] = None
            return NOTHING
        return found if found.make else found.value

    def called(self, function: Any, arguments: Any) -> Any:
        if isinstance(function, Known) and function.make and isinstance(arguments, list | tuple):
            return function.make(*arguments)
        return NOTHING

    def tuple_of(self, count: int) -> None:
        start = len(self.stack) - count
        if start < 0:
            raise UnpicklingError("a tuple of more than there is")
        self.stack[start:] = [tuple(self.stack[start:])]

    def global_of_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("a name that is no word")
        self.push(self.named(f"{module}.{name}"))

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        self.push(self.called(function, arguments))

    def call_with_names(self) -> None:
        self.pop()
        self.call()

    def call_marked(self) -> None:
        function, *arguments = self.marked()
        self.push(self.called(function, arguments))

    def append(self, values: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)

    def set(self, items: list[Any]) -> None:
        if isinstance(self.stack[-1], dict):
            fill(self.stack[-1], zip(items[::2], items[1::2], strict=True))

    def set_one(self) -> None:
        value, key = self.pop(), self.pop()
        self.set([key, value])

    def frozenset_of(self) -> None:
        self.marked()
        self.push(NOTHING)

    def dict_of(self) -> None:
        items = self.marked()
        self.push({})
        self.set(items)


def fill(target: dict, items: Any) -> None:
    """Put items into a dict; keys that are no plain ones are left out.

    Raises Excess for a key that is there already, which no dict that was pickled can have.
    """
    for key, value in items:
        if not isinstance(key, KEYS):
            continue
        if key in target:
            raise Excess(f"holds {str(key)[:80]!r} twice")
        target[key] = value


STEPS: dict[str, Callable[[_Machine], Any]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.marked,
    "DUP": lambda m: m.push(m.stack[-1]),
    "MEMOIZE": lambda m: m.memo.__setitem__(len(m.memo), m.stack[-1]),
    "EMPTY_TUPLE": lambda m: m.push(()),
    "EMPTY_LIST": lambda m: m.push([]),
    "EMPTY_DICT": lambda m: m.push({}),
    "EMPTY_SET": lambda m: m.push(NOTHING),
    "TUPLE": lambda m: m.push(tuple(m.marked())),
    "TUPLE1": lambda m: m.tuple_of(1),
    "TUPLE2": lambda m: m.tuple_of(2),
    "TUPLE3": lambda m: m.tuple_of(3),
    "LIST": lambda m: m.push(m.marked()),
    "DICT": _Machine.dict_of,
    "FROZENSET": _Machine.frozenset_of,
    "APPEND": lambda m: m.append([m.pop()]),
    "APPENDS": lambda m: m.append(m.marked()),
    "ADDITEMS": _Machine.marked,
    "SETITEM": _Machine.set_one,
    "SETITEMS": lambda m: m.set(m.marked()),
    "STACK_GLOBAL": _Machine.global_of_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_names,
    "OBJ": _Machine.call_marked,
    "BUILD": _Machine.pop,  # an object's state, or an ordered dict's attributes
    "BINPERSID": lambda m: m.push(m.refer(m.pop())),
}
