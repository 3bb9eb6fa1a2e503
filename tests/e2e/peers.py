"""Who speaks to a router in bytes: it sends what it likes, and reads the frames that come."""

import contextlib
import socket

from harness import SLOW


class Connection:
    """A connected socket, and what has come by it and isn't read yet."""

    def __init__(self, connected):
        self.socket = connected
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def write(self, stream):
        self.socket.sendall(stream)

    def more(self):
        """Waits for more of what is received; False at the end of the connection. A TimeoutError is the test's failure."""
        try:
            piece = self.socket.recv(1 << 16)
        except ConnectionError:
            piece = b""
        self.received += piece
        return bool(piece)


def first_frame(received):
    """The first frame, None while it isn't whole, and the rest."""
    size = 4 + int.from_bytes(received[:4], "big") if len(received) >= 8 else len(received) + 1
    return (received[:size], received[size:]) if size <= len(received) else (None, received)


def kind_and_body(frame):
    return frame[4], frame[8 + frame[7]:]  # behind the length: kind, flags, hops, the pin's length, the pin


def frames_in(message):
    """(kind, body) of each frame of a message that holds whole ones."""
    while message:
        frame, message = first_frame(message)
        yield kind_and_body(frame)


class Framed(Connection):
    """One that carries frames."""

    def whole_frames(self):
        """Each as its bytes, until the connection ends."""
        while True:
            frame, self.received = first_frame(self.received)
            if frame is not None:
                yield frame
            elif not self.more():
                return

    def frames(self):
        """(kind, body) of each."""
        return map(kind_and_body, self.whole_frames())


class Peer(Framed):
    """One at a Unix socket or at (host, port), which the router may have ended before the last byte is written."""

    def __init__(self, where):
        connected = socket.socket(socket.AF_INET if isinstance(where, tuple) else socket.AF_UNIX)
        connected.settimeout(5 * SLOW)
        connected.connect(where if isinstance(where, tuple) else str(where))
        super().__init__(connected)

    def write(self, stream):
        with contextlib.suppress(ConnectionError):
            super().write(stream)

    def finish(self):
        """Ends our half, and reads to the end of the other."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        return list(self.frames())


class TlsPeer(Framed):
    """One inside TLS."""

    def __init__(self, where, context, source=None):
        plain = socket.create_connection(where, timeout=5 * SLOW, source_address=source)
        super().__init__(context.wrap_socket(plain))
