"""Run an S3 store so fast that the client is measured: nginx serves files as objects, and prepared listings.

It answers the requests of a sync: ListObjectsV2 page by page, GetObject with If-Match and Range, GetBucketVersioning.
It checks no signatures.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.containers import Unavailable

BUCKET, PREFIX = "bench", "data/"
_PAGE_OBJECTS = 1000
_START_SECONDS = 10.0

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $args $answer {{
        default page0;
        "~(^|&)versioning" versioning;
        "~(^|&)continuation-token=(?<page>\\d+)" page$page;
    }}
    server {{
        listen 127.0.0.1:{port};
        location ~ ^/{bucket}/?$ {{ alias {folder}/listing/$answer.xml; default_type application/xml; }}
        location /{bucket}/{prefix} {{ alias {objects}/; default_type binary/octet-stream; }}
    }}
}}
"""

_VERSIONING = '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
_PAGE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>{bucket}</Name><Prefix>{prefix}</Prefix><MaxKeys>{most}</MaxKeys><KeyCount>{count}</KeyCount>"
    "<EncodingType>url</EncodingType>{following}{contents}</ListBucketResult>"
)
_CONTENTS = (
    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{etag}&quot;</ETag>"
    "<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


@contextmanager
def s3_stand_in(folder: Path, objects: Path) -> Iterator[str]:
    """Serve the files directly in ``objects`` as s3://BUCKET/PREFIX until the block ends; yield the store's address.

    Raises:
        Unavailable: there is no nginx.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise Unavailable("there is no nginx here to stand in for S3; Debian's package nginx-light has it")
    own = folder / "nginx"
    _write_listing(own / "listing", sorted(objects.iterdir()))
    port = _free_port()
    names = {"folder": own, "objects": objects, "port": port, "bucket": BUCKET, "prefix": PREFIX}
    (own / "nginx.conf").write_text(_CONFIGURATION.format_map(names))
    command = [program, "-p", str(own), "-c", str(own / "nginx.conf"), "-e", str(own / "error.log")]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for(server, port, own / "error.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _write_listing(folder: Path, files: Sequence[Path]) -> None:
    folder.mkdir(parents=True)
    (folder / "versioning.xml").write_text(_VERSIONING)
    for page, start in enumerate(range(0, len(files), _PAGE_OBJECTS)):
        part = files[start : start + _PAGE_OBJECTS]
        more = f"<NextContinuationToken>{page + 1}</NextContinuationToken>" if start + len(part) < len(files) else ""
        following = f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}"
        contents = "".join(map(_entry, part))
        names = {"bucket": BUCKET, "prefix": PREFIX, "most": _PAGE_OBJECTS, "count": len(part)}
        text = _PAGE.format_map(names | {"following": following, "contents": contents})
        (folder / f"page{page}.xml").write_text(text)


def _entry(file: Path) -> str:
    status = file.stat()
    # As nginx makes it for a file.
    etag = f"{int(status.st_mtime):x}-{status.st_size:x}"
    return _CONTENTS.format(key=escape(PREFIX + file.name), etag=etag, size=status.st_size)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace")[-1000:] if log.exists() else "it wrote no log"
                raise RuntimeError(f"nginx does not answer on port {port}: {said}") from None
            time.sleep(0.05)
