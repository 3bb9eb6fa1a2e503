"""Three instances of one service on two machines, asked from a third: sharing, and one killed under load."""

import collections
import threading
import time
import unittest
from dataclasses import dataclass
from typing import Optional

from harness import SLOW, Client, JetwayError, TestCase, cut, free_addresses, until

ASKERS = 8
NOTICE = 0.05 * SLOW  # for a router to read that a connection has closed; what it wrote before that is lost


@dataclass
class Request:
    began: float
    ended: float
    instance: Optional[str] = None  # that answered
    code: Optional[str] = None      # of the refusal


class Load(threading.Thread):
    """Asks without a pause, one request at a time, and keeps how each went."""

    def __init__(self, router):
        super().__init__(daemon=True)
        self.client = Client(router.socket, timeout=5 * SLOW)
        self.requests, self.enough = [], threading.Event()

    def run(self):
        while not self.enough.is_set():
            request = Request(time.monotonic(), 0)
            try:
                request.instance = self.client.request("worker", b"work", timeout=2 * SLOW).data
            except JetwayError as error:
                request.code = error.code
            request.ended = time.monotonic()
            self.requests.append(request)
        self.client.close()


class Instances(TestCase):
    def setUp(self):
        super().setUp()
        (b_host, (b_port,)), (c_host, (c_port,)) = free_addresses(2)
        file = self.world.write("instances.yml", f"""\
machines:
  asker:
    terminals:
      - {{name: to-one, type: network, address: "{b_host}:{b_port}"}}
      - {{name: to-two, type: network, address: "{c_host}:{c_port}"}}
  one: {{}}
  two: {{}}
""")
        self.asker, self.one, self.two = self.world.routers(file, ("asker", "one", "two"))
        self.workers = {}
        for name, router in (("one/1", self.one), ("one/2", self.one), ("two/1", self.two)):
            self.workers[name] = self.world.serve(router, "worker", handler=lambda _, name=name: name)
        until(lambda: self.instances() == 3, 10, "three instances, as the asker sees them")

    def instances(self):
        return len([row for row in self.asker.ask("services")["services"]
                    if row["name"] == "worker" and row["health"] == "up" and row["reachable"]])

    def test_the_three_share_the_requests(self):
        asker, answered = self.asker.client(), collections.Counter()
        for _ in range(600):
            answered[asker.request("worker").data] += 1
        self.assertEqual(set(answered), set(self.workers))
        for name, count in answered.items():
            self.assertGreaterEqual(count, 100, f"{name} of {answered}")

    def under_load(self, kill, gone):
        """Kills under load; every request that was not in the hands of `gone` is answered by the others."""
        loads = [Load(self.asker) for _ in range(ASKERS)]
        for load in loads:
            load.start()
        until(lambda: all(len(load.requests) > 50 for load in loads), 20, "a load")
        killed = time.monotonic()
        kill()
        done = time.monotonic()
        enough = [len(load.requests) + 200 for load in loads]
        until(lambda: all(len(load.requests) > count for load, count in zip(loads, enough)), 30,
              "the load after it")
        for load in loads:
            load.enough.set()
        for load in loads:
            load.join(10 * SLOW)
            self.assertFalse(load.is_alive())
        requests = [request for load in loads for request in load.requests]
        unanswered = [request for request in requests if request.instance is None]
        # Each asker has one request under way: at most that one was in the hands of what was killed.
        self.assertLessEqual(len(unanswered), ASKERS, unanswered)
        for request in unanswered:
            self.assertLessEqual(request.began, done + NOTICE,
                                 f"asked {request.began - done:.3f} s after the kill: {request}")
            self.assertGreaterEqual(request.ended, killed)
        late = {request.instance for request in requests if request.began > done}
        self.assertEqual(late - {None}, set(self.workers) - gone)

    def test_an_instance_killed_beside_another_on_its_machine(self):
        self.under_load(lambda: cut(self.workers["one/1"]), {"one/1"})

    def test_the_only_instance_of_its_machine_killed(self):
        self.under_load(lambda: cut(self.workers["two/1"]), {"two/1"})

    def test_a_whole_machine_killed(self):
        self.under_load(self.one.kill, {"one/1", "one/2"})

    def test_an_instance_that_detaches_loses_nothing(self):
        loads = [Load(self.asker) for _ in range(ASKERS)]
        for load in loads:
            load.start()
        until(lambda: all(len(load.requests) > 50 for load in loads), 20, "a load")
        # A second service on a connection of its own takes itself away in good order, again and again.
        for _ in range(20):
            leaver = self.two.client("worker")
            leaver.detach("worker")
            served = []
            while True:  # what the router had sent before it took note
                try:
                    served.append(leaver.receive(timeout=0.05))
                except JetwayError:
                    break
            for envelope in served:
                leaver.reply(envelope, "leaver")
        for load in loads:
            load.enough.set()
        for load in loads:
            load.join(10 * SLOW)
        self.assertEqual([request for load in loads for request in load.requests if request.code], [])


if __name__ == "__main__":
    unittest.main()
