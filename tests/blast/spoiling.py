"""Every place of a JSON document, and what can stand there instead of what belongs there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
#: stands for a place that is taken out
MISSING: Any = object()
#: what takes the place of a leaf
LEAF: Mapping[str, Any] = {
    "null": None,
    "a word": "odd",
    "missing": MISSING,
    "a list": [],
    "an object": {"odd": 1},
    "absurd": 1e30,
    "absurd below": -1e30,
}


def leaves(node: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of everything that is neither object nor list."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*path, index))
    else:
        yield path


def lists(node: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of every entry of a list that is an object."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from lists(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            if isinstance(value, dict):
                yield (*path, index)
            yield from lists(value, (*path, index))


def at(node: Any, path: Path) -> Any:
    """Return what stands at a place."""
    for step in path:
        node = node[step]
    return node


def replaced(node: Any, path: Path, value: Any) -> Any:
    """Return a document with another value at a place; only what is above the place is copied."""
    if not path:
        return value
    step, *rest = path
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    if not rest and value is MISSING:
        del copy[step]
    else:
        copy[step] = replaced(copy[step], tuple(rest), value)
    return copy


def doubled(node: Any, path: Path) -> Any:
    """Return a document in which an entry of a list stands twice."""
    box = list(at(node, path[:-1]))
    box.insert(int(path[-1]), box[int(path[-1])])
    return replaced(node, path[:-1], box)


def odd(value: Any) -> dict[str, Any]:
    """Return what takes the place of a leaf, without what could be meant."""
    others = dict(LEAF)
    if isinstance(value, str):
        # Any word can be the name of something; a number of that place too.
        del others["a word"]
    return others


#: what becomes of an entry of a list
ENTRY: Mapping[str, Callable[[Any, Path], Any]] = {
    "entry missing": lambda document, path: replaced(document, path, MISSING),
    "entry empty": lambda document, path: replaced(document, path, {}),
    "entry null": lambda document, path: replaced(document, path, None),
    "entry doubled": doubled,
}


def spoilt(document: Any) -> Iterator[tuple[Path, str, Any]]:
    """Yield place, kind and result of every way to spoil a document."""
    for path in leaves(document):
        for kind, value in odd(at(document, path)).items():
            if value is MISSING and isinstance(path[-1], int):
                continue
            yield path, kind, replaced(document, path, value)
    for path in lists(document):
        for kind, change in ENTRY.items():
            yield path, kind, change(document, path)
