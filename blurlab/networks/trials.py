"""Networks tried out before they are installed; those that bring their own steps, apart.

A program runs first in a process of its own, whose memory, time and files are limited, so that one
that is made to do harm, or that crashes torch, ends that process and not the server.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from blurlab.networks import classifier
from blurlab.networks.operators import Refused
from blurlab.networks.programs import Program

SECONDS = 60  # to answer about three pictures, and once for the gradient
MEMORY = 4_000_000_000  # bytes, beside the weights
START = 120  # seconds until torch is imported, on a busy machine
FAULTS = (RuntimeError, AssertionError, ValueError, LookupError, TypeError, ArithmeticError)


def ask(net: Callable[[Tensor], Any], side: int, classes: int) -> bool:
    """Ask a network about one black picture and about two of noise.

    side: of the pictures.
    Returns whether its answers are probabilities.
    Raises ValueError for one that does not answer with a finite number for each of its classes.
    """
    noise = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            answered = [net(torch.zeros(1, 3, side, side)), net(noise)]
    except Refused:
        raise
    except FAULTS as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(
            f"the network does not take one and two pictures of {side} pixels: {reason}."
        ) from error
    for count, given in enumerate(answered, 1):
        if not isinstance(given, Tensor) or given.shape != (count, classes):
            raise ValueError(
                f"the network does not answer with one number for each of {classes} classes."
            )
        if not given.is_floating_point() or not given.isfinite().all():
            raise ValueError(
                "the network's answers are not finite numbers; its weights may be damaged."
            )
    return classifier.are_probabilities(torch.cat(answered))


def ask_apart(graph: dict[str, Any], weights: Path, side: int, classes: int) -> bool:
    """Ask a program, as ask() does and once for its gradient, in a process with limits.

    graph: as programs.read() returns it.  weights: a safetensors file of the program's tensors.
    Returns whether its answers are probabilities.
    Raises ValueError, in one sentence, for what ask() refuses, and for a program that takes longer
    than SECONDS, more than MEMORY, or breaks off.
    """
    limits = {"seconds": SECONDS, "memory": MEMORY + 2 * weights.stat().st_size}
    asked = {"graph": graph, "weights": str(weights.resolve()), "side": side, "classes": classes}
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", "-m", "blurlab.networks.trials"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths},
    )
    with process:
        try:
            said, _ = process.communicate(json.dumps(asked | limits).encode(), START + SECONDS)
        except subprocess.TimeoutExpired:
            said = json.dumps({"problem": _late(SECONDS)}).encode()
        finally:
            process.kill()
    try:
        verdict = json.loads(said)
    except ValueError:
        verdict = {"problem": "the network broke off when it was tried out."}
    if "problem" in verdict:
        raise ValueError(verdict["problem"])
    return verdict["probabilities"]


def _late(seconds: float) -> str:
    return f"the network was tried out, and did not answer within {seconds:g} seconds."


def _say(**verdict: str | bool) -> None:
    """Hand over the verdict and end, whatever else still runs."""
    os.write(1, json.dumps(verdict).encode())
    os._exit(0)


def _limit(memory: int, seconds: float) -> None:
    """Let this process take so much more memory, so much of the processors, and write no file."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    taken = Path("/proc/self/statm")
    limits = {
        "RLIMIT_CPU": int((START + seconds) * (os.cpu_count() or 1)), "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
    }  # fmt: skip
    if taken.exists():
        limits["RLIMIT_AS"] = int(taken.read_text().split()[0]) * resource.getpagesize() + memory
    for name, limit in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a system may lack it or allow less
            resource.setrlimit(getattr(resource, name), (limit, limit))


def _try(asked: dict[str, Any]) -> bool:
    """Ask a program and for its gradient; return whether its answers are probabilities."""
    with torch.device("meta"):
        program = Program(asked["graph"]).eval().requires_grad_(False)
    program.load_state_dict(load_file(asked["weights"]), assign=True)
    program.requires_grad_(False)
    probabilities = ask(program, asked["side"], asked["classes"])
    images = torch.rand(1, 3, asked["side"], asked["side"], requires_grad=True)
    logits = program(images)
    if logits.requires_grad:
        logits.sum().backward()
    return probabilities


def main() -> None:
    asked = json.load(sys.stdin.buffer)
    _limit(asked["memory"], asked["seconds"])
    watch = threading.Timer(asked["seconds"], lambda: _say(problem=_late(asked["seconds"])))
    watch.daemon = True
    watch.start()
    try:
        _say(probabilities=_try(asked))
    except (Exception, MemoryError) as error:
        words = str(error)
        if isinstance(error, MemoryError) or "alloc" in words:
            problem = f"the network takes more than {asked['memory'] / 1e9:.1f} GB of memory."
        elif isinstance(error, ValueError):
            problem = words
        else:
            problem = (
                f"the network does not run: {words.strip().splitlines()[0][:200].rstrip('.')}."
            )
    _say(problem=problem)


if __name__ == "__main__":
    main()
