"""`sim`, `prove`, `explain` and `expect`, as a user meets them."""

import json
import pathlib
import re
import signal
import unittest

from harness import TestCase, free_addresses, on_loopback, run_jetway, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "deploy" / "deployment.yml"
TWELVE = ROOT / "deploy" / "twelve.yml"


class Simulated(unittest.TestCase):
    def test_a_seed_is_the_same_story_twice(self):
        once = run_jetway("sim", "--seed", 58, "--story")
        self.assertEqual(once.returncode, 0, once.stdout[-2000:])
        self.assertIn("no violation", once.stdout)
        self.assertEqual(once.stdout, run_jetway("sim", "--seed", 58, "--story").stdout)

    def test_seeds_print_the_first_one(self):
        done = run_jetway("sim", "--seeds", 20)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"first seed \d+, 20 seeds")
        self.assertIn("0 violations", done.stdout)

    def test_sim_without_a_seed_says_what_it_needs(self):
        done = run_jetway("sim")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--seeds N", done.stderr)

    def test_prove_the_document_and_the_twelve(self):
        for file, sets in ((DOCUMENT, 21), (TWELVE, 351)):
            done = run_jetway("prove", file, "--seeds", 1, "--json", timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            answer = json.loads(done.stdout)
            self.assertEqual((answer["sets"], answer["runs"], answer["holds"]), (sets, sets, True))
            self.assertGreater(answer["states"], sets)

    def test_prove_says_that_it_is_bounded_and_replays(self):
        done = run_jetway("prove", DOCUMENT, "--failures", 1)
        self.assertIn("0 loops", done.stdout)
        self.assertIn("bounded check", done.stdout)
        self.assertNotIn("\r", done.stdout)  # the bar is for terminals
        replayed = run_jetway("prove", DOCUMENT, "--failures", 1, "--replay", 3)
        self.assertEqual(replayed.returncode, 0)
        self.assertIn("link:machine-a-machine-c", replayed.stdout)
        self.assertRegex(replayed.stdout, r"falls silent|breaks")
        self.assertEqual(run_jetway("prove", DOCUMENT, "--failures", 1, "--replay", 18).returncode, 2)


class Expect(TestCase):
    FILE = """
machines:
  alpha:
    services: [asker]
    terminals: [{{name: to-beta, type: network, address: "{beta}:{port}"}}]
  beta:
    services: [gpu-server{more}]
expect:
  - {{from: alpha, to: {to}, max_hops: 1}}
"""

    def test_check_names_the_place_and_the_reason(self):
        text = DOCUMENT.read_text() + "\nexpect:\n  - {from: machine-a, to: gpu-server, max_hops: 1, survive: any-one-link}\n"
        file = self.world.write("deployment.yml", text)
        done = run_jetway("check", file)
        self.assertEqual(done.returncode, 3)
        line = len(text.splitlines())
        self.assertIn(f"deployment.yml:{line}:5: this expectation isn't kept: without the link machine-a-machine-c "
                      "`machine-a` reaches `gpu-server` in 2 hops, expected at most 1", done.stderr)
        file.write_text(text.replace("max_hops: 1", "max_hops: 2"))
        self.assertEqual(run_jetway("check", file).returncode, 0)

    def test_a_reload_that_would_break_one_is_refused(self):
        (_, _), (beta, [port]) = free_addresses(2)
        names = {"beta": beta, "port": port, "more": "", "to": "gpu-server"}
        file = self.world.write("deployment.yml", self.FILE.format(**names))
        [router] = self.world.routers(file, ["beta"])
        file.write_text(self.FILE.format(**names).replace("[gpu-server]", "[disk]"))
        router.signal(signal.SIGHUP)
        until(lambda: "reload refused" in router.text(), 5, "the reload to be refused")
        self.assertIn("no machine of this file has the service", router.text())
        services = {row["service"] for row in router.ask("routes", all=True)["routes"]}
        self.assertIn("gpu-server", services)
        self.assertNotIn("disk", services)
        file.write_text(self.FILE.format(**{**names, "more": ", disk", "to": "disk"}))
        router.signal(signal.SIGHUP)
        until(lambda: "disk" in {row["service"] for row in router.ask("routes", all=True)["routes"]}, 5, "the reload")


class Explain(TestCase):
    def test_explain_on_the_document(self):
        file = self.world.write("deployment.yml", on_loopback(DOCUMENT.read_text()))
        a, b, c = self.world.routers(file, ["machine-a", "machine-b", "machine-c"])
        self.world.serve(c, "gpu-server")
        until(lambda: ("machine-c", 1) in a.ways("gpu-server") and ("machine-c", 1) in b.ways("gpu-server"), 10, "routes")
        until(lambda: self.explain(a, "gpu-server")["outcome"] == "forwarded", 10, "the service to be known at A")
        answer = self.explain(a, "gpu-server")
        self.assertEqual((answer["outcome"], answer["terminal"], answer["boundTo"]), ("forwarded", "to-machine-c", "machine-c"))
        chosen = [row for row in answer["candidates"] if row["chosen"]]
        self.assertEqual([(row["neighbour"], row["reason"]) for row in chosen], [("machine-c", "nearest")])
        others = {row["neighbour"]: row["reason"] for row in answer["candidates"] if not row["chosen"]}
        self.assertIn(others["machine-b"], ("unfeasible", "farther"))  # a retraction heard in between makes it feasible
        there = self.explain(a, "gpu-server", "--from", "machine-c")
        self.assertEqual((there["machineId"], there["outcome"]), ("machine-c", "delivered"))
        shown = run_jetway("explain", "gpu-server", socket=a.socket)
        self.assertIn("bound to machine-c, forwarded by to-machine-c", shown.stdout)
        self.assertIn("→", shown.stdout)
        gone = run_jetway("explain", "pty-server", socket=a.socket)
        self.assertEqual(gone.returncode, 1)
        self.assertRegex(gone.stdout, re.compile("refused: no-instance"))
        self.assertIn("detached", gone.stdout)
        self.assertEqual(run_jetway("explain", "a b", socket=a.socket).returncode, 2)

    def explain(self, router, destination, *arguments):
        done = run_jetway("explain", destination, "--json", *arguments, socket=router.socket)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)
