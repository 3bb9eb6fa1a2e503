"""What a newcomer is told: `doctor`, `explain`, `trace` and `events`, about what is wrong in a mesh."""

import json
import socket
import threading
import unittest

import msgpack

import hostile
from harness import BINARY, SLOW, Client, TestCase, ask_json, free_addresses, jetway, run_jetway, until
from peers import Peer
from silent_relay import SilentRelay

MACHINES = ("machine-a", "machine-b", "machine-c")


class Mesh(TestCase):
    """Three machines, each joined to both others, as far as the test doesn't say otherwise."""

    def start(self, machines=MACHINES, **changes):
        self.hosts = {machine: (host, ports) for machine, (host, ports) in
                      zip(MACHINES, free_addresses(3, ports=2))}
        self.file = self.world.write("deployment.yml", self.text(**changes))
        self.routers = dict(zip(machines, self.world.routers(self.file, machines)))
        self.a = self.routers["machine-a"]

    def text(self, a_terminals="", wrong_port=None, services=("pty-server", "parser-server", "gpu-server"), top=""):
        at = {machine: f"{host}:{ports[0]}" for machine, (host, ports) in self.hosts.items()}
        lines = [top, "admin: {listen: []}", "machines:"]  # one host: the default address is for one router
        for machine, service in zip(MACHINES, services):
            lines += [f"  {machine}:", f"    services: [{service}]", f"    listen: \"{at[machine]}\"", "    terminals:"]
            for other in MACHINES:
                if other != machine:
                    address = at[other] if (machine, other) != wrong_port else at[other].rsplit(":", 1)[0] + ":1"
                    dialled = f", address: \"{address}\"" if machine < other else ""
                    lines.append(f"      - {{name: to-{other}, type: network{dialled}}}")
            if machine == "machine-a":
                lines.append(a_terminals)
        return "\n".join(lines) + "\n"

    def joined(self, links=2):
        """Waits until machine-a has so many links up."""
        until(lambda: sum(row["state"] == "up" for row in self.a.ask("neighbours")["neighbours"]) == links,
              what=f"{links} links of machine-a")

    def attach_all(self):
        for machine, service in zip(MACHINES, ("pty-server", "parser-server", "gpu-server")):
            if machine in self.routers:
                self.world.serve(self.routers[machine], service)
        until(lambda: all(row["health"] == "up" for row in self.a.ask("services")["services"]), what="all services up")

    def doctor(self, *arguments):
        done = run_jetway("doctor", *arguments, socket=self.a.socket)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertEqual(done.returncode == 1, "error  " in done.stdout or "warning  " in done.stdout, done.stdout)
        return done.stdout

    def told(self, *parts):
        """Waits for a finding that says all of these, and returns it with its line `look:`."""
        def finding():
            lines = self.doctor().splitlines()
            for number, line in enumerate(lines):
                if all(part in line for part in parts):
                    return line + "\n" + lines[number + 1]
            return None
        return until(finding, what=f"a finding with {parts}")

    def explain(self, *arguments):
        return run_jetway("explain", *arguments, socket=self.a.socket)

    def trace(self, *arguments):
        return run_jetway("trace", *arguments, socket=self.a.socket)


