"""Names that a reader can rely on: one class to a name, and errors that are called errors."""

import ast
import builtins
import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILTIN_ERRORS = frozenset(
    name
    for name, each in vars(builtins).items()
    if isinstance(each, type) and issubclass(each, BaseException)
)


def class_definitions() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Return the places of all classes by name, each with the names of its bases."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    definitions = defaultdict(list)
    for file in listed.stdout.split():
        path = ROOT / file
        # a file that is deleted and not committed yet is still listed
        if path.exists():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases = frozenset(ast.unparse(base).rpartition(".")[2] for base in node.bases)
                    definitions[node.name].append((f"{file}:{node.lineno}", bases))
    return definitions


def _is_error(name: str) -> bool:
    return name.endswith("Error")


def test_no_two_classes_have_one_name() -> None:
    """A search for a class leads to one place, in the exporter, its tools and its tests."""
    shared = {
        name: [place for place, _ in places]
        for name, places in class_definitions().items()
        if len(places) > 1
    }
    assert not shared


def test_exceptions_end_in_error() -> None:
    """What is raised is recognised by its name, also where it derives from another of ours."""
    definitions = class_definitions()
    assert definitions
    errors = set(BUILTIN_ERRORS)
    while True:
        derived = {
            name
            for name, places in definitions.items()
            if any(bases & errors or any(map(_is_error, bases)) for _, bases in places)
        }
        if derived <= errors:
            break
        errors |= derived
    ours = errors - BUILTIN_ERRORS
    assert "GatewayError" in ours
    assert {name for name in ours if not name.endswith("Error")} == set()
