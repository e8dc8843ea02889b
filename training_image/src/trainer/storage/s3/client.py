"""Send requests to an S3 store and translate their failures; the only importer of boto3 and botocore.

Listings and objects are fetched through URLs that boto3 signs, over botocore's own HTTP session. That takes half the
CPU time of ``get_object`` and a tenth of ``list_objects_v2``'s, which limits a sync of small images, and lets an
interrupted transfer resume at the byte where it stopped.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import boto3
import botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from trainer.errors import BadRequest, StepError, TryAgain
from trainer.settings import Settings
from trainer.storage.addresses import without_secrets

from .answers import Page, read_page, read_versioning
from .errors import Refusal, error_for, not_s3
from .retry import Interrupted, RetryBudget, unreachable

_CHUNK_BYTES = 1 << 18
_SIGNED_SECONDS = 900
_ERROR_BYTES = 4096
_PAGE_OBJECTS = 1000
_NO_SUCH_OPERATION = frozenset({"NotImplemented", "MethodNotAllowed"})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class S3Object:
    """An object, or a version of one, to fetch."""

    bucket: str
    key: str
    size: int
    etag: str
    version_id: str | None

    @property
    def place(self) -> str:
        """The object's name in messages."""
        version = f" (version {self.version_id})" if self.version_id else ""
        return f"s3://{self.bucket}/{self.key}{version}"


