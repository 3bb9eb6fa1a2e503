"""Five real routers in containers, under numbered requests, while one thing after another is done to them.

JETWAY_WRITE_RELIABILITY=1 writes the table of what came of it to docs/reliability.md.
"""

import collections
import datetime
import os
import platform
import time
import unittest

import five
import load
from cluster import TestCase
from engine import ROOT, until
from five import FAKETIME, MACHINES, Five, pause_for

COLUMNS = ("requests", "answered", "refused:", "not taken", "unanswered:", "twice", "slowest", "around", "back", "links")
PAGE = ROOT / "docs" / "reliability.md"
MOST_AROUND, MOST_REST, MOST_LINKS = 5.0, 10.0, 15.0  # seconds to recover that are too many, on a busy host too
SLACK = 1.0  # seconds: how long a request may have been in a router's hands, or on the way to it


class Fault:
    """One fault, from before it until the load is answered in time again, and what is promised of it."""

    def __init__(self, mesh, name):
        self.mesh, self.name = mesh, name
        self.events = []      # when something was done
        self.over = None      # when what it was done to was let go on, put back, or started
        self.lasts = False    # nothing is well for sure before it is over
        self.away = {}        # machine or service that the fault is at -> (since, when it was back; None: see `over`)
        self.ended = {}       # machine or service -> (from, to) of its end
        self.note = ""

    def __enter__(self):
        self.mesh.settle()
        self.ways = self.mesh.ways()
        self.before = time.monotonic() - 1.0
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.mesh.whole()
            self.links = max(0.0, time.monotonic() - self.over)
            self.mesh.settle()
            self.until = time.monotonic() - load.LATE
            try:  # what has neither answer nor refusal by then will have none
                until(lambda: self.mesh.load.settled(self.before, self.until), 3, "an outcome for each", every=0.05)
            except AssertionError:
                pass
            self.requests = self.mesh.load.requests(self.before, self.until)

    def done(self, when, *touched):
        """What the mesh says of the fault being done: when."""
        self.events.append(when[0])
        self.away.update({name: (when[0], None) for name in touched})

    def kill(self, *names):
        when = self.mesh.docker("kill", *names)
        self.done(when, *names)
        self.ended.update({name: when for name in names})

    def restart(self, machine):
        when = self.mesh.docker("restart", machine)
        self.done(when)
        self.away[machine] = self.ended[machine] = when

    def healed(self, when):
        self.over = self.over or when[0]

    def excuse(self, request, refused_answers):
        """What became of a request that has no answer, as far as the README promises no more; or None."""
        if request.broke and request.asker in self.ended:
            return "own connection"
        if (request.address, request.id) in refused_answers:
            return "answer refused"
        for name, (began, ended) in self.ended.items():
            in_time = began - SLACK <= request.due <= ended
            on_its_way = name in self.ways[request.asker, request.destination] or name == request.destination \
                or (request.destination == "spread" and name.startswith("spread-"))
            if in_time and on_its_way:
                return "in its hands"
        return None

    def recovery(self):
        """Seconds until all was well: for those who have a way around, since what was done last before; for the rest,
        since it was over."""
        around, rest = 0.0, 0.0
        for request in self.requests:
            last = request.disturbed_until()
            if last is None:
                continue
            # When what it needs was back; a restart of another machine later is none of its ails.
            ails = [back or self.over for name, (since, back) in self.away.items()
                    if name in (request.asker, *places(request.destination)) and since <= last
                    and (back is None or request.due <= back + SLACK)]
            if self.lasts:
                rest = max(rest, last - self.over)
            elif ails:
                rest = max(rest, last - max(ails))
            else:
                around = max(around, last - max((event for event in self.events if event <= last), default=last))
        return around, rest


def places(destination):
    """What must be well for that service to be: `spread` has another instance."""
    return () if destination == "spread" else (destination, *five.SERVICES[destination])


