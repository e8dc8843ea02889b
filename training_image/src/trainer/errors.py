"""Say why a step ended, and what the next attempt may expect.

The whole tree, with the classes of other rooms:

    Exception
    ├── StepError               a step cannot continue
    │   ├── BadRequest          the order cannot be carried out as it is; fix the catalog or the form       64
    │   ├── BadData             the data, a checkpoint or a model is not usable; fix it                     65
    │   │   ├── NothingThere    no object at a dataset's address                               storage
    │   │   ├── ObjectChanged   an object is not the one that the manifest names               storage
    │   │   ├── UnreadableModel a checkpoint or a champion cannot be loaded                    frameworks
    │   │   └── MissingWeights  a registered version has no weights file                       registry
    │   ├── Bug                 the step broke one of its own promises                                      70
    │   ├── OutOfMemory         the device's or the host's memory did not suffice                           75
    │   └── TryAgain            a service is away; nothing is wrong with order or data                      75
    │       └── Superseded      another attempt took the DAG run over; this one must not write any more     75
    ├── ValueError
    │   └── UnreadableMarker    a done-marker of another version; the step is done again           tracking
    └── Interrupted             an answer of a store broke off; the request is repeated            storage.s3
    BaseException
    ├── Terminated              ordered to stop: SIGTERM, SIGINT, or the parent is gone                    143
    └── Failed                  any of these, with the id of the MLflow run that records it

The numbers are exit codes. ``kind_of`` is the only function that maps an error to its kind, and ``reason_of`` the only
function that words it: the failure line, MLflow and the web UI all repeat these two. Modules that import a
third party translate its errors into these classes. Must not import any third party.
"""

from step_contract.failure import FailureKind


class StepError(Exception):
    """A step cannot continue; the message says what was got, what was expected and what to do."""

    kind: FailureKind = FailureKind.BUG


class BadRequest(StepError):
    """The order cannot be carried out as it is."""

    kind = FailureKind.BAD_REQUEST


class BadData(StepError):
    """The data cannot be used as it is."""

    kind = FailureKind.BAD_DATA


class Bug(StepError):
    """The step broke one of its own promises."""

    kind = FailureKind.BUG


class OutOfMemory(StepError):
    """The memory of the device or the host did not suffice."""

    kind = FailureKind.OUT_OF_MEMORY


class TryAgain(StepError):
    """A service is away for now."""

    kind = FailureKind.TRY_AGAIN


class Superseded(TryAgain):
    """Another attempt works on this DAG run; this one stops and leaves the record alone."""


class Terminated(BaseException):
    """The step was ordered to stop. Derives from BaseException so that no ``except Exception`` swallows it."""

    kind = FailureKind.TERMINATED


class Failed(BaseException):
    """An attempt ended with an error that its MLflow run records. Derives from BaseException, as ``Terminated``."""

    def __init__(self, run_id: str, error: BaseException) -> None:
        """Carry the error, and the id of the MLflow run, to the reply."""
        super().__init__(reason_of(error))
        self.run_id = run_id
        self.error = error
        self.kind = kind_of(error)


def kind_of(error: BaseException) -> FailureKind:
    """Return what an error means for the next attempt."""
    if isinstance(error, StepError | Terminated | Failed):
        return error.kind
    return FailureKind.OUT_OF_MEMORY if isinstance(error, MemoryError) else FailureKind.BUG


def reason_of(error: BaseException) -> str:
    """Return the sentence that says why an attempt ended."""
    if isinstance(error, StepError | Terminated | Failed):
        return str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return f"the host's memory did not suffice: {error}"
    return f"{type(error).__name__}: {error}"


def with_causes(error: BaseException) -> str:
    """Return an error's text and, each on a line of its own, the texts of the errors that it was raised from.

    If a worker process of a library was killed, only the cause may say so.
    """
    texts, cause = [str(error)], error.__cause__
    while cause is not None:
        texts.append(f"{type(cause).__name__}: {cause}")
        cause = cause.__cause__
    return "\n".join(texts)
