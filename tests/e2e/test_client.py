"""The Python client, and the verbs of the command line, against one machine and against two."""

import json
import signal
import socket
import threading
import time
import unittest

from harness import (BINARY, ROOT, SANITIZED, SLOW, Client, JetwayError, TestCase, ask_json, free_addresses, jetway,
                     run_jetway, until)

YES, NO, USAGE, INVALID, UNREACHED, TIMEOUT = range(6)


class OneMachine(TestCase):
    def setUp(self):
        super().setUp()
        (host, (self.port, listen)), = free_addresses(1, ports=2)
        self.host = host
        self.file = self.world.write("deployment.yml", f"""\
machines:
  alpha:
    services:
      - configured
    terminals:
      - name: local-tcp
        type: local
        address: tcp://{host}:{self.port}
  beta:
    terminals:
      - name: to-alpha
        type: network
        address: {host}:{listen}
""")
        self.router, = self.world.routers(self.file, ["alpha"])

    def jetway(self, *arguments, code=YES, **how):
        done = run_jetway(*arguments, socket=self.router.socket, **how)
        self.assertEqual(done.returncode, code, f"jetway {arguments}: {done.stdout}{done.stderr}")
        return done

    def up(self, service, router=None):
        until(lambda: any(row["name"] == service and row["health"] == "up"
                          for row in (router or self.router).ask("services")["services"]), 10, f"{service} up")


