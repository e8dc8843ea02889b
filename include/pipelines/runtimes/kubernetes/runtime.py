"""Run a step as a pod that outlives the worker which started it.

The task is the provider's KubernetesPodOperator: what a cluster policy sets on it is what the pod gets, and the
provider builds the pod, pod template and ``pod_mutation_hook`` included. The life of the pod is this project's own,
because of defects that lose nights (decisions 0020, 0021); each override names its defect and its test.
"""

import copy
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.providers.cncf.kubernetes.backcompat.backwards_compat_converters import convert_env_vars_or_raise_error
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import BaseOperator, Context
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowTaskTimeout
from kubernetes import client as k8s

from include.pipelines.errors import StepLost
from include.pipelines.operator import StepTask
from include.pipelines.runtimes import Runtime
from include.pipelines.runtimes.kubernetes.spec.fields import pod_fields
from include.pipelines.runtimes.kubernetes.spec.identity import PodIdentity, identity_of, label_value, run_annotations
from include.pipelines.runtimes.kubernetes.spec.pod import Manifest, default_variables, literal, step_variables
from include.pipelines.settings import settings
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract import transport
from include.step_contract.order import StepOrder

from .settings import kubernetes_settings
from .task import PodTask, StartLimits

if TYPE_CHECKING:  # needed by a task that runs, not by a parse
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

    from include.pipelines.airflow_state import Airflow
    from include.pipelines.pending_chore import AnyRequest

    from .attempt import PodAttempt


