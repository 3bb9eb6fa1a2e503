"""A client of the Jetway router: standard library and msgpack only, written from docs/protocol.md.

It is also a model for clients in other languages: one connection, one thread, a deadline on every
wait. The connection is read only while a call waits for something; what comes meanwhile and is not
what the call waits for is kept, in order, for receive(). A Client is not to be shared by threads:
a thread that needs the router opens its own.

    with Client("/run/jetway/machine-a.sock") as router:
        print(router.request("gpu-server", b"pixels", timeout=2).data)
"""

import itertools
import os
import socket
import struct
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Optional

import msgpack

VERSION = 1
HELLO, ENVELOPE, ANNOUNCE, ACK, PING, PONG, ATTACH, DETACH, HOLD, RESUME, GOODBYE = range(1, 12)
HEADER = struct.Struct(">IBBBB")  # length, kind, flags, hops, size of the pin
AFTER_LENGTH = HEADER.size - 4    # `length` counts what follows itself

# The keys of an envelope on the wire, and what they are called here. `data` is written last:
# that spares every router on the way the walk over it.
KEYS = {"source": "source", "destination": "destination", "replyTo": "reply_to", "id": "id",
        "inReplyTo": "in_reply_to", "headers": "headers", "error": "error", "data": "data"}


class JetwayError(Exception):
    """What the router, or a service, refused: a `code` of the protocol and a sentence.

    The client itself adds `timeout`, `closed` (the connection ended without a GOODBYE) and
    `bad-frame` (the router sent what is no frame).
    """

    def __init__(self, code, message=""):
        super().__init__(f"{code}: {message}" if message else code)
        self.code, self.message = code, message


@dataclass
class Envelope:
    destination: str
    source: Optional[str] = None
    reply_to: Optional[str] = None
    id: Any = None
    in_reply_to: Any = None
    headers: Optional[dict] = None
    error: Optional[dict] = None
    data: Any = None


def frame(kind, body, flags=0, hops=0, pin=b""):
    """The bytes of one frame. A service leaves the header's last three at nothing."""
    length = AFTER_LENGTH + len(pin) + len(body)
    return HEADER.pack(length, kind, flags, hops, len(pin)) + pin + body


def left(deadline):
    """The seconds until the deadline, and never 0, which means something else to a socket."""
    return max(deadline - time.monotonic(), 0.000001)


