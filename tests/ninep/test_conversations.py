"""Envelope services through files: `request` across two hops, 1,000 conversations at once, and a slow service."""

import threading
import time
import unittest

from raw9p import ORDWR
from routers import SLOW, OneRouter, Row, run_jetway, until

CONVERSATIONS = 1000


class AcrossTheMesh(Row):
    def test_rdwr_on_a_is_answered_by_a_service_on_c(self):
        self.world.serve(self.routers["c"], "gpu-server", handler=lambda envelope: b"c has " + bytes(envelope.data))
        for dialect in ("9P2000", "9P2000.L"):
            client = self.client("a", dialect)
            until(lambda: "gpu-server" in client.ls("/"), 20, "the service")
            self.assertEqual(client.rdwr("/gpu-server/request", "this"), b"c has this")
        done = run_jetway("9p", "rdwr", "/svc/gpu-server/request", "--at", self.world.folder / "a" / "svc",
                          stdin="that")
        self.assertEqual((done.stdout.strip(), done.returncode), ("c has that", 0), done.stderr)

    def test_a_service_is_seen_everywhere_and_gone_with_its_router(self):
        self.world.serve(self.routers["c"], "gpu-server")
        client = self.client("a")
        until(lambda: "gpu-server" in client.ls("/"), 20, "the service")
        fid = client.open("/gpu-server/request", ORDWR)
        self.routers["c"].kill()
        until(lambda: "gpu-server" not in client.ls("/"), 20, "its end")
        self.refused("", client.exchange, fid, b"anyone there?")


class Conversations(OneRouter):
    def test_1000_clients_hold_conversations_at_once_and_each_gets_its_own_answers(self):
        waiting, all_asked = [], threading.Event()
        service = self.router.client("talk", timeout=60)

        def answer():
            # No one is answered before all have asked; then the last is first.
            for _ in range(2):
                waiting.clear()
                while len(waiting) < CONVERSATIONS:
                    waiting.append(service.receive())
                for envelope in reversed(waiting):
                    service.reply(envelope, b"to " + bytes(envelope.data))
            all_asked.set()
        self.world.in_background(answer)
        first = self.client(deadline=60)
        until(lambda: "talk" in first.ls("/"), 10, "the service")

        clients = []
        for number in range(CONVERSATIONS):
            client = first if number == 0 else self.client("9P2000.L" if number % 2 else "9P2000", deadline=60)
            control = client.open("/talk/clone", ORDWR)
            conversation = client.pread(control).decode().strip()
            data = client.open(f"/talk/{conversation}/data", ORDWR)
            clients.append((client, conversation, control, data))
        self.assertEqual(len({conversation for _, conversation, _, _ in clients}), CONVERSATIONS)
        for turn in ("one", "two"):
            reads = []
            for number, (client, _, _, data) in enumerate(clients):
                client.pwrite(data, f"{turn} of {number}".encode())
                reads.append(client.start("Tread", fid=data, offset=0, count=1000))
            for number, ((client, *_), tag) in enumerate(zip(clients, reads)):
                self.assertEqual(client.wait(tag).data, f"to {turn} of {number}".encode())
        self.assertTrue(all_asked.wait(10))
        # Each goes with its last open file.
        listed = set(first.ls("/talk"))
        self.assertLessEqual({conversation for _, conversation, _, _ in clients}, listed)
        for client, _, control, data in clients[1:]:
            client.clunk(data)
            client.clunk(control)
            client.close()
        until(lambda: len([name for name in first.ls("/talk") if name.isdigit()]) == 1, 10, "one conversation left")

    def test_a_slow_service_parks_its_own_clients_only(self):
        self.router.client("slow")
        self.world.serve(self.router, "quick", handler=lambda envelope: envelope.data)
        client = self.client()
        until(lambda: {"slow", "quick"} <= set(client.ls("/")), 10, "both")
        parked = []
        for _ in range(100):
            fid = client.open("/slow/request", ORDWR)
            client.pwrite(fid, b"never")
            parked.append(client.start("Tread", fid=fid, offset=0, count=100))
        longest = 0.0
        for _ in range(100):
            began = time.monotonic()
            self.assertEqual(client.rdwr("/quick/request", "now"), b"now")
            longest = max(longest, time.monotonic() - began)
        self.assertLess(longest, 0.5 * SLOW)
        self.assertFalse(client.came.keys() & set(parked), "one that waits was answered")
        for tag in parked:
            client.ask("Tflush", oldtag=tag)
        self.assertFalse(client.came.keys() & set(parked))


if __name__ == "__main__":
    unittest.main()
