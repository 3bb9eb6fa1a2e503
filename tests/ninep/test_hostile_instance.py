"""An instance that does what none should is contained: its client gets an error in time, others notice nothing."""

import time
import unittest

from instance9p import LIES
from raw9p import Refused
from routers import SLOW, OneRouter, until

TIMEOUT = 1.0  # request_timeout, seconds


class HostileInstance(OneRouter):
    SETTINGS = (f"balance: {{request_timeout: {int(TIMEOUT * 1000)}ms, probe_interval: 500ms, probe_timeout: 500ms, "
                "probe_backoff: 50ms, probe_backoff_max: 200ms}\n")

    def setUp(self):
        super().setUp()
        self.good = self.instance("good")
        self.bad = self.instance("bad")
        self.tell(f"register good {self.good.registered}", f"register bad {self.bad.registered}")
        self.watcher = self.client()
        self.usable(self.watcher, "good", 1)
        self.usable(self.watcher, "bad", 1)

    def worst(self, client):
        """All that a client may want of the bad instance; the errors it got, and how long the longest took."""
        errors, longest = [], 0.0

        def attempt(work):
            nonlocal longest
            began = time.monotonic()
            try:
                work()
            except Refused as error:
                errors.append(error.what)
            longest = max(longest, time.monotonic() - began)
        attempt(lambda: client.stat("/bad/who"))
        attempt(lambda: client.read("/bad/who"))
        attempt(lambda: client.ls("/bad/dir"))
        return errors, longest

    def test_every_lie_is_an_error_to_its_client_and_nothing_to_others(self):
        before = self.router.resident()
        for name, lie in LIES.items():
            with self.subTest(name):
                self.bad.lie = lie
                self.bad.cut()
                client = self.client(deadline=6 * TIMEOUT)
                _, longest = self.worst(client)
                self.assertLess(longest, 5 * TIMEOUT * SLOW)
                # The client's connection is as good as before, and so is everybody else's.
                self.assertEqual(client.read("/good/who"), b"good")
                self.assertEqual(self.watcher.read("/good/who"), b"good")
                client.close()
                self.bad.lie = None
                self.bad.cut()
        self.assertLess(self.router.resident() - before, (64 if SLOW > 1 else 16) << 20)
        until(lambda: self.watcher.read("/bad/who") == b"bad", 30, "it behaves, and is used again")
        until(lambda: self.bad.fids <= 2 and self.good.fids <= 2, 10, "nothing left open")

    def test_a_lie_takes_the_instance_out(self):
        self.bad.lie = LIES["a count beyond its end"]
        client = self.client()
        until(lambda: self.worst(client)[0], 5, "an error")
        def out():
            return " up" not in client.read("/route/service/bad/instances").decode()
        self.bad.lie = LIES["silence to everything"]
        self.bad.cut()
        until(out, 20, "it is out")
        began = time.monotonic()
        with self.assertRaises(Refused):
            client.read("/bad/who")
        self.assertLess(time.monotonic() - began, 0.5 * SLOW)

    def test_a_directory_without_end_ends(self):
        client = self.client(deadline=20)
        before = self.router.resident()
        fid = client.open("/bad/endless")
        read, offset = 0, 0
        try:
            while offset < 64 << 20:
                data = client.pread(fid, offset, 60000)
                if not data:
                    break
                offset += len(data)
                read += 1
        except Refused:
            pass
        self.assertLess(offset, 64 << 20, "it was read on and on")
        self.assertLess(self.router.resident() - before, (256 if SLOW > 1 else 64) << 20)
        client.clunk(fid)
        self.assertEqual(client.read("/good/who"), b"good")

    def test_a_flush_goes_through_and_a_client_that_vanishes_leaves_nothing(self):
        client = self.client()
        fid = client.open("/good/park")
        tag = client.start("Tread", fid=fid, offset=0, count=10)
        until(lambda: self.good.in_flight == 1, 5, "a read that waits there")
        client.ask("Tflush", oldtag=tag)
        until(lambda: self.good.flushed == ["Tread"], 5, "the flush there")
        idle = self.good.fids
        other = self.client()
        held = [other.open(f"/good/{name}") for name in ("park", "who", "big", "dir")]
        other.start("Tread", fid=held[0], offset=0, count=10)
        until(lambda: self.good.in_flight == 1 and self.good.fids == idle + 4, 5, "all of it there")
        other.close()
        until(lambda: self.good.in_flight == 0 and self.good.fids == idle, 5, "nothing of it left")
        self.assertEqual(self.good.flushed, ["Tread", "Tread"])

    def test_a_write_that_may_have_arrived_is_not_repeated(self):
        twin = self.instance("twin")
        self.tell(f"register good {twin.registered}")
        self.usable(self.watcher, "good", 2)
        silent = (lambda message, answer: (b"",) if message.name == "Twrite" else answer)
        self.good.lie = twin.lie = silent
        client = self.client()
        fid = client.open("/good/store", 1)
        self.refused("i/o error", client.pwrite, fid, b"once")
        self.assertEqual(self.good.stored + twin.stored, [b"once"])

    def test_what_was_not_answered_is_read_from_another_one(self):
        twin = self.instance("twin")
        self.tell(f"register good {twin.registered}")
        self.usable(self.watcher, "good", 2)
        for lie in ("a close instead of an answer", "a count beyond its end", "another tag"):
            with self.subTest(lie):
                self.good.lie = LIES[lie]
                client = self.client(deadline=6 * TIMEOUT)
                for _ in range(4):
                    self.assertEqual(client.read("/good/who"), b"twin")
                self.good.lie = None
                client.close()


if __name__ == "__main__":
    unittest.main()
