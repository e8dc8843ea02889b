"""Print the installed ultralytics' train arguments as JSON: what a catalog may say under ``training.arguments``.

    python -m trainer.frameworks.ultralytics.arguments > include/step_contract/catalog/train_arguments.json

The Airflow side reads the printed file and so never imports torch. Names, types and defaults come from ultralytics'
own ``default.yaml`` and from the sets with which its ``check_cfg`` tests values; each argument becomes a small JSON
Schema. What ultralytics finds out only when the training runs (the names of optimizers) stands in ``_CHOICES``.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from .setup import prepare

Schema = dict[str, Any]

_TRAIN_SECTIONS = ("Train settings", "Segmentation", "Classification", "Hyperparameters", "Custom config.yaml")
# Arguments of other sections that training reads too: while it validates, and to choose classes.
_ALSO_TRAIN = frozenset(
    (
        "task",
        "mode",
        "val",
        "split",
        "plots",
        "save_json",
        "conf",
        "iou",
        "max_det",
        "agnostic_nms",
        "quantize",
        "classes",
    )
)

_SECTION = re.compile(r"^# ([A-Z][\w/. ]*?)(?: -+)?$")
_ARGUMENT = re.compile(r"^(\w+):.*?# \(([^)]*)\) (.*)$")

_CHOICES: dict[str, list[str]] = {
    "optimizer": ["auto", "SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSprop"],
    "cache": ["ram", "disk"],
    "amp": ["fp16", "bf16", "fp32"],
    "compile": ["default", "reduce-overhead", "max-autotune-no-cudagraphs"],
    "copy_paste_mode": ["flip", "mixup"],
    "auto_augment": ["randaugment", "autoaugment", "augmix"],
    "quantize": ["8", "16", "32", "int8", "fp16", "fp32", "w8a16", "w8a32", "w16a16"],
}
_NUMBER_PAIR: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_OWN_SCHEMAS: dict[str, list[Schema]] = {
    # A share of the train split, or a number of its images; lists would also cut what the gate measures on.
    "fraction": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"type": "integer", "minimum": 2}],
    "scale": [{"type": "number", "minimum": 0, "maximum": 1}, _NUMBER_PAIR],
    "workers": [{"type": "integer", "minimum": 0}],
    "auto_augment": [{"type": "string", "enum": _CHOICES["auto_augment"]}, {"type": "null"}],
    "quantize": [{"type": "integer", "enum": [8, 16, 32]}, {"type": "string", "enum": _CHOICES["quantize"]}],
}


def list_train_arguments() -> Schema:
    """Return ultralytics' version, its train arguments by name, and the names of all its other arguments."""
    import ultralytics
    from ultralytics.utils import DEFAULT_CFG_DICT, DEFAULT_CFG_PATH

    documented = list(_documented_arguments(DEFAULT_CFG_PATH.read_text(encoding="utf-8")))
    if missed := set(DEFAULT_CFG_DICT) - {name for name, *_ in documented}:
        raise ValueError(f"default.yaml of ultralytics has arguments that were not understood: {sorted(missed)}")
    train = {
        name: _argument(name, types, help_text, DEFAULT_CFG_DICT[name])
        for name, section, types, help_text in documented
        if section.startswith(_TRAIN_SECTIONS) or name in _ALSO_TRAIN
    }
    return {
        "ultralytics": ultralytics.__version__,
        "arguments": dict(sorted(train.items())),
        "arguments_of_other_modes": sorted(set(DEFAULT_CFG_DICT) - set(train)),
    }


def _documented_arguments(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, section, types and help of each argument, from lines as ``lr0: 0.01 # (float) initial ...``."""
    section = ""
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            section = heading[1]
        elif argument := _ARGUMENT.match(line):
            yield argument[1], section, argument[2], argument[3]


def _argument(name: str, types: str, help_text: str, default: object) -> Schema:
    unknown = [choice for choice in _CHOICES.get(name, ()) if choice.lower() not in help_text.lower()]
    if unknown and name != "quantize":  # quantize's help leaves spellings out
        raise ValueError(f"ultralytics' help of {name} no longer names {unknown}; got {help_text!r}")
    kinds = [kind.strip() for kind in re.split(r"[|,]", types)]
    alternatives = _OWN_SCHEMAS.get(name) or [_alternative(name, kind) for kind in kinds if kind != "optional"]
    if default is None and {"type": "null"} not in alternatives:
        alternatives = [*alternatives, {"type": "null"}]
    schema = alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
    return {"description": help_text, **schema, "default": default}


def _alternative(name: str, kind: str) -> Schema:
    from ultralytics.cfg import CFG_FRACTION_KEYS, CFG_INT_MIN

    if kind == "int":
        return {"type": "integer", "minimum": CFG_INT_MIN[name]} if name in CFG_INT_MIN else {"type": "integer"}
    if kind == "float":
        share = {"minimum": 0, "maximum": 1} if name in CFG_FRACTION_KEYS else {}
        return {"type": "number", **share}
    if kind == "str":
        return {"type": "string", "enum": _CHOICES[name]} if name in _CHOICES else {"type": "string"}
    if kind.startswith("list"):
        whole: Schema = {"type": "integer"}
        return {"type": "array", "items": whole if kind == "list[int]" else {"anyOf": [whole, {"type": "string"}]}}
    return {"bool": {"type": "boolean"}}[kind]


def main() -> None:
    """Print the list; ultralytics' own words go to standard error."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        prepare(Path(folder))
        listed = list_train_arguments()
    print(json.dumps(listed, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
