"""Numbered requests from every machine to services on every machine, with what became of each.

An Asker is a client of one router. It sends to each of its destinations at a steady rate, by the clock, whatever
comes back; when its connection ends it makes another. Every request that was due ends as one of

    answered     with how often, and which of the answers or requests bore the mark POSSIBLE_DUPLICATE
    refused      by a code
    unanswered   none of these; `broke` says that the asker's own connection ended meanwhile
    not taken    its router was not there to take it, or had asked to hold
"""

import collections
import itertools
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

import msgpack

import engine  # noqa: F401  (for the path to the client)
from jetway import AFTER_LENGTH, ENVELOPE, GOODBYE, HEADER, HOLD, PING, PONG, RESUME, Client, JetwayError, frame

MARK = 4  # POSSIBLE_DUPLICATE, in a frame's flags
LATE = 0.25  # seconds: an answer after that counts as a disturbance, as a refusal does


@dataclass
class Request:
    asker: str           # machine
    destination: str
    id: int
    due: float           # seconds of the monotonic clock, as all times here
    sent: bool = False
    address: str = ""    # of the asker's connection
    answers: list = field(default_factory=list)  # (when, whether it, or what it answers, was marked)
    refused: str = ""    # the code
    settled: float = 0.0  # when the first answer or refusal came
    broke: float = 0.0   # when the asker's connection ended, without either

    @property
    def outcome(self):
        if self.answers:
            return "answered"
        if self.refused:
            return "refused"
        return "unanswered" if self.sent else "not taken"

    @property
    def repeated(self):
        return max(0, len(self.answers) - 1)

    @property
    def repeated_unmarked(self):
        return max(0, self.repeated - sum(marked for _, marked in self.answers))

    def disturbed_until(self):
        """When it was that it still went wrong, or None: it was answered in time."""
        if self.outcome in ("unanswered", "not taken"):
            return self.due
        if self.outcome == "refused" or self.settled - self.due > LATE:
            return self.settled
        return None


class Asker(threading.Thread):
    def __init__(self, machine, path, destinations, rate):
        super().__init__(daemon=True, name=f"asker-{machine}")
        self.machine, self.path, self.destinations = machine, path, list(destinations)
        self.interval = 1 / rate
        self.requests = []       # in the order of their due times; only ever appended to
        self.unexpected = 0      # envelopes that answer nothing of this connection
        self._open = {}          # by id: sent on this connection, nothing heard yet
        self._known = {}         # by id, all of this connection
        self._ids = itertools.count(1)
        self._client, self._held = None, set()
        self._ending = threading.Event()

    def stop(self):
        self._ending.set()
        self.join(10)

    def run(self):
        # The destinations take turns within an interval.
        step = self.interval / len(self.destinations)
        due, turn = time.monotonic(), 0
        while not self._ending.is_set():
            now = time.monotonic()
            if due <= now:
                self._send(Request(self.machine, self.destinations[turn], next(self._ids), due))
                turn, due = (turn + 1) % len(self.destinations), due + step
                if now - due > 1:  # this process was held up: not the routers' doing
                    due = now
                continue
            self._read(due - now)
        if self._client is not None:
            self._client._socket.close()

    def _send(self, request):
        if self._client is None:
            self._connect()
        # What the socket has no room for is not sent: a frame that fits half would cost the connection.
        if self._client is not None and request.destination not in self._held and \
                select.select([], [self._client._socket], [], 0)[1]:
            request.sent, request.address = True, self._client.address
            self._open[request.id] = self._known[request.id] = request
            try:
                payload = struct.pack(">QQ", request.id, time.monotonic_ns())  # as tests/faults/numbered.h has it
                self._client.send(request.destination, payload, reply_to=self._client.address, id=request.id)
            except JetwayError:
                self._lost()
        self.requests.append(request)

    def _connect(self):
        try:
            self._client = Client(self.path, timeout=0.2)
            self._client._socket.setblocking(False)
        except (JetwayError, OSError):
            self._client = None

    def _lost(self):
        now = time.monotonic()
        for request in self._open.values():
            request.broke = now
        self._open, self._known, self._held = {}, {}, set()
        self._client._socket.close()
        self._client = None

    def _read(self, wait):
        if self._client is None:
            self._ending.wait(min(wait, 0.05))
            return
        if not select.select([self._client._socket], [], [], wait)[0]:
            return
        try:
            piece = self._client._socket.recv(1 << 18, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._lost()
            return
        buffer = self._client._received
        buffer += piece
        while self._client is not None and len(buffer) >= HEADER.size:
            length, kind, flags, _, pin = HEADER.unpack_from(buffer)
            if len(buffer) < 4 + length:
                return
            body = bytes(buffer[4 + AFTER_LENGTH + pin:4 + length])
            del buffer[:4 + length]
            self._take(kind, flags, body)

    def _take(self, kind, flags, body):
        if kind == PING:
            self._client._socket.settimeout(1)
            self._client._socket.sendall(frame(PONG, body))
        elif kind == GOODBYE:
            self._lost()
        elif kind in (HOLD, RESUME):
            change = self._held.add if kind == HOLD else self._held.discard
            change(msgpack.unpackb(body)["destination"])
        elif kind == ENVELOPE:
            envelope = msgpack.unpackb(body)
            request = self._known.get(envelope.get("inReplyTo"))
            if request is None:
                self.unexpected += 1
                return
            now = time.monotonic()
            self._open.pop(request.id, None)
            request.settled = request.settled or now
            if "error" in envelope:
                request.refused = request.refused or envelope["error"]["code"]
            else:
                request.answers.append((now, bool(flags & MARK) or bool(envelope["data"])))


class Load:
    """Askers on several machines, and what may be asked of their requests."""

    def __init__(self, sockets, destinations, rate):
        self.askers = [Asker(machine, path, destinations, rate) for machine, path in sockets.items()]
        for asker in self.askers:
            asker.start()

    def stop(self):
        for asker in self.askers:
            asker.stop()

    def requests(self, since, until):
        """Those that were due between the two."""
        found = []
        for asker in self.askers:
            for index in range(len(asker.requests) - 1, -1, -1):
                request = asker.requests[index]
                if request.due < since:
                    break
                if request.due <= until:
                    found.append(request)
        return found

    def undisturbed(self, seconds, but=()):
        """Whether all of the last so many seconds, the last LATE excepted, were answered in time."""
        now = time.monotonic()
        found = [request for request in self.requests(now - seconds - LATE, now - LATE)
                 if request.destination not in but and request.asker not in but]
        return bool(found) and all(request.disturbed_until() is None for request in found)

    def troubles(self, seconds):
        """How many of the last so many seconds were not answered in time, by asker, destination and outcome."""
        now = time.monotonic()
        return collections.Counter((request.asker, request.destination, request.refused or request.outcome)
                                   for request in self.requests(now - seconds - LATE, now - LATE)
                                   if request.disturbed_until() is not None)

    def settled(self, since, until):
        return all(request.outcome != "unanswered" or request.broke for request in self.requests(since, until))
