"""What decides every network that ships: a recipe is a row of a table."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run, and so is written on the model's card.

    crop_size: side in pixels of the training crops. Smaller than the input they are cheaper and,
    since they show things enlarged, show them as large as whole pictures of the input size do.
    min_crop, max_crop: smallest and largest share of a picture's area that a training crop shows;
    one of more than the picture shows its mirrored edges too.
    finish_epochs: epochs after the others, at the input size, with crops of at least finish_crop
    and from finish_rate down. The weights before and after them are averaged (Izmailov et al. 2018)
    and the batch statistics taken anew from whole training pictures.
    sigma: of the blur layer that the net is trained with, in pixels; 0 for none.
    components: of the basis that ships, on which pictures are projected first; 0 for no projection.
    grey: whether the net sees pictures in grey.
    objective: what the weights are moved to make small, a key of OBJECTIVES.  settings: all of it.
    start: the installed network whose architecture, preparation and weights it starts with; "" for
    a residual net of stem, widths and blocks, whose weights the seed draws.
    optimizer: a key of training.OPTIMIZERS.
    shown: pictures that an epoch shows, drawn anew each time; 0 for all of them.
    """

    title: str
    data: str
    sigma: float = 0.0
    input_size: int = 128
    stem: int = 24
    widths: tuple[int, ...] = (48, 96, 192)
    blocks: tuple[int, ...] = (2, 2, 2)
    epochs: int = 26
    crop_size: int = 96
    min_crop: float = 0.35
    max_crop: float = 1.0
    finish_epochs: int = 4
    finish_crop: float = 0.65
    finish_rate: float = 0.04
    batch: int = 64
    learning_rate: float = 0.2
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    seed: int = 0
    components: int = 0
    grey: bool = False
    objective: str = "plain"
    settings: dict[str, Any] = field(default_factory=dict)
    start: str = ""
    optimizer: str = "sgd"
    shown: int = 0


# The objects are easier than photographs: a smaller network, fewer epochs, nearly whole pictures.
OBJECTS: dict[str, Any] = {
    "stem": 16,
    "widths": (32, 64, 128),
    "blocks": (1, 2, 2),
    "epochs": 7,
    "crop_size": 128,
    "min_crop": 0.8,
    "finish_epochs": 0,
}
# The basis that ships is one of pictures of 32 pixels, and so must the crops be.
SMALL: dict[str, Any] = {
    "input_size": 32,
    "crop_size": 32,
    "stem": 48,
    "widths": (96, 192),
    "blocks": (2, 2),
}
# The weight is our choice: an untrained network is about 0.04 away from the V1 model, and its
# cross-entropy is about 2, so that both count.
SIMILAR = {"target": "V1 model", "weight": 20.0, "pictures": 32}


# Those of Jang and Tong 2024, who blur pictures of 224 pixels, at 128.
MIXED = {"sigmas": [0, 0.57, 1.14, 2.29, 4.57]}


# Crops are as large as what the net sees: in one run each, nine thousand of 160 pixels taught the
# student behind a blur of 3 less than fifteen hundred of 224. Most show more than the photograph,
# whose pixels are fewer than that: enlarged, they would lack fine structure. At five times this
# rate and with timm's momentum of batch statistics the student forgot its classes.
DISTILLED: dict[str, Any] = {
    "start": "imagenet_lite0",
    "input_size": 256,
    "epochs": 11,
    "crop_size": 224,
    "max_crop": 2.0,
    "finish_epochs": 1,
    "finish_rate": 1e-4,
    "batch": 64,
    "optimizer": "adamw",
    "learning_rate": 4e-4,
    "weight_decay": 0.01,
    "label_smoothing": 0.0,
    "shown": 3072,
}
TEACHER = {"teacher": "imagenet_lite0", "photographs": ["imagenette", "caltech101"]}


def _photographs(title: str, **changes: Any) -> Recipe:
    return Recipe(f"Imagenette, {title}", "imagenette", **changes)


def _drawings(title: str, **changes: Any) -> Recipe:
    return Recipe(f"Objects, {title}", "objects", **OBJECTS, **changes)


def _distilled(
    title: str, objective: str = "distilled", sigma: float = 0.0, **settings: Any
) -> Recipe:
    return Recipe(
        f"ImageNet, {title}",
        "imagenet",
        sigma,
        objective=objective,
        settings=TEACHER | settings,
        **DISTILLED,
    )


def _adversarial(epsilon: int) -> dict[str, Any]:
    return {"objective": "adversarial", "settings": {"epsilon": epsilon}}


RECIPES = {
    "imagenette_base": _photographs("base"),
    "imagenette_base_seed1": _photographs("base, seed 1", seed=1),
    "imagenette_base_seed2": _photographs("base, seed 2", seed=2),
    "imagenette_blur0.5": _photographs("blur σ = 0.5 px", sigma=0.5),
    "imagenette_blur1": _photographs("blur σ = 1 px", sigma=1.0),
    "imagenette_blur1.5": _photographs("blur σ = 1.5 px", sigma=1.5),
    "imagenette_blur2": _photographs("blur σ = 2 px", sigma=2.0),
    "imagenette_blur2_seed1": _photographs("blur σ = 2 px, seed 1", sigma=2.0, seed=1),
    "imagenette_blur2_seed2": _photographs("blur σ = 2 px, seed 2", sigma=2.0, seed=2),
    "imagenette_blur3": _photographs("blur σ = 3 px", sigma=3.0),
    "imagenette_blur4": _photographs("blur σ = 4 px", sigma=4.0),
    "imagenette_blur6": _photographs("blur σ = 6 px", sigma=6.0),
    "imagenette_adv2": _photographs("adversarial L∞ 2/255", **_adversarial(2)),
    "imagenette_adv4": _photographs("adversarial L∞ 4/255", **_adversarial(4)),
    "imagenette_noise": _photographs(
        "Gaussian noise", objective="noisy", settings={"deviation": 0.3}
    ),
    "imagenette_mixed": _photographs(
        "sharp and blurred pictures", objective="blurred", settings=MIXED
    ),
    "imagenette_v1": _photographs("like the V1 model", objective="similar", settings=SIMILAR),
    "imagenette_neural": _photographs(
        "like neural data", objective="similar", settings=SIMILAR | {"target": None}
    ),
    "imagenette_32px": _photographs("32 px", **SMALL),
    "imagenette_32px_pca512": _photographs("32 px, 512 components", components=512, **SMALL),
    "imagenette_32px_grey": _photographs("32 px, grey", grey=True, **SMALL),
    "objects_base": _drawings("base"),
    "objects_blur2": _drawings("blur σ = 2 px", sigma=2.0),
    "objects_adv4": _drawings("adversarial L∞ 4/255", **_adversarial(4)),
    "imagenet_blur1.5": _distilled("blur σ = 1.5 px", sigma=1.5),
    "imagenet_blur3": _distilled("blur σ = 3 px", sigma=3.0),
    "imagenet_noise": _distilled("Gaussian noise", "distilled_noisy", deviation=0.3),
}
