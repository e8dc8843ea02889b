"""Check the documents: links lead somewhere, named make targets and files exist, both READMEs have the same parts."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")
MAKE = re.compile(r"`?make ([a-z][a-z0-9-]*)`?")
VARIABLE = re.compile(r"^([A-Z][A-Z_]+)=", re.MULTILINE)


def main() -> int:
    """Print each problem and return 1 if there is any."""
    documents = [ROOT / name for name in _tracked("*.md")]
    problems = [problem for document in documents for problem in _document_problems(document)]
    problems += list(_readme_problems())
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


def _readme_problems() -> Iterator[str]:
    """The two READMEs have the same headings by level, the same code blocks and the same pictures."""
    english, korean = (_shape((ROOT / name).read_text(encoding="utf-8")) for name in ("README.md", "README.ko.md"))
    for part, one, other in zip(("headings", "code blocks", "pictures"), english, korean, strict=True):
        if one != other:
            yield f"README.md and README.ko.md differ in their {part}: {one} and {other}"


def _shape(text: str) -> tuple[list[int], int, list[str]]:
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings = [len(marks) for marks in re.findall(r"^(#+) ", prose, flags=re.MULTILINE)]
    return headings, text.count("```"), re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)


def _environment_problems() -> Iterator[str]:
    """Each setting of both sides stands in .env.example."""
    explained = set(VARIABLE.findall((ROOT / ".env.example").read_text()))
    for path in ("include/pipelines/settings.py", "training_image/src/trainer/settings.py"):
        body = (ROOT / path).read_text().split("model_config", 1)[1]
        for field in re.findall(r"^    ([a-z_]+): ", body, flags=re.MULTILINE):
            if field.upper() not in explained:
                yield f"{path}: setting {field.upper()} is not explained in .env.example"


if __name__ == "__main__":
    sys.exit(main())
