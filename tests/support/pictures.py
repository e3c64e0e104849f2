"""Pictures of pages: compared with references, with a tolerance; and small drawings that letters of tests show.

Both are softened a little, as an eye does; then a pixel is forgiven when its colour is near to what the other picture
has there or right beside it. So letters pass whose edges are smoothed in another way, and strokes that lie a pixel off.
What is moved by more, changed in colour, lost or added is found.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

#: How far a colour may be from those around it, of 255, in each of red, green and blue.
NEAR = 20
SOFT = ImageFilter.GaussianBlur(1)
#: So many pixels may be off all the same.
FORGIVEN = 30
#: How finely a kept reference tells colours apart.
STEP = 16
#: A colour that covers so much of it is kept as it is.
EXACT = 0.002


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of a comparison."""

    #: Pixels that are not forgiven; all of them when the sizes differ.
    off: int
    #: The actual picture, faded, with those pixels in red.
    drawn: Image.Image

    @property
    def alike(self) -> bool:
        """Whether the two may pass for one."""
        return self.off <= FORGIVEN


def compared(actual: Image.Image, reference: Image.Image) -> Compared:
    """Two pictures, pixel by pixel."""
    here, there = actual.convert("RGB"), reference.convert("RGB")
    if here.size != there.size:
        return Compared(off=here.width * here.height, drawn=here)
    # Most pictures are the same at first sight, which is told much sooner than what to forgive.
    if _mark(_worst(ImageChops.difference(here, there))).getbbox() is None:
        return Compared(off=0, drawn=here)
    one, other = here.filter(SOFT), there.filter(SOFT)
    off = _mark(ImageChops.lighter(_outside(one, other), _outside(other, one)))
    faded = Image.blend(here, Image.new("RGB", here.size, "white"), 0.7)
    faded.paste("red", mask=off.filter(ImageFilter.MaxFilter(3)))
    return Compared(off=off.histogram()[255], drawn=faded)


def opened(png: bytes) -> Image.Image:
    """A picture as a browser hands it over."""
    return Image.open(BytesIO(png))


def keep(picture: Image.Image, path: Path) -> None:
    """Write a reference, as small as its colours allow."""
    exact = picture.convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    exact.quantize(palette=_palette(exact), dither=Image.Dither.NONE).save(path, optimize=True)


def drawing(name: str, width: int, height: int) -> bytes:
    """A plain picture that is the same every time: a table before a wall, or a word as a logo."""
    logo = name.startswith("logo")
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0) if logo else (214, 222, 214, 255))
    pen = ImageDraw.Draw(picture)
    if logo:
        ink = (240, 240, 240, 255) if name.endswith("dark") else (29, 35, 40, 255)
        pen.ellipse((0, 0, height, height), fill=(176, 60, 110, 255))
        pen.rectangle((height * 5 // 4, height // 3, width - 1, height * 2 // 3), fill=ink)
    else:
        pen.rectangle((0, height * 2 // 3, width, height), fill=(150, 120, 90, 255))
        pen.rectangle((width // 8, height // 6, width // 3, height // 2), fill=(255, 252, 240, 255))
        pen.ellipse((width // 2, height // 2, width * 5 // 8, height * 3 // 4), fill=(120, 40, 40, 255))
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def _palette(picture: Image.Image) -> Image.Image:
    """The grounds and inks of a picture as they are, and the shades between them in steps."""
    coarse = picture.point(lambda value: min(255, (value + STEP // 2) // STEP * STEP))
    pixels = picture.width * picture.height
    exact, stepped = (sorted(p.getcolors(pixels), reverse=True) for p in (picture, coarse))
    chosen = [colour for count, colour in exact if count > EXACT * pixels] + [colour for _, colour in stepped]
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in chosen[:256] for value in colour])
    return palette


def _outside(picture: Image.Image, other: Image.Image) -> Image.Image:
    """How far each pixel is from the colours that the other picture has there and beside it; the worst of its three."""
    least, most = other.filter(ImageFilter.MinFilter(3)), other.filter(ImageFilter.MaxFilter(3))
    return _worst(ImageChops.lighter(ImageChops.subtract(picture, most), ImageChops.subtract(least, picture)))


def _worst(difference: Image.Image) -> Image.Image:
    red, green, blue = difference.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _mark(difference: Image.Image) -> Image.Image:
    return difference.point(lambda value: 255 * (value > NEAR))
