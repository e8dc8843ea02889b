"""Run a gate before a server on loopback, which lets clients through or behaves like a failing server."""

import socket
import threading
import time
from contextlib import suppress
from enum import StrEnum

_CHUNK_BYTES = 1 << 16
_SLOW_SECONDS = 1.5
_CUT_AFTER_BYTES = 200


class Mode(StrEnum):
    """What a gate does to its clients."""

    OPEN = "open"
    REFUSED = "refused"
    """Nobody listens."""
    ERRORS = "HTTP 500"
    """Every request is answered with an error."""
    SLOW = "slow"
    """Every request waits."""
    CUT = "cut off"
    """Every answer breaks off in the middle of its head or soon after."""


class Gate:
    """Passes bytes on to a port of loopback. ``hits`` counts what did not simply pass."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.target = 0
        """The server's port; may be set after the gate's own is known."""
        self.hits = 0
        self._mode = Mode.OPEN
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._listen()

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self._port}"

    def set(self, mode: Mode) -> None:
        """Do that from now on, to clients that are connected already too."""
        was, self._mode = self._mode, mode
        if mode == Mode.REFUSED:
            self._stop_listening()
        elif was == Mode.REFUSED:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._listen()
        if mode in (Mode.REFUSED, Mode.ERRORS, Mode.CUT):
            with self._lock:
                self.hits += len(self._connections)
                for connection in self._connections:
                    _shut(connection)

    def close(self) -> None:
        """Refuse all clients from now on."""
        self._stop_listening()

    def _listen(self) -> None:
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        # Without this a thread that waits in accept() takes one more connection.
        _shut(self._listener)
        self._listener.close()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._let_in, args=(client,), daemon=True).start()

    def _let_in(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self._mode == Mode.ERRORS:
                self.hits += 1
                client.recv(_CHUNK_BYTES)
                client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                with self._lock:
                    self._connections |= {client, server}
                try:
                    upwards = threading.Thread(target=self._pass_up, args=(client, server), daemon=True)
                    upwards.start()
                    self._pass_down(server, client)
                    upwards.join()
                finally:
                    with self._lock:
                        self._connections -= {client, server}

    def _pass_up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while chunk := client.recv(_CHUNK_BYTES):
                if self._mode == Mode.SLOW:
                    self.hits += 1
                    time.sleep(_SLOW_SECONDS)
                server.sendall(chunk)
        _shut(server)

    def _pass_down(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while chunk := server.recv(_CHUNK_BYTES):
                if self._mode == Mode.CUT:
                    self.hits += 1
                    client.sendall(chunk[:_CUT_AFTER_BYTES])
                    break
                client.sendall(chunk)
        _shut(client)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
