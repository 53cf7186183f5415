"""Write `docs/cli.md` from the commands themselves, so that the manual is never out of date.

`python -m tools.cli_docs` writes it; with `--check` it exits 1 if the file is not current.
"""

import argparse
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main

from exporter.cli import dispatch

PATH = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
PROGRAM = "enphase-exporter"
_WIDTH = 100

_INTRO = """\
# Commands

<!-- Written by `make docs` from the commands in exporter/cli/; do not edit. -->

Everything is done by one command, `enphase-exporter`, and `python -m exporter` is the same. Each of
its commands has `--help`. A word in capitals is a value of your own; brackets mark what may be
left out. [getting-started.md](getting-started.md) is the short way through the first
four.
"""

_ENVIRONMENT = """\
## Environment

| variable | meaning |
| --- | --- |
| `ENPHASE_HOST` | the gateway, without a configuration file; a port may follow |
| `ENPHASE_NAME` | its name, the value of the label `gateway`; the host by default |
| `ENPHASE_TOKEN` | a token, for firmware 7 and later |
| `ENPHASE_USERNAME`, `ENPHASE_PASSWORD` | the Enphase account, for tokens that renew themselves |
| `ENPHASE_…_FILE` | any of these, read from the file that is named |
| `ENPHASE_STATE_DIR` | where tokens, counters and devices seen before are remembered |

With one gateway in the configuration file they override its keys; flags override both. An empty
variable counts as not set.

## Files

| file | holds |
| --- | --- |
| `enphase-exporter.yml` | the [configuration](../examples/enphase-exporter.yml) |
| `NAME.token`, `NAME.password` | secrets that `init` has written beside it, for their owner only |
| `~/.local/state/enphase-exporter/` | the state directory, unless set otherwise |

## Shell completion

`enphase-exporter --install-completion` makes the shell complete commands and flags, from the next
terminal on; `--show-completion` prints what it would install.
"""


@dataclass(frozen=True)
class CommandHelp:
    """A command as it is called, such as `control grid off`, with its help in parts."""

    name: str
    usage: str
    paragraphs: tuple[str, ...]
    #: options and arguments with their meaning
    flags: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]
    #: names and first sentences of its subcommands
    commands: tuple[tuple[str, str], ...]


def tree() -> Any:
    """Return the command line as typer hands it to the shell."""
    return typer.main.get_command(dispatch._application(""))


def commands() -> Iterator[CommandHelp]:
    """Yield every command, the program itself first."""
    yield from _walk(tree(), "")


def document() -> str:
    """Return the whole manual."""
    first, *others = commands()
    parts = [_INTRO, *_section(first)]
    for command in others:
        parts += _section(command)
    return "\n".join((*parts, _statuses(), _ENVIRONMENT)).rstrip() + "\n"


def is_current() -> bool:
    """Return whether the file is equal to the document."""
    return PATH.is_file() and PATH.read_text(encoding="utf-8") == document()


def _walk(command: Any, name: str) -> Iterator[CommandHelp]:
    # wide, so that no line of a usage or a default is broken
    context = command.context_class(
        command, info_name=f"{PROGRAM} {name}".strip(), terminal_width=500, max_content_width=500
    )
    below = getattr(command, "commands", {})
    # in the order in which they were written, and not as the help sorts groups after commands
    ordered = sorted(below, key=lambda each: _order(each, list(below)))
    paragraphs, examples = _parts(command.help or "")
    records = (param.get_help_record(context) for param in command.get_params(context))
    yield CommandHelp(
        name,
        " ".join((context.command_path, *command.collect_usage_pieces(context))),
        tuple(paragraphs),
        tuple(record for record in records if record and "--help" not in record[0]),
        tuple(examples),
        tuple((each, below[each].get_short_help_str(500)) for each in ordered),
    )
    for each in ordered:
        yield from _walk(below[each], f"{name} {each}".strip())


def _order(name: str, names: list[str]) -> tuple[int, int]:
    names_in_order = dispatch._COMMANDS
    return (
        names_in_order.index(name) if name in names_in_order else len(names_in_order),
        names.index(name),
    )


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return the paragraphs of a help text, and its examples; what is preformatted stays so."""
    paragraphs, examples = [], []
    for block in inspect.cleandoc(text).split("\n\n"):
        lines = block.strip("\n").split("\n")
        if lines[0] == "\b":
            lines = lines[1:]
            if lines[0] == "Examples:":
                examples += [line.strip() for line in lines[1:]]
            else:
                paragraphs.append("```sh\n" + inspect.cleandoc("\n".join(lines)) + "\n```")
        elif block.strip():
            words = " ".join(line.strip() for line in lines)
            paragraphs.append(textwrap.fill(words, _WIDTH, break_on_hyphens=False))
    return paragraphs, examples


def _section(command: CommandHelp) -> Iterator[str]:
    depth = "#" * (1 + len(command.name.split())) if command.name else ""
    if command.name:
        yield f"{depth} {command.name}\n"
    yield f"```text\n{command.usage}\n```\n"
    for paragraph in command.paragraphs:
        yield f"{paragraph}\n"
    if command.commands:
        yield "| command | does |\n| --- | --- |"
        for name, short in command.commands:
            full = f"{command.name} {name}".strip()
            yield f"| [`{name}`](#{full.replace(' ', '-')}) | {_cell(short)} |"
        yield ""
    if command.flags:
        yield "| option | meaning |\n| --- | --- |"
        for names, meaning in command.flags:
            yield f"| `{_cell(names)}` | {_cell(meaning)} |"
        yield ""
    if command.examples:
        yield "```sh\n" + "\n".join(command.examples) + "\n```\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _statuses() -> str:
    """Return the table of exit statuses, from the docstring of the dispatcher."""
    statuses = re.findall(r"^(\d+) +(.+)$", dispatch.__doc__ or "", re.M)
    rows = "\n".join(f"| {status} | {meaning} |" for status, meaning in statuses)
    return f"## Exit status\n\n| status | meaning |\n| --- | --- |\n{rows}\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the file; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.cli_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if the file is not current")
    if parser.parse_args(arguments).check:
        if is_current():
            return 0
        sys.stderr.write("docs/cli.md is not current: run `make docs`\n")
        return 1
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
