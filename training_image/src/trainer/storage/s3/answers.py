"""Read what S3 answers to questions about a bucket.

boto3's own parser takes ten times as long for a listing, which a night's sync shows, and takes an answer without a body
for one that says nothing: versioning would be off.
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.parsers.expat import errors

from .retry import Interrupted

_LISTINGS = ("ListBucketResult", "ListVersionsResult")
_VERSIONING = ("VersioningConfiguration", "GetBucketVersioningResponse")
"""What S3 calls its answer, and what moto does."""
_MARKERS = {
    "NextContinuationToken": "ContinuationToken",
    "NextKeyMarker": "KeyMarker",
    "NextVersionIdMarker": "VersionIdMarker",
}
"""What an answer calls the place to go on from, and what the next request calls it."""
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
    """The moment in ISO 8601; most stores cut it to seconds."""


class Page(NamedTuple):
    """One answer to a listing."""

    entries: list[Entry]
    folders: list[str]
    following: dict[str, str]
    """Parameters that ask for the next page; empty if this is the last."""


def read_page(body: bytes) -> Page:
    """Return what a listing answered.

    Raises:
        Interrupted: it broke off.
        ValueError: it is no listing; the text says what it is.
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
        Interrupted: the answer broke off.
        ValueError: it says nothing of versioning; the text says what it is.
    """
    root = _read(body, *_VERSIONING)
    return next((child.text or "" for child in root if _name(child) == "Status"), "")


def _read(body: bytes, *expected: str) -> Element:
    try:
        root = fromstring(body)  # noqa: S314  # expat stops at entity bombs itself
    except ParseError as error:
        if error.code in _UNFINISHED:  # a proxy may cut off an answer's end, and its length with it
            raise Interrupted(f"the answer broke off after {len(body):,} bytes") from None
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
        raise ValueError("a listing that goes on without saying where")
    return found


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
