"""Who may do what: each rule with what it allows and what it refuses, at each kind of terminal."""

import os
import shutil
import signal
import subprocess
import sys
import unittest

import msgpack

import hostile
from harness import BINARY, ROOT, SLOW, Client, TestCase, ask_json, free_addresses, jetway, run_jetway, until
from peers import Peer

TOKEN = "a-long-and-secret-word"
SOMEBODY, A_GROUP = 65534, 54321  # a user and a group that the tests' own user isn't


class Rights(TestCase):
    def setUp(self):
        super().setUp()
        (self.host, (self.services, self.network)), = free_addresses(1, ports=2)
        self.world.folder.chmod(0o755)  # other users reach the sockets

    def start(self, rules="", top="", links=""):
        """Router a, with `rules` in its default terminal `local` and its TCP terminal `apps`."""
        self.file = self.world.write("rights.yml", self.text(rules, top, links))
        self.router, = self.world.routers(self.file, ["a"])
        return self.router

    def text(self, rules, top="", links=""):
        rules, unix_only = (rules, "") if isinstance(rules, str) else rules
        return f"""\
{top}
machines:
  a:
    listen: "{self.host}:{self.network}"
    terminals:
      - {{name: local, type: local{rules}{unix_only}}}
      - {{name: apps, type: local, address: "tcp://{self.host}:{self.services}"{rules}}}
{links}  b:
    services: [web]
"""

    def terminals(self):
        """Where the services of a attach, by kind."""
        return {"unix": self.router.socket, "tcp": (self.host, self.services)}

    def client(self, where, *services, token=None):
        client = Client(where, services, token=token, timeout=5 * SLOW)
        self.addCleanup(client.close)
        return client

    def reload(self, rules, **how):
        said = self.router.text().count('"reloaded"')
        self.file.write_text(self.text(rules, **how))
        self.router.signal(signal.SIGHUP)
        until(lambda: self.router.text().count('"reloaded"') > said, what="the reload")

    def neighbour(self, machine, routes=(), catalogs=(), services=()):
        """A peer that says it is the router `machine`, and announces that."""
        peer = Peer((self.host, self.network))
        self.addCleanup(peer.__exit__)
        own = {"machineId": machine, "incarnation": 1, "revision": 1,
               "services": [{"name": name, "instance": 1, "health": "up"} for name in services]}
        announce = {"machineId": machine, "incarnation": 1, "full": True, "digest": bytes(8),
                    "routes": [[machine, 1, 0, 0], *routes], "catalogs": [own, *catalogs]}
        peer.write(hostile.frame(jetway.HELLO, msgpack.packb(hostile.router_hello(machine))) +
                   hostile.frame(jetway.ANNOUNCE, msgpack.packb(announce)))
        return peer

    def listed(self):
        """{(service, machine)} that a's router can reach."""
        return {(row["name"], row["machineId"]) for row in self.router.ask("services")["services"]
                if row["reachable"]}


