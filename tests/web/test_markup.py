"""HTML in which text stays text."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from exporter.web.markup import Markup, element, markup, unbroken

WILD = st.text() | st.sampled_from(["<script>", '" onload="x', "'", "&amp;", "</p>", "a\nb"])


class Reader(HTMLParser):
    """Notes tags with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


@given(child=WILD, value=WILD)
def test_text_and_attributes_come_out_as_they_went_in(child: str, value: str) -> None:
    """No text opens a tag, and none leaves its attribute."""
    read = Reader(element("p", child, title=value))
    assert read.tags == [("p", [("title", value)])]
    assert read.text == child


def test_children_of_all_kinds() -> None:
    """Text, numbers, markup, nothing, and any of them in a row."""
    made = element("p", "a<", 1, None, [element("b", 2.5), ["c"]], (text for text in "de"))
    assert made == "<p>a&lt;1<b>2.5</b>cde</p>"
    assert isinstance(made, Markup)


def test_attributes_are_named_as_in_html() -> None:
    """A keyword of Python gets an underscore behind, a hyphen is written as one."""
    assert element("br", class_="x", aria_label=None, hidden=False) == '<br class="x">'
    assert element("line", stroke_width=2, viewBox="0") == (
        '<line stroke-width="2" viewBox="0"></line>'
    )


def test_numbers_stay_with_their_units() -> None:
    """A line never ends between the two; words are left alone."""
    gap = "\N{NO-BREAK SPACE}"
    assert unbroken("84 %, told 3 min ago, 2 home") == f"84{gap}%, told 3{gap}min ago, 2 home"
    assert markup(unbroken("<1 W>")) == f"&lt;1{gap}W&gt;"
