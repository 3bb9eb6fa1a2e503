"""Routers that serve 9P: one on a loopback address, or three in a row of network namespaces.

    class Things(OneRouter): ...     self.router, self.client(), self.tell("register …")
    class Things(Row): ...           self.routers["a"] …, self.client("a"), self.tell("a", "register …")

In the row a has a wire to b and b one to c: a can reach c through b's router alone.
"""

import contextlib
import os
import sys
import unittest

from raw9p import Client, Refused
from instance9p import Instance, in_namespace
from harness import ROOT, SLOW, Netns, TestCase, free_addresses, run_jetway, until  # in its folder since raw9p is imported

LONG = bool(os.environ.get("JETWAY_LONG"))
PORT = 5640
WHY_NO_ROW = Netns.why_not()
ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}


class Ninep(TestCase):
    """What both have: clients of the tree, and instances that end with the test."""

    def instance(self, name, **how):
        instance = Instance(name, **how)
        self.addCleanup(instance.close)
        return instance

    def usable(self, client, service, count):
        """Waits until that many instances of the service are `up` here."""
        def up():
            said = client.read(f"/route/service/{service}/instances").decode()
            if said.count(" up") < count:
                raise ValueError(said)
            return said
        return until(up, 20, f"{count} instances of {service}")

    def refused(self, what, work, *arguments, **named):
        """The words or number of the error with which it is refused, which hold `what`."""
        with self.assertRaises(Refused) as caught:
            work(*arguments, **named)
        if what is not None:
            self.assertIn(str(what), str(caught.exception.what))
        return caught.exception.what


class OneRouter(Ninep):
    SETTINGS = ""     # more of the deployment's settings
    MACHINE = ""      # … and of the machine's keys, without indentation
    WRITE = "true"    # whether TCP clients may change things
    HOST = None       # a loopback address instead of one of its own

    def setUp(self):
        super().setUp()
        (self.host, (self.port,)), = free_addresses(1)
        self.host = self.HOST or self.host
        machine = "".join(f"    {line}\n" for line in self.MACHINE.splitlines())
        file = self.world.write("deployment.yml", f"""
ninep:
  listen:
    - {{address: "tcp://{self.host}:{self.port}", write: {self.WRITE}}}
{self.SETTINGS}
machines:
  here:
    services: []
{machine}""")
        self.file = file
        self.unix = self.world.folder / "here" / "svc"
        self.router, = self.world.routers(file, ["here"])

    def client(self, dialect="9P2000", deadline=10.0, unix=False, **how):
        client = Client.at(str(self.unix) if unix else (self.host, self.port), dialect, deadline=deadline, **how)
        self.addCleanup(client.close)
        return client

    def tell(self, *lines):
        with Client.at((self.host, self.port)) as client:
            client.write("/route/ctl", "".join(line + "\n" for line in lines))


@unittest.skipIf(WHY_NO_ROW, WHY_NO_ROW)
class Row(Ninep):
    SETTINGS = ""

    def setUp(self):
        self.net = Netns(ADDRESSES, [("a", "b"), ("b", "c")])
        self.addCleanup(self.net.close)
        super().setUp()
        links = {"a": [("b", "10.0.0.2:9001")], "b": [("a", "10.0.0.1:9001"), ("c", "10.0.0.3:9001")],
                 "c": [("b", "10.0.0.2:9002")]}
        text = f"insecure: true\n{self.SETTINGS}\nmachines:\n"
        for machine, terminals in links.items():
            text += f"""  {machine}:
    services: []
    ninep:
      listen:
        - {{address: "tcp://127.0.0.1:{PORT}", write: true}}
    terminals:
""" + "".join(f"      - {{name: to-{peer}, type: network, address: \"{address}\"}}\n" for peer, address in terminals)
        file = self.world.write("row.yml", text)
        self.file = file
        self.routers = {router.machine: router for router in self.world.routers(file, ADDRESSES, net=self.net)}

    def at(self, machine):
        """Its network namespace's name."""
        return self.net.names[machine]

    def client(self, machine, dialect="9P2000", deadline=10.0, **how):
        client = in_namespace(self.at(machine),
                              lambda: Client.at(("127.0.0.1", PORT), dialect, deadline=deadline, **how))
        self.addCleanup(client.close)
        return client

    def tell(self, machine, *lines):
        client = self.client(machine)
        client.write("/route/ctl", "".join(line + "\n" for line in lines))
        client.close()


def who_answers(client, service, count, together=50):
    """Which instance answers each of `count` new walks to `service`/who, in order; many are under way at once."""
    answers = []
    while len(answers) < count:
        fids = [client.fid() for _ in range(min(together, count - len(answers)))]
        walks = [client.start("Twalk", fid=client.root, newfid=fid, names=[service, "who"]) for fid in fids]
        for tag in walks:
            client.wait(tag)
        steps = [(client.start("Tlopen", fid=fid, flags=0) if client.linux else client.start("Topen", fid=fid, mode=0),
                  client.start("Tread", fid=fid, offset=0, count=100),
                  client.start("Tclunk", fid=fid)) for fid in fids]
        for opened, read, clunk in steps:
            client.wait(opened)
            answers.append(client.wait(read).data.decode())
            client.wait(clunk)
        client.free += fids
    return answers


@contextlib.contextmanager
def quick_switches(seconds=0.001):
    """Threads of this process take turns more often, so that an instance in it answers sooner."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


__all__ = ["LONG", "PORT", "ROOT", "SLOW", "Client", "Ninep", "OneRouter", "Refused", "Row", "TestCase", "WHY_NO_ROW",
           "quick_switches", "run_jetway", "until", "who_answers"]
