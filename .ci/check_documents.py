"""Check that links, make targets, tests and settings exist, and that Korean documents have the parts of the English."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")
MAKE = re.compile(r"`?make ([a-z][a-z0-9-]*)`?")
TEST = re.compile(r"`(?:tests/)?([\w/]+/test_\w+\.py)?(?:::)?([Tt]est\w+)?`")
QUOTED = re.compile(r"`([^`\n]+)`")
NO_MESSAGE = re.compile(r"(make|airflow|trainer|docker|kubectl|install|--|\.ci/)|.*(::|/test_)")
FOREIGN = re.compile("Dag not found|password authentication|cannot extend|.*IncompleteRead")
"""Messages of Airflow, PostgreSQL and urllib3."""
PLACEHOLDER = re.compile(r"…|\.\.\.|'[\w-]*'|<[^>]*>|\d\S*|%\S+")
VARIABLE = re.compile(r"^([A-Z][A-Z0-9_]+)=", re.MULTILINE)


def main() -> int:
    """Print each problem and return 1 if there is any."""
    documents = [ROOT / name for name in _tracked("*.md")]
    problems = [problem for document in documents for problem in _document_problems(document)]
    korean = [document for document in documents if document.name.endswith(".ko.md")]
    problems += [problem for document in korean for problem in _translation_problems(document)]
    problems += list(_test_problems())
    problems += list(_message_problems())
    problems += list(_environment_problems())
    print("\n".join(problems) or f"{len(documents)} documents checked")
    return 1 if problems else 0


def _tracked(pattern: str) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern, f"**/{pattern}"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(set(listing.splitlines()))


def _document_problems(document: Path) -> Iterator[str]:
    text = document.read_text(encoding="utf-8")
    name = document.relative_to(ROOT)
    for target, _anchor in LINK.findall(text):
        if "://" not in target and not (document.parent / target).exists():
            yield f"{name}: link to {target}, which does not exist"
    targets = _make_targets()
    for block in re.findall(r"```(?:bash|sh|console)?\n(.*?)```|`([^`\n]+)`", text, flags=re.DOTALL):
        for target in MAKE.findall("".join(block)):
            if target not in targets:
                yield f"{name}: `make {target}`, but the Makefile has no such target"


def _make_targets() -> set[str]:
    makefiles = [ROOT / "Makefile", *sorted(ROOT.glob("make/*.mk"))]
    return {name for file in makefiles for name in re.findall(r"^([a-z][a-z0-9-]*):", file.read_text(), re.MULTILINE)}


def _translation_problems(korean: Path) -> Iterator[str]:
    """Compare a Korean document's headings by level, code blocks and pictures with those of the English one."""
    english = korean.with_name(korean.name.replace(".ko.md", ".md"))
    if not english.exists():
        yield f"{korean.relative_to(ROOT)}: there is no {english.name} beside it"
        return
    shapes = [_shape(document.read_text(encoding="utf-8")) for document in (english, korean)]
    for part, one, other in zip(("headings", "code blocks", "table rows", "pictures"), *shapes, strict=True):
        if one != other:
            yield f"{english.relative_to(ROOT)} and {korean.name} differ in their {part}: {one} and {other}"


def _shape(text: str) -> tuple[list[int], int, int, list[str]]:
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings = [len(marks) for marks in re.findall(r"^(#+) ", prose, flags=re.MULTILINE)]
    rows = len(re.findall(r"^\s*\|", prose, flags=re.MULTILINE))
    return headings, text.count("```"), rows, re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)


def _test_problems() -> Iterator[str]:
    """Find each test that docs/operations names: `path/test_x.py::test_y`, then `::test_z` of the same file."""
    for name in ("docs/operations.md", "docs/operations.ko.md"):
        file = None
        for path, test in TEST.findall((ROOT / name).read_text(encoding="utf-8")):
            if not path and not test:
                continue
            file = ROOT / "tests" / path if path else file
            if file is None or not file.is_file():
                yield f"{name}: there is no test file {path}"
            elif test and not re.search(rf"^(?:def |class )?{test}\b", file.read_text(encoding="utf-8"), re.MULTILINE):
                yield f"{name}: {file.relative_to(ROOT)} has no test {test}"


def _message_problems() -> Iterator[str]:
    """Find quoted messages that the code does not print: it lacks nearly all word triples of a part."""
    printed = {triple for text in _strings() for part in _triples(text) for triple in part}
    for name in ("docs/operations.md", "docs/operations.ko.md", "docs/rollback-and-sweep.md"):
        for quoted in QUOTED.findall((ROOT / name).read_text(encoding="utf-8")):
            parts = [] if NO_MESSAGE.match(quoted) or FOREIGN.match(quoted) else _triples(quoted)
            if any(len(part) > 2 and sum(triple in printed for triple in part) * 4 < len(part) for part in parts):
                yield f"{name}: no code prints `{quoted}`"


def _strings() -> Iterator[str]:
    """Yield the texts of our code, with a placeholder for each value in them."""
    for path in _tracked("*.py"):
        if path.startswith(("include/", "training_image/src/", "dags/", "plugins/")):
            for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def _triples(text: str) -> list[list[tuple[str, ...]]]:
    """Return each three words that follow one another, for each part of a text between two values."""
    parts = [re.findall(r"[A-Za-z_'.]+", part) for part in PLACEHOLDER.split(text)]
    return [[tuple(words[start : start + 3]) for start in range(len(words) - 2)] for words in parts]


def _environment_problems() -> Iterator[str]:
    """Each setting of both sides stands in .env.example."""
    explained = set(VARIABLE.findall((ROOT / ".env.example").read_text()))
    sides = ("include/pipelines/**/settings.py", "training_image/src/trainer/settings.py")
    for path in (found for side in sides for found in sorted(ROOT.glob(side))):
        classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        fields = [node.target for record in classes for node in record.body if isinstance(node, ast.AnnAssign)]
        for field in (target.id for target in fields if isinstance(target, ast.Name)):
            if field.upper() not in explained:
                yield f"{path.relative_to(ROOT)}: setting {field.upper()} is not explained in .env.example"


if __name__ == "__main__":
    sys.exit(main())
