"""What an S3 store's refusal means for the next try, in one sentence each.

Pure: knows the protocol's error codes, not boto3. Messages name bucket, key and endpoint, never credentials or signed
addresses.
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
    """An answer that is none: what was asked for and how the store refused it."""

    action: str
    """What was tried, as a phrase: "list", "fetch"."""
    place: str
    endpoint: str
    status: int
    code: str
    message: str

    @property
    def is_transient(self) -> bool:
        """Whether the same request may well succeed a moment later."""
        return self.code in _TRANSIENT_CODES or self.status in _TRANSIENT_STATUS

    @property
    def said(self) -> str:
        """The store's own words, on one line."""
        words = " ".join(f"{self.code}: {self.message}".split())
        return f"HTTP {self.status} {words[:300]}".rstrip(": ")


def error_for(refusal: Refusal) -> StepError:
    """Return the error that a step ends with after a refusal."""
    if refusal.is_transient:
        return TryAgain(
            f"cannot {refusal.action} {refusal.place}: {refusal.endpoint} is overloaded or out of order "
            f"({refusal.said}) and stayed so over all retries"
        )
    make = next((make for applies, make in _MEANINGS if applies(refusal)), _other)
    return make(refusal)


def _is_skewed(refusal: Refusal) -> bool:
    # A request signed in its address is refused with AccessDenied, whatever is wrong with its time.
    late = ("has expired", "not yet valid")
    return refusal.code == "RequestTimeTooSkewed" or (
        refusal.code == "AccessDenied" and any(words in refusal.message for words in late)
    )


def _skewed(refusal: Refusal) -> StepError:
    return BadRequest(
        f"{refusal.endpoint} refuses requests because the clocks differ too much ({refusal.said}); "
        "set this machine's clock (NTP), or the store's"
    )


def _no_bucket(refusal: Refusal) -> StepError:
    return BadRequest(
        f"the bucket of {refusal.place} is not there (asked {refusal.endpoint}); create it, or correct dataset.uri, "
        "DATASET_ROOT or S3_ENDPOINT_URL"
    )


def _gone(refusal: Refusal) -> StepError:
    return BadData(f"{refusal.place} is gone; it was there when the dataset was listed, run preprocess again")


def _changed(refusal: Refusal) -> StepError:
    return ObjectChanged(
        f"{refusal.place} changed since it was listed, and the bucket keeps no versions; run preprocess of this DAG "
        "run again, and train after it (versioning of the bucket would have kept the old one)"
    )


def _credentials(refusal: Refusal) -> StepError:
    return BadRequest(
        f"{refusal.endpoint} does not accept the credentials ({refusal.said}); correct AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or the role"
    )


def _denied(refusal: Refusal) -> StepError:
    return BadRequest(
        f"not allowed to {refusal.action} {refusal.place} ({refusal.said}); give the credentials s3:ListBucket, "
        "s3:GetBucketVersioning and s3:GetObject there, in a bucket with versioning also s3:ListBucketVersions and "
        "s3:GetObjectVersion"
    )


def _region(refusal: Refusal) -> StepError:
    return BadRequest(
        f"the bucket of {refusal.place} lies in another region ({refusal.said}); set S3_REGION to it, "
        "or correct S3_ENDPOINT_URL"
    )


def _frozen(refusal: Refusal) -> StepError:
    return BadData(
        f"{refusal.place} lies in an archive storage class ({refusal.said}); restore it, or leave it out of the dataset"
    )


def _not_s3(refusal: Refusal) -> StepError:
    return BadRequest(not_s3(refusal.endpoint, refusal.said))


def _other(refusal: Refusal) -> StepError:
    return BadRequest(f"cannot {refusal.action} {refusal.place}: {refusal.endpoint} answered {refusal.said}")


def not_s3(endpoint: str, answer: str) -> str:
    """Return what to say of an endpoint that answers, but not as S3 does."""
    return (
        f"{endpoint} is no S3 endpoint: it answered {answer}; "
        "expected S3's XML, correct S3_ENDPOINT_URL (address and port of the S3 API)"
    )


_MEANINGS: tuple[tuple[Callable[[Refusal], bool], Callable[[Refusal], StepError]], ...] = (
    (_is_skewed, _skewed),
    (lambda refusal: refusal.code == "NoSuchBucket", _no_bucket),
    (lambda refusal: refusal.code in ("NoSuchKey", "NoSuchVersion", "MethodNotAllowed"), _gone),
    (lambda refusal: refusal.code == "PreconditionFailed" or refusal.status == 412, _changed),
    (lambda refusal: refusal.code in _CREDENTIAL_CODES, _credentials),
    (lambda refusal: refusal.code in _REGION_CODES or refusal.status in (301, 307), _region),
    (lambda refusal: refusal.code == "InvalidObjectState", _frozen),
    (lambda refusal: refusal.code in ("AccessDenied", "AllAccessDisabled", "403", "Forbidden"), _denied),
    # S3 always says which of bucket and key is missing, in XML.
    (lambda refusal: refusal.code in ("", "404", "405", "400", "401"), _not_s3),
)
