"""Parse S3's answers to listings and versioning queries.

boto3's own parser takes ten times as long for a listing, which shows in a nightly sync, and reads an answer without
a body as an empty one: versioning would seem to be off.
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.parsers.expat import errors

from .retry import Interrupted

_LISTINGS = ("ListBucketResult", "ListVersionsResult")
_VERSIONING = ("VersioningConfiguration", "GetBucketVersioningResponse")
"""The name of the answer's root element in S3, and in moto."""
_MARKERS = {
    "NextContinuationToken": "ContinuationToken",
    "NextKeyMarker": "KeyMarker",
    "NextVersionIdMarker": "VersionIdMarker",
}
"""Names of the continuation marker: in an answer, and in the next request."""
_UNFINISHED = {
    errors.codes[text]
    for text in (
        errors.XML_ERROR_NO_ELEMENTS,
        errors.XML_ERROR_UNCLOSED_TOKEN,
        errors.XML_ERROR_PARTIAL_CHAR,
        errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


class Entry(NamedTuple):
    """One object, one version of an object, or the mark of its deletion."""

    key: str
    size: int
    etag: str
    version_id: str | None
    is_latest: bool
    is_deletion: bool
    modified: str
    """The time in ISO 8601; most stores truncate it to seconds."""


class Page(NamedTuple):
    """One answer to a listing."""

    entries: list[Entry]
    folders: list[str]
    following: dict[str, str]
    """Parameters that ask for the next page; empty if this is the last."""


def read_page(body: bytes) -> Page:
    """Parse the answer to a listing.

    Raises:
        Interrupted: the answer is cut off.
        ValueError: it is not a listing; the text says what it is.
    """
    root = _read(body, *_LISTINGS)
    fields = {_name(child): child.text or "" for child in root}
    is_url = fields.get("EncodingType") == "url"
    return Page(
        [_entry(child, is_url) for child in root if _name(child) in ("Contents", "Version", "DeleteMarker")],
        list(_folders(root, is_url)),
        _following(fields, is_url) if fields.get("IsTruncated") == "true" else {},
    )


def read_versioning(body: bytes) -> str:
    """Return "Enabled", "Suspended", or the empty text of a bucket that never had versions.

    Raises:
        Interrupted: the answer is cut off.
        ValueError: it is not about versioning; the text says what it is.
    """
    root = _read(body, *_VERSIONING)
    return next((child.text or "" for child in root if _name(child) == "Status"), "")


def _read(body: bytes, *expected: str) -> Element:
    try:
        root = fromstring(body)  # noqa: S314  # expat stops at entity bombs itself
    except ParseError as error:
        if error.code in _UNFINISHED:  # a proxy may cut off the end of an answer along with its length header
            raise Interrupted(f"the answer was cut off after {len(body):,} bytes") from None
        raise ValueError("something that is not XML") from None
    if _name(root) not in expected:
        raise ValueError(f"the XML element {_name(root)[:100]!r}")
    return root


def _entry(element: Element, is_url: bool) -> Entry:
    fields = {_name(child): child.text or "" for child in element}
    return Entry(
        key=unquote_plus(fields["Key"]) if is_url else fields["Key"],
        size=int(fields.get("Size", 0)),
        etag=fields.get("ETag", "").strip('"'),
        version_id=fields.get("VersionId"),
        is_latest=fields.get("IsLatest") == "true",
        is_deletion=_name(element) == "DeleteMarker",
        modified=fields.get("LastModified", ""),
    )


def _folders(root: Element, is_url: bool) -> Iterator[str]:
    for child in root:
        if _name(child) == "CommonPrefixes":
            for prefix in child:
                yield unquote_plus(prefix.text or "") if is_url else prefix.text or ""


def _following(fields: dict[str, str], is_url: bool) -> dict[str, str]:
    found = {_MARKERS[name]: value for name, value in fields.items() if name in _MARKERS and value}
    if is_url and "KeyMarker" in found:
        found["KeyMarker"] = unquote_plus(found["KeyMarker"])
    if not found:
        raise ValueError("a truncated listing without a continuation marker")
    return found


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
