"""Colours as CSS writes them (CSS Color 4): read where one value decides, and not guessed where several may.

A value of which it depends on the reader's machine, on other rules or on what is behind it which colour is seen
(light-dark(), var(), half transparent) cannot be judged here, and is none.
"""

import re
from collections.abc import Iterator

#: No colour of its own: what is behind it shows.
CLEAR = "transparent"

_HEX = re.compile(r"#[0-9a-f]{3,8}")
_WORD = re.compile(r"[a-z][a-z-]*")
_PART = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:e[+-]?\d)?)(%|deg|turn|g?rad)?")
_SEPARATORS = re.compile(r"[\s,/]+")
#: The functions that may stand in a value beside a colour, and are none.
_NO_COLOURS = frozenset({"url", "calc", "min", "max", "clamp", "image-set"})
_DEGREES = {"": 1.0, "deg": 1.0, "turn": 360.0, "grad": 0.9, "rad": 57.29577951308232}
_NAMES = """
    aliceblue f0f8ff  antiquewhite faebd7  aqua 00ffff  aquamarine 7fffd4  azure f0ffff  beige f5f5dc  bisque ffe4c4
    black 000000  blanchedalmond ffebcd  blue 0000ff  blueviolet 8a2be2  brown a52a2a  burlywood deb887
    cadetblue 5f9ea0  chartreuse 7fff00  chocolate d2691e  coral ff7f50  cornflowerblue 6495ed  cornsilk fff8dc
    crimson dc143c  cyan 00ffff  darkblue 00008b  darkcyan 008b8b  darkgoldenrod b8860b  darkgray a9a9a9
    darkgreen 006400  darkkhaki bdb76b  darkmagenta 8b008b  darkolivegreen 556b2f  darkorange ff8c00
    darkorchid 9932cc  darkred 8b0000  darksalmon e9967a  darkseagreen 8fbc8f  darkslateblue 483d8b
    darkslategray 2f4f4f  darkturquoise 00ced1  darkviolet 9400d3  deeppink ff1493  deepskyblue 00bfff
    dimgray 696969  dodgerblue 1e90ff  firebrick b22222  floralwhite fffaf0  forestgreen 228b22  fuchsia ff00ff
    gainsboro dcdcdc  ghostwhite f8f8ff  gold ffd700  goldenrod daa520  gray 808080  green 008000
    greenyellow adff2f  honeydew f0fff0  hotpink ff69b4  indianred cd5c5c  indigo 4b0082  ivory fffff0  khaki f0e68c
    lavender e6e6fa  lavenderblush fff0f5  lawngreen 7cfc00  lemonchiffon fffacd  lightblue add8e6
    lightcoral f08080  lightcyan e0ffff  lightgoldenrodyellow fafad2  lightgray d3d3d3  lightgreen 90ee90
    lightpink ffb6c1  lightsalmon ffa07a  lightseagreen 20b2aa  lightskyblue 87cefa  lightslategray 778899
    lightsteelblue b0c4de  lightyellow ffffe0  lime 00ff00  limegreen 32cd32  linen faf0e6  magenta ff00ff
    maroon 800000  mediumaquamarine 66cdaa  mediumblue 0000cd  mediumorchid ba55d3  mediumpurple 9370db
    mediumseagreen 3cb371  mediumslateblue 7b68ee  mediumspringgreen 00fa9a  mediumturquoise 48d1cc
    mediumvioletred c71585  midnightblue 191970  mintcream f5fffa  mistyrose ffe4e1  moccasin ffe4b5
    navajowhite ffdead  navy 000080  oldlace fdf5e6  olive 808000  olivedrab 6b8e23  orange ffa500  orangered ff4500
    orchid da70d6  palegoldenrod eee8aa  palegreen 98fb98  paleturquoise afeeee  palevioletred db7093
    papayawhip ffefd5  peachpuff ffdab9  peru cd853f  pink ffc0cb  plum dda0dd  powderblue b0e0e6  purple 800080
    rebeccapurple 663399  red ff0000  rosybrown bc8f8f  royalblue 4169e1  saddlebrown 8b4513  salmon fa8072
    sandybrown f4a460  seagreen 2e8b57  seashell fff5ee  sienna a0522d  silver c0c0c0  skyblue 87ceeb
    slateblue 6a5acd  slategray 708090  snow fffafa  springgreen 00ff7f  steelblue 4682b4  tan d2b48c  teal 008080
    thistle d8bfd8  tomato ff6347  turquoise 40e0d0  violet ee82ee  wheat f5deb3  white ffffff  whitesmoke f5f5f5
    yellow ffff00  yellowgreen 9acd32
"""
_NAMED = {name: f"#{digits}" for name, digits in zip(*[iter(_NAMES.split())] * 2, strict=True)}
_NAMED |= {name.replace("gray", "grey"): value for name, value in _NAMED.items()} | {CLEAR: CLEAR}


