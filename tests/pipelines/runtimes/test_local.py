"""The local runtime with real processes: the task ends as the step says, and nothing is left running."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

from include.pipelines.errors import StepFailed, StepLost
from include.pipelines.runtimes.local.runtime import LocalStepOperator
from include.step_contract import transport
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Step, StepOrder
from include.step_contract.result import RegisterResult, Result
from tests.pipelines.conftest import RESULT, RUN

MakeStep = Callable[[str], LocalStepOperator]


def test_result_line_ends_the_task_green(make_step: MakeStep, capsys: pytest.CaptureFixture[str]) -> None:
    make_step(f"print({transport.encode_result(RESULT)!r})").execute({})
    assert "MLflow run abc: 100 images" in capsys.readouterr().out


def test_step_gets_request_and_run_and_nothing_of_airflow(
    make_step: MakeStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("AWS_PROFILE", "kept")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    code = f"""
        open({str(tmp_path / "environment")!r}, 'w').write('\\n'.join(f'{{k}}={{v}}' for k, v in os.environ.items()))
        print({transport.encode_result(RESULT)!r})
    """
    operator = make_step(code)
    operator.execute({})
    environment = dict(
        line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines() if "=" in line
    )
    request, run = transport.decode_environment(environment)
    assert (request.verb, run.run_id) == (Step.PREPROCESS, "manual__1")
    assert environment["AWS_PROFILE"] == "kept"
    assert environment["OMP_NUM_THREADS"] == "2", "as many threads as resources.preprocess.cpu says"
    assert not [name for name in environment if name.startswith("AIRFLOW")]


@pytest.mark.parametrize("kind", list(FailureKind))
def test_failure_line_carries_its_kind(make_step: MakeStep, kind: FailureKind) -> None:
    line = transport.encode_failure(Failure(step=Step.PREPROCESS, kind=kind, message="한글 이유"))
    with pytest.raises(StepFailed, match=f"preprocess: {kind}: 한글 이유") as caught:
        make_step(f"print({line!r}); sys.exit({int(kind.exit_code)})").execute({})
    assert caught.value.kind is kind


@pytest.mark.parametrize(("code", "kind"), [(64, "bad_request"), (65, "bad_data"), (70, "bug"), (75, "try_again")])
def test_exit_code_alone_carries_the_kind(make_step: MakeStep, code: int, kind: str) -> None:
    with pytest.raises(StepFailed, match=f"preprocess: {kind} .exit code {code}. without a failure line") as caught:
        make_step(f"sys.exit({code})").execute({})
    assert caught.value.kind == kind


def test_refused_step_is_skipped(make_step: MakeStep) -> None:
    outcome = RegisterResult(model="digits", version=None, refused_because="too low")
    line = transport.encode_result(Result(mlflow_run_id="abc", summary="refused: too low", outcome=outcome))
    with pytest.raises(AirflowSkipException, match="refused: too low"):
        make_step(f"print({line!r}); sys.exit(99)").execute({})


def test_exit_0_without_result_line_is_no_success(make_step: MakeStep) -> None:
    with pytest.raises(StepFailed, match="exit code 0 without a result line; expected one"):
        make_step("print('all good')").execute({})


def test_result_line_is_found_among_other_output(make_step: MakeStep, capsys: pytest.CaptureFixture[str]) -> None:
    code = f"""
        sys.stdout.write('10%\\r50%\\r100%\\n')
        sys.stderr.write('warning without end of line')
        sys.stderr.flush()
        print({transport.encode_result(RESULT)!r}, flush=True)
        print('trailing line')
        sys.stdout.buffer.write(b'\\xff not UTF-8\\n')
    """
    make_step(code).execute({})
    log = capsys.readouterr().out
    assert "100%" in log
    assert "warning without end of line" in log
    assert "10%" not in log


def test_lost_step_closes_its_record_and_may_be_retried(make_step: MakeStep, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    code = f"""
        open({str(calls)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')
        if sys.argv[1] != 'close':
            os.kill(os.getpid(), signal.SIGKILL)
    """
    with pytest.raises(StepLost, match=r"ended by SIGKILL .out of memory, or killed from outside. without saying why"):
        make_step(code).execute({})
    assert calls.read_text().splitlines()[1].startswith("close --kind try_again --reason preprocess: ended by SIGKILL")


def test_missing_trainer_says_what_to_do(make_step: MakeStep, tmp_path: Path) -> None:
    operator = make_step("")
    (tmp_path / "trainer").unlink()
    with pytest.raises(StepFailed, match="run `make install` or set TRAINER_COMMAND") as caught:
        operator.execute({})
    assert caught.value.kind is FailureKind.BAD_REQUEST


def test_killed_task_is_never_green_though_its_step_succeeds(make_step: MakeStep) -> None:
    code = f"""
        signal.signal(signal.SIGTERM, lambda *_: (print({transport.encode_result(RESULT)!r}, flush=True), os._exit(0)))
        print('started', flush=True)
        time.sleep(60)
    """
    operator = make_step(code)
    threading.Timer(1.0, operator.on_kill).start()
    with pytest.raises(StepFailed, match="the task was killed") as caught:
        operator.execute({})
    assert caught.value.kind is FailureKind.TERMINATED


@pytest.mark.parametrize(
    ("saves", "ending"), [(True, ""), (False, "close --kind try_again --reason preprocess: its time")]
)
def test_a_step_whose_time_is_over_may_save_its_state(
    make_step: MakeStep, tmp_path: Path, saves: bool, ending: str
) -> None:
    seen = tmp_path / "seen"
    code = f"""
        def save(*_):
            if {saves}:
                open({str(seen)!r}, 'a').write('saved\\n')
                sys.exit(143)
        open({str(seen)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')
        if sys.argv[1] != 'close':
            signal.signal(signal.SIGTERM, save)
            time.sleep(60)
            time.sleep(60)
    """
    operator = make_step(code)
    operator.request = request_with_grace(operator, seconds=2)
    with pytest.raises(AirflowTaskTimeout), timeout(2):
        operator.execute({})
    first, second = seen.read_text().splitlines()
    assert first == "preprocess"
    assert second == "saved" if saves else second.startswith(ending)


def test_children_of_a_step_die_with_it(make_step: MakeStep, tmp_path: Path) -> None:
    pid_file = tmp_path / "child"
    code = f"""
        import subprocess
        child = subprocess.Popen(['sleep', '300'])
        open({str(pid_file)!r}, 'w').write(str(child.pid))
        print({transport.encode_result(RESULT)!r})
    """
    make_step(code).execute({})
    assert _gone(int(pid_file.read_text()))


def test_step_stops_itself_when_its_task_is_killed(make_step: MakeStep, tmp_path: Path) -> None:
    """A SIGKILL of the task process reaches no other process; the end of standard input does."""
    pid_file = tmp_path / "step"
    operator = make_step(f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); sys.stdin.read()")
    task = os.fork()
    if task == 0:
        operator.execute({})
        os._exit(0)
    deadline = time.monotonic() + 20
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(task, signal.SIGKILL)
    os.waitpid(task, 0)
    assert _gone(int(pid_file.read_text()))


def test_hostile_run_identity_reaches_the_step_unchanged(make_step: MakeStep, tmp_path: Path) -> None:
    run = transport.decode_run(RUN).model_copy(update={"run_id": "'\"; $(touch x) \n {{ 한글 }}"})
    seen = tmp_path / "seen"
    operator = make_step(f"open({str(seen)!r}, 'w').write(os.environ['STEP_RUN'])")
    operator.step_run = run.model_dump_json()
    with pytest.raises(StepFailed):
        operator.execute({})
    assert transport.decode_run(seen.read_text()) == run


def request_with_grace(operator: LocalStepOperator, seconds: int) -> StepOrder:
    assert isinstance(operator.request, StepOrder)
    pipeline = operator.request.pipeline
    execution = pipeline.execution.model_copy(update={"stop_grace_seconds": seconds})
    return operator.request.model_copy(update={"pipeline": pipeline.model_copy(update={"execution": execution})})


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False
