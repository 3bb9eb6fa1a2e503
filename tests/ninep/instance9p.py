"""A small 9P2000 server, to be a service's instance in tests: it says which one it is, counts, waits and lies.

    instance = Instance("one")                 listens at instance.address, serves PATH
    instance.registered                        "127.0.0.1:41235/srv/web", as a registration names it
    instance.seen["Tread"], instance.fids, instance.flushed, instance.stored

Below PATH:

    health     `ok`, or what `instance.health` says        who      the instance's name
    request    written to and read: NAME: DATA             slow     its read takes instance.delay seconds
    park       its read is never answered                  big      BIG, 1 MiB
    store      what is written goes into instance.stored   dir/     200 files, which hold their own names
    once       counts its opens, and says the number       endless/ a directory without end

With `instance.lie = LIES[...]` every answer goes through that function, which makes of it what it
likes: other bytes, none (silence), or CLOSE after some of them.
"""

import collections
import contextlib
import ctypes
import os
import socket
import struct
import threading

import raw9p
from raw9p import NOFID, OREAD, QTDIR, Broken, Qid, Stat, encode, pack_stat

PATH = "srv/web"
BIG = bytes(range(256)) * 4096
LISTED = 200


def in_namespace(name, work):
    """What work() gives, run by a thread inside this network namespace (None: here). Sockets stay where they were made."""
    if name is None:
        return work()
    result = []

    def run():
        try:
            with open(f"/run/netns/{name}", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) != 0:
                    raise OSError(ctypes.get_errno(), f"setns {name}")
            result.append(work())
        except BaseException as error:  # whatever it is, it is the caller's
            result.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


class Nothing(Exception):
    """A request that gets no answer now."""


class Fid:
    def __init__(self, names):
        self.names, self.mode = names, None
        self.gathered, self.answer = b"", None
        self.content = None
        self.listed = 0        # the offset that the next read of the directory must have


class Instance:
    def __init__(self, name, host="127.0.0.1", port=0, namespace=None, path=PATH):
        self.name, self.delay, self.health, self.lie = name, 0.5, "ok\n", None
        self.files = {}                        # more of them: name below PATH → bytes
        self.seen = collections.Counter()      # requests, by name
        self.walked = 0                        # walks that began at the root
        self.fids = 0                          # in use now, over all connections
        self.connected = 0                     # connections now
        self.accepted = 0                      # ... and ever
        self.in_flight, self.most_in_flight = 0, 0
        self.flushed = []                      # what Tflush named, as names of requests
        self.stored = []
        self.opened_once = 0
        self.unames = []
        self.lock = threading.Lock()
        self.path = [part for part in path.split("/") if part]
        self.connections = set()
        self.namespace, self.host, self.port = namespace, host, port
        self.listen()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def registered(self):
        return f"{self.address}/{'/'.join(self.path)}"

    def listen(self):
        def make():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(64)
            return listener
        self.listener = in_namespace(self.namespace, make)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def kill(self):
        """As if the process had died: no listener, and every connection reset."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    close = kill

    def cut(self):
        """Resets every connection; it listens on."""
        with self.lock:
            connections = list(self.connections)
        for connection in connections:
            connection.reset()

    def _accept(self, listener):
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
            Connection(self, accepted)

    # The tree.

    def kind(self, names):
        """A directory's names (a list), or None for a file; KeyError where nothing is."""
        depth = len(self.path)
        if names == self.path[:len(names)] and len(names) < depth:
            return [self.path[len(names)]]
        if names[:depth] != self.path:
            raise KeyError(names)
        below = names[depth:]
        if not below:
            return ["health", "who", "request", "slow", "park", "big", "store", "once", "dir", "endless",
                    *sorted(self.files)]
        if below == ["dir"]:
            return [f"file-{number:03}" for number in range(LISTED)]
        if below == ["endless"]:
            return []
        if len(below) == 2 and below[0] == "dir" and below[1] in self.kind(self.path + ["dir"]):
            return None
        if len(below) == 1 and below[0] in self.kind(self.path):
            return None
        raise KeyError(names)

    def qid(self, names):
        directory = self.kind(names) is not None
        path = 0
        for byte in "/".join(names).encode():
            path = (path * 131 + byte + 1) & (2**63 - 1)
        return Qid(QTDIR if directory else 0, 0, path)

    def stat(self, names):
        qid = self.qid(names)
        directory = qid.kind & QTDIR
        length = 0 if directory else len(self.content(names[len(self.path):]) or b"")
        return Stat(0, 0, qid, (0x80000000 | 0o555) if directory else 0o666, 1, 1, length,
                    names[-1] if names else "/", self.name, self.name, "")

    def content(self, below):
        name = below[-1]
        if below[0] == "dir":
            return name.encode()
        if name in self.files:
            return self.files[name]
        return {"health": self.health.encode(), "who": self.name.encode(), "big": BIG, "slow": self.name.encode(),
                "store": b"".join(self.stored), "once": str(self.opened_once).encode()}.get(name)


