"""The three machines of the document, on the addresses that it gives them, in three network namespaces."""

import contextlib
import time
import unittest

from harness import ROOT, SLOW, JetwayError, Netns, TestCase, ask_json, run_jetway, until

ADDRESSES = {"machine-a": "10.0.0.1", "machine-b": "10.0.0.2", "machine-c": "10.0.0.3"}
WIRES = [("machine-a", "machine-b"), ("machine-a", "machine-c"), ("machine-b", "machine-c")]

# The selected ways, as the document prints each machine's table.
LOCAL, VIA_A, VIA_B, VIA_C = ("local", 0), ("machine-a", 1), ("machine-b", 1), ("machine-c", 1)
TABLES = {
    "machine-a": {"pty-server": LOCAL, "display-server": LOCAL, "mp4-encoder": LOCAL,
                  "parser-server": VIA_B, "gpu-server": VIA_C, "encoder-server": VIA_C},
    "machine-b": {"parser-server": LOCAL, "pty-server": VIA_A, "display-server": VIA_A, "mp4-encoder": VIA_A,
                  "gpu-server": VIA_C, "encoder-server": VIA_C},
    "machine-c": {"gpu-server": LOCAL, "encoder-server": LOCAL, "parser-server": VIA_B,
                  "pty-server": VIA_A, "display-server": VIA_A, "mp4-encoder": VIA_A},
}
AROUND = ("machine-a→machine-c", 2)

WHY_NOT = Netns.why_not()


