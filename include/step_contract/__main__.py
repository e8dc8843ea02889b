"""Command ``python -m step_contract``: check a catalog, and print the files that are generated from its records."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .catalog import CATALOG_VERSION, Pipeline, default_catalog, docs, schema
from .catalog.reading import CatalogReading, read_catalog

_EXAMPLES = """examples:
  python -m step_contract check
  python -m step_contract check --json include/training_catalog.yaml
  python -m step_contract check include/training_catalog/
  python -m step_contract schema > include/training_catalog.schema.json
  python -m step_contract schema --folder > include/training_catalog_folder.schema.json
  python -m step_contract docs > docs/catalog.md
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 1 if the catalog has a problem, 2 for wrong usage."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "schema":
        generated = schema.folder_file_schema() if arguments.folder else schema.catalog_schema()
        print(json.dumps(generated, indent=2, ensure_ascii=False))
    elif arguments.command == "docs":
        print(docs.catalog_docs(), end="")
    else:
        return _check_default(arguments.json) if arguments.path is None else _check(arguments.path, arguments.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m step_contract",
        description="Check a training catalog, or print what is generated from its records.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    check = commands.add_parser(
        "check",
        help="print every problem of a catalog, or its pipelines if there is none",
        description="Print every problem of a catalog and exit with 1, or list its pipelines and exit with 0.",
    )
    check.add_argument(
        "path",
        type=Path,
        nargs="?",
        help="the catalog, a file or a folder; default: include/training_catalog.yaml or include/training_catalog/",
    )
    check.add_argument("--json", action="store_true", help="print problems and pipelines as one JSON object")
    schema_parser = commands.add_parser("schema", help="print the JSON Schema of a catalog file")
    schema_parser.add_argument("--folder", action="store_true", help="of the files of a catalog folder instead")
    commands.add_parser("docs", help="print the catalog's documentation as Markdown")
    return parser


def _check_default(as_json: bool) -> int:
    try:
        return _check(default_catalog(Path()), as_json)
    except ValueError as error:
        print(error)
        return 1


def _check(path: Path, as_json: bool) -> int:
    reading = read_catalog(path)
    if as_json:
        print(json.dumps(_as_json(path, reading), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_as_text(path, reading)))
    return 1 if reading.problems else 0


def _as_json(path: Path, reading: CatalogReading) -> dict[str, Any]:
    return {
        "file": str(path),
        "version": CATALOG_VERSION,
        "problems": [{**asdict(problem), "message": str(problem)} for problem in reading.problems],
        "pipelines": [_facts(pipeline) for pipeline in reading.pipelines.values()],
    }


def _as_text(path: Path, reading: CatalogReading) -> Iterable[str]:
    sound = _counted(len(reading.pipelines), "sound pipeline")
    if reading.problems:
        return [*map(str, reading.problems), f"{path}: {_counted(len(reading.problems), 'problem')}, {sound}"]
    rows = [_facts(pipeline) for pipeline in reading.pipelines.values()]
    return [f"{path}: no problem, {sound}", *_table(rows)]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _facts(pipeline: Pipeline) -> dict[str, str]:
    return {
        "pipeline": pipeline.name,
        "schedule": _schedule(pipeline),
        "task": pipeline.task,
        "registered_model": pipeline.registry.model,
    }


def _schedule(pipeline: Pipeline) -> str:
    schedule = pipeline.schedule
    if schedule is None:
        return "by hand"
    return f"{schedule.cron} {schedule.timezone}" if schedule.cron else f"after {', '.join(schedule.assets)}"


def _table(rows: Sequence[dict[str, str]]) -> list[str]:
    if not rows:
        return []
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


if __name__ == "__main__":
    sys.exit(main())
