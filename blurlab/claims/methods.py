"""How what is kept was measured: for a paper, with references, and in a line below a table."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from blurlab.claims import compare
from blurlab.data import sources
from blurlab.measures import provenance, results
from blurlab.measures.table import MEASURES
from blurlab.networks import store

REFERENCES = {
    "akbarinia2023": "Akbarinia A, Morgenstern Y, Gegenfurtner KR. Contrast sensitivity function "
    "in deep networks. Neural Networks 2023; 164: 228.",
    "brendel2019": "Brendel W, Rauber J, Kümmerer M, Ustyuzhaninov I, Bethge M. Accurate, reliable "
    "and fast robustness evaluation. NeurIPS 2019.",
    "geirhos2018": "Geirhos R, Temme CRM, Rauber J, et al. Generalisation in humans and deep "
    "neural networks. NeurIPS 2018.",
    "hendrycks2019": "Hendrycks D, Dietterich T. Benchmarking neural network robustness to common "
    "corruptions and perturbations. ICLR 2019.",
    "karantzas2022": "Karantzas N, Besier E, Ortega Caro J, et al. Understanding robustness and "
    "generalization of artificial neural networks through Fourier masks. Frontiers in Artificial "
    "Intelligence 2022; 5: 890016.",
    "li2023": "Li Z, Ortega Caro J, Rusak E, et al. Robust deep learning object recognition models "
    "rely on low frequency information in natural images. PLOS Comput Biol 2023; 19(3): e1010932.",
    "madry2018": "Madry A, Makelov A, Schmidt L, et al. Towards deep learning models resistant to "
    "adversarial attacks. ICLR 2018.",
    "oliva2006": "Oliva A, Torralba A, Schyns PG. Hybrid images. ACM Trans Graph 2006; 25: 527.",
    "pintor2021": "Pintor M, Roli F, Brendel W, Biggio B. Fast minimum-norm adversarial attacks "
    "through adaptive norm constraints. NeurIPS 2021.",
    "subramanian2023": "Subramanian A, Sizikova E, Majaj N, Pelli D. Spatial-frequency channels, "
    "shape bias, and adversarial robustness. NeurIPS 2023.",
    "watson2005": "Watson AB, Ahumada AJ. A standard model for foveal detection of spatial "
    "contrast. Journal of Vision 2005; 5(9): 6.",
    "yin2019": "Yin D, Gontijo Lopes R, Shlens J, et al. A Fourier perspective on model robustness "
    "in computer vision. NeurIPS 2019.",
}


def paragraph(models: list[str], data: str, *, is_paper: bool = False) -> list[str]:
    """Write how what is kept of models on pictures was measured: sentences, then references.

    data: as compare.kept takes it.  Measures stand with their usual settings or, where is_paper,
    with those of Li et al. 2023, and then only those that they have.
    Raises ValueError when nothing is kept, or for a model that is not installed.
    """
    lines, made = [], []
    for measure, row in MEASURES.items():
        if is_paper and row.paper is None:
            continue
        changed = dict(row.paper or {}) if is_paper else {}
        keys = {name: compare.key(name, data, measure, **changed) for name in models}
        found = {name: key for name, key in keys.items() if key}
        if not found:
            continue
        counts = {_pictures(key) for key in found.values()}
        pictures = " or ".join(f"{count:,}" for count in sorted(counts))
        about = {row.methods(compare.settings(name, measure) | changed) for name in found}
        names = "" if len(found) == len(models) else f" Measured of {', '.join(sorted(found))}."
        lines.append(f"{row.title} ({pictures} pictures): {' '.join(sorted(about))}{names}")
        made += [each for key in found.values() for each in results.provenance(key).values()]
    if not lines:
        whose = " with the settings of Li et al. 2023" * is_paper
        raise ValueError(f"nothing is kept of {', '.join(models)} on {data}{whose}.")
    title = sources.TITLES.get(data, data)
    named = [f"{name} (SHA-256 {store.card(name)['sha256'][:16]})" for name in models]
    told = " All settings are those of Li et al. [li2023]." * is_paper
    lines.insert(0, f"Networks: {', '.join(named)}. Pictures: {title}.{told}")
    lines.append(f"Measured by {ways(provenance.told(made))}.")
    return lines + references(lines)


def references(lines: Sequence[str]) -> list[str]:
    """List the references that sentences name, [key], a line each."""
    cited = sorted(set(re.findall(r"\[(\w+)\]", " ".join(lines))))
    return [f"[{key}] {REFERENCES[key]}" for key in cited]


def line(behind: Mapping[str, Iterable[str]], data: str) -> str:
    """Say in one line what decides the numbers of a table: measures alike in all of it together.

    behind: the models by the key of each measure; those that nothing is kept of are left out.
    data: as compare.kept takes it.
    """
    told: dict[tuple[str, ...], list[str]] = {}
    hashes: dict[str, str] = {}
    for measure, names in behind.items():
        keys = {name: key for name in names if (key := compare.key(name, data, measure))}
        if not keys:
            continue
        counts = " or ".join(map(str, sorted({_pictures(key) for key in keys.values()})))
        made = [each for key in keys.values() for each in results.provenance(key).values()]
        about = _settings(measure, keys.values()), _seeds(keys.values()), _versions(made)
        told.setdefault(about, []).append(f"{measure} {counts}")
        hashes |= {name: key.model[:8] for name, key in keys.items()}
    groups = [f"{', '.join(each)} pictures ({'; '.join(about)})" for about, each in told.items()]
    named = ", ".join(f"{name} {digest}" for name, digest in hashes.items())
    return f"Protocol: {'; '.join(groups) or 'nothing is kept'}. Hashes: {named or 'none'}."


def _settings(measure: str, keys: Collection[results.Key]) -> str:
    """Say which pictures there were, and the settings that are not the usual ones on each."""
    usual = MEASURES[measure].settings
    found: dict[str, str] = {}
    for key in keys:
        other = {k: v for k, v in key.settings.items() if k in usual and v != usual[k]}
        words = " ".join(f"{k}={json.dumps(v)}" for k, v in other.items())
        found.setdefault(key.data, f"with {words}" if words else "with usual settings")
    ways: dict[str, list[str]] = {}
    for where, words in found.items():
        ways.setdefault(words, []).append(where)
    return ", ".join(f"{' and '.join(where)} {words}" for words, where in ways.items())


def _seeds(keys: Iterable[results.Key]) -> str:
    return f"seed {' or '.join(sorted({str(key.seed) for key in keys}))}"


def _versions(made: Iterable[provenance.Made | None]) -> str:
    found: dict[str, dict[str, None]] = {}
    for each in made:
        way = "versions not recorded"
        if each:
            way = f"BlurLab {each.blurlab} with PyTorch {each.torch} on {each.device}"
        found.setdefault(way, {}).update({each.commit: None} if each and each.commit else {})
    ways = (
        f"{way}, commit {' and '.join(commits)}" if commits else way
        for way, commits in found.items()
    )
    return " or ".join(ways)


def _pictures(key: results.Key) -> int:
    return sum(int(tally["pictures"]) for tally in results.read(key).values())


def ways(told: list[dict]) -> str:
    """Say which versions ran on what, from when until when; told: as provenance.told gives it."""
    found = [
        f"BlurLab {way['blurlab']}{_commit(way)} with PyTorch {way['torch']} on {way['device']} in "
        f"{way['precision']}, {_dates(way)}"
        for way in told
        if "blurlab" in way
    ]
    if any("blurlab" not in way for way in told):
        found.append("versions that were not recorded")
    return "; and by ".join(dict.fromkeys(found))


def _commit(way: dict) -> str:
    return f" (commit {way['commit']})" if way["commit"] else ""


def _dates(way: dict) -> str:
    return way["from"] if way["from"] == way["until"] else f"{way['from']} to {way['until']}"