class Client:
    """A connection to a router: `where` is the path of its Unix socket, or (host, port).

    `tls`, an ssl.SSLContext, is for a terminal on tls://: the router's certificate must then have
    the name `tls_name`, or the host, and a machine's name is one.

    `services` are the names it attaches, or maps {name, capabilities, version, weight}; without
    any it only asks. `address` is the connection's own address, where answers reach it.
    """

    def __init__(self, where, services=(), token=None, timeout=5.0, tls=None, tls_name=None):
        self.timeout = timeout      # of calls that are given no other
        self.malformed = 0          # envelopes dropped because their body can't be read
        self.max_frame = 16 << 20
        self.held = set()           # addresses to send nothing to until the router resumes them
        self._received = bytearray()
        self._waiting = deque()     # envelopes for receive()
        self._pongs = set()
        self._given_up = set()      # ids of requests that timed out: a late answer is dropped
        self._ids = itertools.count(1)
        deadline = self._deadline(None)
        self._tls = tls
        self._socket = self._connect(where, timeout)
        if tls is not None:
            try:
                self._socket = tls.wrap_socket(self._socket, server_hostname=tls_name or where[0])
            except BaseException:
                self._socket.close()
                raise
        try:
            hello = {"protocol": [VERSION], "role": "service", "services": list(services)}
            self._write(HELLO, hello if token is None else {**hello, "token": token}, deadline)
            kind, body = self._read(deadline)
            if kind != HELLO:
                raise JetwayError("bad-frame", f"the router began with a frame of kind {kind}")
            answer = msgpack.unpackb(body)
            self.address = answer["address"]
            self.max_frame = answer.get("limits", {}).get("maxFrame", self.max_frame)
        except BaseException:
            self._socket.close()
            raise

    # What a service does.

    def send(self, destination, data=None, reply_to=None, id=None, headers=None, source=None,
             in_reply_to=None, error=None):
        """Sends one envelope. The router answers only what it can't deliver: see receive()."""
        envelope = Envelope(destination, source, reply_to, id, in_reply_to, headers, error, data)
        fields = ((key, getattr(envelope, name)) for key, name in KEYS.items())
        self._write(ENVELOPE, {key: value for key, value in fields if value is not None})

    def request(self, destination, data=None, timeout=None, headers=None, source=None):
        """Sends, and returns the answer's Envelope; raises JetwayError if it is a refusal or none."""
        deadline, number = self._deadline(timeout), next(self._ids)
        self.send(destination, data, self.address, number, headers, source)
        try:
            answer = self._await(lambda: self._take(number), deadline, f"no answer from {destination}")
        except JetwayError:
            self._given_up.add(number)
            raise
        if answer.error is not None:
            raise JetwayError(answer.error.get("code", "error"), answer.error.get("message", ""))
        return answer

    def receive(self, timeout=None):
        """The next envelope. One with `error` says that something sent before was refused."""
        return self._await(lambda: self._waiting.popleft() if self._waiting else None,
                           self._deadline(timeout), "no envelope came")

    def reply(self, envelope, data=None, source=None, error=None):
        """Answers: to where the envelope says, with its id to know the answer by."""
        self.send(envelope.reply_to or envelope.source, data, source=source,
                  in_reply_to=envelope.id, error=error)

    def serve(self, handler):
        """Answers each envelope with what handler(envelope) returns, until the connection ends.

        None is no answer. What is itself an answer or an error is never answered.
        """
        while True:
            try:
                envelope = self.receive(timeout=3600)
            except JetwayError as error:
                if error.code != "timeout":
                    raise
                continue
            if envelope.error is None and envelope.in_reply_to is None:
                answer = handler(envelope)
                if answer is not None:
                    self.reply(envelope, answer)

    def attach(self, *services, timeout=None):
        """Adds services; raises JetwayError `forbidden` for names that it may not have."""
        deadline, before = self._deadline(timeout), len(self._waiting)
        self._write(ATTACH, {"services": list(services)}, deadline)
        self.ping(left(deadline))  # what the router says of the ATTACH comes before its PONG
        for envelope in list(self._waiting)[before:]:
            if envelope.error is not None and envelope.error.get("code") == "forbidden":
                self._waiting.remove(envelope)
                raise JetwayError("forbidden", envelope.error.get("message", ""))

    def detach(self, *names, timeout=None):
        """Takes services away. What the router had already sent for them still comes."""
        deadline = self._deadline(timeout)
        self._write(DETACH, {"services": list(names)}, deadline)
        self.ping(left(deadline))

    def ping(self, timeout=None):
        """The seconds to the router and back."""
        deadline, began, value = self._deadline(timeout), time.monotonic(), os.urandom(8)
        self._write(PING, value, deadline)
        pong = msgpack.packb(value)
        self._await(lambda: pong in self._pongs or None, deadline, "no PONG")
        self._pongs.clear()
        return time.monotonic() - began

    def close(self):
        """Says GOODBYE and waits a moment for the router's end, so that nothing sent before is lost."""
        deadline = time.monotonic() + 1.0
        try:
            self._write(GOODBYE, {"code": "shutdown", "message": "the client ends"}, deadline)
            if self._tls is None:  # inside TLS an end without its own word for it is an error
                self._socket.shutdown(socket.SHUT_WR)
            while time.monotonic() < deadline:
                self._read(deadline)
        except (OSError, JetwayError):
            pass
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # The frame stream.

    @staticmethod
    def _connect(where, timeout):
        if isinstance(where, tuple):
            return socket.create_connection(where, timeout)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            connection.connect(os.fspath(where))
        except BaseException:
            connection.close()
            raise
        return connection

    def _deadline(self, timeout):
        return time.monotonic() + (self.timeout if timeout is None else timeout)

    def _write(self, kind, value, deadline=None):
        bytes_ = frame(kind, msgpack.packb(value))
        if len(bytes_) - 4 > self.max_frame:
            raise JetwayError("too-large", f"{len(bytes_) - 4} bytes; the router takes {self.max_frame}")
        try:
            self._socket.settimeout(left(self._deadline(None) if deadline is None else deadline))
            self._socket.sendall(bytes_)
        except ConnectionError as error:  # the router may have said why before it closed
            self._await(lambda: None, time.monotonic() + 0.2, str(error))
        except OSError as error:
            self._fail(error)

    def _read(self, deadline):
        """The next frame: (kind, body). Raises at a GOODBYE."""
        while True:
            if len(self._received) >= HEADER.size:
                length, kind, _, _, pin = HEADER.unpack_from(self._received)
                if length <= AFTER_LENGTH + pin:
                    self._socket.close()
                    raise JetwayError("bad-frame", f"a frame of length {length} with a pin of {pin}")
                if len(self._received) >= 4 + length:
                    body = bytes(self._received[HEADER.size + pin:4 + length])
                    del self._received[:4 + length]
                    if kind == GOODBYE:
                        self._socket.close()
                        reason = msgpack.unpackb(body)
                        raise JetwayError(reason["code"], reason.get("message", ""))
                    if kind in (HOLD, RESUME):
                        address = msgpack.unpackb(body)["destination"]
                        (self.held.add if kind == HOLD else self.held.discard)(address)
                        continue
                    return kind, body
            try:
                self._socket.settimeout(left(deadline))
                piece = self._socket.recv(1 << 18)
            except TimeoutError:
                raise JetwayError("timeout", "nothing came from the router") from None
            except OSError as error:
                self._fail(error)
            if not piece:
                self._fail("the router closed the connection")
            self._received += piece

    def _fail(self, error):
        """A connection that failed, perhaps half-way through a frame, is of no more use."""
        self._socket.close()
        raise JetwayError("timeout" if isinstance(error, TimeoutError) else "closed", str(error))

    def _await(self, ready, deadline, what):
        """Reads frames until ready() gives something, and gives that."""
        while (result := ready()) is None:
            try:
                kind, body = self._read(deadline)
            except JetwayError as error:
                raise JetwayError("timeout", what) if error.code == "timeout" else error from None
            if kind == PING:
                self._socket.settimeout(left(deadline))
                self._socket.sendall(frame(PONG, body))
            elif kind == PONG:
                self._pongs.add(body)
            elif kind == ENVELOPE:
                self._keep(body)
            # Every other kind is skipped, those that a later version may add too.
        return result

    def _keep(self, body):
        try:
            fields = msgpack.unpackb(body, strict_map_key=False)
            envelope = Envelope(**{name: fields.get(key) for key, name in KEYS.items()})
        except (ValueError, msgpack.UnpackException, AttributeError, TypeError):
            self.malformed += 1  # routers pass `data` on unread: a sender can have put anything there
            return
        if not (isinstance(envelope.in_reply_to, int) and envelope.in_reply_to in self._given_up):
            self._waiting.append(envelope)

    def _take(self, number):
        for envelope in self._waiting:
            if envelope.in_reply_to == number:
                self._waiting.remove(envelope)
                return envelope
        return None
