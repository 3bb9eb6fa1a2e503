"""What the tests of links under faults share: a mesh of routers behind an adapter, numbered traffic, and a bad wire.

    JETWAY=build/release/cli/jetway /usr/bin/python3 -m unittest discover -s tests/faults        the short ones
    JETWAY_LONG=1 ...                                                                            all of them

To compare another router, write a class with JetwayMesh's methods, a program that prints what jetway-numbered prints,
and name the class in MESH.
"""

import asyncio
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import BINARY, SANITIZED, SLOW, TestCase, free_addresses, run_jetway, until  # noqa: E402,F401

NUMBERED = pathlib.Path(os.environ.get("JETWAY_NUMBERED", BINARY.parents[1] / "tests" / "faults" / "jetway-numbered"))
LONG = bool(os.environ.get("JETWAY_LONG"))
DEAD_AFTER = 0.9  # gossip.dead_after, seconds

if "ASAN_OPTIONS" not in os.environ and SANITIZED:
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"


class Numbered:
    """A jetway-numbered: prints a line of JSON when asked for a report, and one when it ends."""

    def __init__(self, world, name, *arguments):
        self.process = world.process(name, NUMBERED, *arguments)
        self.process.expected = (0, 4)
        self.read = 0

    def lines(self):
        return [json.loads(line) for line in self.process.text().split("\n")[:-1] if line.startswith("{")]

    def report(self, deadline=10.0):
        """What it says now."""
        before = len(self.lines())
        self.process.signal(signal.SIGUSR1)
        until(lambda: len(self.lines()) > before, deadline, f"a report of {self.process.name}")
        return self.lines()[-1]

    def done(self, deadline=60.0):
        """What it says at its end, to which it comes by itself."""
        self.process.wanted = True
        self.process.wait(deadline)
        return self.lines()[-1]

    def stop(self, deadline=40.0):
        self.process.signal(signal.SIGTERM)
        return self.done(deadline)


class Sender(Numbered):
    def flows(self, said):
        return {flow["destination"]: flow for flow in said["flows"]}


class Receiver(Numbered):
    def ready(self):
        until(lambda: self.lines() or not self.process.alive(), 10, f"{self.process.name} attached")
        assert self.process.alive(), self.process.text()
        return self

    def services(self, deadline=10.0):
        return {service["service"]: service for service in self.report(deadline)["services"]}

    def pause(self):
        """It reads nothing any more."""
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)