class Terminals(Rights):
    def test_a_token_is_asked_for(self):
        self.world.write("token", TOKEN + "\n").chmod(0o600)
        self.file = self.world.write("rights.yml", self.text(", token_file: token"))
        self.router = self.world.router(self.file, "a")
        until(lambda: Client(self.router.socket, token=TOKEN).close() or True, what="the router")
        for kind, where in self.terminals().items():
            with self.subTest(kind):
                self.client(where, "web", token=TOKEN)
                said = []
                for token in (None, "", TOKEN[:-1], TOKEN + "x"):
                    with self.refuses("forbidden") as caught:
                        Client(where, token=token)
                    said.append(str(caught.exception))
                self.assertEqual(len(set(said)), 1, "it isn't told whether it was wrong or missing")
        self.assertEqual(run_jetway("status", socket=self.router.socket).returncode, 6)
        self.assertEqual(run_jetway("status", "--token-file", self.world.folder / "token",
                                    socket=self.router.socket).returncode, 0)

    def test_a_file_of_a_token_that_others_can_read_is_refused(self):
        self.world.write("token", TOKEN).chmod(0o644)
        file = self.world.write("rights.yml", self.text(", token_file: token"))
        done = run_jetway("run", file, "--machine", "a", "--socket", self.world.folder / "a.sock")
        self.assertEqual(done.returncode, 3)
        self.assertIn("chmod 600", done.stderr)

    def test_names_that_may_not_be_attached_are_refused(self):
        self.start(", allow: {attach: [web, 'gpu-*']}")
        for kind, where in self.terminals().items():
            with self.subTest(kind):
                client = self.client(where, "web", "gpu-1")
                with self.refuses("forbidden") as caught:
                    Client(where, ["web", "db"])
                self.assertIn("db", str(caught.exception))
                with self.refuses("forbidden"):
                    client.attach("gpu-2", "db")
                self.assertNotIn(("gpu-2", "a"), self.listed())
                client.attach("gpu-2")
                until(lambda: ("gpu-2", "a") in self.listed(), what="gpu-2")
                client.detach("gpu-2")

    def test_what_may_not_be_sent_is_refused_and_counted(self):
        self.start(", allow: {send: ['gpu-*', '*@b', 'router@*', 'client-*']}")
        gpu, web = self.client(self.router.socket, "gpu-1"), self.client(self.router.socket, "web")
        for kind, where in self.terminals().items():
            with self.subTest(kind):
                client = self.client(where)
                before = self.router.refused("forbidden")
                client.send("gpu-1", "one")
                self.assertEqual(gpu.receive().data, "one")
                for destination in ("web", "web@a", "web@*", "echo"):
                    with self.refuses("forbidden"):
                        client.request(destination)
                with self.refuses("no-route"):
                    client.request("web@b")
                self.assertEqual(self.router.refused("forbidden") - before, 4)
        with self.refuses("timeout"):
            web.receive(timeout=0.1)

    def test_a_reload_holds_at_once_and_leaves_the_attached(self):
        self.start()
        for kind, where in self.terminals().items():
            with self.subTest(kind):
                self.reload("")
                client = self.client(where, f"web-{kind}")
                self.assertEqual(client.request("echo", 1).data, 1)
                self.reload(", allow: {send: ['client-*', 'router'], attach: []}")
                with self.refuses("forbidden"):
                    client.request("echo", 1)
                with self.refuses("forbidden"):
                    Client(where, ["other"])
                self.assertIn((f"web-{kind}", "a"), self.listed())

    def as_somebody(self, groups=()):
        """What a client of another user says of the Unix socket: `welcome`, or the refusal's code."""
        shutil.copy(ROOT / "clients" / "python" / "jetway.py", self.world.folder)
        (self.world.folder / "jetway.py").chmod(0o644)
        program = ("import sys; sys.path.insert(0, sys.argv[1])\nimport jetway\ntry:\n"
                   "    jetway.Client(sys.argv[2]).close(); print('welcome')\n"
                   "except jetway.JetwayError as error:\n    print(error.code)\n")
        done = subprocess.run([sys.executable, "-B", "-c", program, self.world.folder, self.router.socket],
                              user=SOMEBODY, group=SOMEBODY, extra_groups=groups, cwd="/",
                              capture_output=True, text=True, timeout=20 * SLOW, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout.strip()

    @unittest.skipIf(os.geteuid() != 0, "to be other users takes root")
    def test_users_and_groups_of_a_unix_socket(self):
        self.start(("", f", allow: {{users: [{SOMEBODY}]}}"))
        self.assertEqual(self.as_somebody(), "welcome")
        self.reload(("", ", allow: {users: [1]}"))
        self.assertEqual(self.as_somebody(), "forbidden")
        self.assertEqual(run_jetway("status", socket=self.router.socket).returncode, 0)  # we are root
        self.reload(("", f", allow: {{groups: [{A_GROUP}]}}"))
        self.assertEqual(self.as_somebody(), "forbidden")
        self.assertEqual(self.as_somebody([A_GROUP]), "welcome")

    def test_an_unknown_user_is_an_error_at_start_and_refuses_a_reload(self):
        file = self.world.write("rights.yml", self.text(("", ", allow: {users: [no-such-user]}")))
        done = run_jetway("run", file, "--machine", "a", "--socket", self.world.folder / "a.sock")
        self.assertEqual(done.returncode, 3)
        self.assertIn("no-such-user", done.stderr)
        self.start()
        self.file.write_text(self.text(("", ", allow: {groups: [no-such-group]}")))
        self.router.signal(signal.SIGHUP)
        until(lambda: "reload refused" in self.router.text(), what="the refusal")
        self.client(self.router.socket)


class EveryKind(TestCase):
    """The same rules at a terminal of every kind, by the verbs."""

    def test_a_terminals_rules_hold_whatever_carries_it(self):
        (host, ports), = free_addresses(1, ports=4)
        schemes = ("tcp", "tls", "ws", "wss")
        rules = "token_file: token, allow: {attach: [web], send: [echo, 'router@*', 'client-*', web]}"
        file = self.world.write("kinds.yml", f"""\
security: {{certificates: certs}}
machines:
  a:
    terminals:
      - {{name: local, type: local, {rules}}}
""" + "".join(f"""\
      - {{name: {scheme}, type: local, address: "{scheme}://{host}:{port}", {rules}}}
""" for scheme, port in zip(schemes, ports)))
        token = self.world.write("token", TOKEN + "\n")
        token.chmod(0o600)
        certs = self.world.folder / "certs"
        self.assertEqual(run_jetway("certs", file, "--out", certs).returncode, 0)
        router = self.world.router(file, "a")
        places = {"unix": router.socket, **{scheme: f"{scheme}://{host}:{port}"
                                            for scheme, port in zip(schemes, ports)}}
        until(lambda: run_jetway("status", "--token-file", token, socket=router.socket).returncode == 0,
              what="the router")
        for kind, where in places.items():
            def ask(*arguments, by=where):
                return run_jetway(*arguments, "--socket", by, "--ca", certs / "ca.pem")
            known = ("--token-file", token)
            with self.subTest(kind):
                self.assertEqual(ask("request", "echo", "x", *known).returncode, 0)
                self.assertEqual(ask("request", "echo", "x").returncode, 6)
                refused = ask("request", "elsewhere", "x", *known)
                self.assertEqual(refused.returncode, 6)
                self.assertIn("elsewhere", refused.stderr)
                refused = ask("serve", "db", "--echo", *known)
                self.assertEqual(refused.returncode, 6)
                self.assertIn("db", refused.stderr)
                serving = self.world.process("web", BINARY, "serve", "web", "--echo", *known, "--socket", where,
                                             "--ca", certs / "ca.pem")
                until(lambda: ask("request", "web", "x", *known).returncode == 0, what="web")
                serving.signal(signal.SIGTERM)
                serving.wait()
                drained = ask("drain", "--all", "--undo", *known)  # by the credentials of a Unix socket only
                self.assertEqual(drained.returncode, 1 if kind == "unix" else 6, drained.stderr)


class Control(TestCase):
    def test_a_router_is_changed_from_a_machine_it_names_over_tls_and_from_no_other(self):
        places = {machine: f"{host}:{port}" for machine, (host, (port,)) in zip("abc", free_addresses(3))}
        for scheme, code in (("tls", 0), ("tcp", 6)):
            with self.subTest(scheme):
                folder = self.world.folder / scheme
                folder.mkdir()
                file = self.world.write(f"{scheme}/remote.yml", """\
security: {certificates: certs}
machines:
  a: {admin: {remote: [b]}, services: [web]}
""" + "".join(f"""\
  {machine}:
    terminals:
      - {{name: to-a, type: network, address: "{scheme}://{places["a"]}"}}
""" for machine in "bc"))
                self.assertEqual(run_jetway("certs", file, "--out", folder / "certs").returncode, 0)
                a, b, c = self.world.routers(file, "abc")
                until(lambda: b.ways("web") and c.ways("web"), what="the links")
                done = run_jetway("drain", "--all", "--at", "a", socket=c.socket)
                self.assertEqual(done.returncode, 6)
                self.assertIn("admin", done.stderr)
                done = run_jetway("drain", "--all", "--at", "a", "--quiet", "100ms", socket=b.socket)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(a.ask("drain")["all"], code == 0)
                for router in (a, b, c):
                    if asker := self.world.askers.pop(router, None):
                        asker.close()
                    router.signal(signal.SIGTERM)
                    router.wait()


class Neighbours(Rights):
    def start_with(self, announce, top=""):
        return self.start(top=top, links=f"""\
      - {{name: to-b, type: network, address: "127.0.0.1:1"{announce}}}
""")

    def refused(self, machine="b"):
        rows = ask_json("neighbours", socket=self.router.socket)["neighbours"]
        return sum(row["refused"] for row in rows if row["machineId"] == machine)

    def test_a_machine_that_a_neighbour_may_not_announce_is_ignored_and_reported(self):
        self.start_with(", announce: {machines: ['edge-*']}")
        def has(machine, service):
            return {"machineId": machine, "incarnation": 1, "revision": 1,
                    "services": [{"name": service, "instance": 1, "health": "up"}]}
        self.neighbour("b", routes=[["bank", 1, 1, 1], ["edge-7", 1, 1, 1]], services=["web"],
                       catalogs=[has("bank", "safe"), has("edge-7", "sensor")])
        until(lambda: {("web", "b"), ("sensor", "edge-7")} <= self.listed(), what="what b may announce")
        self.assertNotIn(("safe", "bank"), self.listed())
        self.assertGreaterEqual(self.refused(), 2)
        self.assertGreaterEqual(self.router.ask("status")["gossip"]["refused"], 2)
        until(lambda: "bank" in self.router.text() and "announce-refused" in self.router.text(), what="the report")
        with self.refuses("no-route"):
            self.router.client().request("safe")

    def test_a_service_that_a_neighbour_may_not_announce_is_ignored_and_reported(self):
        self.start_with(", announce: {services: [web]}")
        self.neighbour("b", services=["web", "safe"])
        until(lambda: ("web", "b") in self.listed(), what="web")
        self.assertNotIn(("safe", "b"), self.listed())
        self.assertEqual(self.refused(), 1)
        until(lambda: "service safe" in self.router.text(), what="the report")

    def test_with_strict_services_a_machine_has_what_the_deployment_gives_it(self):
        self.start_with("", top="strict_services: true")
        self.neighbour("b", services=["web", "safe"], routes=[["stranger", 1, 1, 1]],
                       catalogs=[{"machineId": "stranger", "incarnation": 1, "revision": 1,
                                  "services": [{"name": "web", "instance": 1, "health": "up"}]}])
        until(lambda: ("web", "b") in self.listed(), what="web")
        self.assertEqual(self.listed(), {("web", "b")})
        self.assertEqual(self.refused(), 2)
        with self.refuses("forbidden"):
            Client(self.router.socket, ["mine"])

    def test_changed_rules_hold_after_a_reload(self):
        self.start_with("")
        self.neighbour("b", services=["web", "safe"])
        until(lambda: ("safe", "b") in self.listed(), what="safe")
        self.reload("", links="""\
      - {name: to-b, type: network, address: "127.0.0.1:1", announce: {services: [web]}}
""")
        until(lambda: self.listed() == {("web", "b")}, what="that safe is gone")
        self.assertNotIn("link down", self.router.text())

    def test_unknown_neighbours_are_refused_where_the_deployment_says_so(self):
        self.start_with("", top="unknown_neighbours: refuse")
        known, unknown = self.neighbour("b", services=["web"]), self.neighbour("x", services=["web"])
        until(lambda: ("web", "b") in self.listed(), what="the known one")
        frames = list(unknown.frames())
        self.assertEqual(frames[-1][0], jetway.GOODBYE)
        self.assertEqual(msgpack.unpackb(frames[-1][1])["code"], "forbidden")
        self.assertEqual(self.listed(), {("web", "b")})
        del known


if __name__ == "__main__":
    unittest.main()
