"""Files become pictures, (3, H, W) float32 RGB tensors in [0, 1], and pictures become files."""

import base64
import ctypes
import math
import warnings
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageChops, ImageFile, ImageOps, UnidentifiedImageError, features
from torch import Tensor

from blurlab.pictures import colours, headers
from blurlab.pictures.resizing import resize
from blurlab.sentence import Sentence

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF") + ("AVIF",) * bool(features.check("avif"))
SEND = Sentence(
    "send a {most} or {last}",
    most=", ".join(FORMATS[:-1]).replace("WEBP", "WebP"),
    last=FORMATS[-1],
)

MAX_BYTES = 128 * 2**20
MAX_PIXELS = 40_000_000
MAX_ASPECT = 20
KEPT_PIXELS = 2048 * 2048

BEHIND_TRANSPARENCY = (128, 128, 128)

REFUSED_MODES = {
    "I": "32-bit numbers, which have no fixed white",
    "F": "fractional numbers, which have no fixed white",
    "LAB": "Lab colours",
}

NPY_MAGIC = b"\x93NUMPY"


# What decoders have to say of odd files is said by ImageError, and not in the terminal too.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
with suppress(AttributeError, OSError):  # where Pillow's libtiff cannot be reached from here
    _libtiff = ctypes.CDLL(Image.core.__file__)
    _libtiff.TIFFSetErrorHandler(None)
    _libtiff.TIFFSetWarningHandler(None)


class ImageError(ValueError):
    """A file that cannot become a picture; the message is one sentence for who sent it."""


