"""Translate a refusal by an S3 store into a step error that says what to do.

This module knows the protocol's error codes, not boto3. Messages name the bucket, key and endpoint, never credentials
or signed URLs.
"""

from collections.abc import Callable
from typing import NamedTuple

from trainer.errors import BadData, BadRequest, StepError, TryAgain
from trainer.storage.interface import ObjectChanged

_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_TRANSIENT_CODES = frozenset(
    {
        "InternalError",
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
    }
)
_CREDENTIAL_CODES = frozenset(
    {
        "AuthorizationQueryParametersError",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
_REGION_CODES = frozenset({"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"})


class Refusal(NamedTuple):
    """A refused request: the request, and the store's refusal."""

    action: str
    """The attempted action as a verb: "list", "fetch"."""
    place: str
    endpoint: str
    status: int
    code: str
    message: str

    @property
    def is_transient(self) -> bool:
        """Whether the same request is likely to succeed a moment later."""
        return self.code in _TRANSIENT_CODES or self.status in _TRANSIENT_STATUS

    @property
    def detail(self) -> str:
        """The store's own message, on one line."""
        text = " ".join(f"{self.code}: {self.message}".split())
        return f"HTTP {self.status} {text[:300]}".rstrip(": ")


def error_for(refusal: Refusal) -> StepError:
    """Return the error with which a step ends after a refusal."""
    if refusal.is_transient:
        return TryAgain(
            f"cannot {refusal.action} {refusal.place}: {refusal.endpoint} is overloaded or out of order "
            f"({refusal.detail}), also after all retries"
        )
    make = next((make for applies, make in _MEANINGS if applies(refusal)), _other)
    return make(refusal)


def _is_skewed(refusal: Refusal) -> bool:
    # A request with a signed URL is refused with AccessDenied for every problem with its time.
    late = ("has expired", "not yet valid")
    return refusal.code == "RequestTimeTooSkewed" or (
        refusal.code == "AccessDenied" and any(words in refusal.message for words in late)
    )


def _skewed(refusal: Refusal) -> StepError:
    return BadRequest(
        f"{refusal.endpoint} refuses requests because the clocks differ too much ({refusal.detail}); "
        "set this machine's clock (NTP), or the store's"
    )


def _no_bucket(refusal: Refusal) -> StepError:
    return BadRequest(
        f"the bucket of {refusal.place} does not exist at {refusal.endpoint}; create it, or correct dataset.uri, "
        "DATASET_ROOT or S3_ENDPOINT_URL"
    )


def _missing(refusal: Refusal) -> StepError:
    return BadData(f"{refusal.place} was deleted after the dataset was listed; run preprocess again")


def _changed(refusal: Refusal) -> StepError:
    return ObjectChanged(
        f"{refusal.place} changed since it was listed, and the bucket keeps no versions; run preprocess of this DAG "
        "run again, then train (versioning of the bucket would have kept the old object)"
    )


def _credentials(refusal: Refusal) -> StepError:
    return BadRequest(
        f"{refusal.endpoint} does not accept the credentials ({refusal.detail}); correct AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or the role"
    )


def _denied(refusal: Refusal) -> StepError:
    return BadRequest(
        f"not allowed to {refusal.action} {refusal.place} ({refusal.detail}); give the credentials s3:ListBucket, "
        "s3:GetBucketVersioning and s3:GetObject there, in a bucket with versioning also s3:ListBucketVersions and "
        "s3:GetObjectVersion"
    )


def _region(refusal: Refusal) -> StepError:
    return BadRequest(
        f"the bucket of {refusal.place} is in another region ({refusal.detail}); set S3_REGION to it, "
        "or correct S3_ENDPOINT_URL"
    )


def _archived(refusal: Refusal) -> StepError:
    return BadData(
        f"{refusal.place} is in an archive storage class ({refusal.detail}); restore it, or leave it out of the dataset"
    )


def _not_s3(refusal: Refusal) -> StepError:
    return BadRequest(not_s3(refusal.endpoint, refusal.detail))


def _other(refusal: Refusal) -> StepError:
    return BadRequest(f"cannot {refusal.action} {refusal.place}: {refusal.endpoint} answered {refusal.detail}")


def not_s3(endpoint: str, answer: str) -> str:
    """Return the message for an endpoint that answers, but not as S3 does."""
    return (
        f"{endpoint} is not an S3 endpoint: it answered {answer}; "
        "expected S3's XML, correct S3_ENDPOINT_URL (address and port of the S3 API)"
    )


_MEANINGS: tuple[tuple[Callable[[Refusal], bool], Callable[[Refusal], StepError]], ...] = (
    (_is_skewed, _skewed),
    (lambda refusal: refusal.code == "NoSuchBucket", _no_bucket),
    (lambda refusal: refusal.code in ("NoSuchKey", "NoSuchVersion", "MethodNotAllowed"), _missing),
    (lambda refusal: refusal.code == "PreconditionFailed" or refusal.status == 412, _changed),
    (lambda refusal: refusal.code in _CREDENTIAL_CODES, _credentials),
    (lambda refusal: refusal.code in _REGION_CODES or refusal.status in (301, 307), _region),
    (lambda refusal: refusal.code == "InvalidObjectState", _archived),
    (lambda refusal: refusal.code in ("AccessDenied", "AllAccessDisabled", "403", "Forbidden"), _denied),
    # S3 itself always says, in XML, whether the bucket or the key is missing.
    (lambda refusal: refusal.code in ("", "404", "405", "400", "401"), _not_s3),
)
