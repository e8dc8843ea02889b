"""Tells people of a pipeline's runs, as Airflow's notifiers do; a message that cannot be sent never fails anything.

Heavy imports are inside functions: this module is read with every DAG.
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
        """Tell what ``describe`` makes of the callback's context to whom the catalog or the deployment names."""
        super().__init__()
        self._name = pipeline.name
        self._notify = pipeline.notify
        self._describe = describe

    def notify(self, context: Context) -> None:
        """Send the message; what goes wrong is logged and nothing else."""
        try:
            message = self._describe(self._name, context)
            if message is not None:
                tell(message, self._notify)
        except Exception:  # whatever it is, the run has nothing to do with it
            self.log.exception("nobody was told of this")


def tell(message: Message, notify: Notify) -> None:
    """Send a message to each target that wants to hear of its event."""
    events = settings().events if notify.events is None else notify.events
    targets = settings().targets if notify.targets is None else notify.targets
    if message.event in events and targets:
        from .delivery import deliver

        deliver(message, targets)