def read_image(data: bytes, name: str) -> Tensor:
    """The picture in a file's bytes, as a person would expect to see it.

    The content decides, whatever the extension says: a JPEG named .png is shown. Pictures are
    turned upright by their EXIF tag, transparency lies on mid grey, an animation shows its first
    frame, 16-bit greys keep their levels. The .npy files of save_image are read exactly.
    name: what error messages call the file.
    Returns (3, H, W) in [0, 1]; above KEPT_PIXELS the picture is reduced to about that many.
    Raises ImageError for anything else, and, before decoding, above MAX_PIXELS or MAX_ASPECT.
    """
    if not data:
        raise ImageError(Sentence("{name} is empty: {send}.", name=name, send=SEND))
    if data.startswith(NPY_MAGIC):
        return _read_array(data, name)
    if words := headers.excess(data):
        raise ImageError(f"{name} {words}.")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            _check_size(*picture.size, name)
            pixels = np.array(_upright_rgb(picture, name))
    except ImageError:
        raise
    except UnidentifiedImageError:
        words = "{name} is not a picture BlurLab reads: {send}."
        raise ImageError(Sentence(words, name=name, send=SEND)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(_too_large(name)) from None
    except Exception:  # decoders raise many kinds of errors on hostile bytes
        words = "{name} is damaged or cut short: {send} that opens elsewhere."
        raise ImageError(Sentence(words, name=name, send=SEND)) from None
    return torch.from_numpy(pixels).permute(2, 0, 1).float().div(255).contiguous()


def _too_large(name: str, size: tuple[int, int] | None = None) -> Sentence:
    most = MAX_PIXELS // 10**6
    if size is None:
        words = "{name} is too large: BlurLab reads up to {most} megapixels."
        return Sentence(words, name=name, most=most)
    words = (
        "{name} is too large ({width} x {height} pixels): BlurLab reads up to {most} megapixels."
    )
    return Sentence(words, name=name, most=most, width=size[0], height=size[1])


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(_too_large(name, (width, height)))
    if max(width, height) > MAX_ASPECT * min(width, height):
        words = (
            "{name} is {width} x {height} pixels, too narrow for a centred square: send one whose "
            "longer side is at most {most} times the shorter."
        )
        raise ImageError(Sentence(words, name=name, width=width, height=height, most=MAX_ASPECT))


def _upright_rgb(opened: ImageFile.ImageFile, name: str) -> Image.Image:
    """The first frame as an upright 8-bit RGB picture of at most about KEPT_PIXELS."""
    if opened.mode in REFUSED_MODES:
        raise ImageError(
            f"{name} holds {REFUSED_MODES[opened.mode]}: save it as RGB or grey with 8 or 16 bits."
        )
    width, height = opened.size
    reduction = math.sqrt(max(1, width * height / KEPT_PIXELS))
    # A JPEG decodes straight to a smaller size, which saves most of the time and memory.
    opened.draft(None, (math.ceil(width / reduction), math.ceil(height / reduction)))
    if opened.format == "PNG" and opened.mode == "RGB" and "16" in str(opened.tile[0].args):
        colours.shorten_transparency(opened)
    opened.load()
    picture: Image.Image = opened
    with suppress(Exception):  # an unreadable tag says nothing about the picture
        ImageOps.exif_transpose(picture, in_place=True)
    info, alpha = picture.info, None
    if picture.mode.startswith("I;16"):
        if words := colours.narrow(picture):
            raise ImageError(f"{name} {words}.")
        picture = colours.of_eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture if picture.mode in ("RGBA", "LA") else picture.convert("RGBA")
        alpha = picture.getchannel("A")
        picture = picture.convert(picture.mode[:-1])
    picture = colours.to_srgb(picture, info)
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    if alpha is not None:
        picture.paste(BEHIND_TRANSPARENCY, mask=ImageChops.invert(alpha))
    factor = math.sqrt(KEPT_PIXELS / math.prod(picture.size))
    return picture if factor >= 1 else ImageOps.scale(picture, factor)


def _read_array(data: bytes, name: str) -> Tensor:
    """The (3, S, S) picture in the bytes of a .npy file, none of which is ever executed."""
    stream = BytesIO(data)
    try:
        np.lib.format.read_magic(stream)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception:  # the header is a Python literal, which fails in many ways
        raise ImageError(f"{name} is not a .npy file that BlurLab reads.") from None
    if dtype != np.float32 or len(shape) != 3 or shape[0] != 3 or not shape[1] == shape[2] > 0:
        raise ImageError(f"{name} holds {dtype} of shape {shape}, not float32 of shape (3, S, S).")
    if math.prod(shape[1:]) > MAX_PIXELS:
        raise ImageError(_too_large(name, (shape[1], shape[2])))
    if len(data) - stream.tell() != 4 * math.prod(shape):
        raise ImageError(f"{name} is damaged or cut short: save it again.")
    values = np.frombuffer(data, np.float32, offset=stream.tell())
    outside = values[~((values >= 0) & (values <= 1))]
    if outside.size:
        raise ImageError(f"{name} holds the value {outside[0]:g}, but pictures lie in [0, 1].")
    return torch.from_numpy(values.reshape(shape, order="F" if is_fortran else "C").copy())


def load_image(path: str | Path, name: str = "") -> Tensor:
    """The picture in a file, by the rules of read_image; up to MAX_BYTES are read.

    name: what error messages call the file, unless by its own name.
    """
    path = Path(path)
    name = name or path.name
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(f"{name} is larger than {MAX_BYTES // 2**20} MB.")
        return read_image(path.read_bytes(), name)
    except OSError as error:
        raise ImageError(f"{path} cannot be opened: {error.strerror}.") from None


def save_image(image: Tensor, path: str | Path) -> None:
    """Write a (3, H, W) picture: .png rounds to 8 bits, .npy keeps a (3, S, S) one exactly."""
    path = Path(path)
    if path.suffix.lower() == ".png":
        path.write_bytes(png_bytes(image))
    elif path.suffix.lower() == ".npy":
        stream = BytesIO()
        np.save(stream, image.detach().cpu().float().numpy(), allow_pickle=False)
        _read_array(stream.getvalue(), path.name)
        path.write_bytes(stream.getvalue())
    else:
        raise ImageError(f"{path.name} must end in .png (8 bits) or .npy (exact).")


def square(image: Tensor, size: int, interpolation: str = "bicubic") -> Tensor:
    """The largest centred square of a picture, resized as resize() does.

    image: (3, H, W) in [0, 1].
    Returns (3, size, size) in [0, 1].
    """
    height, width = image.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    crop = image[None, :, top : top + side, left : left + side]
    return resize(crop, size, interpolation)[0].contiguous()


def align(
    image: Tensor,
    *,
    shift_x: float = 0.0,
    shift_y: float = 0.0,
    scale: float = 1.0,
    flip: bool = False,
) -> Tensor:
    """A picture mirrored left to right if flip, scaled about its centre, then shifted.

    What comes into view at the border is the picture's own reflection, so no edge appears that
    would add frequencies of its own.
    image: (3, S, S) in [0, 1].
    shift_x, shift_y: fractions of the side, -1 to 1; positive moves right and down.
    scale: 0.1 to 10; above 1 enlarges. Reducing is antialiased.
    Returns (3, S, S) in [0, 1].
    """
    for name, shift in (("shift_x", shift_x), ("shift_y", shift_y)):
        if not -1 <= shift <= 1:
            raise ValueError(f"{name} is {shift}: it must lie between -1 and 1.")
    if not 0.1 <= scale <= 10:
        raise ValueError(f"scale is {scale}: it must lie between 0.1 and 10.")
    size = image.shape[-1]
    if flip:
        image = image.flip(-1)
    if (shift_x, shift_y, scale) == (0, 0, 1):
        return image.clone()
    if scale < 1:
        image = square(image, max(1, round(scale * size)))
    # Maps places in the result to places in the picture; both run from -1 to 1.
    places = [[1 / scale, 0, -2 * shift_x / scale], [0, 1 / scale, -2 * shift_y / scale]]
    grid = F.affine_grid(image.new_tensor([places]), [1, 3, size, size], align_corners=False)
    moved = F.grid_sample(
        image[None], grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    return moved[0].clamp(0, 1)


def to_uint8(image: Tensor) -> np.ndarray:
    """A (3, H, W) picture in [0, 1] as an (H, W, 3) array of 0 to 255, rounded and clipped."""
    return image.detach().mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()


def png_bytes(image: Tensor) -> bytes:
    """A (3, H, W) picture as a PNG file of 8 bits per channel."""
    stream = BytesIO()
    # Level 1 is several times faster than the default and little larger on photographs.
    Image.fromarray(to_uint8(image)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def jpeg_bytes(image: Tensor, quality: int = 90) -> bytes:
    """A (3, H, W) picture as a JPEG file; quality runs from 1 to 95, colours are not subsampled."""
    stream = BytesIO()
    Image.fromarray(to_uint8(image)).save(stream, "JPEG", quality=quality, subsampling=0)
    return stream.getvalue()


def data_url(image: Tensor, kind: str = "png") -> str:
    """A (3, H, W) picture as a URL that holds it whole; kind is "png" (lossless) or "jpeg"."""
    encode = {"png": png_bytes, "jpeg": jpeg_bytes}[kind]
    return f"data:image/{kind};base64," + base64.b64encode(encode(image)).decode()
