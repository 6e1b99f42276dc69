"""What may be set of a corruption, an attack or a measure, told once for everyone who asks.

Controls, command-line options, addresses and tables of the documentation are drawn from knobs.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Options = Mapping[Any, str] | Callable[[], Mapping[Any, str]]  # value -> title


@dataclass(frozen=True)
class Knob:
    """One value that may be set.

    name: of the argument or setting.  title: for people.  default: its type is the knob's; None
    stands for what follows from the others, and then kind is the type, or a word may be set. A list
    holds numbers, each larger than the one before.
    low, high: the ends of a number's range, both allowed, in unit.  above: low itself is not.
    beyond: high is only where a slider ends; calls and commands may go further.
    step: of a slider.  choices: value -> title, where it is one of a few.
    offered: value -> title of what a page's control offers of all that is allowed; without any
    there is no control. Both may be functions, which are called whenever somebody asks.
    address: its name in a page's address, where it has one of its own.  help: one sentence more.
    words: of words that stand for a value, what that is for pictures of a size in pixels.
    """

    name: str
    title: str
    default: Any
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    step: float | None = None
    choices: Options = field(default_factory=dict)
    help: str = ""
    above: bool = False
    offered: Options = field(default_factory=dict)
    kind: type | None = None
    address: str = ""
    beyond: bool = False
    words: Mapping[str, Callable[[int], Any]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in an address and in the state of a page."""
        return self.address or self.name

    @property
    def type(self) -> type[Any]:
        return self.kind or (str if self.default is None else type(self.default))

    @property
    def options(self) -> Mapping[Any, str]:
        """The values that it is one of, with their titles; none where it is no choice."""
        return self.choices() if callable(self.choices) else self.choices

    @property
    def control(self) -> Mapping[Any, str]:
        """The values that a page's control offers, with their titles."""
        return self.offered() if callable(self.offered) else self.offered

    @property
    def allowed(self) -> str:
        """Say in words which values are allowed."""
        if self.options:
            return f"one of {', '.join(map(str, self.options))}"
        if self.type is bool:
            return "true or false"
        if self.type is str:
            return "a word" + " or null" * (self.default is None)
        if self.type is list:
            unit = f" ({self.unit})" if self.unit else ""
            return " or ".join([f"ascending numbers, {self._range}{unit}", *self.words])
        return self._range + (f" {self.unit}" if self.unit else "")

    @property
    def _range(self) -> str:
        low = f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        if self.beyond or math.isinf(self.high):
            return "any number" if math.isinf(self.low) else low
        return (
            f"{low} and at most {self.high:g}" if self.above else f"{self.low:g} to {self.high:g}"
        )

    def meant(self, value: Any, size: int) -> Any:
        """Return what a value stands for, for pictures of a size in pixels."""
        return self.words[value](size) if isinstance(value, str) and value in self.words else value

    def check(self, value: Any) -> Any:
        """Return a value that is allowed, a whole number as a float where the knob's is one.

        Raises ValueError naming the knob, the value and what is allowed.
        """
        if value is None and self.default is None:
            return value
        if self.type is float and type(value) is int:
            value = float(value)
        if not self._fits(value):
            raise ValueError(f"{self.name} is {value!r}; it must be {self.allowed}.")
        return value

    def _fits(self, value: Any) -> bool:
        if type(value) is not self.type:
            return False
        if self.options:
            return value in self.options
        if self.type is list:
            return bool(value) and self._ascend(value)
        return self.type not in (int, float) or self._within(value)

    def _ascend(self, values: list) -> bool:
        alike = all(type(each) in (int, float) and self._within(each) for each in values)
        return alike and all(a < b for a, b in pairwise(values))

    def _within(self, number: float) -> bool:
        return (
            math.isfinite(number)
            and self.low <= number <= (math.inf if self.beyond else self.high)
            and not (self.above and number == self.low)
        )
