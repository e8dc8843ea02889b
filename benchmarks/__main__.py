"""``python -m benchmarks [name ...]``: print a table of ratios and write it to .local/bench.json."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks.checkpoint_upload import checkpoint_upload
from benchmarks.containers import Unavailable, no_op_container, train_in_container
from benchmarks.dag_loading import (
    loading_containers,
    loading_pipelines,
    loading_pods,
    parsing_for_one_task,
    parsing_for_one_task_of_a_folder,
)
from benchmarks.night import night
from benchmarks.pairs import ROOT, Ratio
from benchmarks.parallel_runs import backfill, pipelines_at_once
from benchmarks.pods import no_op_pod, train_in_pod, twenty_pods
from benchmarks.recovery import recorded_by_a_slow_server, recorded_training, resumed_training
from benchmarks.s3_sync import sync_again, sync_large_objects, sync_small_objects
from benchmarks.scheduling import scheduling
from benchmarks.trainer_steps import preprocess_again, train_step

BENCHMARKS: dict[str, Callable[[Path], Ratio]] = {
    "train": train_step,
    "night": night,
    "load": loading_pipelines,
    "load-pods": loading_pods,
    "load-containers": loading_containers,
    "parse": parsing_for_one_task,
    "parse-folder": parsing_for_one_task_of_a_folder,
    "schedule": scheduling,
    "preprocess": preprocess_again,
    "resume": resumed_training,
    "record": recorded_training,
    "record-slow": recorded_by_a_slow_server,
    "backfill": backfill,
    "pipelines": pipelines_at_once,
    "sync-small": sync_small_objects,
    "sync-large": sync_large_objects,
    "sync-again": sync_again,
    "checkpoint-upload": checkpoint_upload,
    "container": no_op_container,
    "container-train": train_in_container,
    "pod": no_op_pod,
    "pod-train": train_in_pod,
    "pods": twenty_pods,
}


def main() -> int:
    """Run the named benchmarks, or all, and return 1 if one is over its limit."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Ratios against the bare tools.")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], default=[], help="default: all")
    names = parser.parse_args().names or list(BENCHMARKS)
    rows = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            try:
                rows.append(BENCHMARKS[name](Path(folder)))
            except Unavailable as error:
                print(f"  {name}: left out, {error}", flush=True)
            _keep(rows)
    print(_table(rows))
    return 0 if all(row.holds for row in rows) else 1


def _keep(rows: list[Ratio]) -> None:
    """Write what was measured so far, beside the rows of earlier runs that this one does not measure."""
    path = ROOT / ".local/bench.json"
    path.parent.mkdir(exist_ok=True)
    earlier = json.loads(path.read_text()) if path.exists() else []
    measured = {row.name for row in rows}
    kept = [row for row in earlier if row["name"] not in measured]
    path.write_text(json.dumps([*kept, *(asdict(row) for row in rows)], indent=2) + "\n")


def _table(rows: list[Ratio]) -> str:
    cells = [("what", "against", "median", "min", "max", "pairs", "limit", "")]
    for row in rows:
        numbers = (f"{row.ratio_median:.3f}", f"{row.ratio_min:.3f}", f"{row.ratio_max:.3f}", str(row.pairs))
        cells.append((row.name, row.against, *numbers, f"{row.limit:g}", "ok" if row.holds else "OVER"))
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)


if __name__ == "__main__":
    sys.exit(main())