class Reliability(TestCase):
    rows = []

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = []
        cls.mesh = Five(cls.engine)
        cls.addClassCleanup(cls.mesh.close)

    @classmethod
    def tearDownClass(cls):
        if os.environ.get("JETWAY_WRITE_RELIABILITY"):
            PAGE.write_text(page(cls.rows))
        super().tearDownClass()

    def judge(self, fault):
        """Keeps the row of the fault, and holds it against what is promised."""
        refused_answers = self.mesh.refused_answers()
        outcomes = collections.Counter(request.outcome for request in fault.requests)
        codes = collections.Counter(request.refused for request in fault.requests if request.outcome == "refused")
        excuses, unexplained = collections.Counter(), []
        for request in fault.requests:
            if request.outcome == "unanswered":
                excuse = fault.excuse(request, refused_answers)
                excuses[excuse] += 1
                if excuse is None:
                    unexplained.append((request.asker, request.destination, request.id,
                                        round(request.due - fault.events[0], 3)))
        repeated = sum(request.repeated for request in fault.requests)
        unmarked = sum(request.repeated_unmarked for request in fault.requests)
        slowest = max(request.settled - request.due for request in fault.requests if request.outcome == "answered")
        around, rest = fault.recovery()
        row = {"fault": fault.name, "requests": len(fault.requests), "answered": outcomes["answered"],
               "codes": codes, "not taken": outcomes["not taken"], "excuses": excuses, "repeated": repeated, "slowest": slowest,
               "around": around, "rest": rest, "links": fault.links, "note": fault.note}
        self.rows.append(row)
        fault.slowest = slowest
        said = ", ".join(f"{name} {value}" for name, value in zip(COLUMNS, columns(row)))
        print(f"\n  {fault.name}: {said}", flush=True)
        self.assertEqual(unexplained, [], "requests that nobody answered, refused, or had in his hands when he was killed")
        self.assertEqual(unmarked, 0, "answers that came twice, and bore no mark")
        self.assertGreater(outcomes["answered"], len(fault.requests) / 2)
        self.assertLess(around, MOST_AROUND)
        self.assertLess(rest, MOST_REST)
        self.assertLess(fault.links, MOST_LINKS)

    def test_01_a_router_is_killed(self):
        with Fault(self.mesh, "router killed (machine-b), started again after 3 s") as fault:
            fault.kill("machine-b")
            pause_for(3)
            fault.healed(self.mesh.docker("start", "machine-b"))
        self.judge(fault)

    def test_02_a_service_is_killed(self):
        with Fault(self.mesh, "two services killed (work-c, an instance of spread), started again after 2 s") as fault:
            fault.kill("work-c", "spread-b")
            pause_for(2)
            fault.healed(self.mesh.docker("start", "work-c", "spread-b"))
        self.judge(fault)

    def test_03_a_router_is_paused(self):
        with Fault(self.mesh, "router paused for 10 s (machine-c)") as fault:
            fault.done(self.mesh.docker("pause", "machine-c"), "machine-c")
            pause_for(10)
            fault.healed(self.mesh.docker("unpause", "machine-c"))
        self.judge(fault)

    def test_04_a_service_is_paused(self):
        with Fault(self.mesh, "service paused for 10 s (work-d)") as fault:
            fault.done(self.mesh.docker("pause", "work-d"), "work-d")
            pause_for(10)
            fault.healed(self.mesh.docker("unpause", "work-d"))
        self.judge(fault)
        self.assertGreater(fault.slowest, 9, "it was paused, and what waited for it was answered")

    def test_05_a_network_is_disconnected(self):
        with Fault(self.mesh, "a machine taken from a network for 3 s (machine-a, link to machine-b)") as fault:
            fault.done(self.mesh.disconnect("ab", "machine-a"))
            pause_for(3)
            fault.healed(self.mesh.connect("ab", "machine-a"))
        self.judge(fault)

    def test_06_both_links_of_a_machine_are_cut_in_turn(self):
        with Fault(self.mesh, "both links of machine-d cut in turn, alone for 2 s") as fault:
            fault.done(self.mesh.disconnect("cd", "machine-d"), "machine-d")
            pause_for(2)
            fault.done(self.mesh.disconnect("de", "machine-d"))
            pause_for(2)
            fault.healed(self.mesh.connect("cd", "machine-d"))
            pause_for(1)
            self.mesh.connect("de", "machine-d")
        self.judge(fault)

    def test_07_packets_are_lost(self):
        with Fault(self.mesh, "5 % of the packets of machine-e lost, for 5 s") as fault:
            before = self.mesh.retransmitted("machine-e")
            with self.mesh.bad_network("machine-e", loss=0.05) as how:
                fault.done((time.monotonic(), 0))
                fault.lasts = True
                fault.note = how
                pause_for(5)
            fault.healed((time.monotonic(), 0))
        self.judge(fault)
        self.assertGreater(self.mesh.retransmitted("machine-e"), before, "packets were lost")

    def test_08_packets_are_late(self):
        with Fault(self.mesh, "packets of machine-e 40 ms late each way, for 4 s") as fault:
            with self.mesh.bad_network("machine-e", delay=0.04) as how:
                fault.done((time.monotonic(), 0))
                fault.lasts = True
                fault.note = how
                pause_for(4)
            fault.healed((time.monotonic(), 0))
        self.judge(fault)
        self.assertGreater(fault.slowest, 2 * 0.04, "packets were late")

    def test_09_all_are_restarted_in_turn(self):
        with Fault(self.mesh, "all five restarted in turn (SIGTERM)") as fault:
            for machine in MACHINES:
                fault.restart(machine)
                until(lambda: all(self.mesh.complete(each) for each in MACHINES), 20, "all of them whole again", every=0.05)
            fault.healed((time.monotonic(), 0))
        self.judge(fault)

    def test_10_a_clock_is_set_back(self):
        if self.mesh.clocked is None:
            self.skipTest(f"no {FAKETIME}")
        with Fault(self.mesh, "machine-e killed, started with its clock a day back") as fault:
            fault.kill("machine-e")
            clock = self.mesh.folder / "clock"
            clock.write_text("-1d\n")
            fault.healed(self.mesh.docker("start", "machine-e"))
        self.assertIn(str(datetime.date.today() - datetime.timedelta(days=1)),
                      self.engine.docker("exec", self.mesh.container("machine-e"), "date", "+%F").stdout)
        self.judge(fault)

    def test_11_a_machine_is_added_and_removed(self):
        before = self.mesh.file.read_text()
        with Fault(self.mesh, "machine-f added and removed (file, SIGHUP)") as fault:
            more = before + ("\n  machine-f:\n    listen: 0.0.0.0:9001\n    services:\n      - work-f\n    terminals:\n"
                             "      - {name: to-machine-a, type: network, address: 'machine-a:9001'}\n"
                             "      - {name: to-machine-b, type: network, address: 'machine-b:9001'}\n")
            fault.done(self.mesh.reload(more))
            self.mesh.compose("up", "--detach", "--no-build", "--no-deps", "machine-f", "work-f")
            until(lambda: "pong" in self.mesh.jetway("machine-d", "ping", "work-f", check=False).stdout, 20,
                  "an answer of the new machine's service", every=0.1)
            self.mesh.docker("stop", "work-f", "machine-f")
            fault.done(self.mesh.reload(before))
            until(lambda: not any(row["machineId"] == "machine-f" and row["reachable"] for machine in MACHINES
                                  for row in self.mesh.machines.ask(machine, "services")["services"]), 20,
                  "no word of it any more", every=0.1)
            fault.healed((time.monotonic(), 0))
        self.judge(fault)


