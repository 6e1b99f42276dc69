"""What may be set of a corruption, an attack or a measure, told once for everyone who asks.

Controls, command-line options, addresses and tables of the documentation are drawn from knobs.
"""

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Knob:
    """One value that may be set.

    name: of the argument or setting.  title: for people.  default: its type is the knob's.
    low, high: the ends of a number's range, both allowed, in unit.  step: of a slider.
    choices: value -> title, where it is one of a few.  help: one sentence more.
    """

    name: str
    title: str
    default: Any
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    step: float | None = None
    choices: dict[Any, str] = field(default_factory=dict)
    help: str = ""

    @property
    def allowed(self) -> str:
        """Say in words which values are allowed."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        if isinstance(self.default, bool):
            return "true or false"
        unit = f" {self.unit}" if self.unit else ""
        if math.isinf(self.high):
            return "any number" if math.isinf(self.low) else f"{self.low:g} or more{unit}"
        return f"{self.low:g} to {self.high:g}{unit}"

    def check(self, value: Any) -> Any:
        """Return a value that is allowed, a whole number as a float where the knob's is one.

        Raises ValueError naming the knob, the value and what is allowed.
        """
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if self.choices:
            fits = value in self.choices
        elif kind in (int, float):
            fits = type(value) is kind and self.low <= value <= self.high
        else:
            fits = type(value) is kind
        if not fits:
            raise ValueError(f"{self.name} is {value!r}; it must be {self.allowed}.")
        return value
