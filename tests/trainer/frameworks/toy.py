"""A small framework that tells pictures apart by their brightness: proves that the interface suffices."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mlflow.pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.types.schema import ColSpec, Schema
from PIL import Image, ImageStat

from step_contract.catalog import VisionTask
from step_contract.tags import EPOCH_SECONDS_METRIC
from trainer.errors import BadData
from trainer.frameworks.interface import (
    Finding,
    Fitted,
    LoggedModel,
    Measurement,
    MeasureSettings,
    MemoryExceeded,
    ModelFacts,
    Plan,
    Resume,
    UnreadableModel,
)
from trainer.handover import Entry, EntryKind, announce, journal, slot

WEIGHTS = "levels.json"


def brightness(picture: Path) -> float:
    with Image.open(picture) as opened:
        return ImageStat.Stat(opened.convert("L")).mean[0]


@dataclass(frozen=True)
class Levels:
    """The brightness of each class; a picture is of the class whose brightness is nearest."""

    levels: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.levels)

    def guess(self, picture: Path) -> str:
        return min(self.levels, key=lambda name: abs(self.levels[name] - brightness(picture)))

    def measure(self, settings: MeasureSettings, sample: Path, folder: Path) -> Measurement | MemoryExceeded:
        counts = [[0.0] * len(self.names) for _ in self.names]
        for column, name in enumerate(self.names):
            for picture in (settings.data / settings.split / name).iterdir():
                counts[self.names.index(self.guess(picture))][column] += 1
        images, right = sum(map(sum, counts)), sum(counts[index][index] for index in range(len(counts)))
        overall = {"accuracy_top1": right / images, "accuracy_top5": 1.0}
        classes = {name: {"instances": 1.0, "accuracy_top1": right / images} for name in self.names}
        return Measurement(self.names, overall, classes, int(images), 1.0, 1, len(self.names), counts)

    def predict(self, pictures: Sequence[Path], settings: MeasureSettings) -> list[list[Finding]]:
        return [[Finding(self.guess(picture), 1.0)] for picture in pictures]


class Toy:
    weights_file = WEIGHTS

    def versions(self) -> Mapping[str, str]:
        return {"toy": "1"}

    def prepare(self, cache: Path) -> None:
        cache.mkdir(parents=True, exist_ok=True)

    def device_facts(self) -> Mapping[str, str]:
        return {}

    def check_checkpoint(self, resume: Resume) -> None:
        if json.loads((resume.folder / "state.json").read_text())["epoch"] != resume.epoch:
            raise BadData("state.json is of another epoch")

    def fit(self, plan: Plan, resume: Resume | None) -> Fitted | MemoryExceeded:
        if plan.batch > int(str(plan.training.arguments["largest_batch"])):
            return MemoryExceeded(plan.batch, f"no memory for batch {plan.batch}")
        plan.save_dir.mkdir(parents=True)
        state, began = plan.save_dir / "state.json", 0
        levels = dict.fromkeys(sorted(folder.name for folder in (plan.data / "train").iterdir()), 0.0)
        if resume is not None:
            began, levels = resume.epoch, json.loads((resume.folder / "state.json").read_text())["levels"]
        for epoch in range(began + 1, plan.training.epochs + 1):
            time.sleep(float(str(plan.training.arguments["seconds"])))
            means = {name: brightness(next((plan.data / "train" / name).iterdir())) for name in levels}
            loss = max(abs(means[name] - levels[name]) for name in levels)
            levels = {name: (levels[name] + means[name]) / 2 for name in levels}
            state.write_text(json.dumps({"epoch": epoch, "levels": levels}))
            metrics = {EPOCH_SECONDS_METRIC: 1.0, "train/loss": loss, "metrics/accuracy_top1": 1 - loss / 255}
            entry = Entry(EntryKind.EPOCH, epoch, plan.training.epochs, plan.device, metrics)
            journal.append(plan.handover, entry)
            slot.publish(plan.handover, epoch, {"state.json": state})
            announce(entry)
            journal.check_stop(plan.handover)
        (plan.save_dir / WEIGHTS).write_text(json.dumps(levels))
        return Fitted(plan.save_dir / WEIGHTS, [state])

    def load(self, weights: Path, task: VisionTask) -> Levels:
        try:
            return Levels(json.loads(weights.read_text()))
        except (OSError, ValueError) as error:
            raise UnreadableModel(str(error)) from error

    def pack(self, folder: Path, weights: Path, facts: ModelFacts, logged: LoggedModel) -> None:
        mlflow.pyfunc.save_model(
            path=str(folder),
            python_model=str(Path(__file__).with_name("toy_served.py")),
            artifacts={"weights": str(weights)},
            signature=ModelSignature(Schema([ColSpec("double")]), Schema([ColSpec("string")])),
            pip_requirements=["mlflow"],
            mlflow_model=Model(run_id=logged.run_id, model_id=logged.model_id),
        )
        shutil.copyfile(facts.example, folder / "example.png")


FRAMEWORK = Toy()