class S3Client:
    """The requests that reading datasets needs. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        """Prepare for requests; nothing is sent yet.

        Raises:
            BadRequest: the endpoint or region cannot be used.
        """
        self.endpoint = without_secrets(settings.s3_endpoint_url or "S3")
        with self._translated_errors("use", "S3"):
            self._client = boto3.session.Session().client(
                "s3",
                endpoint_url=settings.s3_endpoint_url or None,
                region_name=settings.s3_region or None,
                config=_config(settings),
            )
        self.endpoint = without_secrets(str(self._client.meta.endpoint_url))
        self._attempts = settings.s3_attempts
        self._http = _http_session(settings, str(self._client.meta.endpoint_url))

    def versioning(self, bucket: str) -> str:
        """Return "Enabled", "Suspended", or the empty text of a bucket that never had versions.

        Raises:
            BadRequest: there is no such bucket, or access to it is denied.
            TryAgain: the store is unavailable.
        """
        place = f"s3://{bucket}"
        return self._query(
            "get_bucket_versioning", {"Bucket": bucket}, "ask for the versioning of", place, read_versioning, unknown=""
        )

    def pages(self, bucket: str, prefix: str, *, delimiter: str = "", versions: bool = False) -> Iterator[Page]:
        """List the objects whose keys begin with a prefix, page by page.

        Raises:
            BadRequest: there is no such bucket, listing it is denied, or the endpoint is not S3.
            TryAgain: the store is unavailable.
        """
        operation = "list_object_versions" if versions else "list_objects_v2"
        parameters = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": _PAGE_OBJECTS, "EncodingType": "url"}
        if delimiter:
            parameters["Delimiter"] = delimiter
        place, page = f"s3://{bucket}/{prefix}", None
        while page is None or page.following:
            following: dict[str, str] = page.following if page else {}
            page = self._query(operation, parameters | following, "list", place, read_page)
            yield page

    def _query(
        self,
        operation: str,
        parameters: dict[str, Any],
        action: str,
        place: str,
        read: Callable[[bytes], _T],
        unknown: _T | None = None,
    ) -> _T:
        """Return the answer as parsed by ``read``, or ``unknown`` if the store does not have the operation."""
        budget = self.retry_budget(action, place)
        while True:
            try:
                with self._translated_errors(action, place, interrupts=True):
                    response = self._get(operation, parameters, {})
                    with closing(response.raw) as raw:
                        body: bytes = raw.read()
                if response.status_code == 200:
                    return read(body)
                refusal = _refusal_in(response, body, action, place, self.endpoint)
                if unknown is not None and refusal.code in _NO_SUCH_OPERATION:
                    return unknown
                raise _refused(refusal)
            except ValueError as error:
                raise BadRequest(not_s3(self.endpoint, str(error))) from None
            except Interrupted as interruption:
                budget.spend(interruption)

    def read(self, item: S3Object, start: int, stop: int) -> Iterator[bytes]:
        """Yield an object's bytes from ``start`` up to ``stop``, possibly fewer.

        Raises:
            Interrupted: the transfer was interrupted.
            ObjectChanged: the store has other content under that name.
            BadRequest, BadData: the store refuses.
        """
        with (
            self._translated_errors("fetch", item.place, interrupts=True),
            closing(self._open(item, start, stop).raw) as raw,
        ):
            while chunk := raw.read(_CHUNK_BYTES):
                yield chunk
            # Everything was read: the connection can serve another request.
            raw.release_conn()

    def retry_budget(self, action: str, place: str) -> RetryBudget:
        """Return the retries that a request may use."""
        return RetryBudget(self._attempts, action, place, self.endpoint)

    def _open(self, item: S3Object, start: int, stop: int) -> AWSResponse:
        version = {"VersionId": item.version_id} if item.version_id else {}
        parameters = {"Bucket": item.bucket, "Key": item.key} | version
        headers = {"If-Match": f'"{item.etag}"', "Accept-Encoding": "identity"}
        is_part = (start, stop) != (0, item.size)
        if is_part:
            headers["Range"] = f"bytes={start}-{stop - 1}"
        response = self._get("get_object", parameters, headers)
        if response.status_code == (206 if is_part else 200):
            if response.headers.get("ETag", f'"{item.etag}"').strip('"') != item.etag:
                response.raw.close()
                raise error_for(Refusal("fetch", item.place, self.endpoint, 412, "PreconditionFailed", ""))
            return response
        with closing(response.raw) as raw:
            body = raw.read(_ERROR_BYTES)
        if response.status_code == 200:
            raise BadRequest(f"{self.endpoint} sends all of {item.place} when asked for a part; expected HTTP 206")
        raise _refused(_refusal_in(response, body, "fetch", item.place, self.endpoint))

    def _get(self, operation: str, parameters: dict[str, Any], headers: dict[str, str]) -> AWSResponse:
        """Send a request that boto3 only signs."""
        url = self._client.generate_presigned_url(operation, Params=parameters, ExpiresIn=_SIGNED_SECONDS)
        return self._http.send(AWSRequest("GET", url, headers=headers, stream_output=True).prepare())

    @contextmanager
    def _translated_errors(self, action: str, place: str, *, interrupts: bool = False) -> Iterator[None]:
        """Turn errors of boto3, botocore and urllib3 into errors of ours, without signed URLs in their text."""
        try:
            yield
        except ClientError as error:
            raise error_for(_refusal_of(error, action, place, self.endpoint)) from None
        except (NoCredentialsError, PartialCredentialsError):
            raise BadRequest(
                f"no credentials to {action} {place}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or assign a role"
            ) from None
        except SSLError as error:
            raise BadRequest(
                f"cannot {action} {place}: {self.endpoint} has no valid certificate ({_reason(error)}); expected a "
                "certificate that this machine trusts: set AWS_CA_BUNDLE to its authority's, or correct S3_ENDPOINT_URL"
            ) from None
        except (ConnectionError, HTTPClientError, HTTPError) as error:
            if interrupts:
                raise Interrupted(_reason(error)) from None
            raise TryAgain(unreachable(action, place, self.endpoint, _reason(error))) from None
        except (BotoCoreError, ValueError) as error:
            raise BadRequest(
                f"cannot {action} {place}: {_without_addresses(f'{error}')}; check dataset.uri, S3_ENDPOINT_URL and "
                "S3_REGION"
            ) from None


def _config(settings: Settings) -> Config:
    addressing = settings.s3_addressing
    if addressing == "auto" and settings.s3_endpoint_url:
        # Few stores other than Amazon's have a host name for each bucket.
        addressing = "path"
    return Config(
        signature_version="s3v4",
        connect_timeout=settings.s3_connect_timeout_seconds,
        read_timeout=settings.s3_read_timeout_seconds,
        max_pool_connections=settings.s3_threads,
        retries={"mode": "standard", "total_max_attempts": settings.s3_attempts},
        # Some stores write checksums in trailers, boto3's default, into the file.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": addressing},
    )


def _http_session(settings: Settings, endpoint: str) -> URLLib3Session:
    return URLLib3Session(
        verify=botocore.session.get_session().get_config_variable("ca_bundle") or True,
        proxies=get_environ_proxies(endpoint),
        timeout=(settings.s3_connect_timeout_seconds, settings.s3_read_timeout_seconds),
        max_pool_connections=2 * settings.s3_threads,
    )


def _refused(refusal: Refusal) -> StepError | Interrupted:
    """Return the error for a refused request that we retry ourselves."""
    if refusal.is_transient:
        return Interrupted(refusal.detail)
    return error_for(refusal)


def _refusal_of(error: ClientError, action: str, place: str, endpoint: str) -> Refusal:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    answer = error.response.get("Error", {})
    return Refusal(action, place, endpoint, status, str(answer.get("Code", "")), str(answer.get("Message", "")))


def _refusal_in(response: AWSResponse, body: bytes, action: str, place: str, endpoint: str) -> Refusal:
    code, message = (_element(body, name) for name in (b"Code", b"Message"))
    return Refusal(action, place, endpoint, response.status_code, code, message)


def _element(body: bytes, name: bytes) -> str:
    found = re.search(b"<%s>(.*?)</%s>" % (name, name), body, re.DOTALL)
    return found[1].decode(errors="replace") if found else ""


def _reason(error: Exception) -> str:
    """Return the text of an error without its URL, which is signed."""
    inner = getattr(error, "kwargs", {}).get("error", error)
    return _without_addresses(f"{type(inner).__name__}: {inner}")[:300]


def _without_addresses(text: str) -> str:
    return re.sub(r"(https?://[^\s?'\"]+|/[^\s?'\"]*)\?[^\s'\"]*", r"\1", without_secrets(text))