class Doctor(Mesh):
    def test_a_mesh_that_is_well(self):
        self.start()
        self.attach_all()
        self.joined()
        until(lambda: self.doctor() == "nothing is wrong, 3 machines asked\n", what="a mesh in which nothing is wrong")

    def test_a_service_that_is_not_attached(self):
        self.start()
        self.joined()
        finding = self.told("error", "machine-c: service gpu-server", "no program has attached it: start it")
        self.assertIn("look: jetway explain gpu-server@machine-c", finding)
        explained = self.explain("gpu-server")
        self.assertEqual(explained.returncode, 1)
        self.assertIn("detached", explained.stdout)
        traced = self.trace("gpu-server")
        self.assertEqual(traced.returncode, 1)
        self.assertIn("refused: no-instance", traced.stdout)

    def test_a_neighbour_that_is_down(self):
        self.start()
        self.attach_all()
        self.routers["machine-c"].kill()
        finding = self.told("error", "machine-a: the link to machine-c is down", "refused",
                            "no other way leads to machine-c either: is its router running")
        self.assertIn("look: jetway neighbours --at machine-a", finding)
        until(lambda: self.explain("gpu-server").returncode == 1, what="gpu-server to be known as unreachable")
        traced = self.trace("gpu-server@machine-c")
        self.assertIn("refused: no-route", traced.stdout)

    def test_a_wrong_port_in_the_file(self):
        self.start(wrong_port=("machine-a", "machine-b"))
        self.attach_all()
        self.joined(links=1)
        right = ":".join(map(str, (self.hosts["machine-b"][0], self.hosts["machine-b"][1][0])))
        self.told("error", "machine-a: the link to machine-b is down", f"dialled at {self.hosts['machine-b'][0]}:1",
                  f"machine-b runs, and listens for neighbours at {right}, not at port 1: correct the address")
        traced = self.trace("parser-server", "--json")
        way = [hop["machineId"] for hop in json.loads(traced.stdout)["legs"][0]["hops"]]
        self.assertEqual(way, ["machine-a", "machine-c", "machine-b"])
        self.assertIn("to-machine-c", self.explain("parser-server").stdout)

    def test_a_rule_that_refuses(self):
        host, (port, _) = free_addresses(1, ports=2)[0]
        self.start(a_terminals=f"      - {{name: apps, type: local, address: \"tcp://{host}:{port}\","
                               " allow: {send: [parser-server]}}")
        self.attach_all()
        self.joined()
        app = Client((host, port), timeout=5 * SLOW)
        self.addCleanup(app.close)
        with self.refuses("forbidden"):
            app.request("gpu-server", "x")
        finding = self.told("error", "machine-a: 1 envelope for gpu-server", "`forbidden`", "allow.send")
        self.assertIn("change the rule in the deployment file", finding)
        traced = run_jetway("trace", "gpu-server", "--socket", f"tcp://{host}:{port}")
        self.assertEqual(traced.returncode, 1)
        self.assertIn("refused: forbidden: nothing may be sent from this terminal", traced.stdout)
        self.assertIn("allow.send", traced.stdout)

    def test_a_slow_service(self):
        self.start(top="limits: {queue: 256KiB}")
        slow = Peer(self.routers["machine-c"].socket)   # reads nothing but its HELLO
        self.addCleanup(slow.__exit__)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.write(hostile.frame(jetway.HELLO, msgpack.packb({"protocol": [1], "role": "service", "services": ["gpu-server"]})))
        self.joined()
        sender = self.a.client()
        until(lambda: self.explain("gpu-server").returncode == 0, what="gpu-server to be up")
        flood = threading.Thread(target=self.flood, args=(sender,), daemon=True)
        flood.start()
        finding = self.told("error", "machine-c: service gpu-server is slow", "its senders have been held for")
        self.assertIn("look: jetway terminals --at machine-c", finding)
        hops = json.loads(self.trace("gpu-server", "--json").stdout)["legs"][0]["hops"]
        self.assertEqual([hop["machineId"] for hop in hops], ["machine-a", "machine-c"])
        self.assertGreater(hops[-1]["queuedBytes"], 0)
        self.assertIn("held", self.explain("gpu-server").stdout)

    @staticmethod
    def flood(sender):
        """Sends until the router no longer takes it, as one that heeds no HOLD."""
        try:
            for _ in range(4_000):
                sender.send("gpu-server", b"x" * 1_000)
        except (jetway.JetwayError, OSError):
            pass

    def test_a_neighbour_of_another_protocol_version(self):
        self.start(machines=("machine-a", "machine-c"))
        self.routers["machine-c"].ready()
        host, ports = self.hosts["machine-b"]
        listener = socket.create_server((host, ports[0]))
        self.addCleanup(listener.close)
        threading.Thread(target=self.refuse_version, args=(listener,), daemon=True).start()
        finding = self.told("error", "machine-a: the link to machine-b is down", "different versions of the protocol")
        self.assertIn("upgrade the older one", finding)
        self.assertEqual(self.explain("router@machine-b").returncode, 1)
        # And the other way about: one that dials in.
        newer = Peer((self.hosts["machine-c"][0], self.hosts["machine-c"][1][0]))
        self.addCleanup(newer.__exit__)
        newer.write(hostile.frame(jetway.HELLO, msgpack.packb(hostile.router_hello("machine-b", protocol=[2]))))
        self.told("error", "machine-c: connection refused", "code=version", "upgrade the older one")

    @staticmethod
    def refuse_version(listener):
        """A router of another version: it answers every HELLO with GOODBYE `version`."""
        try:
            while True:
                connection, _ = listener.accept()
                connection.recv(1 << 16)
                connection.sendall(jetway.frame(jetway.GOODBYE, msgpack.packb(
                    {"code": "version", "message": "this router speaks version 2"})))
                connection.close()
        except OSError:
            pass


