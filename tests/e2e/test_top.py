"""`jetway top`: once as JSON and as tables, and live on a pseudo-terminal."""

import json
import os
import pty
import select
import threading
import time

from harness import BINARY, SLOW, TestCase, free_addresses, run_jetway, until


class Top(TestCase):
    def setUp(self):
        super().setUp()
        (self.host, (port, a, b)), = free_addresses(1, ports=3)
        file = self.world.write("two.yml", f"""\
machines:
  a:
    admin: {{listen: []}}
    terminals: [{{name: to-b, type: network, address: "{self.host}:{port}"}}]
  b:
    admin: {{listen: []}}
    listen: "{self.host}:{port}"
""")
        self.a, self.b = self.world.routers(file, ["a", "b"])
        self.web = self.world.serve(self.b, "web")
        until(lambda: self.a.ways("web"), what="a way to web")
        until(lambda: self.b.ask("statistics")["routes"]["machines"] == 2, what="a way back")

    def ask_steadily(self, every=0.01):
        asker, ended = self.a.client(), threading.Event()

        def work():
            while not ended.wait(every):
                asker.request("web", 1)
        thread = self.world.in_background(work)
        self.addCleanup(thread.join, 10)
        self.addCleanup(ended.set)

    def test_once_as_json_it_tells_the_rates_of_the_interval(self):
        self.ask_steadily()
        done = run_jetway("top", "--mesh", "--json", "--interval", "2s", socket=self.a.socket)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        routers = {one["machineId"]: one for one in json.loads(done.stdout)["routers"]}
        self.assertEqual(set(routers), {"a", "b"})
        self.assertGreaterEqual(routers["a"]["seconds"], 1.9)
        out = next(one for one in routers["a"]["terminals"] if one["name"] == "to-b")["envelopesOutPerSecond"]
        self.assertGreater(out, 5)
        self.assertLess(out, 110)
        self.assertEqual(routers["a"]["links"][0]["state"], "up")

    def test_without_a_terminal_it_is_one_page_and_names_who_is_missing(self):
        page = run_jetway("top", socket=self.a.socket)
        self.assertEqual(page.returncode, 0)
        self.assertIn("MACHINE", page.stdout)
        self.assertNotIn("\x1b", page.stdout)
        self.b.kill()
        until(lambda: not self.a.ways("web"), what="b gone")
        done = run_jetway("top", "--mesh", "--json", socket=self.a.socket)
        answer = json.loads(done.stdout)
        self.assertEqual([one["machineId"] for one in answer["routers"]], ["a"])

    def test_live_it_takes_the_other_screen_and_gives_the_first_back_when_q_is_pressed(self):
        child, terminal = pty.fork()
        if child == 0:
            os.execve(BINARY, [str(BINARY), "top", "--interval", "200ms", "--socket", str(self.a.socket)],
                      {**os.environ, "TERM": "xterm"})
        self.addCleanup(os.close, terminal)
        shown = b""
        end = time.monotonic() + 10 * SLOW
        while shown.count(b"\x1b[H") < 3 and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 65536)
        self.assertIn(b"\x1b[?1049h", shown)
        self.assertIn(b"to-b", shown)
        os.write(terminal, b"q")
        while b"\x1b[?1049l" not in shown and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 65536)
        self.assertIn(b"\x1b[?1049l", shown)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
