"""Two thousand connections that say nothing, little or rubbish, on every kind of listener: they are dropped in time,
the traffic of others goes on, and the memory comes back."""

import contextlib
import resource
import socket
import threading
import unittest

from mesh import LONG, MESH, TestCase, pause_for, until

CROWD = 2_000 if LONG else 400
HELLO_TIMEOUT = 2.0
RUBBISH = bytes(range(256)) * 4096  # a megabyte


def listeners(host, ports):
    return [f"{{name: {scheme}, type: local, address: '{scheme}://{host}:{port}'}}"
            for scheme, port in zip(("tcp", "tls", "ws", "wss"), ports[1:])]


class Crowd(TestCase):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < CROWD + 500:
            self.skipTest(f"{CROWD} connections need more than {hard} open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.mesh = MESH(self.world, [("a", "b")], settings=f"limits: {{hello_timeout: {int(HELLO_TIMEOUT)}s}}\n"
                         "security: {certificates: certs}\n",
                         listeners={"b": listeners})
        host, ports = self.mesh.addresses["b"]
        self.doors = {"unix": str(self.mesh.routers["b"].socket),
                      **{door: (host, port) for door, port in zip(("network", "tcp", "tls", "ws", "wss"), ports)}}
        self.receiver = self.mesh.receiver("b", ["sink"])
        self.sender = self.mesh.sender("a", ["sink"], 3_000, linger=3)
        until(lambda: self.receiver.services()["sink"]["arrived"] > 3_000, 10, "traffic", every=0.2)

    def rate(self, seconds):
        self.receiver.services()
        pause_for(seconds)
        window = self.receiver.services()["sink"]["window"]
        return window["count"] / (window["ms"] / 1000), window["p99_us"]

    def crowd(self, door, count):
        where = self.doors[door]
        held = []
        for _ in range(count):
            one = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(where)
            held.append(one)
        return held

    def through(self, doors, say):
        """The crowd comes by these doors, says what `say` says, and is gone from the router in time."""
        rate, p99 = self.rate(2 if LONG else 1.5)
        memory, terminals = self.mesh.resident("b"), self.terminals()
        held = [one for door in doors for one in self.crowd(door, CROWD // len(doors))]
        self.addCleanup(lambda: [one.close() for one in held])
        stop = threading.Event()
        talk = threading.Thread(target=say, args=(held, stop), daemon=True)
        talk.start()
        rate_with, p99_with = self.rate(2 if LONG else 1.5)
        until(lambda: self.terminals() <= terminals, HELLO_TIMEOUT + 8, f"{len(held)} connections dropped", every=0.1)
        stop.set()
        talk.join(10)
        for one in held:
            one.close()
        left = self.mesh.resident("b") - memory
        text = f"{'+'.join(doors)}: {len(held)} connections; {rate:.0f}/s before, {rate_with:.0f}/s with them; " \
               f"p99 {p99} and {p99_with} us; memory {left >> 10:+} KiB"
        print(f"\n  {text}", flush=True)
        self.assertGreaterEqual(rate_with, rate * 0.9, text)
        self.assertLess(left, 8 << 20, text)

    def terminals(self):
        return self.mesh.routers["b"].ask("status")["terminals"]["all"]

    @staticmethod
    def silent(_, __):
        pass

    @staticmethod
    def a_byte_a_second(held, stop):
        while not stop.wait(1):
            for one in held:
                with contextlib.suppress(OSError):
                    one.send(b"\0")

    @staticmethod
    def rubbish(held, _):
        for one in held:
            with contextlib.suppress(OSError):
                one.setblocking(True)
                one.settimeout(0.05)
                one.sendall(RUBBISH)

    def all_doors(self, say):
        for doors in [[door] for door in self.doors] if LONG else [list(self.doors)]:
            with self.subTest(doors):
                self.through(doors, say)
        flow, = self.sender.flows(self.sender.stop()).values()
        self.assertEqual(flow["refused"], 0)

    def test_connections_that_say_nothing(self):
        self.all_doors(self.silent)

    @unittest.skipUnless(LONG, "with JETWAY_LONG=1 only")
    def test_connections_that_say_a_byte_a_second(self):
        self.all_doors(self.a_byte_a_second)

    def test_connections_that_say_a_megabyte_of_rubbish(self):
        self.all_doors(self.rubbish)


if __name__ == "__main__":
    unittest.main()
