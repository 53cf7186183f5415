"""The readme of a capture: for those who made it and those who get it."""

from collections import Counter
from collections.abc import Sequence

from exporter.capture.folder import file_name
from exporter.capture.recorder import RecordedResponse
from exporter.capture.redactor import Replaced

_SORTS = {200: "answered", 401: "refused", 403: "refused", 404: "not there"}
_PAGE = """\
# A capture of an Enphase gateway

Firmware {firmware}{part}. Recorded by `enphase-exporter capture`: each response of the gateway in \
a file named after
its request, with the status and the headers in `…_log.json`.

    enphase-exporter replay FOLDER

serves it as a gateway.

## Look through it before you publish it

Serial numbers, addresses and names are pseudonyms: of the same format, the same everywhere in \
this folder, and made
with a random number that was not kept. They were found by the names of fields and by their \
format, so data in an
unknown field may have been missed. Read the files, and search them for your name, your street and \
the numbers on your
devices.

Replaced:

{replaced}

Unchanged: part numbers, firmware, power, energy, prices, times, the time zone (prices and local \
times mean nothing
without it), and which networks addresses belong to.

## Requests

{asked}
"""


def page(
    answers: Sequence[RecordedResponse], replaced: Sequence[Replaced], firmware: str, part: str
) -> str:
    """Return the readme of a capture."""
    kinds = [f"- {line}" for line in report(replaced)] or ["- nothing: nothing was found"]
    return _PAGE.format(
        firmware=firmware,
        part=f", part {part}" if part else "",
        replaced="\n".join(kinds),
        asked="\n".join(_asked(answer) for answer in answers),
    )


def report(replaced: Sequence[Replaced]) -> list[str]:
    """Return a line for each kind of data that was replaced."""
    return [f"{one.kind}: {one.distinct} different, in {one.places} places" for one in replaced]


def outcome(answer: RecordedResponse) -> str:
    """Return the result of a request in a few words."""
    if answer.failure:
        return "no response"
    if answer.status == 200:
        return f"{len(answer.body)} bytes"
    return f"status {answer.status}" + (f", {sort}" if (sort := _SORTS.get(answer.status)) else "")


def summary(answers: Sequence[RecordedResponse]) -> str:
    """Return the results of all requests."""
    counts = Counter(
        "without a response"
        if answer.failure
        else _SORTS.get(answer.status, f"with status {answer.status}")
        for answer in answers
    )
    return ", ".join(f"{count} {sort}" for sort, count in counts.most_common())


def _asked(answer: RecordedResponse) -> str:
    value = f"{answer.failure}; replayed as {answer.status}" if answer.failure else outcome(answer)
    return f"- `{file_name(answer.target)}` `{answer.target}`: {value}"