class KubernetesStepOperator(StepTask, KubernetesPodOperator):
    """Run ``trainer <step>`` in a pod, or attach to an earlier attempt's; end as its exit code says."""

    template_fields: Sequence[str] = (*KubernetesPodOperator.template_fields, "step_run")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **KubernetesPodOperator.template_fields_renderers,
        "step_run": "json",
    }
    ui_color = "#d9e8fb"
    overwrite_rtif_after_execution = True
    """The fields that the UI shows at the end are the pod's own, with the name and labels of its run."""

    def __init__(self, *, request: "AnyRequest", step_run: str = STEP_RUN_TEMPLATE, **options: Any) -> None:
        """Fill the provider's fields; the request is no template field, so Jinja never sees it."""
        # Reads the settings: a bad one is an import error, not a red task at night.
        super().__init__(**pod_fields(request, kubernetes_settings()) | options)
        self.request = request
        self.step_run = step_run
        self.attempt: PodAttempt | None = None
        self._built: Manifest | None = None

    # -- the pod -------------------------------------------------------------------------------------------------------

    @cached_property
    def hook(self) -> "KubernetesHook":
        """Return the hook of the cluster that the fields name.

        Defect: without a connection the provider's asks Airflow for ``kubernetes_default``, and a worker in a pod does
        not use its KUBECONFIG (test_policies: test_the_cluster_is_the_one_that_the_fields_name).
        """
        from .connection import cluster_hook

        return cluster_hook(self.kubernetes_conn_id, self.cluster_context, self.config_file, in_cluster=self.in_cluster)

    @staticmethod
    def _get_ti_pod_labels(context: Context | None = None, include_try_number: bool = True) -> dict[str, str]:
        """Return the provider's labels of a task.

        Defect: of a run id without a letter of ASCII the provider's makes a label that Kubernetes refuses (test_pod:
        test_names_fit_whatever_the_ids_are).
        """
        labels = KubernetesPodOperator._get_ti_pod_labels(context, include_try_number)
        return {name: label_value(value) for name, value in labels.items()}

    def build_pod_request_obj(self, context: Context | None = None, *, dry_run: bool = False) -> k8s.V1Pod:
        """Have the provider build the pod, from fields that this completes by what depends on the DAG run.

        Defects: where the result goes to an XCom, the provider's adds a sidecar that can hang and needs a right to exec
        (airflow #36218; test_policies: test_a_result_for_xcom_needs_no_sidecar); of a template it merges containers by
        their position and drops unknown fields in silence (test_pod, templates).
        """
        self._complete_fields(context or {})
        builder = copy.copy(self)
        builder.do_xcom_push = False
        if self.pod_template_file:
            from include.pipelines.runtimes.kubernetes.spec.template import read_template

            builder.pod_template_dict = read_template(Path(self.pod_template_file))
            builder.pod_template_file = None
        return super(KubernetesStepOperator, builder).build_pod_request_obj(context, dry_run=dry_run)

    def _complete_fields(self, context: Context) -> None:
        """Add what depends on the DAG run; a policy's values stay, but for what makes the pod this step's."""
        identity, settings = self._identity, kubernetes_settings()
        self.name = identity.base
        self.arguments = [literal(self.request.command)]
        self.labels = self.labels | identity.labels
        self.annotations = self.annotations | run_annotations(identity.run, conf.get("api", "base_url", fallback=""))
        own = step_variables(self.request_in(context).model_dump_json(), self.step_run)
        self.env_vars = self._variables_with(own)
        nightly = settings.kubernetes_priority_class or None
        if identity.run.run_type == "backfill" and self.priority_class_name == nightly:
            self.priority_class_name = settings.kubernetes_backfill_priority_class or None

    def _variables_with(self, own: dict[str, str]) -> list[k8s.V1EnvVar]:
        """Return the field's variables with the step's own, which nothing overrides, and defaults."""
        given = convert_env_vars_or_raise_error(self.env_vars) if self.env_vars else []
        given = [variable for variable in given if variable.name not in own]
        known = {variable.name for variable in given}
        defaults = default_variables(self.image or "")
        added = own | {name: value for name, value in defaults.items() if name not in known}
        return [*(k8s.V1EnvVar(name=name, value=value) for name, value in added.items()), *given]

    def _pod(self, context: Context) -> Manifest:
        """Return the task's pod, still without its number; built once."""
        if self._built is None:
            pod = self.build_pod_request_obj(context)
            self._built = k8s.ApiClient(k8s.Configuration()).sanitize_for_serialization(pod)
            self._say_what_was_overruled(self._built)
        return self._built

    def _say_what_was_overruled(self, pod: Manifest) -> None:
        if self.pod_template_file:
            from include.pipelines.runtimes.kubernetes.spec.template import overruled_fields, read_template

            for field in overruled_fields(read_template(Path(self.pod_template_file)), pod):
                self.log.warning("pod template %s is overruled: %s", self.pod_template_file, field)

    @property
    def _identity(self) -> PodIdentity:
        run = transport.decode_run(self.step_run)
        return identity_of(run, self.request, settings().nightshift_state)

    @property
    def _limits(self) -> StartLimits:
        error_seconds = kubernetes_settings().kubernetes_start_error_seconds
        return StartLimits(self.schedule_timeout_seconds, self.startup_timeout_seconds, error_seconds)

    # -- its life ------------------------------------------------------------------------------------------------------

    def execute(self, context: Context) -> str:
        """Run the step and stream its output into the task's log.

        Defects: the provider's runs a pod again that finished while no task watched, deletes a good pod when the API
        server was unavailable for 25 s, fails when a second pod has the task's labels, and can end a killed task green
        (airflow #73006; test_runtime, test_trouble).
        """
        attempt = self._attempt(context)
        if not self.deferrable:
            return self.carry_out(attempt, context)
        with self.stopping(attempt, context):
            attempt.start_or_attach()
            self._defer(attempt, context)

    def on_kill(self) -> None:
        """Take note; the loop that follows the log acts on it within a second, outside of a signal handler.

        Defect: the provider's deletes the pod, also if only its worker is being restarted (airflow #21900;
        test_runtime: test_a_worker_that_goes_away_leaves_the_pod_to_the_retry).
        """
        self.is_killed = True

    def resume(self, context: Context, event: dict[str, Any]) -> str:
        """Continue when the triggerer has seen the pod end, or cannot watch it."""
        from .deferral import has_passed, position_in

        attempt = self._attempt(context, event.get("namespace"))
        attempt.attach(str(event["name"]), since=position_in(event))
        with self.stopping(attempt, context):
            if has_passed(event):
                raise AirflowTaskTimeout(f"{self.request.command}: {event.get('message', 'out of time')}")
            if event["status"] in ("success", "failed") or attempt.watch.is_over():
                return self.finish(attempt)
            self._look(attempt, event)
            self._defer(attempt, context)

    def _attempt(self, context: Context, namespace: str | None = None) -> "PodAttempt":
        """Return the attempt in the namespace of the pod: a template or a mutation hook may have chosen another."""
        from .api import Cluster
        from .attempt import PodAttempt

        cluster = Cluster(namespace or "", self._connect)
        if not namespace:
            cluster.namespace = self._pod(context)["metadata"]["namespace"]
        build = partial(self._pod, context)
        task = PodTask(self.request, self._identity, self._limits, self.termination_grace_period, build)
        store = context.get("task_state_store")
        self.attempt = PodAttempt(cluster, task, store, self.raise_if_killed, self.log)
        return self.attempt

    def _connect(self) -> k8s.CoreV1Api:
        from .connection import connected

        self.__dict__.pop("hook", None)  # a token that has expired is read again
        return connected(self.hook)

    def _defer(self, attempt: "PodAttempt", context: Context) -> NoReturn:
        """Hand the watch over to the triggerer.

        Defect: the provider's writes the kube config with its credentials into the trigger's row of Airflow's database
        (test_parts: test_a_deferred_task_leaves_its_pod_to_the_triggerer_and_takes_the_result).
        """
        from .deferral import deadline_of, pod_trigger, timeout_until

        self.raise_if_killed()
        deadline = deadline_of(context["ti"], self.execution_timeout)
        trigger = pod_trigger(self, attempt.watch, attempt.cluster.namespace, self._limits, deadline)
        self.defer(trigger=trigger, method_name="resume", timeout=timeout_until(deadline))

    def _look(self, attempt: "PodAttempt", event: dict[str, Any]) -> None:
        """Check a pod that the triggerer watches; the triggerer returns for that now and then."""
        watch = attempt.watch
        if event["status"] != "timeout":
            self.log.info("the triggerer says of pod %s: %s", watch.name, event.get("message"))
        try:
            watch.look()
        except StepLost as lost:
            self.close_record(attempt, lost)
            raise


class KubernetesRuntime:
    """A namespace of a Kubernetes cluster."""

    def operator(self, request: "AnyRequest", step_run: str, **options: Any) -> BaseOperator:
        """Return the task of a step or chore."""
        return KubernetesStepOperator(request=request, step_run=step_run, **options)

    def step_options(self, request: StepOrder) -> dict[str, Any]:
        """Return at least one retry: a pod that outlives its worker is left to the next attempt."""
        return {"retries": max(request.pipeline.execution.retries, 1)}

    def sweep(self, airflow: "Airflow", now: datetime, *, dry_run: bool) -> dict[str, int]:
        """Stop and remove pods of tasks that are over."""
        from .sweep import sweep_pods

        return sweep_pods(airflow, now, dry_run=dry_run)


RUNTIME: Runtime = KubernetesRuntime()
