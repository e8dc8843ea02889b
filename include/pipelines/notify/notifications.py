"""Notify people of a pipeline's runs by Airflow's notifiers; a message that cannot be sent fails nothing.

Heavy imports are inside functions because this module is imported with every DAG.
"""

from collections.abc import Callable

from airflow.sdk import BaseNotifier, Context

from include.pipelines.settings import settings
from include.step_contract.catalog import Notify, Pipeline

from .messages import Message

Describe = Callable[[str, Context], Message | None]


class PipelineNotifier(BaseNotifier):
    """A callback of a pipeline's DAG or tasks."""

    def __init__(self, pipeline: Pipeline, describe: Describe) -> None:
        """Send what ``describe`` makes of the callback's context to the targets of the catalog or the deployment."""
        super().__init__()
        self._name = pipeline.name
        self._notify = pipeline.notify
        self._describe = describe

    def notify(self, context: Context) -> None:
        """Send the message; log any error and raise none."""
        try:
            message = self._describe(self._name, context)
            if message is not None:
                send(message, self._notify)
        except Exception:  # of any kind: the run must not fail because of it
            self.log.exception("no notification was sent")


def send(message: Message, notify: Notify) -> None:
    """Send a message to each target, if its event is among those to notify of."""
    events = settings().events if notify.events is None else notify.events
    targets = settings().targets if notify.targets is None else notify.targets
    if message.event in events and targets:
        from .delivery import deliver

        deliver(message, targets)
