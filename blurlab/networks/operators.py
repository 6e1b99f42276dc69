"""The operators that an exported network may call: a table, and what each may be given.

Most of what aten has is not here. Some of it reads and writes files (from_file), looks outside its
tensor (as_strided), hands out memory that others left behind (empty), or changes weights as it
goes; a classifier needs none of it. No `out=` overload is listed.
"""

import operator
import re
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

TARGET = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
PIECES = 4096  # that one tensor is split into
LIMIT = 2**63  # of whole numbers, as torch keeps them

ARITHMETIC = {
    f"_operator.{name}": getattr(operator, name)
    for name in (
        *("add", "sub", "mul", "floordiv", "mod", "neg", "and_", "or_"),
        *("eq", "ne", "lt", "le", "gt", "ge"),
    )
}
# Checks of the exporter's: the shapes are those of the pictures, whatever they are.
CHECKS = {"_assert_scalar", "_assert_async", "_assert_tensor_metadata", "sym_constrain_range"}

# Names with their overloads; those without one have the overload "default".
LISTED = """
abs neg sign square sqrt rsqrt reciprocal exp expm1 log log1p log2 sin cos tan tanh erf sigmoid
floor ceil round trunc maximum minimum addcmul addcdiv isnan isinf
add.Tensor add.Scalar sub.Tensor sub.Scalar rsub.Tensor rsub.Scalar mul.Tensor mul.Scalar
div.Tensor div.Scalar div.Tensor_mode div.Scalar_mode true_divide.Tensor floor_divide
floor_divide.Scalar remainder.Tensor remainder.Scalar fmod.Tensor fmod.Scalar
pow.Tensor_Scalar pow.Tensor_Tensor pow.Scalar
clamp clamp.Tensor clamp_min clamp_min.Tensor clamp_max clamp_max.Tensor lerp.Scalar lerp.Tensor
eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar le.Tensor le.Scalar gt.Tensor gt.Scalar
ge.Tensor ge.Scalar logical_and logical_or logical_not logical_xor bitwise_and.Tensor
bitwise_and.Scalar bitwise_or.Tensor bitwise_or.Scalar bitwise_not where.self where.ScalarOther
where.ScalarSelf where.Scalar masked_fill.Scalar masked_fill.Tensor

mm bmm mv dot matmul addmm addbmm baddbmm linear einsum outer tensordot
conv1d conv1d.padding conv2d conv2d.padding conv3d conv3d.padding convolution
conv_transpose1d conv_transpose2d.input

batch_norm instance_norm layer_norm native_layer_norm group_norm rms_norm linalg_vector_norm
norm.Scalar norm.ScalarOpt_dim

relu relu6 gelu silu mish elu selu celu leaky_relu hardtanh hardswish hardsigmoid hardshrink
softshrink softplus log_sigmoid threshold prelu _prelu_kernel glu softmax.int _softmax
log_softmax.int _log_softmax _safe_softmax dropout feature_dropout alpha_dropout native_dropout

max_pool1d max_pool2d max_pool3d max_pool2d_with_indices avg_pool1d avg_pool2d avg_pool3d
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d

scaled_dot_product_attention

upsample_nearest1d upsample_nearest1d.vec upsample_nearest2d upsample_nearest2d.vec
_upsample_nearest_exact2d _upsample_nearest_exact2d.vec upsample_linear1d upsample_linear1d.vec
upsample_bilinear2d upsample_bilinear2d.vec upsample_bicubic2d upsample_bicubic2d.vec
_upsample_bilinear2d_aa _upsample_bilinear2d_aa.vec _upsample_bicubic2d_aa
_upsample_bicubic2d_aa.vec
pad constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d

reshape reshape_as view_as flatten.using_ints unflatten.int permute transpose.int t adjoint
swapaxes movedim.int movedim.intlist squeeze squeeze.dim squeeze.dims unsqueeze expand expand_as
broadcast_tensors repeat tile repeat_interleave.self_int cat concat stack split.Tensor split.sizes
split_with_sizes chunk unbind.int tensor_split.sections select.int slice.Tensor narrow flip roll
rot90 diagonal tril triu unfold im2col col2im pixel_shuffle pixel_unshuffle channel_shuffle
native_channel_shuffle contiguous clone alias detach lift_fresh_copy copy to.dtype to.dtype_layout
to.device to.other _to_copy type_as slice_scatter select_scatter meshgrid meshgrid.indexing
index.Tensor index_select gather embedding

sum sum.dim_IntList mean mean.dim var.dim var.correction std.dim std.correction var_mean.dim
var_mean.correction std_mean.correction amax amin max min max.dim min.dim argmax argmin prod
prod.dim_int cumsum logsumexp topk sort all all.dim any any.dim

zeros ones full arange arange.start arange.start_step linspace eye eye.m scalar_tensor zeros_like
ones_like full_like new_zeros new_ones new_full
sym_size.int sym_numel
"""
IN_PLACE = """
add_.Tensor add_.Scalar sub_.Tensor sub_.Scalar mul_.Tensor mul_.Scalar div_.Tensor div_.Scalar
relu_ relu6_ hardtanh_ hardswish_ hardsigmoid_ silu_ mish_ gelu_ elu_ selu_ celu_ leaky_relu_
sigmoid_ tanh_ clamp_ clamp_min_ clamp_max_ dropout_ feature_dropout_ alpha_dropout_ exp_ sqrt_
neg_ masked_fill_.Scalar masked_fill_.Tensor copy_ fill_.Scalar fill_.Tensor zero_
"""