class Line(TestCase):
    """machine-a and machine-c, and between them one that the test chooses."""

    def start(self, middle=True):
        self.hosts = {machine: f"{host}:{ports[0]}" for machine, (host, ports) in zip(MACHINES, free_addresses(3))}
        self.file = self.world.write("line.yml", f"""\
machines:
  machine-a:
    services: [mp4-encoder]
    listen: "{self.hosts['machine-a']}"
    terminals: [{{name: to-machine-b, type: network}}]
  machine-b:
    listen: "{self.hosts['machine-b']}"
    terminals:
      - {{name: to-machine-a, type: network, address: "{self.hosts['machine-a']}"}}
      - {{name: to-machine-c, type: network, address: "{self.hosts['machine-c']}"}}
  machine-c:
    services: [gpu-server]
    listen: "{self.hosts['machine-c']}"
    terminals: [{{name: to-machine-b, type: network}}]
""")
        names = MACHINES if middle else ("machine-a", "machine-c")
        self.routers = dict(zip(names, self.world.routers(self.file, names)))
        self.a, self.c = self.routers["machine-a"], self.routers["machine-c"]
        self.world.serve(self.a, "mp4-encoder")
        self.world.serve(self.c, "gpu-server")

    def start_around_relay(self):
        """With a router in the middle that reports nothing."""
        self.start(middle=False)
        relay = SilentRelay("machine-b", {machine: self.hosts[machine] for machine in ("machine-a", "machine-c")})
        self.addCleanup(relay.close)
        self.reached()
        return relay

    def reached(self):
        until(lambda: run_jetway("explain", "gpu-server", socket=self.a.socket).returncode == 0, what="gpu-server")
        until(lambda: run_jetway("explain", "mp4-encoder", socket=self.c.socket).returncode == 0, what="mp4-encoder")

    def hairpin(self, *arguments):
        done = run_jetway("trace", "gpu-server", "--reply-to", "mp4-encoder@machine-a", "--json", *arguments,
                          socket=self.a.socket)
        return done.returncode, json.loads(done.stdout)


