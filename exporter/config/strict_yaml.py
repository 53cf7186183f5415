"""Reads YAML strictly, because a configuration that is half understood is worse than none.

Plain scalars stay text, so that a password `012345` is not octal and a name `no` is not false; the
models know what should be a number. Duplicate keys are errors. Messages never quote a value, which
may be a secret.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from exporter.errors import ConfigError
from exporter.text import printable

#: bytes; a configuration of thousands of gateways is far smaller, `/dev/zero` is not
_MAX_BYTES = 16 * 1024 * 1024
#: a section, or a key with its value
_TOML_OR_INI = re.compile(r"\[{1,2}[\w. \"'-]+\]{1,2}(\s*[#;].*)?|[\w.\"'-]+\s*=.*")
#: levels; our configuration has five, and PyYAML takes seconds for thousands
_MAX_DEPTH = 40
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
#: what the constructors of PyYAML raise when an explicit tag does not match its text
_TAG_ERRORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it
        first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            line = self.line + 1
            raise ConfigError(f"line {line}: is nested too deep: check brackets and indentation")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # While composing, because merge keys add the keys of other mappings before constructing.
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"line {line}: a key must be plain text")
            if key.value in lines and key.tag != _MERGE:
                raise ConfigError(
                    f"line {line}: the key {printable(key.value)} is already on line"
                    f" {lines[key.value]}: delete one of them"
                )
            lines[key.value] = line
        return node


def read(path: Path) -> dict[Any, Any]:
    """Return the mapping in a YAML file; raise ConfigError, in one line, for anything else."""
    content = _content(path)
    try:
        return parse(content)
    except ConfigError as error:
        raise ConfigError(f"{printable(path)}: {error}") from error


def read_list(path: Path) -> list[Any]:
    """Return the list in a YAML or JSON file, an empty one if it holds nothing.

    Raises ConfigError, in one line, for anything else.
    """
    content = _content(path)
    try:
        data = _parsed(content)
        if not isinstance(data, list | None):
            raise ConfigError("must hold a list at top level: begin each entry with `- `")
    except ConfigError as error:
        raise ConfigError(f"{printable(path)}: {error}") from error
    return data or []


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{printable(path)}: cannot be read ({reason}): check the path and its permissions"
        ) from error
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{printable(path)}: is larger than 16 MiB: name a configuration file")
    return content


def parse(content: bytes) -> dict[Any, Any]:
    """Return the mapping in YAML text; raise ConfigError, in one line, for anything else."""
    data = _parsed(content)
    if data is None:
        raise ConfigError("is empty: `enphase-exporter init` asks what goes in and writes it")
    if not isinstance(data, dict):
        _refuse_other_formats(content.decode("utf-8-sig"))
        raise ConfigError("must hold `key: value` lines at top level, not a list or a single value")
    return data


def _parsed(content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"line {line}: is not UTF-8: save the file in that encoding") from error
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader with fewer types
    except yaml.YAMLError as error:
        _refuse_other_formats(text)
        raise ConfigError(_explained(error)) from None
    except _TAG_ERRORS as error:
        raise ConfigError(
            f"a value does not match its tag ({type(error).__name__}):"
            " remove the tags, the words that begin with !"
        ) from None


def _refuse_other_formats(text: str) -> None:
    """Raise ConfigError for a file that was written for another program's habits."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in "#;"), "")
    if _TOML_OR_INI.fullmatch(first):
        raise ConfigError(
            "is TOML or INI: write YAML, with `key: value` in place of `key = value`;"
            " `enphase-exporter init` writes a file to start from"
        )


def _explained(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f"character {error.position} is a control character: delete it"
    if not isinstance(error, yaml.MarkedYAMLError):
        return "is not YAML"
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
    problem = error.problem or ""
    if "alias" in problem or "anchor" in problem:
        problem = "unknown or repeated anchor: quote values that begin with * or &"
    elif "tag" in problem:
        problem = "unknown tag: quote values that begin with !"
    elif "\\t" in problem:
        problem = "indent with spaces, not tabs"
    elif "document" in problem:
        problem = "a second document begins here: delete the line `---`"
    elif "merging" in problem:
        problem = "only mappings can be merged with <<"
    else:
        problem = f"{problem}: check indentation, colons and quotes"
    return f"{place}: is not YAML: {problem}"
