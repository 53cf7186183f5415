"""The pictures of dashboards in docs/, which have to stay small: few colours, cut to the top."""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

#: colours of a picture; text and lines look the same with so many
_COLOURS = 128


class DocumentedPicture(NamedTuple):
    """A dashboard as docs/ shows it: its height in CSS pixels is cut off there."""

    uid: str
    width: int
    theme: str
    height: int

    @property
    def file(self) -> str:
        """The name in docs/."""
        phone = "-phone" if self.width < 768 else ""
        return f"{self.uid.replace('enphase-', 'dashboard-')}{phone}.png"


PICTURES = (
    DocumentedPicture("enphase-home", 1440, "dark", 1566),
    DocumentedPicture("enphase-home", 390, "dark", 1200),
    DocumentedPicture("enphase-energy", 1440, "light", 1900),
    DocumentedPicture("enphase-solar", 1440, "dark", 1900),
    DocumentedPicture("enphase-battery", 1440, "light", 1408),
)


def shrink(picture: Path, height: int) -> None:
    """Cut a picture off at a height, and write it with few colours."""
    with Image.open(picture) as image:
        cut = image.convert("RGB").crop((0, 0, image.width, min(height, image.height)))
    cut.quantize(_COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)