HEAD = """# What becomes of requests when things break

Written by `JETWAY_WRITE_RELIABILITY=1 /usr/bin/python3 -m unittest discover -s tests/cluster -p 'test_reliability*'`, on {date}:
{host}.

Five routers in containers, in the ring of [five-machines.yml](../deploy/compose/five-machines.yml): each machine has two links, and
there are two ways between any two. On every machine a client asks every service ({services}) {rate} times a second, {rate_all}
requests a second in all, by the clock, whatever comes back. The services are on one machine each, but for `spread`, which has two instances. Each
row starts and ends with a mesh that answers everything within {late:g} s.

- **refused**: answered with an error's code, by a router.
- **not taken**: the client's own router was away, or its socket full; the client knew.
- **unanswered**: neither answer nor refusal came to the client. *own connection*: its own router was ended, and with it the connection
  that the answer would have come over. *in its hands*: sent at most {slack:g} s before a router on its way, or its service, was killed.
  *answer refused*: it was answered, and the answer came back to the service with an error's code. A request without an answer for any other reason fails the test.
- **twice**: answers beyond the first; all but the first bore the mark POSSIBLE_DUPLICATE, or what they answer did, else the test fails.
- **slowest**: the longest that an answer took.
- **around**: the longest time from what was done to the last request that was refused, late (over {late:g} s), not taken or unanswered, among
  those between machines and services that nothing was done to. A link that says nothing is given up after 0.9 s (`gossip.dead_after`).
- **back**: the same for the others, from when what was broken was started, let go on, or connected again, `docker start` included.
- **links**: from the same moment until every link of the mesh was up again. A link that was long away is dialled every 5 s at most.

| what was done | requests | answered | refused | not taken | unanswered | twice | slowest, s | around, s | back, s | links, s |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def page(rows):
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "CPU unknown")
    host = f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"
    text = HEAD.format(date=datetime.date.today().isoformat(), host=host, late=load.LATE, slack=SLACK, rate=five.RATE,
                       rate_all=five.RATE * len(MACHINES) * len(five.SERVICES),
                       services=", ".join(f"`{name}`" for name in five.SERVICES))
    for row in rows:
        note = f" ({row['note']})" if row["note"] else ""
        text += "| " + " | ".join([row["fault"] + note, *columns(row)]) + " |\n"
    return text


def columns(row):
    def listed(counts):
        return ", ".join(f"{what} {count}" for what, count in sorted(counts.items(), key=str)) or "0"
    return [str(row["requests"]), str(row["answered"]), listed(row["codes"]), str(row["not taken"]),
            listed(row["excuses"]), str(row["repeated"]), f"{row['slowest']:.2f}", f"{row['around']:.2f}", f"{row['rest']:.2f}", f"{row['links']:.1f}"]


if __name__ == "__main__":
    unittest.main()
