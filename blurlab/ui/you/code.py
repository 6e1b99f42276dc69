"""The Python lines that find the reverse frequencies of a game again, from its trials."""

from collections.abc import Sequence

from blurlab.ui import cache, files
from blurlab.ui.you import deck

DRAWN = {
    "object": """def draw(name, number):
    label = torch.tensor([objects.CLASSES.index(name)])
    return objects.draw(label, label, {size}, torch.Generator().manual_seed(number))[0]
""",
    "imagenet16": """photographs = sets.imagenet16("val", {size})


def draw(name, number):
    shown = (photographs.labels == photographs.classes.index(name)).nonzero().flatten()
    return photographs.images[shown[number : number + 1]][0].float() / 255
""",
    "imagenette": """def draw(name, number):
    return images.square(sets.imagenette_class(name, number + 1)[-1].float() / 255, {size})
""",
}
IMPORTS = (
    "import torch",
    "from blurlab.data import sets",
    "from blurlab.filters.hybrid import hybrid",
    "from blurlab.networks import store, worded",
    "from blurlab.people import quest",
    "from blurlab.pictures import images, objects",
)
LINES = """
{drawn}

# Which cutoff, coarse picture, fine picture, and whether you named the coarse one.
trials = [
{trials}
]
said = {{"You": [(step, coarse) for step, _, _, coarse in trials]}}
for name in {names}:
    network = worded.load(name)
    kinds, classes = worded.card(name)["classes"], store.card(name)["classes"]
    said[name] = []
    for step, coarse, fine, _ in trials:
        picture = hybrid(draw(*coarse), draw(*fine), quest.CUTOFFS[step])
        logits = network(picture[None])[0]
        low, high = (logits[worded.place(each, kinds, classes)] for each, _ in (coarse, fine))
        said[name].append((step, bool(low > high)))
for name, answers in said.items():
    print(name, *quest.reverse_frequency(quest.posterior(answers)))  # cycles/image
"""


def script(
    names: Sequence[str],
    name: str,
    seed: int,
    answers: Sequence[tuple[int, bool] | None],
) -> str:
    """Write the lines; those of a game without a trial that counts find nothing.

    names: of the networks that played.  name, seed, answers: of the game.
    """
    rows = []
    for number, answer in enumerate(answers):
        if answer is not None:
            shown = deck.trial(name, seed, number)
            low, high = ((each.name, each.variant) for each in (shown.coarse, shown.fine))
            rows.append(f"    ({answer[0]}, {low!r}, {high!r}, {answer[1]}),")
    drawn = DRAWN[deck.KINDS[name]].format(size=cache.SIZE)
    lines = LINES.format(drawn=drawn, trials="\n".join(rows), names=list(names))
    return files.program(IMPORTS, lines.splitlines())