class JetwayMesh:
    """Routers on this host, one a machine, on loopback addresses of their own.

    `links` are pairs of machines: (a, b) is dialled by a, at b's address or at what `via` has for the pair.
    """

    resumes = True  # links whose connection breaks go on where they were
    holds = True    # senders are told to wait

    def __init__(self, world, links, via=None, settings="", listeners=None):
        self.world, self.links = world, links
        machines = sorted({machine for link in links for machine in link})
        self.addresses = dict(zip(machines, free_addresses(len(machines), ports=6)))
        self.routers = {}
        text = settings + "machines:\n"
        for machine in machines:
            host, (port, *_) = self.addresses[machine]
            text += f"  {machine}:\n    listen: {host}:{port}\n    terminals:\n"
            for line in (listeners or {}).get(machine, lambda *_: [])(*self.addresses[machine]):
                text += f"      - {line}\n"
            for one, other in links:
                if machine == one:
                    peer_host, (peer_port, *_) = self.addresses[other]
                    to = (via or {}).get((one, other), lambda *where: where)(peer_host, peer_port)
                    text += f"      - {{name: to-{other}, type: network, peer: {other}, address: '{to[0]}:{to[1]}'}}\n"
                elif machine == other:
                    text += f"      - {{name: to-{one}, type: network, peer: {one}}}\n"
        self.file = world.write("mesh.yml", text)
        if "certificates: certs" in settings:
            done = run_jetway("certs", self.file, "--out", world.folder / "certs")
            assert done.returncode == 0, done.stderr
        for machine in machines:
            self.start(machine)
        for machine in machines:
            self.routers[machine].ready()
        until(lambda: all(self.reaches(one, other) for one in machines for other in machines if one != other), 15,
              "a mesh in which everyone reaches everyone")
        world.stack.callback(self.adds_up)  # once the senders and receivers have ended

    def start(self, machine):
        self.routers[machine] = self.world.router(self.file, machine, arguments=["--log-format", "json"])

    def kill(self, machine):
        self.routers[machine].kill()

    def pause(self, machine):
        self.routers[machine].signal(signal.SIGSTOP)

    def resume(self, machine):
        self.routers[machine].signal(signal.SIGCONT)

    def resident(self, machine):
        return self.routers[machine].resident()

    def adds_up(self):
        """What went in came out, everywhere: whatever a test did to its mesh."""
        alive = next(router for router in self.routers.values() if router.alive())
        done = run_jetway("ledger", socket=alive.socket)
        print(f"\n  ledger: {done.stdout.splitlines()[-1] if done.stdout else done.stderr}")
        assert done.returncode == 0, done.stdout + done.stderr

    def reaches(self, machine, other):
        graph = self.routers[machine].ask("graph")
        return any(row["machineId"] == other and row["reachable"] for row in graph["machines"])

    def sees(self, machine, service):
        return any(row["name"] == service and row["health"] == "up" and row["reachable"]
                   for row in self.routers[machine].ask("services")["services"])

    def counters(self, machine):
        return self.routers[machine].ask("status")["counters"]

    def link_changes(self, machine):
        """[(event, peer, code)] of its links going up and down, in order."""
        changes = []
        for line in self.routers[machine].text().splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            event = said.get("event") or said.get("message") or said.get("msg")
            if event in ("link up", "link down"):
                changes.append((event, said.get("peer"), said.get("code", "")))
        return changes

    def link_up(self, machine, peer):
        return any(row["machineId"] == peer and row["state"] == "up"
                   for row in self.routers[machine].ask("neighbours")["neighbours"])

    def sender(self, machine, destinations, rate, count=0, **how):
        arguments = ["send", "--router", f"unix://{self.routers[machine].socket}", "--rate", rate, "--count", count]
        for name, value in how.items():
            arguments += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
        return Sender(self.world, f"sender-{machine}", *arguments, "--to", *destinations)

    def receiver(self, machine, services, answer=False):
        receiver = Receiver(self.world, f"receiver-{machine}", "receive", "--router",
                            f"unix://{self.routers[machine].socket}", *(["--answer"] if answer else []),
                            "--service", *services).ready()
        for other in self.routers:
            until(lambda: all(self.sees(other, service) for service in services), 10,
                  f"{', '.join(services)} up, as {other} sees it")
        return receiver

    def cut(self, one, other):
        """Ends every connection between the two from outside, both ends being reset."""
        host, (port, *_) = self.addresses[other]
        return cut_tcp(host, port)


MESH = JetwayMesh


def cut_tcp(host, port):
    """Resets every TCP connection to that address; how many there were."""
    done = subprocess.run(["ss", "--kill", "--no-header", "--tcp", "--numeric", "state", "established", "dst", f"{host}:{port}"],
                          capture_output=True, text=True, check=True)
    return len(done.stdout.splitlines())


def why_no_cut():
    """Why `ss --kill` does nothing here, or None."""
    import socket
    if os.geteuid() != 0:
        return "ending others' connections (ss --kill) needs root"
    with socket.socket() as listener, socket.socket() as one:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        one.connect(listener.getsockname())
        other, _ = listener.accept()
        with other:
            try:
                if cut_tcp(*listener.getsockname()) == 0:
                    return "ss --kill ended nothing: the kernel lacks INET_DIAG_DESTROY"
                one.settimeout(0.5)
                one.recv(1)
                return "ss --kill ended nothing: the kernel lacks INET_DIAG_DESTROY"
            except ConnectionError:
                return None
            except (OSError, subprocess.SubprocessError) as error:
                return f"ss --kill does not work here: {error}"


