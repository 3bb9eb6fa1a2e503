"""Clients that ask for too much, never read, lie or vanish: refused or closed, and nobody else notices."""

import random
import struct
import unittest

import raw9p
from raw9p import NOFID, NOTAG, ORDWR, Closed, Wire, encode, frame
from routers import LONG, OneRouter, until

FIDS = 16_384  # of one connection


class Hostile(OneRouter):
    def setUp(self):
        super().setUp()
        self.world.serve(self.router, "quick", handler=lambda envelope: envelope.data)
        self.other = self.client()
        until(lambda: "quick" in self.other.ls("/"), 10, "the service")
        self.before = self.router.resident()

    def fine(self, mebibytes=32):
        """Others are served as before, and the router is not much larger."""
        self.assertEqual(self.other.rdwr("/quick/request", "still here"), b"still here")
        self.assertLess(self.router.resident() - self.before, mebibytes << 20)

    def stats(self):
        return dict(line.split() for line in self.other.read("/route/stats").decode().splitlines())

    def test_100000_fids_are_refused_beyond_the_bound(self):
        client = self.client(deadline=60)
        answers = {"Rwalk": 0, "Rerror": 0}
        for start in range(100, 100_100, 1_000):
            client.wire.send(b"".join(encode("Twalk", 1, fid=client.root, newfid=fid, names=["quick", "request"])
                                      for fid in range(start, start + 1_000)))
            for _ in range(1_000):
                answer = client.wire.take()
                answers[answer.name] += 1
                if answer.name == "Rerror":
                    self.assertEqual(answer.error, "too many fids on this connection")
        self.assertEqual(answers, {"Rwalk": FIDS - 1, "Rerror": 100_000 - FIDS + 1})
        self.fine(64)
        client.close()
        self.fine(64)

    def test_a_client_that_never_reads_is_held_to_a_bounded_queue(self):
        client = self.client(msize=1 << 20, deadline=1)
        fid = client.open("/route/stats")
        ask = encode("Tread", 1, fid=fid, offset=0, count=8192) * 1_000
        sent = 0
        with self.assertRaises((TimeoutError, ConnectionError)):
            while sent < 256 << 20:
                client.wire.send(ask)
                sent += len(ask)
        self.fine()

    @unittest.skipUnless(LONG, "JETWAY_LONG=1 runs it: it takes 30 s")
    def test_a_client_that_never_reads_is_closed_in_the_end(self):
        client = self.client(msize=1 << 20, deadline=1)
        fid = client.open("/route/stats")
        with self.assertRaises((TimeoutError, ConnectionError)):
            while True:
                client.wire.send(encode("Tread", 1, fid=fid, offset=0, count=8192) * 1_000)

        def closed():
            try:
                client.wire.socket.sendall(b"x")
            except TimeoutError:
                raise ValueError("it is open") from None
            except ConnectionError:
                return True
            raise ValueError("it is open")
        client.wire.socket.settimeout(0.2)
        until(closed, 60, "the end of the connection")
        self.fine()

    def test_sizes_that_lie_close_the_connection(self):
        for size in (0, 6, 8193, 1 << 31, (1 << 32) - 1):
            wire = Wire((self.host, self.port))
            wire.send(struct.pack("<IBH", size, 100, NOTAG) + b"rest")
            with self.assertRaises((Closed, ConnectionError)):
                wire.take()
            wire.close()
        self.fine()

    def test_every_message_cut_at_every_byte_is_an_error_or_a_closed_connection(self):
        stat = raw9p.UNTOUCHED
        for dialect in ("9P2000", "9P2000.L"):
            linux = dialect == "9P2000.L"
            whole = [encode("Tflush", 9, oldtag=3), encode("Twalk", 9, fid=1, newfid=50, names=["quick", "request"]),
                     encode("Tread", 9, fid=1, offset=0, count=10), encode("Twrite", 9, fid=1, offset=0, data=b"data"),
                     encode("Tclunk", 9, fid=77), encode("Tremove", 9, fid=77)]
            if linux:
                whole += [encode("Tlopen", 9, fid=77, flags=0), encode("Tgetattr", 9, fid=1, mask=0x7FF),
                          encode("Treaddir", 9, fid=1, offset=0, count=10), encode("Tstatfs", 9, fid=1),
                          frame(14, 9, struct.pack("<IHcIII", 1, 1, b"n", 0, 0, 0)),
                          frame(30, 9, struct.pack("<IIHc", 1, 51, 1, b"x"))]
            else:
                whole += [encode("Topen", 9, fid=77, mode=0), encode("Tstat", 9, fid=1),
                          frame(114, 9, struct.pack("<IHcIB", 1, 1, b"n", 0, 0)),
                          encode("Twstat", 9, fid=1, stat=stat)]
            client = self.client(dialect)
            for message in whole:
                for size in range(7, len(message)):
                    client.wire.send(struct.pack("<I", size) + message[4:size])
                    answer = client.wire.take(linux=linux)
                    self.assertEqual((answer.name, answer.tag), ("Rlerror" if linux else "Rerror", 9))
                for size in range(len(message)):  # and cut by the end of the connection
                    wire = Wire((self.host, self.port))
                    wire.send(encode("Tversion", NOTAG, msize=8192, version=dialect) + message[:size])
                    wire.close()
            client.ls("/")
        self.fine()

    def test_noise_is_answered_with_errors_or_a_closed_connection(self):
        noise = random.Random(9)
        for _ in range(100):
            wire = Wire((self.host, self.port))
            wire.send(encode("Tversion", NOTAG, msize=8192, version=noise.choice(["9P2000", "9P2000.L"])))
            wire.send(encode("Tattach", 1, fid=0, afid=NOFID, uname="u", aname=""))
            try:
                for _ in range(20):
                    wire.send(frame(noise.randrange(256), noise.randrange(4), noise.randbytes(noise.randrange(40))))
                wire.send(noise.randbytes(100))
            except ConnectionError:
                pass  # it was closed
            wire.close()
        self.fine()

    def test_what_a_client_left_open_when_it_vanished_is_gone(self):
        for dialect in ("9P2000", "9P2000.L"):
            clients = [self.client(dialect) for _ in range(20)]
            for client in clients:
                control = client.open("/quick/clone", ORDWR)
                number = client.pread(control).decode().strip()
                client.start("Tread", fid=client.open(f"/quick/{number}/data", ORDWR), offset=0, count=100)
                client.start("Tread", fid=client.open("/route/event"), offset=0, count=100)
                client.start("Tread", fid=client.open("/route/events"), offset=0, count=100)
            self.assertEqual(self.stats()["conversations"], "20")
            for client in clients:
                client.close()
            until(lambda: (self.stats()["conversations"], self.stats()["asked"]) == ("0", "0") or None, 10, "the end")
        self.fine()

    def test_requests_at_once_are_bounded_and_flush_frees_them(self):
        client = self.client(deadline=30)
        fid = client.open("/route/event")
        client.wire.send(b"".join(encode("Tread", tag, fid=fid, offset=0, count=100) for tag in range(1_000, 2_100)))
        refused = 1_100 - 1_024
        for _ in range(refused):
            answer = client.wire.take()
            self.assertEqual((answer.name, answer.error), ("Rerror", "too many requests at once on this connection"))
        self.assertTrue(client.wire.quiet())
        client.wire.send(b"".join(encode("Tflush", 3_000 + i, oldtag=1_000 + i) for i in range(1_024)))
        self.assertEqual({client.wire.take().name for _ in range(1_024)}, {"Rflush"})
        client.ls("/")
        self.fine()


if __name__ == "__main__":
    unittest.main()
