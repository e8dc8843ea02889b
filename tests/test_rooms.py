"""Rooms keep their doors: others import a room's public names from its ``__init__``, and nothing from behind it.

A public name may be a submodule; then its own names may be imported from it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {"trainer": ROOT / "training_image" / "src", "include": ROOT}


def modules() -> dict[str, Path]:
    """Return every module of both sides by its dotted name."""
    found = {}
    for package, source in SOURCES.items():
        for path in (source / package).rglob("*.py"):
            name = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
            found[name] = path
    return found


MODULES = modules()


def public_names(path: Path) -> list[str] | None:
    """Return what a package's ``__all__`` names, None without one."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return None


ROOMS = {
    name: names
    for name, path in MODULES.items()
    if path.name == "__init__.py" and (names := public_names(path)) is not None
}
PUBLIC = {f"{room}.{name}" for room, names in ROOMS.items() for name in names}


def imports(name: str, path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line, absolute module and imported name of each ``from ... import``, also those inside functions."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            if module.split(".")[0] == "step_contract":
                module = f"include.{module}"
            for alias in node.names:
                yield node.lineno, module, alias.name


def breach(importer: str, module: str, name: str) -> str | None:
    """Return what is wrong with an import, None if it goes through the doors or stays in its room."""
    for room in sorted(ROOMS, key=len):
        if importer == room or importer.startswith(f"{room}."):
            continue
        if module.startswith(f"{room}.") and module not in ROOMS.keys() | PUBLIC:
            return f"reaches past the door of {room}: import the name from {room}, or add it to its __all__"
        if module == room and name not in ROOMS[room] and f"{room}.{name}" not in ROOMS:
            return f"{name!r} is not in __all__ of {room}"
    return None


def test_every_room_of_the_trainer_has_a_door() -> None:
    rooms = {name for name, path in MODULES.items() if path.name == "__init__.py" and name.startswith("trainer.")}
    assert rooms <= ROOMS.keys()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nobody_imports_past_a_door(name: str) -> None:
    found = [
        f"{MODULES[name].relative_to(ROOT)}:{line}: {problem}"
        for line, module, imported in imports(name, MODULES[name])
        if (problem := breach(name, module, imported)) is not None
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_door_says_what_the_room_is_for(room: str) -> None:
    docstring = ast.get_docstring(ast.parse(MODULES[room].read_text(encoding="utf-8"))) or ""
    assert 3 <= len(docstring.splitlines()) <= 14
    assert not docstring.startswith(("What", "Which", "Who", "Whose", "Whom"))


@pytest.mark.parametrize(
    ("importer", "module", "name", "problem"),
    [
        ("trainer.steps.train", "trainer.storage.folders", "FileStorage", "reaches past the door of trainer.storage"),
        ("trainer.steps.train", "trainer.storage", "_Private", "'_Private' is not in __all__ of trainer.storage"),
        ("trainer.storage.by_uri", "trainer.storage.folders", "FileStorage", None),
        ("trainer.steps.train", "trainer.storage", "StoredObject", None),
        ("trainer.steps.train", "trainer.storage.eviction", "evict", None),
    ],
)
def test_the_check_finds_what_it_is_for(importer: str, module: str, name: str, problem: str | None) -> None:
    found = breach(importer, module, name)
    assert (problem is None and found is None) or (problem is not None and found is not None and problem in found)
