"""The HTTP listener of a router: metrics, health, control requests; clients that behave, and that don't."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import threading
import time
import unittest

import prometheus
from harness import SLOW, Client, TestCase, free_addresses, run_jetway, until

LINE = """\
machines:
  a:
    listen: "{a}:{link}"
    admin: {{listen: [{listen}]}}
    terminals:
      - {{name: to-b, type: network, address: "{b}:{link}"}}
  b:
    listen: "{b}:{link}"
    admin: {{listen: ["{b}:{port}"], remote: [{remote}]}}
    terminals:
      - {{name: to-c, type: network, address: "{c}:{link}"}}
  c:
    listen: "{c}:{link}"
    admin: {{listen: ["{c}:{port}"]}}
"""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def metrics_of(text):
    """{sample: value}"""
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in text.splitlines() if not line.startswith("#")}


class Admin(TestCase):
    def setUp(self):
        super().setUp()
        addresses = free_addresses(3, ports=2)
        self.hosts = [host for host, _ in addresses]
        self.link, self.port = addresses[0][1]
        self.unix = self.world.folder / "http"

    def text(self, listen=None, remote=""):
        a, b, c = self.hosts
        listen = listen if listen is not None else f'"{a}:{self.port}", "unix://{self.unix}"'
        return LINE.format(a=a, b=b, c=c, link=self.link, port=self.port, listen=listen, remote=remote)

    def start(self, machines="abc", **how):
        self.file = self.world.write("mesh.yml", self.text(**how))
        self.routers = dict(zip(machines, self.world.routers(self.file, list(machines))))
        if "c" in machines:
            self.web = self.world.serve(self.routers["c"], "web")
            until(lambda: self.routers["a"].ways("web"), what="a way to web")
            # And back: who answers before it has heard of the asker has no way for the answer.
            for machine, router in self.routers.items():
                until(lambda: router.ask("statistics")["routes"]["machines"] == len(machines),
                      what=f"{machine}'s ways to all")
        return self.routers["a"]

    def connect(self, machine="a"):
        connection = http.client.HTTPConnection(self.hosts["abc".index(machine)], self.port, timeout=5 * SLOW)
        self.addCleanup(connection.close)
        return connection

    def get(self, path, machine="a", method="GET", connection=None, body=None, headers={}):
        with contextlib.ExitStack() as stack:
            if connection is None:
                connection = stack.enter_context(contextlib.closing(self.connect(machine)))
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def api(self, path, **how):
        status, text = self.get("/api/v1/" + path, **how)
        return status, json.loads(text)

    def raw(self, machine="a"):
        peer = socket.create_connection((self.hosts["abc".index(machine)], self.port), timeout=15 * SLOW)
        self.addCleanup(peer.close)
        return peer

    def metrics(self, machine="a"):
        status, text = self.get("/metrics", machine)
        self.assertEqual(status, 200)
        return metrics_of(text)


def heard(peer):
    """All that comes until the end of the stream."""
    everything = b""
    with contextlib.suppress(ConnectionError):
        while some := peer.recv(65536):
            everything += some
    return everything


class Asking(Admin):
    def test_health_readiness_and_what_there_is(self):
        self.start("a")
        self.assertEqual(self.get("/healthz"), (200, "ok\n"))
        self.assertEqual(self.get("/readyz"), (200, "ready\n"))
        index = json.loads(self.get("/")[1])
        names = [one["path"] for one in index["requests"]]
        self.assertIn("/api/v1/routes", names)
        for path in names:  # each that is listed is answered: with what it lacks, at worst
            with self.subTest(path):
                status, answer = self.get(path)
                self.assertIn(status, (200, 400, 405), answer)
                self.assertIn("schema", json.loads(answer))

    def test_answers_are_those_of_the_control_requests_of_any_machine(self):
        a = self.start()
        connection = self.connect()  # the same one for all
        for path, what in (("routes", "routes"), ("services", "services"), ("neighbours", "neighbours")):
            status, answer = self.api(path, connection=connection)
            self.assertEqual(status, 200)
            self.assertEqual(answer["schema"], f"jetway.{what}/1")
            self.assertEqual(answer["machineId"], "a")
        for machine in "abc":
            status, answer = self.api(f"status?at={machine}", connection=connection)
            self.assertEqual((status, answer.get("machineId")), (200, machine), answer)
        status, answer = self.api("explain?destination=web")
        self.assertEqual((answer["outcome"], answer["boundTo"]), ("forwarded", "c"))
        self.assertEqual(self.api("history?limit=2")[1]["schema"], "jetway.history/1")
        self.assertEqual(len(self.api("history?limit=2")[1]["changes"]), 2)
        events = self.api("events?after=0&limit=3")[1]["events"]
        self.assertEqual([one["number"] for one in events], [1, 2, 3])
        status, answer = self.api("routes?at=nowhere")
        self.assertEqual((status, answer["error"]["code"]), (404, "no-route"))
        status, answer = self.api("explain")
        self.assertEqual((status, answer["error"]["code"]), (400, "bad-envelope"))
        self.assertEqual(self.api("routes?at=c")[1]["routes"],
                         self.routers["c"].ask("routes")["routes"])
        self.assertEqual(a.refused("no-route"), 1)
        self.assertEqual([one["code"] for one in self.api("refusals")[1]["refusals"]], ["no-route"])

    def test_a_machine_that_does_not_answer_is_a_timeout(self):
        self.start()
        b = self.routers["b"]
        b.signal(signal.SIGSTOP)
        self.addCleanup(b.signal, signal.SIGCONT)
        began = time.monotonic()
        patient = http.client.HTTPConnection(self.hosts[0], self.port, timeout=20 * SLOW)
        self.addCleanup(patient.close)
        status, answer = self.api("status?at=b", connection=patient)
        # Its link is found dead before the answer's time is over, and the envelope may have arrived.
        self.assertIn((status, answer["error"]["code"]), ((504, "timeout"), (502, "link-lost"), (404, "no-route")))
        self.assertLess(time.monotonic() - began, 8 * SLOW)
        self.assertEqual(self.get("/healthz")[0], 200)

    def test_a_pipeline_is_answered_in_its_order(self):
        self.start()
        peer = self.raw()
        paths = ["/healthz", "/api/v1/status?at=c", "/nothing", "/api/v1/status?at=b", "/api/v1/status", "/readyz"]
        last = "Connection: close\r\n"
        peer.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{last if path == paths[-1] else ''}\r\n"
                             for path in paths).encode())
        text = heard(peer).decode()
        marks = ["ok\n", '"machineId":"c"', '"not-found"', '"machineId":"b"', '"machineId":"a"', "ready\n"]
        places = [text.find(mark) for mark in marks]
        self.assertNotIn(-1, places, text)
        self.assertEqual(places, sorted(places))

    def test_a_draining_router_and_one_that_ends_are_not_ready(self):
        a = self.start("a")
        held = a.client("slow")
        a.ask("drain", all=True, quietMs=600_000)
        self.assertEqual(self.get("/readyz"), (503, "draining\n"))
        self.assertEqual(self.get("/healthz"), (200, "ok\n"))
        self.assertEqual(self.metrics()['jetway_state{state="draining"}'], 1)
        held.close()


class Rights(Admin):
    def test_by_tcp_nobody_changes_anything_and_by_unix_socket_who_may(self):
        a = self.start()
        by_unix = UnixConnection(self.unix, 5 * SLOW)
        self.addCleanup(by_unix.close)
        policy = "policy?service=web&policy=random"
        self.assertEqual(self.api(policy)[0], 405)
        self.assertEqual(self.api(policy, method="POST")[0], 403)
        self.assertEqual(self.api(policy, connection=by_unix)[0], 405)
        self.assertEqual(a.ask("policy", service="web")["services"][0]["policy"], "nearest")
        self.assertEqual(self.api(policy, method="POST", connection=by_unix)[0], 200)
        self.assertEqual(a.ask("policy", service="web")["services"][0]["policy"], "random")
        status, answer = self.api("drain", method="POST", connection=by_unix, body=json.dumps({"all": True, "quietMs": 1}))
        self.assertEqual((status, answer["all"]), (200, True))
        self.assertEqual(self.api("undrain?all=true", method="POST", connection=by_unix)[0], 200)
        self.assertEqual(self.get("/readyz"), (200, "ready\n"))

    def test_another_machine_decides_itself_whether_it_is_changed(self):
        self.start("abc", remote="a")  # which isn't enough: the link has no TLS
        connection = UnixConnection(self.unix, 5 * SLOW)
        self.addCleanup(connection.close)
        status, answer = self.api("policy?service=web&policy=random&at=b", method="POST", connection=connection)
        self.assertEqual((status, answer["error"]["code"]), (403, "forbidden"))
        self.assertIn("only over TLS", answer["error"]["message"])

    def test_a_listener_with_write_true_trusts_who_reaches_it_but_no_web_page(self):
        a, _, _ = self.hosts
        self.start("a", listen=f'{{address: "{a}:{self.port}", write: true}}')
        self.world.serve(self.routers["a"], "web")
        policy = "policy?service=web&policy=random"
        evil = {"Origin": "https://evil.example"}
        self.assertEqual(self.api(policy, method="POST", headers=evil)[0], 403)
        self.assertEqual(self.api("status", headers=evil)[0], 403)
        self.assertEqual(self.api("status", headers={"Host": "evil.example"})[0], 403)
        self.assertEqual(self.api("status", headers={"Host": "localhost"})[0], 200)
        self.assertEqual(self.api(policy, method="POST")[0], 200)


class Listening(Admin):
    def test_a_reload_opens_and_closes_it(self):
        a = self.start("a")
        self.assertEqual(self.get("/healthz")[0], 200)

        def reload(**how):
            said = a.text().count('"reloaded"')
            self.file.write_text(self.text(**how))
            a.signal(signal.SIGHUP)
            until(lambda: a.text().count('"reloaded"') > said, what="the reload")

        reload(listen="")
        with self.assertRaises(ConnectionRefusedError):
            self.get("/healthz")
        reload()
        self.assertEqual(self.get("/healthz")[0], 200)
        metrics = self.metrics()
        self.assertEqual(metrics['jetway_configuration_loads_total{result="applied"}'], 3)
        self.file.write_text("machines: [")
        a.signal(signal.SIGHUP)
        until(lambda: self.metrics()['jetway_configuration_loads_total{result="refused"}'] == 1, what="the count")

    def test_a_default_that_is_taken_is_a_warning_and_a_configured_one_an_error(self):
        host, (port, taken) = free_addresses(1, ports=2)[0]
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):  # else a router of somebody else has it, which will do
                other.bind(("127.0.0.1", 7930))
                other.listen()
            router = self.world.router(self.world.write("d.yml", f"machines: {{m: {{listen: '{host}:{port}'}}}}\n"),
                                       "m").ready()
            self.assertIn("no metrics", router.text())
            self.assertIn("write `admin: {listen: [HOST:PORT]}` for this machine", router.text())
        with socket.socket() as other:
            other.bind((host, taken))
            other.listen()
            file = self.world.write("e.yml", f"machines: {{m: {{admin: {{listen: ['{host}:{taken}']}}}}}}\n")
            done = run_jetway("run", file, "--machine", "m", "--socket", self.world.folder / "m2.sock")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{host}:{taken}", done.stderr)

    def test_beyond_loopback_it_needs_tls_or_a_word(self):
        file = self.world.write("o.yml", "machines: {m: {admin: {listen: ['0.0.0.0:7931']}}}\n")
        done = run_jetway("run", file, "--machine", "m", "--socket", self.world.folder / "m.sock")
        self.assertEqual(done.returncode, 3)
        self.assertIn("insecure: true", done.stderr)


class Misbehaving(Admin):
    def alive(self):
        self.assertEqual(self.get("/healthz"), (200, "ok\n"))

    def test_garbage_is_answered_and_ends_the_connection(self):
        self.start("a")
        for said in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\0\0\0\x08\x01\0\0\0\x80", b"hello\r\n\r\n",
                     b"GET / HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 20000,
                     b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n"):
            peer = self.raw()
            peer.sendall(said)
            self.assertRegex(heard(peer), rb"^HTTP/1\.1 4\d\d ", said[:30])
        self.alive()

    def test_who_is_slow_to_ask_or_never_does_holds_nobody_up(self):
        self.start("a")
        slow = self.raw()
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
        began = time.monotonic()
        self.assertRegex(heard(slow), rb"^HTTP/1\.1 408 ")
        self.assertGreater(time.monotonic() - began, 5)
        self.alive()

    def test_more_connections_than_there_may_be_are_closed_and_counted(self):
        self.start("a")
        connection = self.connect()
        self.assertEqual(self.get("/healthz", connection=connection)[0], 200)
        peers = [self.raw() for _ in range(80)]
        until(lambda: metrics_of(self.get("/metrics", connection=connection)[1])
              ['jetway_clients_refused_total{protocol="http"}'] == 80 - 63, what="the refused ones")
        self.assertEqual(metrics_of(self.get("/metrics", connection=connection)[1])['jetway_clients{protocol="http"}'],
                         64)
        for peer in peers:
            peer.close()
        until(lambda: metrics_of(self.get("/metrics", connection=connection)[1])
              ['jetway_clients{protocol="http"}'] == 1, what="room again")
        self.assertEqual(self.get("/healthz"), (200, "ok\n"))

    def test_who_does_not_read_the_answers_is_closed(self):
        self.start("a")
        peer = socket.socket()
        self.addCleanup(peer.close)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect((self.hosts[0], self.port))
        peer.settimeout(0.2)
        asked = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000
        with contextlib.suppress(TimeoutError):
            while True:
                peer.sendall(asked)
        connection = self.connect()
        until(lambda: metrics_of(self.get("/metrics", connection=connection)[1])
              ['jetway_clients{protocol="http"}'] == 1, 30, "its end", every=0.2)


class Figures(Admin):
    def test_the_page_counts_what_was_sent(self):
        a = self.start()
        until(lambda: 'jetway_link_round_trip_seconds{neighbour="b"}' in self.metrics(), what="a round trip")
        before = {machine: self.metrics(machine) for machine in "abc"}
        asker = a.client()
        for number in range(50):
            asker.request("web", number)
        with self.refuses("no-route"):
            asker.request("nobody", 1)
        after = {machine: self.metrics(machine) for machine in "abc"}

        def grown(machine, sample):
            return after[machine][sample] - before[machine].get(sample, 0)

        self.assertEqual(grown("b", 'jetway_terminal_envelopes_total{terminal="from-a",direction="in"}'), 50)
        self.assertEqual(grown("b", 'jetway_terminal_envelopes_total{terminal="to-c",direction="out"}'), 50)
        self.assertEqual(grown("b", 'jetway_terminal_envelopes_total{terminal="from-a",direction="out"}'), 50)
        self.assertEqual(grown("b", "jetway_envelopes_forwarded_total"), 100)
        self.assertEqual(grown("a", 'jetway_refusals_total{code="no-route"}'), 1)
        self.assertEqual(grown("c", 'jetway_envelopes_delivered_total{to="service"}'), 50)
        self.assertEqual(grown("c", 'jetway_hops_bucket{le="2"}') - grown("c", 'jetway_hops_bucket{le="1"}'), 50)
        self.assertEqual(grown("b", "jetway_forwarding_seconds_count"), 100)
        self.assertGreater(after["a"]['jetway_link_round_trip_seconds{neighbour="b"}'], 0)
        self.assertEqual(after["a"]['jetway_link_state{neighbour="b",state="up"}'], 1)
        self.assertGreater(after["a"]["process_resident_memory_bytes"], 1e6)
        self.assertGreater(after["a"]["process_open_fds"], 5)

    def test_clients_that_come_and_go_add_no_line(self):
        a = self.start("a")
        with Client(a.socket, ["first"], timeout=5 * SLOW) as client:
            client.request("echo", 1)
        lines = set(self.metrics())
        for number in range(30):
            with Client(a.socket, [f"service-{number}"], timeout=5 * SLOW) as client:
                client.request("echo", 1)
        self.assertEqual(set(self.metrics()), lines)

    def test_promtool_finds_nothing_to_say(self):
        if why := prometheus.why_not():
            self.skipTest(why)
        self.start()
        page = self.get("/metrics")[1]
        done = subprocess.run([prometheus.PROMTOOL, "check", "metrics"], input=page.encode(), capture_output=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_prometheus_scrapes_the_mesh_and_knows_the_rates_that_were_sent(self):
        if why := prometheus.why_not():
            self.skipTest(why)
        a = self.start()
        host, (port,) = free_addresses(1)[0]
        targets = ", ".join(f"'{each}:{self.port}'" for each in self.hosts)
        file = self.world.write("prometheus.yml", f"""\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: jetway
    static_configs: [{{targets: [{targets}]}}]