class Trace(Line):
    def test_every_hop_of_a_hairpin_with_times_that_add_up(self):
        self.start()
        self.reached()
        code, trace = self.hairpin()
        self.assertEqual(code, 0)
        there, back = trace["legs"]
        self.assertEqual([hop["machineId"] for hop in there["hops"]], list(MACHINES))
        self.assertEqual([hop["machineId"] for hop in back["hops"]], list(reversed(MACHINES)))
        self.assertEqual([(hop["from"], hop["to"]) for hop in there["hops"][:2]],
                         [("router", "to-machine-b"), ("to-machine-a", "to-machine-c")])
        self.assertTrue(there["hops"][2]["to"].startswith("client-"))
        self.assertEqual([hop["why"] for hop in there["hops"]], ["nearest", "nearest", "here"])
        self.assertEqual(trace["outcome"], "delivered")
        for leg in trace["legs"]:
            within = sum(hop["microseconds"] for hop in leg["hops"])
            self.assertEqual(leg["inRoutersMicroseconds"], within)
            self.assertGreater(within, 0)
            self.assertEqual(within + leg["betweenMicroseconds"], leg["microseconds"])
            for hop in leg["hops"]:
                self.assertEqual(hop["queuedBytes"], 0)
                self.assertLessEqual(hop["microseconds"], hop["reportedAfterMicroseconds"])

    def test_the_service_hears_nothing_unless_told_to(self):
        self.start()
        heard = []
        self.world.serve(self.c, "gpu-2", handler=lambda envelope: heard.append(envelope.data) or "done")
        until(lambda: run_jetway("explain", "gpu-2", socket=self.a.socket).returncode == 0, what="gpu-2")
        self.assertEqual(run_jetway("trace", "gpu-2", socket=self.a.socket).returncode, 0)
        self.assertEqual(heard, [])
        done = run_jetway("trace", "gpu-2", "--deliver", "--data", "hello", "--json", socket=self.a.socket)
        self.assertEqual(heard, ["hello"])
        leg = json.loads(done.stdout)["legs"][0]
        self.assertGreater(leg["answeredAfterMicroseconds"], leg["inRoutersMicroseconds"])

    def test_from_another_machine_and_to_a_name_that_is_not_there(self):
        self.start()
        self.reached()
        trace = ask_json("trace", "gpu-server", "--from", "machine-b", socket=self.a.socket)
        self.assertEqual([hop["machineId"] for hop in trace["legs"][0]["hops"]], ["machine-b", "machine-c"])
        done = run_jetway("trace", "nosuch", socket=self.a.socket)
        self.assertEqual(done.returncode, 1)
        self.assertIn("refused: no-route", done.stdout)
        self.assertEqual(run_jetway("trace", "gpu-server@*", socket=self.a.socket).returncode, 2)

    def test_a_router_that_does_not_report_is_a_gap_that_is_marked(self):
        self.start_around_relay()
        code, trace = self.hairpin()
        self.assertEqual(code, 7)
        self.assertTrue(trace["gaps"])
        for leg, ends in zip(trace["legs"], (("machine-a", "machine-c"), ("machine-c", "machine-a"))):
            self.assertEqual([(hop["machineId"], hop["reported"]) for hop in leg["hops"]],
                             [(ends[0], True), ("machine-b", False), (ends[1], True)])
        text = run_jetway("trace", "gpu-server", socket=self.a.socket).stdout
        self.assertIn("machine-b", text)
        self.assertIn("this router did not report", text)

    def test_a_way_that_ends_in_silence_says_after_whom(self):
        relay = self.start_around_relay()
        relay.swallow = True
        done = run_jetway("trace", "gpu-server", "--timeout", "1s", socket=self.a.socket)
        self.assertEqual(done.returncode, 5, done.stdout)
        self.assertIn("nothing was heard after machine-a, which sent it on by to-machine-b", done.stdout)


class Events(Line):
    def test_what_happens_is_followed_as_it_happens_on_another_machine(self):
        self.start()
        self.reached()
        environment = {"JETWAY_SOCKET": str(self.a.socket)}
        follower = self.world.process("events", BINARY, "events", "--at", "machine-c", "--last", "0", "--json",
                                      env=environment)
        follower.expected = (0, -15)
        late = None

        def seen():
            nonlocal late
            if late is not None:
                late.close()
            late = Client(self.c.socket, ["late"], timeout=5 * SLOW)
            lines = [json.loads(line) for line in follower.text().splitlines()]
            return [line for line in lines if line["event"] == "service up" and line["fields"]["service"] == "late"]
        event = until(seen, what="the event", every=0.2)[0]
        late.close()
        self.assertEqual((event["schema"], event["machineId"], event["fields"]["at"]),
                         ("jetway.event/1", "machine-c", "machine-c"))
        text = run_jetway("events", "--at", "machine-c", "--last", "1000", "--no-follow", socket=self.a.socket).stdout
        self.assertIn("service up service=late at=machine-c cause=\"attach client-", text)

    def test_refusals_come_in_bulk(self):
        self.start()
        client = self.a.client()
        for _ in range(200):
            client.send("nosuch", "x")

        def count():
            rows = self.a.ask("refusals")["refusals"]
            return rows and rows[0]["count"] == 200
        until(count, what="200 refusals")
        until(lambda: sum(int(event["fields"]["count"]) for event in self.a.ask("events")["events"]
                          if event["event"] == "refused") == 200, what="all of them in events")
        lines = [event for event in self.a.ask("events")["events"] if event["event"] == "refused"]
        self.assertLessEqual(len(lines), 4)
        shown = run_jetway("refusals", socket=self.a.socket).stdout
        self.assertRegex(shown, r"no-route +nosuch +client-\d+ +200 ")


if __name__ == "__main__":
    unittest.main()
