"""Let Airflow's triggerer watch a pod by the provider's trigger, and read the event that comes back.

The trigger gets no credentials: the provider's operator would write its kube config into the trigger's row in Airflow's
database. The triggerer finds the cluster as a worker does, by its service account, KUBECONFIG or the connection.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .state import CONTAINER
from .task import StartLimits

if TYPE_CHECKING:
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from airflow.providers.cncf.kubernetes.triggers.pod import KubernetesPodTrigger

    from .watch import PodWatch

_RETURN_KEY = "_execution_deadline"
"""The trigger's own key: when it returns, whatever it sees."""

_DEADLINE_KEY = "nightshift_deadline"
_LOOK_SECONDS = 300
"""How often a worker looks at a deferred task's pod: the trigger does not notice a lost node."""

_LEAST_STARTUP_SECONDS = 15
_POLL_SECONDS = 5.0
_MARGIN_SECONDS = 120


def deadline_of(ti: Any, execution_timeout: timedelta | None) -> int | None:
    """Return the task's deadline in seconds since 1970, the same after each deferral."""
    if execution_timeout is None:
        return None
    began = ti.start_date or datetime.now(UTC)
    return int(began.timestamp() + execution_timeout.total_seconds())


def timeout_until(deadline: int | None) -> timedelta | None:
    """Return how long to stay deferred: beyond the deadline, on which the trigger itself acts."""
    return None if deadline is None else timedelta(seconds=max(0, deadline - time.time()) + _MARGIN_SECONDS)


def pod_trigger(
    task: "KubernetesPodOperator", watch: "PodWatch", namespace: str, limits: StartLimits, deadline: int | None
) -> "KubernetesPodTrigger":
    """Return the trigger that waits for a pod's end and brings its lines meanwhile.

    Args:
        task: whose fields say how to reach the cluster and how often to look.
        watch: of the pod so far.
        namespace: of the pod.
        limits: of the pod's start.
        deadline: of the task, in seconds since 1970.
    """
    import pendulum
    from airflow.providers.cncf.kubernetes.triggers.pod import KubernetesPodTrigger

    return KubernetesPodTrigger(
        pod_name=watch.name,
        pod_namespace=namespace,
        trigger_start_time=datetime.now(UTC),
        base_container_name=CONTAINER,
        kubernetes_conn_id=task.kubernetes_conn_id,
        cluster_context=task.cluster_context,
        in_cluster=task.in_cluster,
        poll_interval=_POLL_SECONDS,
        startup_timeout=_startup_timeout(limits),
        startup_check_interval=_POLL_SECONDS,
        schedule_timeout=int(limits.schedule_seconds),
        on_finish_action="keep_pod",
        on_kill_action="delete_pod",
        termination_grace_period=task.termination_grace_period,
        last_log_time=pendulum.from_timestamp(watch.position / 1e9) if watch.position else None,
        logging_interval=task.logging_interval,
        trigger_kwargs={_RETURN_KEY: _next_look(task.logging_interval, deadline), _DEADLINE_KEY: deadline},
        log_events_on_startup=False,
    )


def _startup_timeout(limits: StartLimits) -> int:
    """Return the seconds of a start after which a worker looks: the trigger overlooks most errors of a start."""
    return max(int(min(limits.startup_seconds, limits.error_seconds)), _LEAST_STARTUP_SECONDS)


def _next_look(logging_seconds: int | None, deadline: int | None) -> int:
    # Not before the trigger has brought lines.
    look = int(time.time()) + max(_LOOK_SECONDS, 2 * (logging_seconds or 0))
    return look if deadline is None else min(deadline, look)


def has_passed(event: dict[str, Any]) -> bool:
    """Return whether the task's deadline has passed."""
    deadline = event.get(_DEADLINE_KEY)
    return isinstance(deadline, int) and time.time() >= deadline


def position_in(event: dict[str, Any]) -> int:
    """Return how far the triggerer has brought the log, in nanoseconds, without the second that it was in."""
    moment = event.get("last_log_time")
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return int(moment.timestamp()) * 10**9 - 1 if isinstance(moment, datetime) else 0
