"""Deliver a message to its targets: Airflow connections, whose type says how.

    smtp                                a mail; to: and from_email: are in the connection's extra
    http, https, webhook, generic       a POST of JSON to an address
    apprise                             any service that the package apache-airflow-providers-apprise can reach

All targets are notified in parallel, within ``SECONDS``: Airflow ends a task's process 20 seconds after the task has
ended, and callbacks run in between. Errors name the connection and never its address, which may hold a secret.
"""

import html
import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from .messages import Message

SECONDS = 14.0
_REQUEST_SECONDS = 5.0
_PAUSES_SECONDS = (0.5, 1.5)
_WEBHOOKS = ("http", "https", "webhook", "generic")
_SCHEMES = ("http", "https")
_PASSING = (408, 425, 429)
_UNDELIVERED = '%s was not notified of "%s": %s'

_log = logging.getLogger(__name__)


class Undelivered(Exception):
    """A target did not get a message; the text says why and what to do."""


def deliver(message: "Message", targets: Sequence[str]) -> None:
    """Send the message to every target, and log for each whether it was delivered."""
    deadline = time.monotonic() + SECONDS
    threads = [
        threading.Thread(target=_deliver_to, args=(target, message, deadline), name=f"notify-{target}", daemon=True)
        for target in dict.fromkeys(targets)
    ]
    for thread in threads:
        thread.start()
    for target, thread in zip(dict.fromkeys(targets), threads, strict=True):
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            _log.warning(_UNDELIVERED, target, message.title, f"no answer within {SECONDS:g} s")


def _deliver_to(target: str, message: "Message", deadline: float) -> None:
    try:
        _send(target, message, deadline)
    except Undelivered as error:
        _log.warning(_UNDELIVERED, target, message.title, error)
    except Exception as error:  # a provider's; its text may hold the address
        _log.warning(_UNDELIVERED, target, message.title, type(error).__name__)
    else:
        _log.info("notified %s: %s", target, message.title)


def _send(target: str, message: "Message", deadline: float) -> None:
    connection = _connection(target)
    if connection.conn_type == "smtp":
        _send_mail(connection, message)
    elif connection.conn_type in _WEBHOOKS:
        _post(connection, message, deadline)
    elif connection.conn_type == "apprise":
        _send_by_apprise(connection, message)
    else:
        raise Undelivered(
            f"the connection is of type {connection.conn_type!r}; expected one of {', '.join(_WEBHOOKS)}, smtp, apprise"
        )


def _connection(target: str) -> "Connection":
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        connection: Connection = BaseHook.get_connection(target)
    except (AirflowNotFoundException, AirflowRuntimeError) as error:
        raise Undelivered(
            f"Airflow has no connection {target!r}; expected one for each of NOTIFY_TARGETS and of the catalog's notify"
        ) from error
    return connection


def _send_mail(connection: "Connection", message: "Message") -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    recipients = connection.extra_dejson.get("to")
    if not recipients:
        raise Undelivered('no recipient; expected {"to": "team@example.com"} in the connection\'s extra')
    with SmtpHook(smtp_conn_id=connection.conn_id) as hook:
        hook.send_email_smtp(to=recipients, subject=message.title, html_content=_as_html(message.body))


def _as_html(text: str) -> str:
    return f'<pre style="white-space: pre-wrap">{html.escape(text)}</pre>'


def _send_by_apprise(connection: "Connection", message: "Message") -> None:
    try:
        from airflow.providers.apprise.hooks.apprise import AppriseHook
        from apprise import Apprise
    except ImportError as error:
        raise Undelivered("the package apache-airflow-providers-apprise is not installed") from error
    services = Apprise()
    AppriseHook(apprise_conn_id=connection.conn_id).set_config_from_conn(connection, services)
    # Not by the hook's own notify, which does not say whether any service accepted the message.
    if not services.notify(body=message.body, title=message.title, body_format="text"):
        raise Undelivered(
            "not every service of the connection's config accepted it; expected addresses that Apprise knows"
        )


def _post(connection: "Connection", message: "Message", deadline: float) -> None:
    """Post the message; repeat after a temporary fault while there is time.

    Raises:
        Undelivered: the message was refused, or not accepted in time.
    """
    fault = ""
    for pause in (0.0, *_PAUSES_SECONDS):
        if time.monotonic() + pause > deadline:
            break
        time.sleep(pause)
        fault = _post_once(connection, message)
        if not fault:
            return
    raise Undelivered(fault)


def _post_once(connection: "Connection", message: "Message") -> str:
    """Post the message once; return the temporary fault that prevented it, or an empty text.

    Raises:
        Undelivered: the message was refused, which a repetition would not change.
    """
    import requests

    try:
        answer = requests.post(
            _address(connection),
            json=message.fields,
            headers=_headers(connection),
            auth=_login(connection),
            timeout=_REQUEST_SECONDS,
            allow_redirects=False,
        )
    except requests.Timeout:
        return f"no answer within {_REQUEST_SECONDS:g} s"
    except requests.ConnectionError:
        return "the address cannot be reached"
    except (requests.RequestException, ValueError) as error:
        raise Undelivered(f"the connection's address or headers cannot be used ({type(error).__name__})") from error
    if answer.ok and not answer.is_redirect:
        return ""
    fault = f"the answer was HTTP {answer.status_code}"
    if answer.status_code < 500 and answer.status_code not in _PASSING:
        raise Undelivered(f"{fault}; expected 2xx")
    return fault


def _address(connection: "Connection") -> str:
    """Return a connection's address: its host if that is a whole address, else the address composed of its parts.

    Airflow splits ``https://host:1/path``, the value of a variable AIRFLOW_CONN_..., into type, host, port and schema.
    """
    host, schema = connection.host or "", connection.schema or ""
    if "://" in host:
        return host
    if not host:
        raise Undelivered("the connection has no host; expected an address such as https://chat.example.com/hook")
    scheme = next((name for name in (schema, connection.conn_type) if name in _SCHEMES), "https")
    path = "" if schema in _SCHEMES else schema.lstrip("/")
    port = f":{connection.port}" if connection.port else ""
    return f"{scheme}://{host}{port}/{path}"


def _headers(connection: "Connection") -> dict[str, str]:
    """Return the headers in the connection's extra, with its password as a token if it has no login."""
    given: dict[str, Any] = connection.extra_dejson.get("headers") or {}
    headers = {str(name): str(value) for name, value in given.items()}
    if connection.password and not connection.login:
        headers.setdefault("Authorization", f"Bearer {connection.password}")
    return headers


def _login(connection: "Connection") -> tuple[str, str] | None:
    return (connection.login, connection.password or "") if connection.login else None
