"""What a capture says of itself: a page for who made it, and for who gets it."""

from collections import Counter
from collections.abc import Sequence

from exporter.capture.folder import file_name
from exporter.capture.recorder import Taken
from exporter.capture.redactor import Replaced

_PAGE = """\
# A capture of an Enphase gateway

Firmware {firmware}{part}. Recorded by `enphase-exporter capture`: what the gateway answered, each \
answer in a file
named after its request, with the status and the headers beside it in `…_log.json`.

    enphase-exporter replay FOLDER

serves it as a gateway.

## Look at it before you give it away

Serial numbers, addresses and names are stand-ins: of the same shape, the same everywhere in this \
folder, and made
with a random number that was thrown away. This was done by name and by look, so what stands under \
a name that nobody
knows may have been missed. Read the files, and search them for your name, your street and the \
numbers on your devices.

Replaced were:

{replaced}

As they were: part numbers, firmware, power, energy, prices, times, the time zone (without it, the \
price in force and
the local time mean nothing), and which networks addresses belong to.

## What was asked

{asked}
"""


def page(answers: Sequence[Taken], replaced: Sequence[Replaced], firmware: str, part: str) -> str:
    """Return the readme of a capture."""
    found = [f"- {line}" for line in report(replaced)] or ["- nothing: there was nothing to find"]
    return _PAGE.format(
        firmware=firmware,
        part=f", part {part}" if part else "",
        replaced="\n".join(found),
        asked="\n".join(_asked(answer) for answer in answers),
    )


def report(replaced: Sequence[Replaced]) -> list[str]:
    """Return a line for each kind of what was replaced, without any of it."""
    return [f"{one.kind}: {one.distinct} different, in {one.places} places" for one in replaced]


def outcome(answer: Taken) -> str:
    """Return how a question ended, in a few words."""
    if answer.failure:
        return "no answer"
    words = {401: "refused", 403: "refused", 404: "not there"}
    told = words.get(answer.status)
    size = f"{len(answer.body)} bytes"
    return (
        size if answer.status == 200 else f"status {answer.status}" + (f", {told}" if told else "")
    )


def summary(answers: Sequence[Taken]) -> str:
    """Return how all questions ended."""
    counts = Counter(_sort(answer) for answer in answers)
    return ", ".join(f"{count} {sort}" for sort, count in counts.most_common())


def _sort(answer: Taken) -> str:
    if answer.failure:
        return "without an answer"
    known = {200: "answered", 401: "refused", 403: "refused", 404: "not there"}
    return known.get(answer.status, f"with status {answer.status}")


def _asked(answer: Taken) -> str:
    told = f"{answer.failure}; replayed as {answer.status}" if answer.failure else outcome(answer)
    return f"- `{file_name(answer.target)}` `{answer.target}`: {told}"