class PythonClient(OneMachine):
    def test_it_is_given_an_address_of_its_own(self):
        one, other = self.router.client(), self.router.client()
        for client in (one, other):
            self.assertRegex(client.address, r"^client-[A-Za-z0-9._-]+@alpha$")
        self.assertNotEqual(one.address, other.address)

    def test_what_is_sent_to_a_connections_address_reaches_that_connection_only(self):
        one, other, sender = self.router.client("twin"), self.router.client("twin"), self.router.client()
        for number in range(4):
            sender.send(one.address, number)
        self.assertEqual([one.receive().data for _ in range(4)], [0, 1, 2, 3])
        with self.refuses("timeout"):
            other.receive(timeout=0.05)

    def test_an_envelope_arrives_as_it_was_sent(self):
        sink, sender = self.router.client("sink"), self.router.client("sender")
        self.up("sink")
        for data in (None, True, 7, -1, 2**64 - 1, 1.5, "text", b"bytes", [1, [2]], {"k": {"n": None}}):
            sender.send("sink@alpha", data, reply_to="sender", id=b"\0id", headers={"traceparent": "00-1-2-03"},
                        source="sender@alpha")
            self.assertEqual(sink.receive(), jetway.Envelope("sink@alpha", "sender@alpha", "sender", b"\0id", None,
                                                             {"traceparent": "00-1-2-03"}, None, data))

    def test_a_missing_source_becomes_the_connections_address(self):
        sink, sender = self.router.client("sink"), self.router.client()
        sender.send("sink")
        self.assertEqual(sink.receive().source, sender.address)

    def test_a_request_is_answered(self):
        self.world.serve(self.router, "double", handler=lambda envelope: 2 * envelope.data)
        client = self.router.client()
        for number in range(200):
            self.assertEqual(client.request("double", number).data, 2 * number)

    def test_instances_on_one_machine_take_turns(self):
        for name in "abc":
            self.world.serve(self.router, "turn", handler=lambda _, name=name: name)
        client = self.router.client()
        answers = [client.request("turn").data for _ in range(30)]
        self.assertEqual({name: answers.count(name) for name in "abc"}, {"a": 10, "b": 10, "c": 10})

    def test_a_refusal_is_an_error_with_its_code(self):
        client = self.router.client()
        for destination, code in (("nobody", "no-route"), ("nobody@alpha", "no-route"), ("a@nowhere", "no-route"),
                                  ("configured", "no-instance"), ("client-none@alpha", "no-instance|no-route"),
                                  ("not a name", "bad-envelope")):
            with self.subTest(destination):
                with self.assertRaises(JetwayError) as caught:
                    client.request(destination, timeout=2 * SLOW)
                self.assertIn(caught.exception.code, code.split("|"))

    def test_an_undeliverable_envelope_comes_back_to_where_its_answer_would_go(self):
        client, other = self.router.client(), self.router.client()
        client.send("nobody", reply_to=other.address, id="lost")
        error = other.receive()
        self.assertEqual((error.source, error.in_reply_to), ("router@alpha", "lost"))
        self.assertEqual((error.error["code"], error.error["at"], error.error["destination"]),
                         ("no-route", "alpha", "nobody"))
        self.assertEqual(self.router.refused("no-route"), 1)
        with self.refuses("timeout"):
            client.receive(timeout=0.05)

    def test_echo_reflects(self):
        self.assertEqual(self.router.client().request("echo@alpha", {"a": [1]}).data, {"a": [1]})

    def test_ping_is_answered_by_the_router_and_by_the_client(self):
        client = self.router.client()
        self.assertLess(client.ping(), 1.0 * SLOW)

    def test_services_come_and_go_on_one_connection(self):
        client, asker = self.router.client(), self.router.client()
        with self.refuses("no-route"):
            asker.request("late", timeout=2 * SLOW)
        client.attach("late", {"name": "later", "capabilities": ["gpu"], "version": "1.2", "weight": 3})
        asker.send("late", 1)
        asker.send("later", 2)
        self.assertEqual([client.receive().data, client.receive().data], [1, 2])
        row, = [row for row in self.router.ask("services")["services"] if row["name"] == "later"]
        self.assertEqual((row["capabilities"], row["version"], row["weight"], row["health"], row["machineId"]),
                         (["gpu"], "1.2", 3, "up", "alpha"))
        client.detach("late")
        with self.refuses("no-route"):
            asker.request("late", timeout=2 * SLOW)
        asker.send("later", 3)
        self.assertEqual(client.receive().data, 3)

    def test_a_reserved_name_is_refused(self):
        client = self.router.client()
        for name in ("router", "echo", "client-1", "", "a b", "x" * 200):
            with self.subTest(name), self.refuses("forbidden"):
                client.attach(name)
            with self.subTest(name), self.refuses("bad-hello"):
                Client(self.router.socket, [name], timeout=2 * SLOW)
        client.attach("y" * 128)

    def test_a_configured_service_is_up_while_attached(self):
        def health():
            row, = [row for row in self.router.ask("services")["services"] if row["name"] == "configured"]
            return row["health"]
        self.assertEqual(health(), "detached")
        client = self.router.client("configured")
        until(lambda: health() == "up", 5, "configured up")
        client.close()
        until(lambda: health() == "detached", 5, "configured detached")

    def test_a_local_terminal_over_tcp(self):
        with Client((self.host, self.port), ["over-tcp"], timeout=5 * SLOW) as client:
            self.up("over-tcp")
            self.router.client().send("over-tcp", "hello")
            self.assertEqual(client.receive().data, "hello")
            self.assertEqual(client.request("echo@alpha", b"back").data, b"back")

    def test_a_service_that_does_not_read_is_held_and_gets_all_of_it_later(self):
        """A sender that doesn't heed HOLD is read no more meanwhile: nothing is refused, and nothing lost."""
        pieces, piece = 640, bytes(64 << 10)  # 40 MiB, five times limits.queue
        lazy, sender, other = self.router.client("lazy"), self.router.client(), self.router.client()
        before = self.router.resident()

        def flood():
            sender.timeout = 60 * SLOW
            for number in range(pieces):
                sender.send("lazy", piece, id=number)
        flooding = threading.Thread(target=flood, daemon=True)
        flooding.start()
        until(lambda: self.router.ask("status")["holds"]["told"] == 1, 10 * SLOW, "a hold")
        self.assertEqual(other.request("echo@alpha", "still here").data, "still here")
        if not SANITIZED:
            self.assertLess(self.router.resident() - before, 32 << 20)
        for number in range(pieces):
            self.assertEqual(lazy.receive(timeout=20 * SLOW).id, number)
        flooding.join(timeout=20 * SLOW)
        self.assertFalse(flooding.is_alive())
        self.assertEqual(self.router.refused("overloaded"), 0)
        self.assertEqual(self.router.ask("status")["holds"]["told"], 0)
        sender.request("echo@alpha", "and here")
        self.assertEqual(sender.held, set())

    def test_a_goodbye_is_an_error_with_its_code(self):
        client = self.router.client()
        self.router.signal(signal.SIGTERM)
        with self.refuses("shutdown"):
            client.receive(timeout=5 * SLOW)
        self.assertEqual(self.router.wait(), 0)

    def test_the_example(self):
        example = self.world.process("example", "/usr/bin/python3", ROOT / "clients/python/example.py",
                                     self.router.socket)
        example.expected = (0, -signal.SIGTERM)
        until(lambda: "adder attached" in example.text(), 10, "the example's word")
        self.assertEqual(self.jetway("request", "adder", "[1, 2, 39]", "--json-data").stdout.strip(), "42")
        self.assertIn("a list of numbers", self.jetway("request", "adder", "nonsense").stdout)


