"""A small 9P client that shows everything: exact bytes, any tag, many requests at once, both dialects.

    wire = Wire(("127.0.0.1", 5640))           or a path, for a Unix socket
    wire.send(encode("Twalk", tag=1, fid=0, newfid=1, names=["web"]))
    wire.take()                                the next message, whatever it is

    client = Client(wire, "9P2000.L")          version and attach
    client.read("/web/health")

`Client` keeps fids and tags; what it does for a caller it does with one request at a time, and
`start` and `wait` are there for more. An error answer is raised as Refused.
"""

import collections
import contextlib
import dataclasses
import os
import socket
import struct
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from harness import SLOW  # noqa: E402

NOTAG, NOFID = 0xFFFF, 0xFFFFFFFF
OREAD, OWRITE, ORDWR, OTRUNC = 0, 1, 2, 0x10
QTDIR = 0x80
O_RDONLY, O_WRONLY, O_RDWR, O_TRUNC_L, O_DIRECTORY = 0, 1, 2, 0o1000, 0o200000

# What a message holds, field by field: 1, 2, 4, 8 are numbers of that many bytes, s a string, q a qid,
# d data behind its 4-byte count, S a stat behind its 2-byte count, N names and Q qids behind their count.
MESSAGES = {
    "Tversion": (100, "msize:4 version:s"), "Rversion": (101, "msize:4 version:s"),
    "Tauth": (102, "afid:4 uname:s aname:s"), "Rauth": (103, "aqid:q"),
    "Tattach": (104, "fid:4 afid:4 uname:s aname:s"), "Rattach": (105, "qid:q"),
    "Rerror": (107, "ename:s"),
    "Tflush": (108, "oldtag:2"), "Rflush": (109, ""),
    "Twalk": (110, "fid:4 newfid:4 names:N"), "Rwalk": (111, "qids:Q"),
    "Topen": (112, "fid:4 mode:1"), "Ropen": (113, "qid:q iounit:4"),
    "Tcreate": (114, "fid:4 name:s perm:4 mode:1"), "Rcreate": (115, "qid:q iounit:4"),
    "Tread": (116, "fid:4 offset:8 count:4"), "Rread": (117, "data:d"),
    "Twrite": (118, "fid:4 offset:8 data:d"), "Rwrite": (119, "count:4"),
    "Tclunk": (120, "fid:4"), "Rclunk": (121, ""),
    "Tremove": (122, "fid:4"), "Rremove": (123, ""),
    "Tstat": (124, "fid:4"), "Rstat": (125, "stat:S"),
    "Twstat": (126, "fid:4 stat:S"), "Rwstat": (127, ""),
    "Rlerror": (7, "ecode:4"),
    "Tstatfs": (8, "fid:4"),
    "Rstatfs": (9, "kind:4 bsize:4 blocks:8 bfree:8 bavail:8 files:8 ffree:8 fsid:8 namelen:4"),
    "Tlopen": (12, "fid:4 flags:4"), "Rlopen": (13, "qid:q iounit:4"),
    "Tlcreate": (14, "fid:4 name:s flags:4 mode:4 gid:4"), "Rlcreate": (15, "qid:q iounit:4"),
    "Tgetattr": (24, "fid:4 mask:8"),
    "Rgetattr": (25, "valid:8 qid:q mode:4 uid:4 gid:4 nlink:8 rdev:8 size:8 blksize:8 blocks:8 atime:8 atime_ns:8 "
                     "mtime:8 mtime_ns:8 ctime:8 ctime_ns:8 btime:8 btime_ns:8 gen:8 data_version:8"),
    "Tsetattr": (26, "fid:4 valid:4 mode:4 uid:4 gid:4 size:8 atime:8 atime_ns:8 mtime:8 mtime_ns:8"),
    "Rsetattr": (27, ""),
    "Txattrwalk": (30, "fid:4 newfid:4 name:s"), "Rxattrwalk": (31, "size:8"),
    "Treaddir": (40, "fid:4 offset:8 count:4"), "Rreaddir": (41, "data:d"),
    "Tfsync": (50, "fid:4 datasync:4"), "Rfsync": (51, ""),
}
NUMBERS = {number: name for name, (number, _) in MESSAGES.items()}
SIZES = {"1": "<B", "2": "<H", "4": "<I", "8": "<Q"}

