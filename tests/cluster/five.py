"""The five machines of deploy/compose/five-machines.yml under load, and the faults that are done to them."""

import contextlib
import json
import pathlib
import shutil
import subprocess
import threading
import time

from cluster import COMPOSE, NUMBERED, Cluster, Machines
from engine import until
from load import Load

LETTERS = "abcde"
MACHINES = [f"machine-{letter}" for letter in LETTERS]
LINKS = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "a")]
SERVICES = {f"work-{letter}": [f"machine-{letter}"] for letter in LETTERS} | {"spread": ["machine-b", "machine-d"]}
RATE = 10  # requests a second, from each machine to each service
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


def pause_for(seconds):
    """Lets the load run for so long: the length of a fault, not a wait for something."""
    threading.Event().wait(seconds)


def override(folder, clocked):
    """Sockets and the file come from this host, and the services answer numbered requests."""
    def router(machine, letter, networks=""):
        clock = ("    environment: {LD_PRELOAD: /faketime.so, FAKETIME_TIMESTAMP_FILE: /etc/clock, DONT_FAKE_MONOTONIC: 1}\n"
                 if machine == clocked else "")
        clock_files = (f"      - {FAKETIME}:/faketime.so:ro\n      - {folder}/clock:/etc/clock:ro\n"
                       if machine == clocked else "")
        return (f"  {machine}:\n{networks}{clock}    volumes:\n      - {folder}/deployment.yml:/etc/jetway/deployment.yml:ro\n"
                f"      - {folder}/{machine}:/run/jetway\n{clock_files}")

    def service(name, service, machine):
        return (f"  {name}:\n    entrypoint: [/jetway-numbered]\n"
                f"    command: [receive, --router, unix:///run/jetway/{machine}.sock, --answer, --again, --service, {service}]\n"
                f"    volumes:\n      - {folder}/{machine}:/run/jetway\n      - {NUMBERED}:/jetway-numbered:ro\n")

    hardened = "    image: ${JETWAY_IMAGE}\n    restart: always\n    read_only: true\n    cap_drop: [ALL]\n    security_opt: ['no-new-privileges:true']\n"
    text = "services:\n"
    for letter in LETTERS:
        text += router(f"machine-{letter}", letter)
        text += service(f"work-{letter}", f"work-{letter}", f"machine-{letter}")
    for letter in "bd":
        text += service(f"spread-{letter}", "spread", f"machine-{letter}")
    # A sixth machine, which joins by an edit of the file.
    text += router("machine-f", "f", hardened + "    networks: [link-ab]\n    command: [run, --machine, machine-f]\n")
    text += service("work-f", "work-f", "machine-f") + hardened + "    network_mode: none\n"
    # A name that is not there is known not to be at once: nobody outside is asked.
    text += "networks:\n" + "".join(f"  link-{''.join(link)}: {{internal: true}}\n" for link in LINKS)
    return text


