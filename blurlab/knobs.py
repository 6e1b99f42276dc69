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

    name: of the argument or setting.  title: for people.  default: its type is the knob's; where it
    is None, a word may be set.  A list holds numbers, each larger than the one before.
    low, high: the ends of a number's range, both allowed, in unit.  above: low itself is not.
    step: of a slider.  choices: value -> title, where it is one of a few.
    offered: value -> title of what a page's control offers of all that is allowed; without any
    there is no control. Both may be functions, which are called whenever somebody asks.
    address: its name in a page's address, where it has one of its own.  help: one sentence more.
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
    address: str = ""

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
        if isinstance(self.default, bool):
            return "true or false"
        if self.default is None or isinstance(self.default, str):
            return "a word" + " or null" * (self.default is None)
        if isinstance(self.default, list):
            return f"ascending numbers, {self._range}" + (f" ({self.unit})" if self.unit else "")
        return self._range + (f" {self.unit}" if self.unit else "")

    @property
    def _range(self) -> str:
        low = f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        if math.isinf(self.high):
            return "any number" if math.isinf(self.low) else low
        return (
            f"{low} and at most {self.high:g}" if self.above else f"{self.low:g} to {self.high:g}"
        )

    def check(self, value: Any) -> Any:
        """Return a value that is allowed, a whole number as a float where the knob's is one.

        Raises ValueError naming the knob, the value and what is allowed.
        """
        if type(self.default) is float and type(value) is int:
            value = float(value)
        if not self._fits(value):
            raise ValueError(f"{self.name} is {value!r}; it must be {self.allowed}.")
        return value

    def _fits(self, value: Any) -> bool:
        kind = type(self.default)
        if self.options:
            return type(value) is kind and value in self.options
        if kind is list:
            return type(value) is list and bool(value) and self._ascend(value)
        if self.default is None:
            return value is None or type(value) is str
        return type(value) is kind and (kind not in (int, float) or self._within(value))

    def _ascend(self, values: list) -> bool:
        alike = all(type(each) in (int, float) and self._within(each) for each in values)
        return alike and all(a < b for a, b in pairwise(values))

    def _within(self, number: float) -> bool:
        return (
            math.isfinite(number)
            and self.low <= number <= self.high
            and not (self.above and number == self.low)
        )
