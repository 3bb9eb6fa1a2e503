"""Taking services and routers out of use, and stopping them, without losing what is on its way."""

import os
import signal
import subprocess
import threading
import unittest

from harness import BINARY, SLOW, Client, JetwayError, TestCase, cut, free_addresses, run_jetway, until

MACHINES = ("a", "b", "c")


class Service:
    """An instance of `web` at a router's socket that comes back by itself, and counts what it is asked."""

    def __init__(self, test, router, name="web"):
        self.socket, self.name, self.machine = router.socket, name, router.machine
        self.asked, self.ended, self.client = 0, threading.Event(), None
        test.addCleanup(self.end)
        test.world.in_background(self.run)

    def run(self):
        while not self.ended.is_set():
            try:
                self.client = Client(self.socket, [self.name], timeout=2 * SLOW)
                self.client.serve(self.answer)
            except (JetwayError, OSError):
                self.ended.wait(0.02)

    def answer(self, envelope):
        self.asked += 1
        return [envelope.data, self.machine]

    def end(self):
        self.ended.set()
        if self.client:
            cut(self.client)


class Load:
    """Numbered requests to `web` from a client at one router, eight of them on the way at a time."""

    def __init__(self, test, router):
        self.client = Client(router.socket, timeout=5 * SLOW)
        test.addCleanup(self.client.close)
        self.answered, self.faults, self.by = 0, [], {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        number, waiting = 0, set()
        while waiting or not self.stopping.is_set():
            while len(waiting) < 8 and not self.stopping.is_set():
                number += 1
                waiting.add(number)
                self.client.send("web", number, reply_to=self.client.address, id=number)
            try:
                answer = self.client.receive(timeout=5 * SLOW)
            except JetwayError as error:
                self.faults.append(f"{len(waiting)} unanswered: {error}")
                return
            if answer.in_reply_to not in waiting:
                self.faults.append(f"an answer to {answer.in_reply_to} that nobody waits for")
                continue
            waiting.remove(answer.in_reply_to)
            if answer.error is not None:
                self.faults.append(f"{answer.in_reply_to}: {answer.error}")
            else:
                self.answered += 1
                self.by[answer.data[1]] = self.by.get(answer.data[1], 0) + 1

    def stop(self):
        self.stopping.set()
        self.thread.join(20 * SLOW)
        return self.faults


class Drain(TestCase):
    def setUp(self):
        super().setUp()
        places = free_addresses(len(MACHINES))
        self.at = {machine: f"{host}:{port}" for machine, (host, (port,)) in zip(MACHINES, places)}
        terminals = {machine: "".join(
            f'\n      - {{name: to-{peer}, type: network, address: "{self.at[peer]}"}}'
            for peer in MACHINES if peer != machine) for machine in MACHINES}
        self.file = self.world.write("mesh.yml", "machines:\n" + "".join(
            f"  {machine}:\n    listen: \"{self.at[machine]}\"\n    services: [web]\n    terminals:{terminals[machine]}\n"
            for machine in MACHINES))
        self.routers = dict(zip(MACHINES, self.world.routers(self.file, MACHINES)))

    def health(self, at, machine, service="web"):
        return {row["health"] for row in self.routers[at].ask("services")["services"]
                if row["name"] == service and row["machineId"] == machine}

    def all_up(self):
        until(lambda: all(self.health(at, machine) == {"up"} for at in MACHINES for machine in MACHINES),
              what="all instances up at all routers")

    def drain(self, machine, *arguments):
        return run_jetway("drain", *arguments, socket=self.routers[machine].socket, timeout=60)

    def test_a_service_is_drained_under_load(self):
        services = {machine: Service(self, router) for machine, router in self.routers.items()}
        self.all_up()
        load = Load(self, self.routers["a"])
        until(lambda: services["a"].asked > 50, what="load on a's instance")
        done = self.drain("a", "web", "--quiet", "300ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("drained", done.stdout)
        asked, before = services["a"].asked, services["b"].asked + services["c"].asked
        until(lambda: services["b"].asked + services["c"].asked > before + 50, what="load on the others")
        self.assertEqual(services["a"].asked, asked)
        self.assertEqual(load.stop(), [])

    def test_draining_is_seen_and_undone(self):
        for router in self.routers.values():
            Service(self, router)
        self.all_up()
        done = self.drain("a", "web", "--quiet", "1m", "--timeout", "200ms")
        self.assertEqual(done.returncode, 5)
        self.assertIn("1 instance", done.stderr)
        until(lambda: self.health("b", "a") == {"draining"}, what="draining at b")
        self.assertEqual(self.routers["a"].client().request("web@a", 1).data, [1, "a"])
        self.assertEqual(self.drain("a", "web", "--undo").returncode, 0)
        until(lambda: self.health("b", "a") == {"up"}, what="up at b")
        self.assertEqual(self.drain("a", "web", "--undo").returncode, 1)
        self.assertEqual(self.drain("a", "nothing").returncode, 1)
        self.assertEqual(self.drain("a").returncode, 2)

    def test_another_machine_is_not_drained_from_here(self):
        done = self.drain("a", "--all", "--at", "b")
        self.assertEqual(done.returncode, 6)
        self.assertIn("admin", done.stderr)
        self.assertFalse(self.routers["b"].ask("drain")["all"])

    @unittest.skipIf(os.geteuid() != 0, "to be other users takes root")
    def test_another_user_may_not_drain_unless_in_the_control_group(self):
        self.world.folder.chmod(0o755)

        def as_somebody(*groups):
            program = ("import os, sys\nfd = os.open(sys.argv[1], os.O_RDONLY)\n"
                       "os.setgroups([int(g) for g in sys.argv[3:]]); os.setgid(65534); os.setuid(65534)\n"
                       "os.execve(fd, ['jetway', 'drain', '--all', '--socket', sys.argv[2]], {})\n")
            return subprocess.run(["/usr/bin/python3", "-c", program, str(BINARY), str(self.routers["a"].socket),
                                   *map(str, groups)], capture_output=True, text=True, timeout=30 * SLOW, check=False)
        done = as_somebody()
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("65534", done.stderr)
        self.file.write_text("control_group: 54321\n" + self.file.read_text())
        self.routers["a"].signal(signal.SIGHUP)
        until(lambda: "control_group changed" in self.routers["a"].text(), what="the reload")
        self.assertEqual(as_somebody(54321).returncode, 0)

    def roll(self, stop):
        """Restarts every router in turn, `stop`ped so, under load from the two others."""
        for router in self.routers.values():
            Service(self, router)
        for machine in MACHINES:
            self.all_up()
            loads = [Load(self, self.routers[other]) for other in MACHINES if other != machine]
            until(lambda: all(load.answered > 100 for load in loads), what="load")
            stop(self.routers[machine])
            self.assertEqual(self.routers[machine].wait(), 0)
            if asker := self.world.askers.pop(self.routers[machine], None):
                asker.close()
            before = [load.answered for load in loads]
            until(lambda: all(load.answered > b + 100 for load, b in zip(loads, before)), what="load without it")
            self.routers[machine] = self.world.routers(self.file, [machine])[0]
            self.all_up()
            for load in loads:
                self.assertEqual(load.stop(), [], f"while {machine} was restarted")
                self.assertGreater(load.answered, 200)

    def test_a_rolling_restart_with_drain_loses_nothing(self):
        def stop(router):
            done = self.drain(router.machine, "--all", "--quiet", "200ms")
            self.assertEqual(done.returncode, 0, done.stderr)
            router.signal(signal.SIGTERM)
        self.roll(stop)

    def test_a_rolling_restart_by_sigterm_alone_loses_nothing(self):
        self.roll(lambda router: router.signal(signal.SIGTERM))


if __name__ == "__main__":
    unittest.main()
