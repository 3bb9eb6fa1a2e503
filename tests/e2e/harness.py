"""What the end-to-end tests share: routers as processes, the command line, network namespaces.

    JETWAY=build/release/cli/jetway /usr/bin/python3 -m unittest discover -s tests/e2e

A World holds all that one test starts, ends all of it, and fails the test when a router ended by
itself or was told to end and did not do it well. Every wait is on a condition, with a deadline.
"""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "clients" / "python"))

import jetway  # noqa: E402,F401  (the tests take it from here)
from jetway import Client, JetwayError  # noqa: E402,F401

BINARY = pathlib.Path(os.environ.get("JETWAY", ROOT / "build" / "release" / "cli" / "jetway")).resolve()


def _sanitized():
    if not BINARY.exists():
        return False
    program = BINARY.read_bytes()
    return any(mark in program for mark in (b"__asan_init", b"__tsan_init", b"__ubsan_handle"))


SANITIZED = _sanitized()
SANITIZERS_SAY = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")
SLOW = 5.0 if SANITIZED else 1.0  # what bounds of time are multiplied by


def until(condition, deadline=10.0, what="the condition", every=0.01):
    """Waits until condition() is true, and returns what it gave. `deadline` is in seconds."""
    end = time.monotonic() + deadline * SLOW
    pause = threading.Event()
    last = None
    while True:
        try:
            if last := condition():
                return last
        except (JetwayError, OSError, ValueError) as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come about in {deadline * SLOW:g} s; the last was {last!r}")
        pause.wait(every)


def free_addresses(count, ports=1):
    """`count` loopback addresses that no other test run uses, as a list of (host, [port, ...])."""
    taken = []
    while len(taken) < count:
        host = f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        with contextlib.ExitStack() as stack:
            try:
                found = []
                for _ in range(ports):
                    probe = stack.enter_context(socket.socket())
                    probe.bind((host, 0))
                    found.append(probe.getsockname()[1])
                taken.append((host, found))
            except OSError:
                continue
    return taken


def on_loopback(text):
    """A deployment file's text with each 10.0.0.x put on a loopback address, and so no `insecure`."""
    net = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}."
    return text.replace("10.0.0.", net).replace("insecure: true\n", "")


