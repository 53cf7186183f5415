"""Templates in which text stays text."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.status.device_models import PanelStatus
from exporter.web.layout_svg import Placed
from exporter.web.rendering import inline_code, nbsp_units, printable, render

WILD = st.text() | st.sampled_from(["<script>", '" onload="x', "'", "&amp;", "</p>", "a\nb"])


class PageParser(HTMLParser):
    """Notes tags with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(str(text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


@given(text=WILD)
def test_text_is_text_in_every_page(text: str) -> None:
    """No text opens a tag or leaves its attribute, and none controls how others are written."""
    page = render("layout.svg.j2", **drawing(text))
    read = PageParser(page)
    assert [name for name, _ in read.tags] == ["svg", "g", "title", "rect", "text", "text"]
    label = dict(read.tags[0][1])["aria-label"]
    assert label == f"{printable(text)}: 1 of 1 report"
    assert printable(text) in read.text


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x9b", "\u202e", "\u2066", "\u2028"])
def test_characters_that_are_no_text_do_not_reach_a_page(character: str) -> None:
    """Control characters, and those that turn the direction of writing, are replaced."""
    page = render("layout.svg.j2", **drawing(f"a{character}b"))
    assert character not in page
    assert "a\N{REPLACEMENT CHARACTER}b" in PageParser(page).text


def test_letters_of_all_languages_stay() -> None:
    """Accents, Arabic letters and pictures are text."""
    text = "Küche \u0627\u0644 \N{SUN WITH FACE}\N{NO-BREAK SPACE}x"
    assert printable(text) == text


def test_code_in_a_sentence() -> None:
    """What stands between backticks is code, and escaped as all else."""
    assert inline_code("run `a <b>` & go") == "run <code>a &lt;b&gt;</code> &amp; go"


def drawing(text: str) -> dict[str, Any]:
    """Return what the template of a roof needs, with a text of others in all places."""
    panel = PanelStatus("1", "dark", name=text)
    return {
        "title": text,
        "reporting": 1,
        "placed": [Placed(panel, 0, 0)],
        "width": 60,
        "height": 40,
        "cell": (56, 40),
        "wide": False,
        "power_text": lambda _: text,
        "display_name": lambda _: text,
        "colour_class": lambda _: "l1",
    }


def test_numbers_stay_with_their_units() -> None:
    """A line never ends between the two; words are left alone."""
    gap = "\N{NO-BREAK SPACE}"
    assert (
        nbsp_units("84 %, updated 3 min ago, 2 home") == f"84{gap}%, updated 3{gap}min ago, 2 home"
    )
