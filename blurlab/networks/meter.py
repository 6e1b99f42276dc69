"""What a network's pass would take, from shapes alone: on the meta device nothing is computed."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from blurlab.networks.operators import Refused

TOUCHED = 20  # operations that one number read or written counts as, at the least


class Meter(TorchDispatchMode):
    """Adds up the operations of all calls inside it, those that others are made of included.

    elements: the most that one tensor may have.  work: the most operations that all may take.
    Raises Refused at the call that goes beyond one of them.
    """

    def __init__(self, elements: float, work: float):
        super().__init__()
        self.elements, self.most, self.work = elements, work, 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        made = [each for each in tree_leaves(result) if isinstance(each, Tensor)]
        for tensor in made:
            if tensor.numel() > self.elements:
                raise Refused(
                    f"it makes a tensor of {_size(tensor)} numbers by {func.overloadpacket}"
                )
        if not func.is_view:
            self.work += _operations(func, args, kwargs, result, made)
        if self.work > self.most:
            raise Refused(f"it takes more than {self.most:.0e} operations")
        return result


def _size(tensor: Tensor) -> str:
    return " x ".join(f"{side:,}" for side in tensor.shape)


def _operations(func: Any, args: Any, kwargs: Any, result: Any, made: list[Tensor]) -> float:
    taken = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    touched = TOUCHED * sum(tensor.numel() for tensor in (*taken, *made))
    formula = flop_registry.get(func.overloadpacket)
    if formula is not None:
        touched += formula(*args, **kwargs, out_val=result)
    elif "pool" in func.name() and len(args) > 1 and isinstance(args[1], list | tuple):
        touched += made[0].numel() * math.prod(args[1])  # of the kernel
    return touched


def of(run: Any, *shaped: Any, elements: float, work: float) -> float:
    """Return how many operations a function takes of tensors on the meta device."""
    with torch.no_grad(), Meter(elements, work) as meter:
        run(*shaped)
    return meter.work