class Process:
    """A program of the test's: its output goes to a file, which is shown when the test fails."""

    def __init__(self, world, name, command, env=None):
        self.world, self.name = world, name
        self.log = world.folder / f"{name}.{len(world.processes)}.log"
        self.expected = (0,)   # exit codes that are no fault when it is told to end
        with open(self.log, "wb") as log:
            self.popen = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        self.wanted = False    # whether it was told to end
        world.processes.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def text(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.wanted = self.wanted or number in (signal.SIGTERM, signal.SIGINT)
        self.popen.send_signal(number)

    def kill(self):
        self.wanted, self.expected = True, (-signal.SIGKILL,)
        self.popen.kill()
        self.popen.wait(10)

    def wait(self, deadline=10.0):
        try:
            return self.popen.wait(deadline * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end in {deadline * SLOW:g} s") from None

    def end(self):
        """Ends it, and returns what is to be said against how it ended, or None."""
        if self.alive():
            if not self.wanted:  # a second one may find the program past its handler, and kill it
                self.signal(signal.SIGTERM)
            try:
                self.popen.wait(5 * SLOW)
            except subprocess.TimeoutExpired:
                self.kill()
                return f"{self.name} did not end within {5 * SLOW:g} s of SIGTERM"
        code = self.popen.returncode
        if not self.wanted:
            return f"{self.name} ended by itself with {code}"
        if code not in self.expected:
            return f"{self.name} ended with {code}"
        return None


class Router(Process):
    def __init__(self, world, file, machine, net=None, arguments=(), env=None):
        self.machine, self.file = machine, pathlib.Path(file)
        self.socket = world.folder / f"{machine}.sock"
        inside = net.inside(machine) if net else []
        super().__init__(world, machine, [*inside, BINARY, "run", file, "--machine", machine,
                                          "--socket", self.socket, *arguments], env)

    def ready(self, deadline=10.0):
        def reached():
            if not self.alive():
                raise RuntimeError(f"{self.machine} ended with {self.popen.returncode}:\n{self.text()}")
            Client(self.socket, timeout=2 * SLOW).close()
            return True
        until(reached, deadline, f"a router that answers on {self.socket}")
        return self

    def client(self, *services, timeout=5.0):
        client = Client(self.socket, services, timeout=timeout * SLOW)
        self.world.stack.callback(client.close)
        return client

    def ask(self, what, **args):
        """The answer of this router to a control request, over a connection that is kept."""
        with self.world.lock:
            asker = self.world.askers.get(self)
            if asker is None:
                asker = self.world.askers[self] = Client(self.socket, timeout=5 * SLOW)
            try:
                return asker.request(f"router@{self.machine}",
                                     {"request": what, **({"args": args} if args else {})}).data
            except JetwayError:
                del self.world.askers[self]
                raise

    def table(self, *states):
        """{(service, way, hops, state)} of its routes, without the routers' own services."""
        return {(row["service"], row["via"], row["hops"], row["state"])
                for row in self.ask("routes", all=True)["routes"]
                if row["service"] not in ("router", "echo") and (not states or row["state"] in states)}

    def ways(self, service):
        """{(way, hops)} that are selected for the service."""
        return {(way, hops) for name, way, hops, state in self.table("selected") if name == service}

    def refused(self, code):
        return self.ask("status")["counters"]["refused"].get(code, 0)

    def resident(self):
        """Bytes of memory that the process has."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class World:
    def __init__(self):
        if not BINARY.exists():
            raise AssertionError(f"no jetway at {BINARY}: build it, or name it in JETWAY")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jetway-e2e-"))
        self.processes, self.askers = [], {}
        self.lock = threading.Lock()
        self.stack = contextlib.ExitStack()  # closed before the processes end
        self.said = ""

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def router(self, file, machine, **how):
        return Router(self, file, machine, **how)

    def routers(self, file, machines, **how):
        """Routers for these machines, all of them up."""
        return [router.ready() for router in [self.router(file, machine, **how) for machine in machines]]

    def process(self, name, *command, env=None):
        return Process(self, name, command, env)

    def in_background(self, work, *arguments):
        """Runs work in a thread that ends when what it waits for is closed."""
        def run():
            with contextlib.suppress(JetwayError, OSError):
                work(*arguments)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def serve(self, router, *services, handler=lambda envelope: envelope.data):
        """A service on this router that answers in the background."""
        client = Client(router.socket, services, timeout=5 * SLOW)
        self.stack.callback(cut, client)
        self.in_background(client.serve, handler)
        return client

    def close(self):
        """Ends all; returns the faults that were found in how they ended."""
        for asker in self.askers.values():
            asker.close()
        self.stack.close()
        # What hangs on a router ends before it does: a verb whose router goes first rightly ends with 4.
        routers = [process for process in self.processes if isinstance(process, Router)]
        others = [process for process in self.processes if not isinstance(process, Router)]
        faults = []
        for group in (others, routers):
            for process in group:
                if process.alive():
                    process.signal(signal.SIGTERM)
            faults += [fault for process in group if (fault := process.end())]
        for process in self.processes:
            text = process.text()
            for mark in SANITIZERS_SAY:
                if mark in text:
                    faults.append(f"{process.name}: {mark}")
            self.said += f"--- {process.name} (exit {process.popen.returncode})\n{text[-20000:]}\n"
        shutil.rmtree(self.folder, ignore_errors=True)
        return faults


def cut(client):
    """Ends a client's connection at once and without a word, from whatever thread."""
    with contextlib.suppress(OSError):
        client._socket.shutdown(socket.SHUT_RDWR)


class TestCase(unittest.TestCase):
    """A test with a World of its own, whose logs are printed when the test fails."""

    def setUp(self):
        self.world = World()
        self.addCleanup(self._end_world)

    def _end_world(self):
        faults = self.world.close()
        self.assertEqual(faults, [], "how the processes ended")

    def run(self, result=None):
        bad = (lambda: len(result.failures) + len(result.errors)) if result is not None else (lambda: 0)
        before = bad()
        super().run(result)
        if bad() > before and getattr(self, "world", None):
            print(f"\n=== what the processes of {self.id()} said\n{self.world.said}", file=sys.stderr)
        return result

    @contextlib.contextmanager
    def refuses(self, code):
        with self.assertRaises(JetwayError) as caught:
            yield caught
        self.assertEqual(caught.exception.code, code)


def run_jetway(*arguments, socket=None, stdin=None, timeout=20.0):
    """Runs `jetway ...` to its end."""
    environment = {key: value for key, value in os.environ.items() if key != "JETWAY_SOCKET"}
    if socket is not None:
        environment["JETWAY_SOCKET"] = str(socket)
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run([str(BINARY), *map(str, arguments)], input=stdin or b"", capture_output=True,
                          timeout=timeout * SLOW, env=environment, check=False)
    done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return done


def ask_json(*arguments, **how):
    """What `jetway ... --json` prints: one object."""
    done = run_jetway(*arguments, "--json", **how)
    if done.returncode != 0:
        raise AssertionError(f"jetway {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


class Netns:
    """A network namespace for each machine, and a wire (a veth pair) between each two that share a link.

    Addresses are /32s on the machines' loopback, with a host route for each wire: nothing but
    Jetway could find a way around a wire that is cut.
    """

    def __init__(self, addresses, wires):
        self.addresses = addresses
        self.names, self.mark = {}, f"{os.getpid() % 0xffff:x}{random.randrange(0x1000):03x}"
        for number, machine in enumerate(addresses):
            self.names[machine] = f"jetway-{self.mark}-{number}"
        try:
            for machine, name in self.names.items():
                self._ip("netns", "add", name)
                self._in(machine, "link", "set", "lo", "up")
                self._in(machine, "addr", "add", f"{addresses[machine]}/32", "dev", "lo")
            for one, other in wires:
                self._ip("link", "add", self._end(one, other), "netns", self.names[one], "type", "veth",
                         "peer", "name", self._end(other, one), "netns", self.names[other])
                for here, there in ((one, other), (other, one)):
                    self._in(here, "link", "set", self._end(here, there), "up")
                    self._route(here, there)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def why_not():
        """Why namespaces can't be made here, or None."""
        if os.geteuid() != 0:
            return "network namespaces need root"
        if not shutil.which("ip") or not shutil.which("ss"):
            return "network namespaces need iproute2's ip and ss"
        probe = f"jetway-probe-{os.getpid()}"
        done = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"ip netns does not work here: {done.stderr.strip()}"
        subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
        return None

    def inside(self, machine):
        return ["ip", "netns", "exec", self.names[machine]]

    def cut_closed(self, one, other):
        """Ends every connection between the two, and refuses each that they try to make."""
        for here, there in ((one, other), (other, one)):
            self._in(here, "route", "replace", "prohibit", f"{self.addresses[there]}/32")
        for here, there in ((one, other), (other, one)):
            subprocess.run([*self.inside(here), "ss", "--kill", "--tcp", "dst", self.addresses[there]],
                           capture_output=True, check=True)

    def cut_silently(self, one, other):
        """Loses every packet between the two: neither end is told anything."""
        for here, there in ((one, other), (other, one)):
            # To a station that is not there: the wire carries it, and nobody takes it.
            self._in(here, "neigh", "replace", self.addresses[there], "lladdr", "02:00:00:00:00:01",
                     "dev", self._end(here, there), "nud", "permanent")

    def heal(self, one, other):
        for here, there in ((one, other), (other, one)):
            self._in(here, "route", "del", "prohibit", f"{self.addresses[there]}/32", check=False)
            self._in(here, "neigh", "del", self.addresses[there], "dev", self._end(here, there), check=False)
            self._route(here, there)

    def close(self):
        for name in self.names.values():
            self._ip("netns", "del", name, check=False)

    def _end(self, here, there):
        machines = list(self.names)
        return f"jw{machines.index(here)}{machines.index(there)}"

    def _route(self, here, there):
        self._in(here, "route", "replace", f"{self.addresses[there]}/32", "dev", self._end(here, there),
                 "src", self.addresses[here])

    def _in(self, machine, *command, check=True):
        self._ip("-n", self.names[machine], *command, check=check)

    @staticmethod
    def _ip(*command, check=True):
        done = subprocess.run(["ip", *command], capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"ip {' '.join(command)}: {done.stderr.strip()}")
