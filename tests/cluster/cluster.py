"""A cluster of deploy/compose, under a project name of its own, and the load's services in it."""

import json
import os
import pathlib
import time
import unittest

import engine as engines
from engine import BINARY, PREFIX, ROOT, Unusable, run
from harness import Client

COMPOSE = ROOT / "deploy" / "compose"
NUMBERED = pathlib.Path(os.environ.get("JETWAY_NUMBERED", BINARY.parents[1] / "tests" / "faults" / "jetway-numbered"))


class Cluster:
    """One file of deploy/compose, up from the start to close(). `override` is the text of a second one."""

    def __init__(self, engine, file, folder=None, override=None, services=()):
        self.engine, self.folder = engine, folder
        self.project = f"{PREFIX}{pathlib.Path(file).stem}"
        self._files = ["--file", COMPOSE / file]
        if override is not None:
            (folder / "override.yml").write_text(override)
            self._files += ["--file", folder / "override.yml"]
        self.environment = {**engine.environment, "JETWAY_IMAGE": engine.image()}
        self._ids, self._up = {}, True
        engine.on_close(self.close)
        self.compose("up", "--detach", "--no-build", *services)

    def compose(self, *arguments, **how):
        return run([*self.engine.compose, "--project-name", self.project, *self._files, *arguments],
                   env=self.environment, **how)

    def close(self):
        if self._up:
            self._up = False
            self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)

    def container(self, service):
        if service not in self._ids:
            found = self.engine.docker("ps", "--all", "--quiet", "--no-trunc",
                                       "--filter", f"label=com.docker.compose.project={self.project}",
                                       "--filter", f"label=com.docker.compose.service={service}").stdout.split()
            assert len(found) == 1, f"{len(found)} containers of {service}"
            self._ids[service], = found
        return self._ids[service]

    def network(self, name):
        return f"{self.project}_{name}"

    def docker(self, verb, *services, **how):
        """`docker verb` on the containers of these services; (when it began, when it was done)."""
        began = time.monotonic()
        self.engine.docker(*verb.split(), *map(self.container, services), **how)
        return began, time.monotonic()

    def logs(self, service):
        done = self.engine.docker("logs", self.container(service), check=False)
        return done.stdout + done.stderr

    def jetway(self, service, *arguments, check=True):
        return self.engine.docker("exec", self.container(service), "jetway", *arguments, check=check)

    def table(self, service):
        """{service: (machine, way, hops)} of the routes that are selected at that router."""
        rows = json.loads(self.jetway(service, "routes", "--json").stdout)["routes"]
        return {row["service"]: (row["machineId"], row["via"], row["hops"]) for row in rows
                if row["state"] == "selected" and row["service"] not in ("router", "echo")}


class Machines:
    """The routers' sockets on this host, by machine: what the load and its questions go over."""

    def __init__(self, folder, machines):
        self.folder = folder
        folder.chmod(0o755)
        for machine in machines:
            self.add(machine)

    def add(self, machine):
        place = self.folder / machine
        place.mkdir()
        place.chmod(0o777)  # the router in the container is a user of its own

    def socket(self, machine):
        return self.folder / machine / f"{machine}.sock"

    def ask(self, machine, what, **args):
        with Client(self.socket(machine), timeout=2) as client:
            return client.request(f"router@{machine}", {"request": what, **({"args": args} if args else {})}).data


class TestCase(unittest.TestCase):
    """Tests with the one engine of this program, or skipped with the reason why there is none."""

    @classmethod
    def setUpClass(cls):
        try:
            cls.engine = engines.shared()
        except Unusable as reason:
            raise unittest.SkipTest(str(reason)) from None