def _group_norm(input, weight, bias, N, C, HxW, group, eps):
    if input.shape[:2] != (N, C) or input.numel() != N * C * HxW:
        raise ValueError("a group norm of another shape than its input")
    return (F.group_norm(input, group, weight, bias, eps),)


def _batch_norm(input, weight, bias, running_mean, running_var, momentum, eps):
    return (F.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps),)


def _attention(query, key, value, dropout_p=0.0, is_causal=False, *, attn_mask=None, scale=None):
    return (
        F.scaled_dot_product_attention(query, key, value, attn_mask, 0.0, is_causal, scale=scale),
    )


def _as_strided(self, size, stride, storage_offset=None):
    """Return a tensor as it is; exporters write this after a pooling to one pixel."""
    steps = zip(self.shape, self.stride(), stride, strict=True)
    if tuple(size) != self.shape or storage_offset or any(n > 1 and a != b for n, a, b in steps):
        raise Refused("it looks at numbers outside a tensor, by as_strided")
    return self


# In place of operators that take their arguments on trust, those that check them. Reshape takes
# numbers in any order in memory, view does not.
REPLACED: dict[str, Callable] = {
    "view": lambda self, size: self.reshape(size),
    "_unsafe_view": lambda self, size: self.reshape(size),
    "_unsafe_index.Tensor": torch.ops.aten.index.Tensor,
    "as_strided": _as_strided,
    "_adaptive_avg_pool2d": torch.ops.aten.adaptive_avg_pool2d.default,
    "native_group_norm": _group_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
}


def _named(words: str) -> set[str]:
    return {word if "." in word else f"{word}.default" for word in words.split()}


REPLACED = {name if "." in name else f"{name}.default": made for name, made in REPLACED.items()}
CHANGING = _named(IN_PLACE)
ALLOWED = _named(LISTED) | CHANGING | set(REPLACED)

WORDS = {
    ("pad", "mode"): r"constant|reflect|replicate|circular",
    ("gelu", "approximate"): r"none|tanh",
    ("gelu_", "approximate"): r"none|tanh",
    ("div", "rounding_mode"): r"floor|trunc",
    ("conv1d", "padding"): r"same|valid",
    ("conv2d", "padding"): r"same|valid",
    ("conv3d", "padding"): r"same|valid",
    ("meshgrid", "indexing"): r"ij|xy",
    ("einsum", "equation"): r"[A-Za-z., ]{1,200}(->[A-Za-z. ]{0,100})?",
}
# Arguments that say how a network learns, with what they are when it answers.
ANSWERING = {"training": (False,), "train": (False,), "dropout_p": (0,)}
INDICES = {"indices", "index"}  # arguments that choose what is read
# What these return does not depend on a tensor's values.
SHAPES = {"sym_size", "sym_numel", "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones",
          "new_full"}  # fmt: skip
# How many tensors an operator makes of one.
COUNTS: dict[str, Callable[..., int]] = {
    "unbind": lambda self, dim=0: self.shape[dim],
    "split": lambda self, split_size, dim=0: (
        self.shape[dim] // max(split_size, 1) if isinstance(split_size, int) else len(split_size)
    ),
    "chunk": lambda self, chunks, dim=0: chunks,
    "tensor_split": lambda self, sections, dim=0: sections,
}

DTYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64,
    6: torch.float16, 7: torch.float32, 8: torch.float64, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip
FORMATS = {1: torch.contiguous_format, 2: torch.channels_last, 4: torch.preserve_format}


class Refused(ValueError):
    """A program that asks for more than is repeated here; words: what it does, "it calls ..."."""

    def __init__(self, words: str):
        self.words = words
        super().__init__(f"the network is not run: {words}.")


def split(target: str) -> tuple[str, str]:
    """Return an operator's name and its overload, "" for arithmetic on whole numbers.

    Raises Refused for anything that is not listed.
    """
    if target in ARITHMETIC:
        return target, ""
    found = TARGET.fullmatch(target)
    if not found:
        raise Refused(f"it calls {target[:80]!r}, and only operators of torch.ops.aten are called")
    if f"{found[1]}.{found[2]}" not in ALLOWED:
        raise Refused(f"it calls {target[:80]!r}, which is not an operator that classifiers need")
    return found[1], found[2]


def overload(name: str, which: str) -> torch._ops.OpOverload:
    """Return what torch has under a listed name."""
    try:
        return getattr(getattr(torch.ops.aten, name), which)
    except (AttributeError, RuntimeError):
        raise Refused(f"this torch has no operator torch.ops.aten.{name}.{which}") from None


def function(name: str, which: str) -> Callable:
    """Return what is called for a listed operator; it takes arguments by the schema's names."""
    called = REPLACED.get(f"{name}.{which}") or overload(name, which)
    count = COUNTS.get(name)
    if count is None:
        return called

    def counted(**given: Any) -> Any:
        if count(**given) > PIECES:
            raise Refused(f"it splits a tensor into more than {PIECES:,} by {name}")
        return called(**given)

    return counted


def whole(result: Any) -> Any:
    """Return the result of arithmetic; raise Refused for one that torch could not keep."""
    if not -LIMIT <= result < LIMIT:
        raise Refused("it makes whole numbers of more than 64 bits")
    return result


def unchanged(tensor: Tensor, fixed: set[int], name: str) -> None:
    """Raise Refused where a tensor that is to be changed lies in the memory of another.

    fixed: of each tensor that must stay as it is, the address of its storage.
    """
    if tensor.untyped_storage()._cdata in fixed:
        raise Refused(f"it changes its own weights or pictures, by {name}")
