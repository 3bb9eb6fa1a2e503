"""Three machines in a line, where the ends share no link."""

import time
import unittest

from harness import JetwayError, ROOT, SLOW, TestCase, on_loopback, run_jetway, until

MACHINES = ("machine-a", "machine-b", "machine-c")


class Line(TestCase):
    def setUp(self):
        super().setUp()
        file = self.world.write("line.yml", on_loopback((ROOT / "deploy" / "line.yml").read_text()))
        self.a, self.b, self.c = self.world.routers(file, MACHINES)
        until(lambda: self.a.ways("gpu-server") == {("machine-b→machine-c", 2)}, 10, "a way from end to end")
        until(lambda: self.c.ways("pty-server") == {("machine-b→machine-a", 2)}, 10, "a way back")

    def up(self, router, service):
        until(lambda: any(row["name"] == service and row["health"] == "up"
                          for row in router.ask("services")["services"]), 10, f"{service} up, as {router.machine} sees it")

    def test_requests_cross_two_hops_and_their_answers_come_back(self):
        self.world.serve(self.c, "gpu-server", handler=lambda envelope: ["processed", envelope.data])
        self.world.serve(self.a, "pty-server", handler=lambda envelope: ["typed", envelope.data])
        self.up(self.a, "gpu-server")
        self.up(self.c, "pty-server")
        from_a, from_c = self.a.client(), self.c.client()
        passed = self.b.ask("status")["counters"]["forwarded"]
        for number in range(100):
            self.assertEqual(from_a.request("gpu-server", number).data, ["processed", number])
            self.assertEqual(from_c.request("pty-server@machine-a", number).data, ["typed", number])
        self.assertEqual(self.b.ask("status")["counters"]["forwarded"] - passed, 400)

    def test_a_large_frame_crosses_whole(self):
        self.world.serve(self.c, "gpu-server")
        self.up(self.a, "gpu-server")
        pixels = bytes(range(256)) * (4 << 10)
        self.assertEqual(self.a.client().request("gpu-server", pixels, timeout=10 * SLOW).data, pixels)

    def test_what_is_sent_in_order_arrives_in_order(self):
        sink, sender = self.c.client("gpu-server"), self.a.client()
        self.up(self.a, "gpu-server")
        for number in range(2000):
            sender.send("gpu-server", number)
        self.assertEqual([sink.receive().data for _ in range(2000)], list(range(2000)))

    def test_a_service_that_was_configured_and_never_attached_is_refused(self):
        with self.refuses("no-instance"):
            self.a.client().request("gpu-server", 1)

    def test_the_far_router_answers_for_itself(self):
        answer = self.a.client().request("router@machine-c", {"request": "status"}).data
        self.assertEqual((answer["schema"], answer["machineId"]), ("jetway.status/1", "machine-c"))
        self.assertEqual(self.a.client().request("echo@machine-c", "anyone?").data, "anyone?")

    def test_a_copy_goes_to_every_machine_that_has_the_service(self):
        sinks = [router.client("sink") for router in (self.a, self.b, self.c)]
        until(lambda: len([row for row in self.a.ask("services")["services"]
                           if row["name"] == "sink" and row["health"] == "up"]) == 3, 10, "three sinks")
        self.a.client().send("sink@*", "to all")
        self.assertEqual([sink.receive().data for sink in sinks], ["to all"] * 3)
        for sink in sinks:
            with self.refuses("timeout"):
                sink.receive(timeout=0.1)

    def test_ping_tells_the_way(self):
        self.world.serve(self.c, "gpu-server")
        self.up(self.a, "gpu-server")
        done = run_jetway("ping", "gpu-server", "--count", "3", socket=self.a.socket)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("pong from gpu-server@machine-c via to-machine-b (2 hops)", done.stdout)

    def test_without_the_middle_the_far_end_is_refused_at_once(self):
        self.world.serve(self.c, "gpu-server")
        self.up(self.a, "gpu-server")
        self.b.kill()
        began = time.monotonic()
        with self.assertRaises(JetwayError) as caught:
            self.a.client().request("gpu-server", 1, timeout=5 * SLOW)
        # Given back by the link that broke, or sent when it was known to be dead.
        self.assertIn(caught.exception.code, ("link-lost", "no-route"))
        self.assertLess(time.monotonic() - began, 1.0 * SLOW)


if __name__ == "__main__":
    unittest.main()
