"""Grey from colours, by the weights of red, green and blue that published protocols use."""

from torch import Tensor

# ITU-R BT.601. OpenCV and Pillow take it, and so do ImageNet-C's snow and our own drawings.
BT601 = (0.299, 0.587, 0.114)
# ITU-R BT.709 as scikit-image rounds it, and so what people saw who were shown filtered pictures
# (Geirhos et al. 2018). It makes red and blue darker and green lighter.
BT709 = (0.2125, 0.7154, 0.0721)


def grey(images: Tensor, weights: tuple[float, float, float] = BT601) -> Tensor:
    """Return the weighted sum of red, green and blue, (N, 1, S, S) for (N, 3, S, S) pictures.

    weights: BT601 or BT709, whichever the protocol used. Both sum to 1, so grey stays as it is.
    """
    red, green, blue = images.split(1, 1)
    return weights[0] * red + weights[1] * green + weights[2] * blue