class Connection:
    def __init__(self, instance, accepted):
        self.instance, self.socket = instance, accepted
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fids, self.waiting, self.msize = {}, {}, 8192
        self.write_lock = threading.Lock()
        with instance.lock:
            instance.connections.add(self)
            instance.connected += 1
        threading.Thread(target=self._serve, daemon=True).start()

    def reset(self):
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.shutdown(socket.SHUT_RD)
        with contextlib.suppress(OSError):
            self.socket.close()

    def _serve(self):
        instance = self.instance
        buffer = bytearray()
        try:
            while more := self.socket.recv(1 << 17):
                buffer += more
                while len(buffer) >= 4 and len(buffer) >= (size := int.from_bytes(buffer[:4], "little")):
                    if size < 7:
                        raise Broken(f"a size of {size}")
                    message = raw9p.decode(bytes(buffer[:size]))
                    del buffer[:size]
                    self._handle(message)
        except (OSError, Broken):
            pass
        finally:
            with instance.lock:
                instance.connections.discard(self)
                instance.connected -= 1
                instance.fids -= len(self.fids)
                instance.in_flight -= len(self.waiting)
                self.waiting.clear()
            with contextlib.suppress(OSError):
                self.socket.close()

    def _handle(self, message):
        instance = self.instance
        with instance.lock:
            instance.seen[message.name] += 1
            instance.in_flight += 1
            instance.most_in_flight = max(instance.most_in_flight, instance.in_flight)
            self.waiting[message.tag] = message
        before = len(self.fids)
        try:
            answer = getattr(self, message.name)(message)
        except Nothing:
            return
        except Broken:
            raise
        except (KeyError, ValueError, AttributeError) as error:
            answer = encode("Rerror", message.tag, ename=str(error.args[0]) if isinstance(error, ValueError)
                            else "file does not exist")
        with instance.lock:
            instance.fids += len(self.fids) - before
        self._answer(message, answer)

    def _answer(self, message, answer):
        """Sends the answer, unless the request is not waiting any more."""
        instance = self.instance
        with instance.lock:
            if self.waiting.get(message.tag) is not message:
                return
            del self.waiting[message.tag]
            instance.in_flight -= 1
        close = False
        if instance.lie is not None:
            answer = instance.lie(message, answer)
            if isinstance(answer, tuple):
                answer, close = answer[0], True
        if answer:
            with self.write_lock, contextlib.suppress(OSError):
                self.socket.sendall(answer)
        if close:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def _later(self, message, seconds, answer):
        timer = threading.Timer(seconds, lambda: self._answer(message, answer()))
        timer.daemon = True
        timer.start()
        raise Nothing

    def _new(self, number, fid):
        if number in self.fids:
            raise ValueError("fid already in use")
        self.fids[number] = fid

    def _fid(self, number):
        if number not in self.fids:
            raise ValueError("unknown fid")
        return self.fids[number]

    # The requests.

    def Tversion(self, message):
        self.msize = min(message.msize, 65536)
        with self.instance.lock:
            self.instance.fids -= len(self.fids)
        self.fids.clear()
        version = "9P2000" if message.version.startswith("9P2000") else "unknown"
        return encode("Rversion", message.tag, msize=self.msize, version=version)

    def Tauth(self, message):
        raise ValueError("authentication not required")

    def Tattach(self, message):
        if message.afid != NOFID:
            raise ValueError("authentication not required")
        names = [name for name in message.aname.split("/") if name]
        qid = self.instance.qid(names)
        self._new(message.fid, Fid(names))
        with self.instance.lock:
            self.instance.unames.append(message.uname)
        return encode("Rattach", message.tag, qid=qid)

    def Tflush(self, message):
        with self.instance.lock:
            old = self.waiting.pop(message.oldtag, None)
            if old is not None:
                self.instance.in_flight -= 1
                self.instance.flushed.append(old.name)
        return encode("Rflush", message.tag)

    def Twalk(self, message):
        fid = self._fid(message.fid)
        if fid.mode is not None:
            raise ValueError("cannot walk from an open fid")
        if message.newfid != message.fid and message.newfid in self.fids:
            raise ValueError("fid already in use")
        if len(message.names) > 16:
            raise ValueError("too many names")
        if not fid.names and message.names:
            with self.instance.lock:
                self.instance.walked += 1
        names, qids = list(fid.names), []
        for name in message.names:
            names = names[:-1] if name == ".." else names + [name]
            try:
                qids.append(self.instance.qid(names))
            except KeyError:
                if not qids:
                    raise
                break
        if len(qids) == len(message.names):
            self.fids[message.newfid] = Fid(names)
        return encode("Rwalk", message.tag, qids=qids)

    def Topen(self, message):
        fid = self._fid(message.fid)
        if fid.mode is not None:
            raise ValueError("file already open")
        qid = self.instance.qid(fid.names)
        if qid.kind & QTDIR and message.mode != OREAD:
            raise ValueError("is a directory")
        fid.mode = message.mode
        if fid.names[-1:] == ["once"]:
            with self.instance.lock:
                self.instance.opened_once += 1
        return encode("Ropen", message.tag, qid=qid, iounit=0)

    def Tcreate(self, message):
        raise ValueError("permission denied")

    def Tread(self, message):
        fid = self._fid(message.fid)
        if fid.mode is None or fid.mode & 3 == 1:
            raise ValueError("file not open for reading")
        count = min(message.count, self.msize - 11)
        instance = self.instance
        kind = instance.kind(fid.names)
        if kind is not None:
            return encode("Rread", message.tag, data=self._directory(fid, message.offset, count, kind))
        name = fid.names[-1]
        if name == "request":
            if fid.answer is None:
                if not fid.gathered:
                    return encode("Rread", message.tag, data=b"")
                fid.answer = instance.name.encode() + b": " + fid.gathered
                fid.gathered = b""
            data, fid.answer = fid.answer[:count], fid.answer[count:]
            if not data:
                fid.answer = None
            return encode("Rread", message.tag, data=data)
        if name == "park":
            raise Nothing
        if fid.content is None:
            fid.content = instance.content(fid.names[len(instance.path):])
        answer = encode("Rread", message.tag, data=fid.content[message.offset:message.offset + count])
        if name == "slow" and message.offset == 0:
            self._later(message, instance.delay, lambda: answer)
        return answer

    def _directory(self, fid, offset, count, kind):
        if offset == 0:
            fid.listed, fid.content = 0, list(kind)
        elif offset != fid.listed:
            raise ValueError("bad offset in directory read")
        if fid.names[-1:] == ["endless"]:
            one = pack_stat(self.instance.stat(fid.names)._replace(name="more-00000000"))
            first = fid.listed // len(one)
            data = b"".join(one.replace(b"00000000", b"%08d" % (first + more)) for more in range(count // len(one)))
        else:
            data = b""
            while fid.content:
                entry = pack_stat(self.instance.stat(fid.names + [fid.content[0]]))
                if len(data) + len(entry) > count:
                    break
                data += entry
                del fid.content[0]
        fid.listed += len(data)
        return data

    def Twrite(self, message):
        fid = self._fid(message.fid)
        if fid.mode is None or fid.mode & 3 not in (1, 2):
            raise ValueError("file not open for writing")
        name = fid.names[-1]
        if name == "request":
            fid.gathered += message.data
        elif name == "store":
            with self.instance.lock:
                self.instance.stored.append(message.data)
        else:
            raise ValueError("permission denied")
        return encode("Rwrite", message.tag, count=len(message.data))

    def Tclunk(self, message):
        self._fid(message.fid)
        del self.fids[message.fid]
        return encode("Rclunk", message.tag)

    def Tremove(self, message):
        self._fid(message.fid)
        del self.fids[message.fid]
        raise ValueError("permission denied")

    def Tstat(self, message):
        return encode("Rstat", message.tag, stat=self.instance.stat(self._fid(message.fid).names))

    def Twstat(self, message):
        if self._fid(message.fid).names[-1:] not in (["store"], ["request"]):
            raise ValueError("permission denied")
        return encode("Rwstat", message.tag)  # shells truncate before they write


def on(*requests):
    """Makes a lie that is told in answers to these requests only."""
    def limited(lie):
        return lambda message, answer: lie(message, answer) if message.name in requests else answer
    return limited


def resized(answer, by):
    return struct.pack("<I", max(0, int.from_bytes(answer[:4], "little") + by)) + answer[4:]


def other_tag(answer):
    tag = int.from_bytes(answer[5:7], "little")
    return answer[:5] + struct.pack("<H", (tag + 77) & 0x7FFF) + answer[7:]


def data_count(answer, by):
    return answer[:7] + struct.pack("<I", int.from_bytes(answer[7:11], "little") + by) + answer[11:]


# What an instance may do that none should. Each is (message, answer) → bytes, None, or (bytes,) before it closes.
LIES = {
    "a size beyond its end": on("Tread")(lambda message, answer: resized(answer, 5)),
    "a size short of its end": on("Tread")(lambda message, answer: resized(answer, -2)),
    "a size of 3": on("Tread")(lambda message, answer: struct.pack("<I", 3) + answer[4:]),
    "a size of 4 GiB": on("Tread")(lambda message, answer: b"\xff\xff\xff\xff" + answer[4:]),
    "a count beyond its end": on("Tread")(lambda message, answer: data_count(answer, 1000)),
    "a count short of its end": on("Tread")(lambda message, answer: data_count(answer, -1)),
    "more than was asked for": on("Tread")(
        lambda message, answer: encode("Rread", message.tag, data=bytes(message.count + 1))),
    "another tag": on("Tread")(lambda message, answer: other_tag(answer)),
    "the answer twice": on("Tread")(lambda message, answer: answer + answer),
    "an answer of another kind": on("Tread")(lambda message, answer: encode("Rclunk", message.tag)),
    "a request as an answer": on("Tread")(lambda message, answer: encode("Tclunk", message.tag, fid=1)),
    "an unknown type": on("Tread")(lambda message, answer: raw9p.frame(255, message.tag, b"")),
    "silence to reads": on("Tread")(lambda message, answer: None),
    "silence to walks": on("Twalk")(lambda message, answer: None),
    "silence to everything": lambda message, answer: None,
    "a close in the middle": on("Tread")(lambda message, answer: (answer[:len(answer) // 2],)),
    "a close instead of an answer": on("Tread")(lambda message, answer: (b"",)),
    "a short error text": on("Tread")(lambda message, answer: raw9p.frame(107, message.tag, b"\x40\x00no")),
    "too many qids": on("Twalk")(lambda message, answer: raw9p.frame(
        111, message.tag, struct.pack("<H", 17) + raw9p.pack_qid(Qid(QTDIR, 0, 9)) * 17)),
    "more qids than names": on("Twalk")(lambda message, answer: raw9p.frame(
        111, message.tag, struct.pack("<H", 16) + raw9p.pack_qid(Qid(QTDIR, 0, 9)) * 16)),
    "a stat that lies": on("Tstat")(lambda message, answer: answer[:9] + b"\xff\xff" + answer[11:]),
    "half a directory entry": on("Tread")(
        lambda message, answer: encode("Rread", message.tag, data=answer[11:-3]) if len(answer) > 60 else answer),
    "an msize larger than asked": on("Tversion")(
        lambda message, answer: encode("Rversion", message.tag, msize=0xFFFFFFFF, version="9P2000")),
    "an msize of 1": on("Tversion")(lambda message, answer: encode("Rversion", message.tag, msize=1, version="9P2000")),
    "a version of its own": on("Tversion")(
        lambda message, answer: encode("Rversion", message.tag, msize=8192, version="9P3000")),
}