class Wire:
    """A proxy in a thread of its own, which passes connections on until it is told to do worse.

    reset()     ends all connections at once by a reset, in the middle of whatever is under way
    stall()     passes nothing more, and tells nobody; resume() goes on
    delay       seconds that every piece takes
    loss        the part of the pieces that cost a retransmission: `retransmission` seconds more, for all behind it too
    """

    PIECE = 1 << 14

    def __init__(self, world):
        self.delay, self.loss, self.retransmission = 0.0, 0.0, 1.0
        self.connections, self.passed = set(), 0
        self._to = None
        self._loop = asyncio.new_event_loop()
        self._flowing = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        world.stack.callback(self.close)

    def through(self, host, port):
        """What to dial instead of that address."""
        (own, (listen,)), = free_addresses(1)
        self._to = (host, port)
        self._call(self._start(own, listen))
        return own, listen

    async def _start(self, host, port):
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = await asyncio.start_server(self._accepted, host, port, limit=self.PIECE)

    async def _accepted(self, reader, writer):
        try:
            other_reader, other_writer = await asyncio.open_connection(*self._to, limit=self.PIECE)
        except OSError:
            writer.transport.abort()
            return
        both = (writer, other_writer)
        self.connections.add(both)
        try:
            await asyncio.gather(self._pass(reader, other_writer), self._pass(other_reader, writer))
        except OSError:
            pass
        finally:
            self.connections.discard(both)
            for end in both:
                end.transport.abort()

    async def _pass(self, reader, writer):
        import random
        under_way = asyncio.Queue(maxsize=4096)

        async def take():
            last = 0.0
            while piece := await reader.read(self.PIECE):
                arrives = self._loop.time() + self.delay
                if self.loss and random.random() < self.loss:
                    arrives += self.retransmission
                last = max(last, arrives)
                await under_way.put((last, piece))
            await under_way.put((last, b""))

        taking = asyncio.ensure_future(take())
        try:
            while True:
                arrives, piece = await under_way.get()
                if (wait := arrives - self._loop.time()) > 0:
                    await asyncio.sleep(wait)
                await self._flowing.wait()
                if not piece:
                    writer.write_eof()
                    return
                writer.write(piece)
                self.passed += len(piece)
                await writer.drain()
        finally:
            taking.cancel()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def reset(self):
        async def run():
            ended = 0
            for pair in list(self.connections):
                for end in pair:
                    raw = end.get_extra_info("socket")
                    # An abort with SO_LINGER 0 sends RST, and what is in the buffers is lost.
                    raw.setsockopt(1, 13, struct.pack("ii", 1, 0))
                    end.transport.abort()
                ended += 1
            return ended
        return self._call(run())

    def stall(self):
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def resume(self):
        self._loop.call_soon_threadsafe(self._flowing.set)

    def close(self):
        async def run():
            self._server.close()
            for pair in list(self.connections):
                for end in pair:
                    end.transport.abort()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            await asyncio.sleep(0)
        self._call(run())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def pause_for(seconds):
    """Lets real traffic run for so long: the length of a measurement, not a wait for something."""
    threading.Event().wait(seconds)


def lost(flow, stream):
    """How many of a flow's envelopes came to nothing: not delivered, and not refused with a word."""
    return flow["sent"] - flow["refused"] - stream["distinct"]


def stream_of(services, service):
    streams = services[service]["streams"]
    assert len(streams) == 1, f"{service} has {len(streams)} streams"
    return streams[0]


def arrived(receiver, service, expected, deadline):
    """The stream of a service, once so many have arrived, or the deadline is over."""
    found = {}

    def all_there():
        found.update(receiver.services())
        streams = found[service]["streams"]
        return sum(stream["distinct"] for stream in streams) >= expected
    try:
        until(all_there, deadline, every=0.2)
    except AssertionError:
        pass
    return stream_of(found, service)
