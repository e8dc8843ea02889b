"""Let Airflow's triggerer watch a pod: the provider's trigger, told what this runtime needs, and its answer read.

The trigger gets no credentials: the provider's operator would write its kube config into the trigger's row in Airflow's
database. The triggerer finds the cluster as a worker does, by its service account, KUBECONFIG or the connection.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.pipelines.runtimes.kubernetes.settings import KubernetesSettings
from include.pipelines.runtimes.kubernetes.state import CONTAINER
from include.step_contract.order import Order

if TYPE_CHECKING:
    from airflow.providers.cncf.kubernetes.triggers.pod import KubernetesPodTrigger

_RETURN_KEY = "_execution_deadline"
"""The trigger's own: when it returns, whatever it sees."""

_DEADLINE_KEY = "nightshift_deadline"
_LOOK_SECONDS = 300
"""How often a worker looks at a deferred task's pod: the trigger does not notice a lost node."""

_LEAST_STARTUP_SECONDS = 15
_POLL_SECONDS = 5.0
_MARGIN_SECONDS = 120


def deadline_of(ti: Any, execution_timeout: timedelta | None) -> int | None:
    """Return the moment at which the task's time is over, the same after each deferral."""
    if execution_timeout is None:
        return None
    began = ti.start_date or datetime.now(UTC)
    return int(began.timestamp() + execution_timeout.total_seconds())


def timeout_until(deadline: int | None) -> timedelta | None:
    """Return how long to stay deferred: past the deadline, which the trigger itself acts on."""
    return None if deadline is None else timedelta(seconds=max(0, deadline - time.time()) + _MARGIN_SECONDS)


def pod_trigger(
    pod: str, request: Order, settings: KubernetesSettings, deadline: int | None, position: int
) -> "KubernetesPodTrigger":
    """Return the trigger that waits for a pod's end and brings its lines meanwhile.

    Args:
        pod: its name.
        request: of its step.
        settings: of the deployment.
        deadline: of the task, in seconds since 1970.
        position: in the pod's log, in nanoseconds; 0 begins with the first line.
    """
    import pendulum
    from airflow.providers.cncf.kubernetes.triggers.pod import KubernetesPodTrigger

    return KubernetesPodTrigger(
        pod_name=pod,
        pod_namespace=settings.kubernetes_namespace,
        trigger_start_time=datetime.now(UTC),
        base_container_name=CONTAINER,
        kubernetes_conn_id=settings.kubernetes_connection or None,
        cluster_context=settings.kubernetes_context or None,
        poll_interval=_POLL_SECONDS,
        startup_timeout=_startup_timeout(settings),
        startup_check_interval=_POLL_SECONDS,
        schedule_timeout=settings.kubernetes_schedule_seconds,
        on_finish_action="keep_pod",
        on_kill_action="delete_pod",
        termination_grace_period=request.stop_grace_seconds,
        last_log_time=pendulum.from_timestamp(position / 1e9) if position else None,
        logging_interval=settings.kubernetes_log_seconds,
        trigger_kwargs={_RETURN_KEY: _next_look(settings, deadline), _DEADLINE_KEY: deadline},
        log_events_on_startup=False,
    )


def _startup_timeout(settings: KubernetesSettings) -> int:
    """Return after how long of a start a worker looks: most errors of a start are none to the trigger."""
    soonest = min(settings.kubernetes_startup_seconds, settings.kubernetes_start_error_seconds)
    return max(soonest, _LEAST_STARTUP_SECONDS)


def _next_look(settings: KubernetesSettings, deadline: int | None) -> int:
    # Not before the trigger has brought lines.
    look = int(time.time()) + max(_LOOK_SECONDS, 2 * settings.kubernetes_log_seconds)
    return look if deadline is None else min(deadline, look)


def has_passed(event: dict[str, Any]) -> bool:
    """Tell whether the task's time is over."""
    deadline = event.get(_DEADLINE_KEY)
    return isinstance(deadline, int) and time.time() >= deadline


def position_in(event: dict[str, Any]) -> int:
    """Return how far the triggerer has brought the log, in nanoseconds: it leaves out the second that it is in."""
    moment = event.get("last_log_time")
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return int(moment.timestamp()) * 10**9 - 1 if isinstance(moment, datetime) else 0
