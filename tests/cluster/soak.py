"""Five machines under load with a fault every ten seconds, for as many minutes as it is told: see scripts/soak.

What it is about is the end: memory and open files of every router are what they were at the beginning. The faults are
those of test_reliability.py, drawn from a seed; every request has an outcome, as there.
"""

import argparse
import collections
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import engine as engines
from engine import until
from five import LINKS, MACHINES, SERVICES, Five, pause_for

MORTAL = ["machine-b", "machine-e"]  # the others' processes live from the beginning to the end
EVERY = 10.0          # seconds from one fault to the next
WARM = 20.0           # seconds of load before the first measurement: buffers and tables have their size then
MORE_MEMORY = 2 << 20  # bytes of resident memory that a router may have gained: what its history, bounded, has grown by
MEBIBYTE = 1 << 20


class Soak:
    def __init__(self, mesh, draw):
        self.mesh, self.draw = mesh, draw
        self.first = {}  # by machine: measured of this very process, and when that was
        self.faults = [self.kill_router, self.kill_service, self.pause_router, self.pause_service, self.cut,
                       self.lose, self.delay, self.restart, self.set_clock_back, self.reload]

    def measure(self, machine):
        """(resident bytes, open files, incarnation) of the router."""
        status = self.mesh.machines.ask(machine, "status")
        files = self.mesh.engine.docker("exec", self.mesh.container(machine), "sh", "-c", "ls /proc/1/fd").stdout
        return status["residentBytes"], len(files.split()), status["incarnation"]

    def measure_all(self):
        return {machine: self.measure(machine) for machine in MACHINES}

    # The faults; each says what it did.

    def kill_router(self):
        machine = self.draw.choice(MORTAL)
        self.mesh.docker("kill", machine)
        pause_for(self.draw.uniform(0, 3))
        self.mesh.docker("start", machine)
        return f"{machine} killed and started"

    def kill_service(self):
        service = self.draw.choice([name for name in SERVICES if name != "spread"] + ["spread-b", "spread-d"])
        self.mesh.docker("kill", service)
        pause_for(self.draw.uniform(0, 2))
        self.mesh.docker("start", service)
        return f"{service} killed and started"

    def pause_router(self):
        return self._pause(self.draw.choice(MACHINES))

    def pause_service(self):
        return self._pause(self.draw.choice([name for name in SERVICES if name != "spread"]))

    def _pause(self, name):
        seconds = self.draw.uniform(0.2, 4)
        self.mesh.docker("pause", name)
        pause_for(seconds)
        self.mesh.docker("unpause", name)
        return f"{name} paused for {seconds:.1f} s"

    def cut(self):
        link = self.draw.choice(LINKS)
        machine = f"machine-{self.draw.choice(link)}"
        seconds = self.draw.uniform(0.2, 4)
        self.mesh.disconnect(link, machine)
        pause_for(seconds)
        self.mesh.connect(link, machine)
        return f"{machine} without its link {'-'.join(link)} for {seconds:.1f} s"

    def lose(self):
        return self._bad(loss=self.draw.uniform(0.01, 0.15))

    def delay(self):
        return self._bad(delay=self.draw.uniform(0.005, 0.1))

    def _bad(self, **how):
        machine = self.draw.choice(MACHINES)
        with self.mesh.bad_network(machine, seed=self.draw.randrange(1 << 30), **how) as said:
            pause_for(4)
        return f"{machine}: {said}"

    def restart(self):
        machine = self.draw.choice(MORTAL)
        self.mesh.docker("restart", machine)
        return f"{machine} restarted"

    def set_clock_back(self):
        if self.mesh.clocked is None:
            return self.restart()
        days = self.draw.randrange(1, 400)
        self.mesh.docker("kill", self.mesh.clocked)
        (self.mesh.folder / "clock").write_text(f"-{days}d\n")
        self.mesh.docker("start", self.mesh.clocked)
        return f"{self.mesh.clocked} killed, and its clock {days} days back"

    def reload(self):
        before = self.mesh.file.read_text()
        self.mesh.reload(before.replace("machines:\n", "hop_limit: 31\nmachines:\n", 1))
        pause_for(1)
        self.mesh.reload(before)
        return "all reloaded twice"

    def settle(self):
        self.mesh.settle()
        self.mesh.whole()
        until(lambda: all(self.mesh.complete(machine) for machine in MACHINES), 20, "a mesh that is whole", every=0.1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    try:
        engine = engines.shared()
    except engines.Unusable as reason:
        sys.exit(f"soak: {reason}")
    mesh = Five(engine)
    soak = Soak(mesh, random.Random(given.seed))
    began = time.monotonic()
    faults, troubles, outcomes, unmarked = 0, [], collections.Counter(), 0
    pause_for(WARM)
    # A router's own beginning is measured when it has been under load for as long: at the first, and after each start.
    first = soak.measure_all()
    counted = time.monotonic()

    def count(until_):
        nonlocal counted, unmarked
        for request in mesh.load.requests(counted, until_):
            outcomes[request.refused or request.outcome] += 1
            unmarked += request.repeated_unmarked
        for asker in mesh.load.askers:  # what is counted is not kept
            while asker.requests and asker.requests[0].due < until_ - 60:
                del asker.requests[:1000]
        counted = until_

    order = []
    while time.monotonic() - began < given.minutes * 60:
        if not order:
            order = soak.faults[:]
            soak.draw.shuffle(order)
        at = time.monotonic()
        said = order.pop()()
        print(f"{time.monotonic() - began:6.0f} s  {said}", end="", flush=True)
        soak.settle()
        faults += 1
        print(f"; well after {time.monotonic() - at:.1f} s", flush=True)
        count(time.monotonic() - 1)
        for machine, (resident, files, incarnation) in soak.measure_all().items():
            if first[machine][2] != incarnation:
                first[machine] = None  # another process: its beginning comes below
        pause_for(max(0.0, EVERY - (time.monotonic() - at)))
        for machine in MACHINES:
            if first[machine] is None:
                first[machine] = soak.measure(machine)
    soak.settle()
    pause_for(2)
    count(time.monotonic() - 1)
    print(f"\n{faults} faults in {(time.monotonic() - began) / 60:.1f} minutes (seed {given.seed}); requests: "
          + ", ".join(f"{what} {number}" for what, number in outcomes.most_common()) + f"; twice without a mark: {unmarked}")
    for machine, (resident, files, _) in soak.measure_all().items():
        was_resident, was_files, _ = first[machine]
        print(f"{machine}: resident {was_resident / MEBIBYTE:.1f} MiB, at the end {resident / MEBIBYTE:.1f}; "
              f"open files {was_files}, at the end {files}")
        if resident - was_resident > MORE_MEMORY:
            troubles.append(f"{machine} has {(resident - was_resident) / MEBIBYTE:.1f} MiB more than at its beginning")
        if files != was_files:
            troubles.append(f"{machine} had {was_files} open files, and has {files}")
    if unmarked:
        troubles.append(f"{unmarked} answers came twice, and bore no mark")
    for trouble in troubles:
        print(f"soak: {trouble}", file=sys.stderr)
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