def table(router):
    return {service: (way, hops) for service, way, hops, _ in router.table("selected")}


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Document(TestCase):
    def setUp(self):
        self.net = Netns(ADDRESSES, WIRES)
        self.addCleanup(self.net.close)
        super().setUp()
        self.a, self.b, self.c = self.world.routers(ROOT / "deploy" / "deployment.yml", ADDRESSES, net=self.net)
        self.settled()

    def settled(self):
        for router in (self.a, self.b, self.c):
            until(lambda: table(router) == TABLES[router.machine], 20, f"the document's table on {router.machine}")

    def test_frames_go_from_pty_to_parser_to_gpu_to_encoder_to_display(self):
        pty, display = self.a.client("pty-server"), self.a.client("display-server")
        stages = [(self.b.client("parser-server"), "gpu-server"),
                  (self.c.client("gpu-server"), "encoder-server"),
                  (self.c.client("encoder-server"), "display-server")]
        self.attached("parser-server", "gpu-server", "encoder-server", "display-server")
        frames = 50
        for number in range(frames):
            pty.send("parser-server", [number], source="pty-server@machine-a", headers={"frame": str(number)})
        for stage, onward in stages:
            for _ in range(frames):
                envelope = stage.receive()
                self.assertIsNone(envelope.error)
                stage.send(onward, envelope.data + [onward], headers=envelope.headers)
        shown = [display.receive() for _ in range(frames)]
        self.assertEqual([envelope.data for envelope in shown],
                         [[n, "gpu-server", "encoder-server", "display-server"] for n in range(frames)])
        self.assertEqual([envelope.headers for envelope in shown], [{"frame": str(n)} for n in range(frames)])

    def test_the_hairpin(self):
        pty, mp4 = self.a.client("pty-server"), self.a.client("mp4-encoder")
        gpu = self.c.client("gpu-server")
        self.attached("gpu-server", "mp4-encoder")
        bystander = self.b.ask("status")["counters"]["forwarded"]

        # 1-4: the frame leaves machine-a for the machine that has gpu-server.
        pty.send("gpu-server", b"frame", reply_to="mp4-encoder@machine-a", id="f-1", source="pty-server@machine-a")
        # 5-7: on machine-c it is routed to the service.
        envelope = gpu.receive()
        self.assertEqual((envelope.source, envelope.destination, envelope.reply_to, envelope.id, envelope.data),
                         ("pty-server@machine-a", "gpu-server", "mp4-encoder@machine-a", "f-1", b"frame"))
        # 8-10: the result goes to replyTo, and so back to machine-a.
        gpu.reply(envelope, b"processed frame", source="gpu-server@machine-c")
        # 11-13: machine-a hands it to the encoder, not to who asked.
        result = mp4.receive()
        self.assertEqual((result.source, result.destination, result.in_reply_to, result.data),
                         ("gpu-server@machine-c", "mp4-encoder@machine-a", "f-1", b"processed frame"))
        with self.refuses("timeout"):
            pty.receive(timeout=0.1)
        self.assertEqual(self.b.ask("status")["counters"]["forwarded"], bystander, "machine-b had no part in it")

    def test_each_machine_prints_the_documents_table(self):
        for router in (self.a, self.b, self.c):
            printed = ask_json("routes", socket=router.socket)
            self.assertEqual((printed["schema"], printed["machineId"]), ("jetway.routes/1", router.machine))
            rows = {row["service"]: (row["via"], row["hops"]) for row in printed["routes"]
                    if row["service"] not in ("router", "echo")}
            self.assertEqual(rows, TABLES[router.machine])
            self.assertEqual({row["state"] for row in printed["routes"]}, {"selected"})
            from_afar = ask_json("routes", "--at", router.machine, socket=self.a.socket)
            self.assertEqual(from_afar["routes"], printed["routes"])
            text = run_jetway("routes", socket=router.socket)
            self.assertEqual(text.returncode, 0)
            for service in TABLES[router.machine]:
                self.assertIn(service, text.stdout)

    def test_machine_b_knows_the_alternative_through_machine_a(self):
        def alternative():
            rows = ask_json("routes", "--all", socket=self.b.socket)["routes"]
            others = [row for row in rows if row["service"] == "gpu-server" and row["state"] != "selected"]
            return others if [(row["via"], row["hops"]) for row in others] == [AROUND] else None
        row, = until(alternative, 10, "the alternative for gpu-server on machine-b")
        self.assertEqual((row["machineId"], row["terminal"], row["origin"]), ("machine-c", "to-machine-a", "gossip"))
        self.assertIn(row["state"], ("alternative", "unfeasible"))

    def test_a_closed_link_is_gone_around_and_taken_again(self):
        self.cut_and_heal(self.net.cut_closed, detected_within=0.5)

    def test_a_silent_link_is_gone_around_and_taken_again(self):
        self.cut_and_heal(self.net.cut_silently, detected_within=1.5)

    def cut_and_heal(self, cut, detected_within):
        self.world.serve(self.c, "gpu-server")
        self.attached("gpu-server")
        asker = self.b.client()
        self.assertEqual(asker.request("gpu-server", "before").data, "before")

        cut("machine-b", "machine-c")
        began = time.monotonic()
        until(lambda: not self.linked(self.b, "machine-c"), detected_within, "machine-b's notice of the cut",
              every=0.002)
        noticed = time.monotonic()
        answer = None
        while answer is None and time.monotonic() - noticed < 5 * SLOW:
            with contextlib.suppress(JetwayError):
                answer = asker.request("gpu-server", "around", timeout=1.0 * SLOW)
        healed = time.monotonic()
        self.assertIsNotNone(answer, "gpu-server is not reached around the cut")
        self.assertLess(healed - noticed, 1.0 * SLOW, f"noticed {noticed - began:.3f} s after the cut")
        self.assertEqual(self.b.ways("gpu-server"), {AROUND})
        self.assertIn("2 hops", run_jetway("ping", "gpu-server", "--count", "1", socket=self.b.socket).stdout)
        until(lambda: self.c.ways("parser-server") == {("machine-a→machine-b", 2)}, 5, "machine-c's way around")

        # On the way around, machine-a passes on each request and each answer once: nothing loops.
        passed, requests = self.a.ask("status")["counters"]["forwarded"], 50
        for number in range(requests):
            self.assertEqual(asker.request("gpu-server", number).data, number)
        self.assertEqual(self.a.ask("status")["counters"]["forwarded"] - passed, 2 * requests)

        self.net.heal("machine-b", "machine-c")
        self.settled()
        self.assertEqual(asker.request("gpu-server", "after").data, "after")
        for router in (self.a, self.b, self.c):
            self.assertEqual(router.refused("hop-limit"), 0)

    def test_with_machine_c_killed_its_services_are_refused_at_once(self):
        self.world.serve(self.c, "gpu-server")
        self.attached("gpu-server")
        for router in (self.a, self.b):
            self.assertEqual(router.client().request("gpu-server", 1).data, 1)
        self.c.kill()
        for router in (self.a, self.b):
            began = time.monotonic()
            done = run_jetway("request", "gpu-server", "frame", "--timeout", "5s", socket=router.socket)
            took = time.monotonic() - began
            self.assertEqual(done.returncode, 1, done.stderr)
            # What was sent on the link before its death was noticed may have arrived: link-lost says so.
            self.assertRegex(done.stderr, "no-route|link-lost: the link it was sent on died")
            self.assertLess(took, 1.0 * SLOW)
        for router in (self.a, self.b):
            until(lambda: not router.ways("gpu-server"), 5, "the loss of machine-c")
            done = run_jetway("request", "gpu-server", "frame", "--timeout", "5s", socket=router.socket)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("no-route", done.stderr)

    def test_a_machine_that_comes_back_is_found_again(self):
        self.c.kill()
        until(lambda: not self.a.ways("gpu-server") and not self.b.ways("gpu-server"), 5, "the loss of machine-c")
        self.c = self.world.router(self.c.file, "machine-c", net=self.net).ready()
        self.settled()
        self.world.serve(self.c, "gpu-server")
        self.attached("gpu-server")
        self.assertEqual(self.b.client().request("gpu-server", "again").data, "again")

    def attached(self, *services):
        """Waits until every machine knows that these are up."""
        for router in (self.a, self.b, self.c):
            until(lambda: set(services) <= {row["name"] for row in router.ask("services")["services"]
                                            if row["health"] == "up" and row["reachable"]},
                  10, f"{services} up, as {router.machine} sees it")

    @staticmethod
    def linked(router, machine):
        return any(row["machineId"] == machine and row["state"] == "up"
                   for row in router.ask("neighbours")["neighbours"])


if __name__ == "__main__":
    unittest.main()