Qid = collections.namedtuple("Qid", "kind version path")
Stat = collections.namedtuple("Stat", "kind dev qid mode atime mtime length name uid gid muid")
UNTOUCHED = Stat(0xFFFF, 0xFFFFFFFF, Qid(0xFF, 0xFFFFFFFF, 2**64 - 1), 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF,
                 2**64 - 1, "", "", "", "")


class Broken(Exception):
    """What came is no 9P message."""


class Refused(ValueError):
    """An error answer: `what` is its text in 9P2000, its errno in 9P2000.L."""

    def __init__(self, what):
        super().__init__(what)
        self.what = what


@dataclasses.dataclass
class Message:
    name: str
    tag: int
    fields: dict
    raw: bytes = b""

    def __getattr__(self, field):
        try:
            return self.fields[field]
        except KeyError:
            raise AttributeError(field) from None

    @property
    def error(self):
        return self.fields.get("ename", self.fields.get("ecode"))


def string(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("<H", len(value)) + value


def pack_qid(qid):
    return struct.pack("<BIQ", *qid)


def pack_stat(stat):
    """A stat with its own size before it, as a directory lists it."""
    body = struct.pack("<HI", stat.kind, stat.dev) + pack_qid(stat.qid) + struct.pack(
        "<IIIQ", stat.mode, stat.atime, stat.mtime, stat.length)
    body += b"".join(map(string, (stat.name, stat.uid, stat.gid, stat.muid)))
    return struct.pack("<H", len(body)) + body


def _pack(kind, value):
    if kind in SIZES:
        return struct.pack(SIZES[kind], value)
    if kind == "s":
        return string(value)
    if kind == "q":
        return pack_qid(value)
    if kind == "d":
        return struct.pack("<I", len(value)) + value
    if kind == "S":
        stat = pack_stat(value)
        return struct.pack("<H", len(stat)) + stat
    pack = string if kind == "N" else pack_qid
    return struct.pack("<H", len(value)) + b"".join(map(pack, value))


def frame(number, tag, body):
    """A message of any type number with any body, its size right."""
    return struct.pack("<IBH", 7 + len(body), number, tag) + body


def encode(name, tag=1, **fields):
    number, layout = MESSAGES[name]
    parts = [part.split(":") for part in layout.split()]
    assert {field for field, _ in parts} == set(fields), f"{name} has {layout}, not {sorted(fields)}"
    return frame(number, tag, b"".join(_pack(kind, fields[field]) for field, kind in parts))


class Cursor:
    """Reads a message's fields; Broken where they end too early."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, count):
        if self.at + count > len(self.data):
            raise Broken(f"{count} bytes at {self.at} of {len(self.data)}: {bytes(self.data[:64]).hex(' ')}")
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def number(self, size):
        return int.from_bytes(self.bytes(int(size)), "little")

    def string(self):
        return self.bytes(self.number(2)).decode()

    def qid(self):
        return Qid(self.number(1), self.number(4), self.number(8))

    def stat(self):
        inner = Cursor(self.bytes(self.number(2)))
        stat = Stat(inner.number(2), inner.number(4), inner.qid(), inner.number(4), inner.number(4), inner.number(4),
                    inner.number(8), inner.string(), inner.string(), inner.string(), inner.string())
        inner.end("a stat")
        return stat

    def end(self, what):
        if self.at != len(self.data):
            raise Broken(f"{len(self.data) - self.at} bytes after {what}")

    def field(self, kind):
        if kind in SIZES:
            return self.number(kind)
        if kind == "s":
            return self.string()
        if kind == "q":
            return self.qid()
        if kind == "d":
            return self.bytes(self.number(4))
        if kind == "S":
            inner = Cursor(self.bytes(self.number(2)))
            stat = inner.stat()
            inner.end("a stat and its count")
            return stat
        read = self.string if kind == "N" else self.qid
        return [read() for _ in range(self.number(2))]


def decode(raw, linux=False):
    """The message in these bytes, all of them. `linux`: in 9P2000.L, where NFS-Ganesha's errors have Rerror's type
    and Rlerror's body, and the Linux kernel takes them so."""
    cursor = Cursor(raw)
    size, number, tag = cursor.number(4), cursor.number(1), cursor.number(2)
    if size != len(raw):
        raise Broken(f"a size of {size} on {len(raw)} bytes")
    if number not in NUMBERS:
        raise Broken(f"a message of type {number}")
    name = NUMBERS[number]
    if linux and name == "Rerror" and size == 11:
        name = "Rlerror"
    fields = {field: cursor.field(kind) for field, kind in (part.split(":") for part in MESSAGES[name][1].split())}
    cursor.end(name)
    return Message(name, tag, fields, bytes(raw))


def stats_in(data):
    """The entries of a 9P2000 directory read."""
    cursor, found = Cursor(data), []
    while cursor.at < len(data):
        found.append(cursor.stat())
    return found


Entry = collections.namedtuple("Entry", "qid offset kind name")


def entries_in(data):
    """The entries of an Rreaddir."""
    cursor, found = Cursor(data), []
    while cursor.at < len(data):
        found.append(Entry(cursor.qid(), cursor.number(8), cursor.number(1), cursor.string()))
    return found


class Closed(ConnectionError):
    """The other side closed the connection."""


class Wire:
    """A connection: bytes go out as they are given, whole messages come back."""

    def __init__(self, address, deadline=10.0):
        self.deadline = deadline * SLOW
        if isinstance(address, tuple):
            self.socket = socket.create_connection(address, timeout=self.deadline)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(self.deadline)
            self.socket.connect(str(address))
        self.buffer = bytearray()

    def send(self, data):
        self.socket.settimeout(self.deadline)
        self.socket.sendall(data)

    def take_raw(self, deadline=None):
        """The next message's bytes. Closed when the connection ended, TimeoutError when nothing came."""
        end = time.monotonic() + (self.deadline if deadline is None else deadline * SLOW)
        while True:
            if len(self.buffer) >= 4:
                size = int.from_bytes(self.buffer[:4], "little")
                if size < 7:
                    raise Broken(f"a size of {size}")
                if len(self.buffer) >= size:
                    raw = bytes(self.buffer[:size])
                    del self.buffer[:size]
                    return raw
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer")
            self.socket.settimeout(left)
            try:
                more = self.socket.recv(1 << 18)
            except (ConnectionResetError, BrokenPipeError) as error:
                raise Closed(str(error)) from None
            if not more:
                raise Closed(f"with {len(self.buffer)} bytes of a message")
            self.buffer += more

    def take(self, deadline=None, linux=False):
        return decode(self.take_raw(deadline), linux)

    def quiet(self, seconds=0.2):
        """Whether nothing comes for so long."""
        try:
            self.take_raw(seconds / SLOW)
        except TimeoutError:
            return True
        return False

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()


class Client:
    """One client's fids and tags on a wire of its own."""

    def __init__(self, wire, dialect="9P2000", msize=65536, uname="tester", aname="", attach=True):
        self.wire = wire
        self.free, self.next_fid, self.next_tag = [], 1, 0
        self.came = {}
        self.root = None
        try:
            wire.send(encode("Tversion", NOTAG, msize=msize, version=dialect))
            answer = wire.take()
            if answer.name != "Rversion":
                raise Broken(f"{answer.name} to Tversion")
            self.msize, self.dialect = answer.msize, answer.version
            self.linux = self.dialect == "9P2000.L"
            if attach:
                self.root, self.root_qid = self.attach(uname, aname)
        except BaseException:
            wire.close()
            raise

    @classmethod
    def at(cls, address, *how, deadline=10.0, **named):
        return cls(Wire(address, deadline), *how, **named)

    def close(self):
        self.wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # One request, or many.

    def start(self, name, **fields):
        """Sends a request and returns its tag."""
        self.next_tag = (self.next_tag + 1) % 0xFFFE
        if name == "Tattach" and self.linux:
            raw = encode(name, self.next_tag, **fields)
            raw = frame(MESSAGES[name][0], self.next_tag, raw[7:] + struct.pack("<I", 0xFFFFFFFF))  # n_uname
            self.wire.send(raw)
        else:
            self.wire.send(encode(name, self.next_tag, **fields))
        return self.next_tag

    def wait(self, tag, deadline=None):
        """The answer to that request; others that come meanwhile are kept."""
        while tag not in self.came:
            message = self.wire.take(deadline, self.linux)
            self.came[message.tag] = message
        answer = self.came.pop(tag)
        if answer.name in ("Rerror", "Rlerror"):
            raise Refused(answer.error)
        return answer

    def ask(self, request, deadline=None, **fields):
        answer = self.wait(self.start(request, **fields), deadline)
        if answer.name != "R" + request[1:]:
            raise Broken(f"{answer.name} to {request}")
        return answer

    # Fids.

    def fid(self):
        if self.free:
            return self.free.pop()
        self.next_fid += 1
        return self.next_fid - 1

    def attach(self, uname="tester", aname=""):
        fid = self.fid()
        return fid, self.ask("Tattach", fid=fid, afid=NOFID, uname=uname, aname=aname).qid

    def walk(self, path, start=None):
        """A new fid for the path (at most 16 names at a time go into a walk), or Refused."""
        names = [name for name in path.split("/") if name]
        new = self.fid()
        at = self.root if start is None else start
        try:
            while True:
                some, names = names[:16], names[16:]
                answer = self.ask("Twalk", fid=at, newfid=new, names=some)
                if len(answer.qids) < len(some):
                    if at == new:
                        self.ask("Tclunk", fid=new)
                    raise Refused("file does not exist" if not self.linux else 2)
                at = new
                if not names:
                    return new
        except Refused:
            self.free.append(new)
            raise

    def clunk(self, fid):
        try:
            self.ask("Tclunk", fid=fid)
        finally:
            self.free.append(fid)

    def open_fid(self, fid, mode=OREAD):
        if self.linux:
            flags = (mode & 3) | (O_TRUNC_L if mode & OTRUNC else 0)
            return self.ask("Tlopen", fid=fid, flags=flags)
        return self.ask("Topen", fid=fid, mode=mode)

    def open(self, path, mode=OREAD):
        """A new fid, open."""
        fid = self.walk(path)
        try:
            self.open_fid(fid, mode)
        except Refused:
            self.clunk(fid)
            raise
        return fid

    def pread(self, fid, offset=0, count=8192, deadline=None):
        return self.ask("Tread", deadline, fid=fid, offset=offset, count=count).data

    def pwrite(self, fid, data, offset=0, deadline=None):
        return self.ask("Twrite", deadline, fid=fid, offset=offset, data=data).count

    # Whole files.

    def read(self, path, count=8192):
        fid = self.open(path)
        try:
            data = b""
            while more := self.pread(fid, len(data), count):
                data += more
            return data
        finally:
            self.clunk(fid)

    def write(self, path, data, mode=OWRITE):
        data = data.encode() if isinstance(data, str) else data
        fid = self.open(path, mode)
        try:
            if (done := self.pwrite(fid, data)) != len(data):
                raise Broken(f"{done} of {len(data)} bytes written")
        finally:
            self.clunk(fid)

    def rdwr(self, path, data, deadline=None):
        """Writes the data and reads the answer to its end, on one open file."""
        fid = self.open(path, ORDWR)
        try:
            return self.exchange(fid, data, deadline)
        finally:
            self.clunk(fid)

    def exchange(self, fid, data, deadline=None):
        self.pwrite(fid, data.encode() if isinstance(data, str) else data, deadline=deadline)
        answer = b""
        while more := self.pread(fid, len(answer), deadline=deadline):
            answer += more
        return answer

    def stat(self, path):
        fid = self.walk(path)
        try:
            return self.ask("Tgetattr", fid=fid, mask=0x3FFF) if self.linux else self.ask("Tstat", fid=fid).stat
        finally:
            self.clunk(fid)

    def ls(self, path, count=8192):
        """The names of a directory, in its order; without `.` and `..`."""
        fid = self.open(path)
        try:
            names, offset = [], 0
            while True:
                if not self.linux:
                    data = self.pread(fid, offset, count)
                    offset += len(data)
                    names += [stat.name for stat in stats_in(data)]
                else:
                    data = self.ask("Treaddir", fid=fid, offset=offset, count=count).data
                    for entry in entries_in(data):
                        offset = entry.offset
                        names += [entry.name] if entry.name not in (".", "..") else []
                if not data:
                    return names
        finally:
            self.clunk(fid)