def colour(value: str) -> str | None:
    """The colour that a value in lower case holds, as #rrggbb or CLEAR; None where it holds none that can be judged."""
    found = CLEAR if value == "none" else None
    for word in _words(value):
        name, bracket, rest = word.partition("(")
        if bracket and (name in _NO_COLOURS or name.endswith("gradient")):
            continue
        own = _called(name, rest.removesuffix(")")) if bracket else _plain(word)
        if own is None and (bracket or word.startswith("#")):
            return None
        found = found or own
    return found


def _words(value: str) -> Iterator[str]:
    """What is parted by white space outside of brackets."""
    depth, start = 0, 0
    for at, sign in enumerate(value):
        depth += (sign == "(") - (sign == ")")
        if sign.isspace() and depth <= 0:
            yield value[start:at]
            start = at + 1
    yield value[start:]


def _plain(word: str) -> str | None:
    if _HEX.fullmatch(word):
        return _by_digits(word[1:])
    return _NAMED.get(word.rstrip(","))


def _by_digits(digits: str) -> str | None:
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in (6, 8):
        return None
    return _seen("#" + digits[:6], int(digits[6:] or "ff", 16) / 255)


def _called(name: str, inside: str) -> str | None:
    """A colour given by numbers; None for any other function."""
    parts = [_PART.fullmatch(each) for each in _SEPARATORS.split(inside.strip()[:100])]
    numbers = [(float(each[1]), each[2] or "") for each in parts if each]
    if len(numbers) != len(parts) or len(numbers) not in (3, 4) or name not in ("rgb", "rgba", "hsl", "hsla"):
        return None
    first, second, third, alpha = [*numbers, (1.0, "")][:4]
    share = alpha[0] / 100 if alpha[1] else alpha[0]
    if name.startswith("rgb"):
        return _seen(_hex(*(_byte(*each) for each in (first, second, third))), share)
    hue = first[0] * _DEGREES.get(first[1], 1.0)
    return _seen(_of_hue(hue, _within(second[0] / 100), _within(third[0] / 100)), share)


def _seen(shown: str, alpha: float) -> str | None:
    """The colour, where nothing shines through it."""
    return CLEAR if alpha <= 0 else shown if alpha >= 1 else None


def _byte(number: float, unit: str) -> float:
    return number / 100 if unit == "%" else number / 255


def _of_hue(hue: float, saturation: float, lightness: float) -> str:
    """By CSS Color 4, 7.1."""
    reach = saturation * min(lightness, 1 - lightness)

    def part(turned: float) -> float:
        k = (turned + hue / 30) % 12
        return lightness - reach * max(-1.0, min(k - 3, 9 - k, 1.0))

    return _hex(part(0), part(8), part(4))


def _hex(*parts: float) -> str:
    return "#" + "".join(f"{int(_within(part) * 255 + 0.5):02x}" for part in parts)


def _within(share: float) -> float:
    return max(0.0, min(1.0, share))
