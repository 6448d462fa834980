"""Whether words can be read on a colour: the contrast of WCAG 2.2. Pure: no Django.

Colours are text, « #A94A28 »; a contrast goes from 1 (the same) to 21 (black on white).
"""

import re

WHITE = "#FFFFFF"
READABLE = 4.5  # criterion 1.4.3, for a text of any size
PATTERN = re.compile(r"#[0-9A-F]{6}")


def written(colour: str) -> str | None:
    """« #a94a28 » or « A94A28 » as the house writes it; None when it is no colour."""
    text = f"#{colour.strip().lstrip('#').upper()}"
    return text if PATTERN.fullmatch(text) else None


def luminance(colour: str) -> float:
    """Relative luminance, from 0 (black) to 1 (white)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str = WHITE) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def is_readable(colour: str, on: str = WHITE) -> bool:
    return contrast(colour, on) >= READABLE