""")
        scraper = self.world.process(
            "prometheus", prometheus.PROMETHEUS, f"--config.file={file}", f"--storage.tsdb.path={self.world.folder}/data",
            f"--web.listen-address={host}:{port}", "--log.level=warn")

        def query(text):
            connection = http.client.HTTPConnection(host, port, timeout=5 * SLOW)
            with contextlib.closing(connection):
                connection.request("GET", "/api/v1/query?query=" + "".join(f"%{byte:02x}" for byte in text.encode()))
                answer = json.loads(connection.getresponse().read())
            return {row["metric"].get("instance", ""): float(row["value"][1]) for row in answer["data"]["result"]}

        until(lambda: query("up") == {f"{each}:{self.port}": 1.0 for each in self.hosts}, 60, "three targets up",
              every=0.2)
        # A steady load that is counted here as well, until Prometheus says the same of the last five seconds.
        delivered = [line for line in self.get("/metrics", "c")[1].splitlines()
                     if line.startswith("jetway_envelopes_delivered_total") and 'to="service"' in line]
        before = float(delivered[0].split()[-1])
        asker = a.client()
        times, ended = [], threading.Event()

        def load():
            while not ended.is_set():
                asker.request("web", len(times))
                times.append(time.monotonic())
                ended.wait(0.005)
        thread = threading.Thread(target=load, daemon=True)
        thread.start()

        def agrees():
            found = query('sum by (instance) (rate(jetway_terminal_envelopes_total{direction="in",'
                          'terminal=~"from-a|to-c"}[5s]))').get(f"{self.hosts[1]}:{self.port}", 0)
            counted = 2 * sum(at > time.monotonic() - 5 for at in times) / 5  # there and back
            return counted > 0 and abs(found - counted) <= 0.15 * counted
        until(agrees, 60, "the rate that was sent", every=0.5)
        ended.set()
        thread.join(10)
        sent = len(times)
        until(lambda: query("jetway_envelopes_delivered_total{to='service'}")[f"{self.hosts[2]}:{self.port}"] == before + sent,
              20, "every envelope counted", every=0.2)
        scraper.signal(signal.SIGTERM)
        scraper.wait(20)


if __name__ == "__main__":
    unittest.main()
