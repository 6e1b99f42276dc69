"""Answers by ONNX Runtime, which on a CPU gives those of a packaged network in about half the time.

Its graphs ship without weights; the loaded network's own are handed to it.
"""

import copy
import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from blurlab import places
from blurlab.networks import packaged

WEIGHTS = "weights"  # what the graphs call the file that holds their weights
# Side in pixels of what the net sees, by architecture; all have ImageNet's thousand classes.
SIDES = {row.architecture: row.side for row in packaged.PACKAGED.values()}


def path(architecture: str) -> Path:
    """Return where the graph of an architecture lies."""
    return places.SHIPPED_GRAPHS / f"{architecture.partition(':')[2]}.onnx"


def answering(
    net: nn.Module, architecture: str, side: int, classes: int
) -> Callable[[Tensor], Tensor] | None:
    """Return what answers for a net on the CPU where no gradient is wanted, as the net would.

    side: in pixels, of what the net sees.
    None where no graph ships for such a net, or ONNX Runtime is not installed.
    """
    if SIDES.get(architecture) != side or classes != 1000 or not find_spec("onnxruntime"):
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait give their core to others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors
    weights = b"".join(tensor.numpy().tobytes() for tensor in _weights(net).values())
    options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
    session = onnxruntime.InferenceSession(
        path(architecture).read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    (pictures,) = session.get_inputs()

    def answer(prepared: Tensor) -> Tensor:
        given = {pictures.name: prepared.float().contiguous().numpy()}
        return torch.from_numpy(session.run(None, given)[0])

    return answer


def _weights(net: nn.Module) -> dict[str, Tensor]:
    """Return what the graph needs of a net, in the order in which it is handed over."""
    return {name: tensor.contiguous() for name, tensor in _folded(net).state_dict().items()}


def _folded(net: nn.Module) -> nn.Module:
    """Return a copy whose convolutions do what the batch norms behind them did."""
    made = copy.deepcopy(net)
    before, convolution = "", None
    for name, layer in net.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert convolution is not None  # for each of these networks begins with one
            convolution = fuse_conv_bn_eval(convolution, layer)
            made.set_submodule(before, convolution)
            # timm's batch norms carry the activation that follows.
            made.set_submodule(name, getattr(layer, "act", nn.Identity()))
        if isinstance(layer, nn.Conv2d):
            before, convolution = name, layer
    return made


def write(net: nn.Module, architecture: str) -> Path:
    """Write the graph of an architecture without its weights, and return where it lies.

    net: of that architecture, in evaluation mode on the CPU; its weights do not matter.
    Needs onnx and onnxscript, which BlurLab itself does without.
    """
    import onnx

    pictures = torch.zeros(2, 3, *[SIDES[architecture]] * 2)
    exported = torch.onnx.export(
        _folded(net),
        (pictures,),
        dynamic_shapes=({0: torch.export.Dim("pictures")},),
        dynamo=True,
        verbose=False,
    )
    assert exported is not None
    model = exported.model_proto
    begins, held = {}, 0
    for name, tensor in _weights(net).items():
        begins[name], held = held, held + 4 * tensor.numel()
    for tensor in model.graph.initializer:
        if tensor.name not in begins:
            continue  # a constant of the architecture
        length = 4 * math.prod(tensor.dims)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        about = {"location": WEIGHTS, "offset": begins[tensor.name], "length": length}
        for key, value in about.items():
            tensor.external_data.add(key=key, value=str(value))
    # What the exporter notes of its own source, most of the file.
    for part in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        part.ClearField("doc_string")
        del part.metadata_props[:]
    del model.graph.value_info[:]
    path(architecture).parent.mkdir(exist_ok=True)
    path(architecture).write_bytes(model.SerializeToString())
    return path(architecture)