class Verbs(OneMachine):
    def test_usage_errors(self):
        for arguments in (["nonsense"], ["request"], ["send"], ["check"], ["ping"], ["routes", "--nonsense"],
                          ["serve", "name"], ["serve", "name", "--echo", "--exec", "cat"]):
            with self.subTest(arguments):
                self.jetway(*arguments, code=USAGE)

    def test_help_has_examples(self):
        for verb in ("run", "up", "check", "status", "routes", "services", "terminals", "neighbours", "send", "request",
                     "listen", "serve", "ping", "bench"):
            with self.subTest(verb):
                self.assertIn(f"jetway {verb}", self.jetway(verb, "--help").stdout)

    def test_no_router(self):
        nowhere = self.world.folder / "nowhere.sock"
        for arguments in (["status"], ["routes"], ["services"], ["terminals"], ["neighbours"], ["send", "a", "b"],
                          ["request", "a", "b"], ["ping", "a"], ["listen", "a"], ["serve", "a", "--echo"]):
            with self.subTest(arguments):
                done = run_jetway(*arguments, "--socket", nowhere)
                self.assertEqual(done.returncode, UNREACHED, done.stderr)
                self.assertIn(str(nowhere), done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_the_socket_option_wins_over_the_environment(self):
        done = run_jetway("status", "--socket", self.router.socket, socket="/nonexistent/socket")
        self.assertEqual(done.returncode, YES, done.stderr)

    def test_tables_as_json(self):
        keys = {
            "status": {"schema", "machineId", "incarnation", "version", "insecure", "uptimeMs", "terminals", "machines",
                       "services", "counters", "cpuMicroseconds", "residentBytes"},
            "routes": {"service", "machineId", "terminal", "via", "hops", "cost", "state", "origin", "health"},
            "services": {"name", "machineId", "instance", "health", "capabilities", "version", "weight", "hops",
                         "reachable"},
            "terminals": {"name", "type", "state", "peer", "address", "services", "queuedBytes", "framesIn",
                          "framesOut", "bytesIn", "bytesOut", "refused"},
        }
        self.router.client("something")
        self.up("something")
        for verb, expected in keys.items():
            with self.subTest(verb):
                printed = ask_json(verb, socket=self.router.socket)
                self.assertEqual((printed["schema"], printed["machineId"]), (f"jetway.{verb}/1", "alpha"))
                rows = [printed] if verb == "status" else printed[verb]
                self.assertTrue(rows)
                for row in rows:
                    self.assertLessEqual(expected, set(row))
                self.assertEqual(set(ask_json(verb, "--at", "alpha", socket=self.router.socket)), set(printed))
        self.assertEqual(ask_json("neighbours", socket=self.router.socket)["neighbours"], [])

    def test_status_counts(self):
        status = ask_json("status", socket=self.router.socket)
        self.assertFalse(status["insecure"])
        self.assertLessEqual({"received", "delivered", "forwarded", "originated", "refused", "skipped", "waiting"},
                             set(status["counters"]))
        self.assertLessEqual({"up", "all"}, set(status["terminals"]))
        self.assertGreater(status["residentBytes"], 0)
        self.jetway("request", "nobody", "x", code=NO)
        self.assertEqual(ask_json("status", socket=self.router.socket)["counters"]["refused"].get("no-route"), 1)

    def test_tables_for_a_person(self):
        self.router.client("something")
        self.up("something")
        for verb in ("status", "routes", "services", "terminals", "neighbours"):
            printed = self.jetway(verb).stdout
            self.assertNotIn("\x1b", printed, "colour without a terminal")
            self.assertTrue(printed.strip())
        self.assertIn("something", self.jetway("services").stdout)

    def test_a_machine_that_is_not_there_is_a_negative_answer(self):
        self.assertIn("no-route", self.jetway("status", "--at", "nowhere", code=NO).stderr)

    def test_send(self):
        sink = self.router.client("sink")
        self.up("sink")
        blob = self.world.folder / "blob"
        blob.write_bytes(b"\0\xff\n")
        for arguments, stdin, data in ((["hello"], None, "hello"),
                                       (['{"a": [1, null]}', "--json-data"], None, {"a": [1, None]}),
                                       ([], "from stdin", "from stdin")):
            with self.subTest(arguments):
                self.jetway("send", "sink", *arguments, stdin=stdin)
                got = sink.receive().data
                self.assertEqual(got.decode() if isinstance(got, bytes) else got, data)
        self.jetway("send", "sink", "x", "--reply-to", "elsewhere@alpha", "--header", "k=v", "--header", "n=1=2")
        envelope = sink.receive()
        self.assertEqual((envelope.reply_to, envelope.headers), ("elsewhere@alpha", {"k": "v", "n": "1=2"}))
        self.jetway("send", "sink", "again", "--count", "3")
        self.assertEqual([sink.receive().data for _ in range(3)], ["again"] * 3)

    def test_send_to_nobody_is_a_negative_answer(self):
        self.assertIn("no-route", self.jetway("send", "nobody", "x", code=NO).stderr)

    def test_send_refuses_json_that_is_none(self):
        self.jetway("send", "sink", "{", "--json-data", code=USAGE)

    def test_request(self):
        self.world.serve(self.router, "same")
        self.up("same")
        self.assertEqual(self.jetway("request", "same", "text").stdout.rstrip("\n"), "text")
        self.assertEqual(json.loads(self.jetway("request", "same", '{"a":[1,2]}', "--json-data").stdout), {"a": [1, 2]})
        self.assertEqual(self.jetway("request", "same", stdin="from stdin").stdout.rstrip("\n"), "from stdin")

    def test_request_without_an_answer(self):
        self.router.client("silent")
        self.up("silent")
        began = time.monotonic()
        self.jetway("request", "silent", "x", "--timeout", "200ms", code=TIMEOUT)
        self.assertLess(time.monotonic() - began, 2 * SLOW)

    def test_request_refused(self):
        for destination, code in (("nobody", "no-route"), ("configured", "no-instance"), ("x@nowhere", "no-route")):
            done = self.jetway("request", destination, "x", code=NO)
            self.assertIn(code, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_listen_prints_what_comes(self):
        listener = self.verb("listen", "ear")
        self.jetway("send", "ear", "listen to this", "--header", "k=v")
        until(lambda: "listen to this" in listener.text(), 10, "the envelope, printed")
        listener.signal(signal.SIGINT)
        self.assertEqual(listener.wait(), 0)

    def test_serve_echo(self):
        self.verb("serve", "mirror", "--echo")
        self.assertEqual(self.jetway("request", "mirror", "looking").stdout.rstrip("\n"), "looking")
        self.assertEqual(self.router.client().request("mirror", {"any": [b"thing"]}).data, {"any": [b"thing"]})

    def test_serve_exec(self):
        self.verb("serve", "upper", "--exec", "tr a-z A-Z")
        self.assertEqual(self.jetway("request", "upper", "shout").stdout.rstrip("\n"), "SHOUT")
        client = self.router.client()
        for number in range(5):
            self.assertIn(client.request("upper", f"n{number}").data, (f"N{number}", f"N{number}".encode()))

    def verb(self, *arguments):
        process = self.world.process(arguments[0], BINARY, *arguments, "--socket", self.router.socket)
        self.up(arguments[1])
        return process

    def test_ping(self):
        self.world.serve(self.router, "same")
        self.up("same")
        done = self.jetway("ping", "same", "--count", "3")
        self.assertEqual(done.stdout.count("pong from same@alpha"), 3, done.stdout)
        for word in ("min", "avg", "max"):
            self.assertIn(word, done.stdout)
        self.jetway("ping", "nobody", "--count", "1", code=NO)

    def test_ping_needs_nothing_from_the_service(self):
        self.router.client("mute")
        self.up("mute")
        self.assertIn("pong from mute@alpha", self.jetway("ping", "mute", "--count", "1").stdout)


class Check(TestCase):
    def check(self, text, code):
        file = self.world.write("checked.yml", text)
        done = run_jetway("check", file)
        self.assertEqual(done.returncode, code, f"{text}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def test_valid_files(self):
        for name in ("deployment.yml", "line.yml"):
            done = run_jetway("check", ROOT / "deploy" / name)
            self.assertEqual(done.returncode, YES, done.stderr)

    def test_each_error_has_its_place(self):
        said = self.check("""\
limits:
  hops_limt: 3
machines:
  a:
    services: [router]
    terminals:
      - {name: to-b, type: netwrok, address: "127.0.0.1:1"}
gossip:
  interval: soon
""", INVALID)
        for place in ("checked.yml:2:3", "checked.yml:5:16", "checked.yml:7:28", "checked.yml:9:13"):
            self.assertIn(place, said)
        self.assertIn("network", said)

    def test_a_near_miss_is_suggested(self):
        self.assertIn("max_frame", self.check("limits:\n  max_frme: 1MiB\nmachines:\n  a: {}\n", INVALID))

    def test_what_is_no_deployment(self):
        for text in ("", "- a\n", "machines: 3\n", "a: b: c\n", "machines:\n  a:\n   - [\n", "\0\1", "machines: {}\n"):
            with self.subTest(text):
                self.check(text, INVALID)

    def test_a_file_that_is_not_there(self):
        self.assertIn("nowhere.yml", run_jetway("check", self.world.folder / "nowhere.yml").stderr)


class Run(TestCase):
    FILE = "machines:\n  alpha:\n    services: [one]\n"

    def setUp(self):
        super().setUp()
        self.file = self.world.write("deployment.yml", self.FILE)

    def fails(self, *arguments, code=None):
        done = run_jetway("run", *arguments)
        if code is None:
            self.assertNotEqual(done.returncode, 0)
        else:
            self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def test_an_invalid_file(self):
        bad = self.world.write("bad.yml", "machines:\n  alpha:\n    servces: [one]\n")
        self.assertIn("bad.yml:3:5", self.fails(bad, "--machine", "alpha", code=INVALID))

    def test_a_machine_that_the_file_does_not_have(self):
        self.assertIn("beta", self.fails(self.file, "--machine", "beta"))

    def test_listening_beyond_loopback_needs_a_word(self):
        secure = self.world.write("secure.yml", (ROOT / "deploy" / "deployment.yml").read_text()
                                  .replace("insecure: true\n", ""))
        self.assertIn("insecure", self.fails(secure, "--machine", "machine-a",
                                             "--socket", self.world.folder / "a.sock"))

    def test_sigterm_and_sigint_end_it_well(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            router = self.world.router(self.file, "alpha").ready()
            client = router.client("one")
            router.signal(number)
            with self.refuses("shutdown"):
                client.receive(timeout=5 * SLOW)
            self.assertEqual(router.wait(), 0)
            self.assertFalse(router.socket.exists())

    def test_a_neighbour_that_ends_is_forgotten_at_once(self):
        (host, (port,)), = free_addresses(1)
        file = self.world.write("two.yml", f"""\
machines:
  alpha:
    services: [one]
  beta:
    terminals:
      - {{name: to-alpha, type: network, address: "{host}:{port}"}}
""")
        alpha, beta = self.world.routers(file, ("alpha", "beta"))
        until(lambda: beta.ways("one") == {("alpha", 1)}, 10, "the way to alpha")
        alpha.signal(signal.SIGTERM)
        until(lambda: not beta.ways("one"), 1, "its end")

    def test_a_stale_socket_is_replaced(self):
        path = self.world.folder / "alpha.sock"
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        self.assertTrue(path.exists())
        self.world.router(self.file, "alpha").ready()
        killed = self.world.processes[-1]
        killed.kill()
        self.assertTrue(path.exists())
        self.world.router(self.file, "alpha").ready()

    def test_a_live_socket_is_an_error_that_says_who_holds_it(self):
        router = self.world.router(self.file, "alpha").ready()
        said = self.fails(self.file, "--machine", "alpha", "--socket", router.socket)
        self.assertIn(str(router.socket), said)
        self.assertRegex(said, rf"alpha|\b{router.pid}\b")
        self.assertEqual(router.client().request("echo@alpha", 1).data, 1)

    def test_a_file_that_is_no_socket_is_left_alone(self):
        path = self.world.write("alpha.sock", "precious")
        self.fails(self.file, "--machine", "alpha", "--socket", path)
        self.assertEqual(path.read_text(), "precious")

    def test_sighup_applies_what_is_valid_and_drops_nobody(self):
        router = self.world.router(self.file, "alpha").ready()
        client = router.client("one")
        self.file.write_text(self.FILE.replace("[one]", "[one, two]"))
        router.signal(signal.SIGHUP)
        until(lambda: "two" in names(router), 5, "the new service")
        self.file.write_text(self.FILE.replace("[one]", "[three"))
        router.signal(signal.SIGHUP)
        until(lambda: "deployment.yml:" in router.text(), 5, "a word about the invalid file")
        self.assertIn("two", names(router))
        self.file.write_text(self.FILE)
        router.signal(signal.SIGHUP)
        until(lambda: "two" not in names(router), 5, "the end of the new service")
        router.client().send("one", "same connection")
        self.assertEqual(client.receive().data, "same connection")

    def test_logs_are_json_lines_where_there_is_no_terminal(self):
        router = self.world.router(self.file, "alpha").ready()
        client = router.client("one")
        for _ in range(50):
            client.send("one", "quiet")
        self.assertEqual([client.receive().data for _ in range(50)], ["quiet"] * 50)
        router.signal(signal.SIGTERM)
        self.assertEqual(router.wait(), 0)
        lines = router.text().splitlines()
        self.assertTrue(lines)
        for line in lines:
            self.assertIsInstance(json.loads(line), dict)
        self.assertLess(len(lines), 30, "something is logged per envelope")


def names(router):
    return {row["name"] for row in router.ask("services")["services"]}


class Up(TestCase):
    def test_up_runs_every_machine_on_this_host(self):
        text = (ROOT / "deploy" / "deployment.yml").read_text()
        sockets = {f"machine-{letter}": self.world.folder / f"{letter}.sock" for letter in "abc"}
        for machine, path in sockets.items():
            head, tail = text.split(f"  {machine}:\n", 1)
            tail = tail.replace("    terminals:\n", f"    terminals:\n      - name: local\n        type: local\n"
                                                    f"        address: unix://{path}\n", 1)
            text = f"{head}  {machine}:\n{tail}"
        up = self.world.process("up", BINARY, "up", self.world.write("deployment.yml", text))
        up.expected = (0,)
        for path in sockets.values():
            until(lambda: Client(path, timeout=2 * SLOW).close() or True, 15, f"a router at {path}")
        with Client(sockets["machine-a"], timeout=5 * SLOW) as client:
            until(lambda: client.request("router@machine-c", {"request": "status"}).data["machineId"] == "machine-c",
                  15, "a way from machine-a to machine-c")
        until(lambda: "10.0.0.3" in up.text(), 5, "the mapping, printed")
        self.assertRegex(up.text(), r"127\.\d+\.\d+\.\d+")
        up.signal(signal.SIGINT)
        self.assertEqual(up.wait(), 0)
        for path in sockets.values():
            with self.assertRaises(OSError):
                Client(path, timeout=1)


if __name__ == "__main__":
    unittest.main()
