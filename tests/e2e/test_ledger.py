"""`jetway ledger`: every number of every router adds up, and one that was falsified is found."""

import copy
import json

from harness import TestCase, ask_json, on_loopback, run_jetway, until

MESH = """\
machines:
  a:
    services: [web]
    terminals:
      - {name: to-b, type: network, address: "10.0.0.2:9001"}
  b:
    terminals:
      - {name: to-c, type: network, address: "10.0.0.3:9001"}
  c:
    services: [db]
"""


class Ledger(TestCase):
    def setUp(self):
        super().setUp()
        self.routers = dict(zip("abc", self.world.routers(self.world.write("mesh.yml", on_loopback(MESH)), "abc")))
        self.world.serve(self.routers["a"], "web")
        self.world.serve(self.routers["c"], "db")
        until(lambda: self.routers["a"].ways("db") and self.routers["c"].ways("web"), what="the links")
        asker = self.routers["a"].client()
        for number in range(50):
            asker.request("db", number)
        with self.refuses("no-route"):
            asker.request("nobody")
        with self.refuses("no-route"):
            asker.request("nobody@c")

    def ledger(self, *arguments):
        return run_jetway("ledger", *arguments, socket=self.routers["a"].socket)

    def test_every_number_adds_up(self):
        done = self.ledger()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("every number adds up", done.stdout)
        rows = {tuple(line.split()[:2]): line.split() for line in done.stdout.splitlines() if line}
        self.assertEqual(rows["db", "c"][2:4], ["50", "50"])
        self.assertIn("no-route", " ".join(rows["nobody", "a"]))
        self.assertIn("no-route", " ".join(rows["nobody", "c"]))
        # Connections come and go, and what was counted for them stays counted.
        for _ in range(5):
            self.routers["a"].client("web").request("db", 1)
        self.assertEqual(self.ledger().returncode, 0)

    def test_a_falsified_number_is_found_and_named(self):
        books = ask_json("ledger", socket=self.routers["a"].socket)
        self.assertEqual(books["faults"], [])
        falsified = self.world.folder / "books.json"

        def check(change):
            wrong = copy.deepcopy(books)
            for answers in (wrong["first"], wrong["second"]):
                change({answer["machineId"]: answer for answer in answers})
            falsified.write_text(json.dumps(wrong))
            return run_jetway("ledger", "--check", falsified)

        self.assertEqual(check(lambda _: None).returncode, 0)

        def forward_less(routers):
            routers["b"]["counters"]["forwarded"] -= 20
        done = check(forward_less)
        self.assertEqual(done.returncode, 1)
        self.assertIn("router b", done.stdout)

        def receive_more(routers):  # and hides it in the router's own sums
            link, = (link for link in routers["b"]["links"] if link["machineId"] == "a")
            link["received"] += 20
            routers["b"]["counters"]["received"] += 20
            routers["b"]["counters"]["waiting"] += 20
        done = check(receive_more)
        self.assertEqual(done.returncode, 1)
        self.assertIn("link a → b", done.stdout)

    def test_the_others_add_up_without_a_machine_that_is_gone(self):
        self.routers["c"].kill()
        until(lambda: not self.routers["a"].ways("db"), what="that c is gone")
        done = self.ledger()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)  # nobody knows of c any more
        self.assertNotIn("b → c", done.stdout)
