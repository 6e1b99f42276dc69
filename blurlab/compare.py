"""The numbers by which models are compared, out of what several measures say of each."""

from typing import Any

from blurlab.sensitivity import Interval


def compared(found: dict[str, dict[str, Any]]) -> dict[str, Interval]:
    """Return what is there of the numbers that a model is known by, with their units in words.

    found: estimates of one model, by the key of their measure.
    """
    numbers = {}
    for measure in ("corruptions", "attacks", "passes"):
        if measure in found:
            numbers.setdefault("accuracy, clean", found[measure]["clean"])
    if "hybrids" in found:
        numbers["f_rev, of Nyquist"] = found["hybrids"]["f_rev_nyquist"]
    for band, value in found.get("corruptions", {}).get("classes", {}).items():
        numbers[f"accuracy, {band}-frequency corruptions"] = value
    if "perturbation" in found:
        attacked = found["perturbation"]
        numbers["f_0.5, cycles/pixel"] = attacked["f_half"]
        numbers[f"median minimal epsilon ({attacked['attack']})"] = attacked["epsilon"]["median"]
    if "attacks" in found:
        attacks = found["attacks"]
        for epsilon, value in zip(attacks["epsilons_of_255"], attacks["accuracy"], strict=True):
            numbers[f"accuracy, attacks of {epsilon}/255"] = value
    if "critical_band" in found:
        numbers["critical band, cycles/image"] = found["critical_band"]["centre"]
        numbers["its bandwidth, octaves"] = found["critical_band"]["bandwidth"]
    return numbers
