"""What changed and why, the routes of an earlier time, and the mesh as a picture: on the document's three machines."""

import json
import signal
import time
import unittest

from harness import ROOT, SLOW, TestCase, ask_json, on_loopback, run_jetway, until

MACHINES = ("machine-a", "machine-b", "machine-c")


def words(line):
    return line.split()


class Views(TestCase):
    def setUp(self):
        super().setUp()
        text = on_loopback((ROOT / "deploy" / "deployment.yml").read_text())
        self.a, self.b, self.c = self.world.routers(self.world.write("deployment.yml", text), MACHINES)
        self.gpu = self.c.client("gpu-server")
        until(lambda: {("machine-c", 1)} == self.a.ways("gpu-server") and self.health() == "up", 20, "the mesh")

    def health(self):
        return next(row["health"] for row in self.a.ask("routes")["routes"] if row["service"] == "gpu-server")

    def jetway(self, *arguments):
        done = run_jetway(*arguments, socket=self.a.socket)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def history(self, *arguments):
        return ask_json("history", *arguments, socket=self.a.socket)["changes"]

    def lose_c(self):
        """Ends machine-c's router, and returns when machine-a has no way to it."""
        self.c.kill()
        until(lambda: not self.a.ways("gpu-server"), 20, "the loss of machine-c")

    def test_history_tells_what_changed_and_why(self):
        self.lose_c()
        until(lambda: self.history("gpu-server")[0]["change"] == "gone", 10, "the catalog's end")
        changes = self.history("gpu-server")
        self.assertEqual([change["number"] for change in changes],
                         sorted((change["number"] for change in changes), reverse=True))
        lost = next(change for change in changes if change["change"] == "lost")
        self.assertEqual(lost["before"]["neighbour"], "machine-c")
        self.assertEqual(lost["cause"]["event"], "link-down")
        self.assertEqual(lost["cause"]["of"], "machine-c")
        up = next(change for change in changes if change["change"] == "up")
        self.assertEqual((up["cause"]["event"], up["after"]), ("announcement", {"health": "up", "up": 1}))
        # The time of day is this host's.
        then = time.mktime(time.strptime(lost["time"][:19], "%Y-%m-%dT%H:%M:%S"))
        self.assertLess(abs(time.time() - then), 60 * SLOW)

        table = self.jetway("history", "machine-c").splitlines()
        self.assertEqual(words(table[0]), ["TIME", "MACHINE", "SERVICE", "CHANGE", "BEFORE", "AFTER", "CAUSE"])
        self.assertIn("link down to machine-c", "\n".join(table))
        self.assertEqual(len(self.history("--limit", 2)), 2)
        self.assertEqual(self.history("nobody"), [])
        self.assertIn("no such changes", self.jetway("history", "nobody"))
        # And through the mesh, of another router, where the client's name is known.
        far = ask_json("history", "parser-server", "--at", "machine-b", socket=self.a.socket)
        self.assertEqual(far["machineId"], "machine-b")
        self.assertEqual(far["changes"][-1]["cause"]["event"], "start")

    def test_an_attachment_names_its_client(self):
        client = self.a.client("mp4-encoder")
        name = client.address.split("@")[0]
        newest = until(lambda: self.history("mp4-encoder")[0], 5, "a change")
        self.assertEqual((newest["change"], newest["cause"]), ("up", {"event": "attach", "of": name, "code": ""}))
        client.close()
        until(lambda: self.history("mp4-encoder")[0]["change"] == "detached", 5, "the detaching")
        self.assertEqual(self.history("mp4-encoder")[0]["cause"], {"event": "detach", "of": name, "code": ""})

    def test_the_routes_of_an_earlier_time(self):
        before = self.a.ask("routes")["routes"]
        moment = time.monotonic()
        until(lambda: time.monotonic() > moment + 0.2, 5, "that moment to be past")
        self.lose_c()
        lost = time.monotonic()
        until(lambda: time.monotonic() > lost + 0.2, 5, "the loss to be past")
        age = f"{int((time.monotonic() - moment) * 1000 - 50)}ms"
        earlier = ask_json("routes", "--at-time", age, socket=self.a.socket)
        self.assertEqual(earlier["routes"], before)
        self.assertNotEqual(self.a.ask("routes")["routes"], before)
        self.assertIn("gpu-server", self.jetway("routes", "--at-time", age))

        def this_second():  # refused while the second began before the router did
            return run_jetway("routes", "--at-time", time.strftime("%H:%M:%S"), "--json", socket=self.a.socket).stdout
        self.assertLess(json.loads(until(this_second, 10, "a whole second"))["ageMs"], 5000 * SLOW)

        far = run_jetway("routes", "--at-time", "2h", socket=self.a.socket)
        self.assertEqual(far.returncode, 1)
        self.assertIn("the history reaches back", far.stderr)
        for wrong in (("--at-time", "soon"), ("--at-time", "1s", "--all")):
            self.assertEqual(run_jetway("routes", *wrong, socket=self.a.socket).returncode, 2)

    def test_a_reload_is_a_cause(self):
        text = self.a.file.read_text()
        self.a.file.write_text(text.replace("      - mp4-encoder\n", ""))
        self.a.signal(signal.SIGHUP)
        until(lambda: self.history("mp4-encoder")[0]["change"] == "gone", 10, "the reload")
        self.assertEqual(self.history("mp4-encoder")[0]["cause"]["event"], "reconfigure")

    def test_the_graph_is_honest_about_links_and_ways(self):
        graph = ask_json("graph", socket=self.a.socket)
        self.assertEqual({machine["machineId"] for machine in graph["machines"]}, set(MACHINES))
        self.assertEqual({link["machineId"] for link in graph["links"]}, {"machine-b", "machine-c"})
        mermaid = self.jetway("graph")
        self.assertTrue(mermaid.startswith("flowchart LR\n"))
        self.assertIn('["machine-c<br/>encoder-server (detached)<br/>gpu-server"]', mermaid)
        self.assertEqual(mermaid.count("---|"), 2)
        self.assertNotIn("-.->", mermaid)
        self.assertIn("alternative way: 2 hops, cost 2", self.jetway("graph", "--all"))
        dot = self.jetway("graph", "--format", "dot")
        self.assertTrue(dot.splitlines()[2].startswith("digraph"))
        self.assertEqual(dot.count("dir=none"), 2)
        self.assertEqual(self.jetway("graph", "--format", "json")[:30], '{"schema":"jetway.graph/1","ma')
        self.lose_c()
        self.assertIn('x--x|"link down, cost 1"|', self.jetway("graph"))


if __name__ == "__main__":
    unittest.main()