class Five(Cluster):
    def __init__(self, engine, rate=RATE):
        self.machines = Machines(engine.temporary_folder(), [*MACHINES, "machine-f"])
        self.load = None
        folder = self.machines.folder
        self.file = folder / "deployment.yml"
        shutil.copy(COMPOSE / "deployments" / "five-machines.yml", self.file)
        (folder / "clock").write_text("+0\n")
        self.clocked = "machine-e" if FAKETIME.exists() else None
        routers_and_services = [*MACHINES, *(f"work-{letter}" for letter in LETTERS), "spread-b", "spread-d"]
        super().__init__(engine, "five-machines.yml", folder, override(folder, self.clocked), routers_and_services)
        until(lambda: all(self.complete(machine) for machine in MACHINES), 30, "five machines that know all services",
              every=0.1)
        self.load = Load({machine: self.machines.socket(machine) for machine in MACHINES}, list(SERVICES), rate)
        self.whole()
        self.settle()

    def close(self):
        if self.load is not None:
            self.load.stop()
            self.load = None
        super().close()

    def complete(self, machine):
        """Whether that router has a way to every service's instances, and all are up."""
        rows = self.machines.ask(machine, "services")["services"]
        there = {(row["name"], row["machineId"]) for row in rows if row["health"] == "up" and row["reachable"]}
        return all((service, at) in there for service, places in SERVICES.items() for at in places)

    def settle(self, seconds=1.0, deadline=40):
        """Until every request of the last so many seconds was answered in time; when that began."""
        try:
            until(lambda: self.load.undisturbed(seconds), deadline, "a load that is answered in time", every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}; since: {dict(self.load.troubles(2))}") from None

    def whole(self, deadline=30):
        """Until every link is up."""
        until(lambda: all(row["state"] == "up" for machine in MACHINES
                          for row in self.machines.ask(machine, "neighbours")["neighbours"]), deadline, "all links up",
              every=0.05)

    def ways(self):
        """{(machine, service): the machines between and at the ends of each way that is selected now}."""
        hops = {}
        for machine in MACHINES:
            for row in self.machines.ask(machine, "routes")["routes"]:
                if row["state"] == "selected":
                    first = machine if row["via"] == "local" else row["via"].partition("→")[0]
                    hops.setdefault((machine, row["machineId"]), set()).add(first)

        def between(machine, at, seen=()):
            if machine == at or machine in seen:
                return {machine}
            return {machine}.union(*(between(first, at, (*seen, machine)) for first in hops.get((machine, at), ())))
        return {(machine, service): set().union(*(between(machine, at) | between(at, machine) for at in places))
                for machine in MACHINES for service, places in SERVICES.items()}

    def refused_answers(self):
        """{(asker's address, id): code} of answers that came back to the services."""
        refused = {}
        for service in [*(f"work-{letter}" for letter in LETTERS), "spread-b", "spread-d"]:
            for line in self.logs(service).splitlines():
                if line.startswith('{"refused_answer"'):
                    said = json.loads(line)
                    refused[said["to"], said["refused_answer"]] = said["code"]
        return refused

    # What is done to it. Each gives (when it began, when it was done).

    def disconnect(self, link, machine):
        return self._network("disconnect", link, machine)

    def connect(self, link, machine):
        return self._network("connect", link, machine)

    def _network(self, verb, link, machine):
        began = time.monotonic()
        alias = ["--alias", machine] if verb == "connect" else []
        self.engine.docker("network", verb, *alias, self.network(f"link-{''.join(link)}"), self.container(machine))
        return began, time.monotonic()

    @contextlib.contextmanager
    def bad_network(self, machine, loss=0.0, delay=0.0, seed=1):
        """Yields what is used for it."""
        program = pathlib.Path(__file__).with_name("bad_network.py")
        command = [*self.engine.enter(self.container(machine)), "/usr/bin/python3", str(program),
                   "--loss", str(loss), "--delay", str(delay), "--seed", str(seed)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            try:
                said = process.stdout.readline().strip()
                if not said:
                    raise RuntimeError(f"bad_network.py ended: {process.stderr.read()[-1000:]}")
                yield said
            finally:
                process.stdin.close()
                undone = process.stdout.read().strip()
        assert undone == "undone", f"bad_network.py ended with {process.returncode} and {undone!r}"

    def retransmitted(self, machine):
        """TCP segments that this machine has sent again."""
        said = subprocess.run([*self.engine.enter(self.container(machine)), "cat", "/proc/net/snmp"], capture_output=True,
                              text=True, check=True).stdout
        names, values = [line.split() for line in said.splitlines() if line.startswith("Tcp:")]
        return int(dict(zip(names, values))["RetransSegs"])

    def reload(self, text):
        """The file as it is now, read again by every router; the same file, as containers have it by its inode."""
        began = time.monotonic()
        with open(self.file, "r+", encoding="utf-8") as file:
            file.write(text)
            file.truncate()
        self.docker("kill --signal HUP", *MACHINES)
        return began, time.monotonic()
