"""A WebSocket's client end for tests, from RFC 6455: what a well-behaved library would not send, too."""

import base64
import hashlib
import os
import socket
import ssl
import struct

from harness import SLOW
from peers import Connection

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def request(host="localhost", path="/", key=None, without=(), **changes):
    """The bytes of an upgrade; `changes` replace fields, by name with `_` for `-`."""
    fields = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade",
              "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode(),
              "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "jetway.1"}
    fields.update({name.replace("_", "-"): value for name, value in changes.items()})
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if name not in without)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def message(opcode, payload, fin=True, mask=b"\x11\x22\x33\x44"):
    """One WebSocket frame as a client sends it."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    else:
        length = b"\xfe" + struct.pack(">H", size) if size < 1 << 16 else b"\xff" + struct.pack(">Q", size)
    key = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
    return bytes([(0x80 if fin else 0) | opcode]) + length + mask + masked


class WebSocketPeer(Connection):
    """A connection to (host, port), inside TLS if there is the file of a CA. Every wait has a deadline."""

    def __init__(self, where, timeout=10.0, ca=None):
        connected = socket.create_connection(where, timeout * SLOW)
        if ca:
            context = ssl.create_default_context(cafile=ca)
            connected = context.wrap_socket(connected, server_hostname=where[0])
        super().__init__(connected)

    def rest(self):
        """All that comes until the end."""
        while self.more():
            pass
        return self.received

    def answer(self, **how):
        """Asks for the upgrade; (status, head, what is there of the body)."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.write(request(key=key, **how))
        while b"\r\n\r\n" not in self.received and self.more():
            pass
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        if status == 101:
            accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest())
            assert b"\r\nSec-WebSocket-Accept: " + accept in head, head
            assert b"\r\nSec-WebSocket-Protocol: jetway.1" in head, head
        return status, head.decode(), self.received

    def upgrade(self, **how):
        status, head, _ = self.answer(**how)
        assert status == 101, head
        return self

    def messages(self):
        """(opcode, payload) of each that comes, until the end. The router doesn't fragment."""
        while True:
            while len(self.received) >= 2:
                size, at = self.received[1], 2
                if size == 126:
                    size, at = struct.unpack_from(">H", self.received, 2)[0] if len(self.received) >= 4 else 1 << 62, 4
                elif size == 127:
                    size, at = struct.unpack_from(">Q", self.received, 2)[0] if len(self.received) >= 10 else 1 << 62, 10
                if len(self.received) < at + size:
                    break
                opcode, payload = self.received[0] & 15, self.received[at:at + size]
                self.received = self.received[at + size:]
                yield opcode, payload
            if not self.more():
                return
