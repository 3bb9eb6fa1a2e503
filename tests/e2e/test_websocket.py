"""WebSocket from the outside: Node's `ws`, a browser, plain sockets, and those who mean ill."""

import contextlib
import fcntl
import http.server
import json
import os
import pathlib
import resource
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import msgpack

from harness import ROOT, SANITIZED, SLOW, TestCase, free_addresses, jetway, run_jetway, until
from peers import frames_in
from websocket_peer import BINARY, CLOSE, PING, PONG, TEXT, WebSocketPeer, message, request

HERE = pathlib.Path(__file__).resolve().parent / "websocket"
PACKAGES = ("ws@8", "@msgpack/msgpack@3")
HELLO = jetway.frame(jetway.HELLO, msgpack.packb({"protocol": [1], "role": "service", "services": []}))
MANY = 2000


def node_modules():
    """The folder that the packages of npm are in, installed there once; skips where that can't be."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise unittest.SkipTest("no node and npm: scripts/setup installs them")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "jetway-tests" / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((folder / "node_modules" / name.rpartition("@")[0]).exists() for name in PACKAGES):
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES],
                                  capture_output=True, text=True, timeout=120, check=False)
            if done.returncode != 0:
                raise unittest.SkipTest(f"npm can't install {' '.join(PACKAGES)}: {done.stderr.strip()[-200:]}")
    return folder


class Pages(http.server.ThreadingHTTPServer):
    """Serves the page's files, and keeps what the page tells."""

    def __init__(self, files):
        self.told, self.files = [], files
        super().__init__(("127.0.0.1", 0), PagesHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def merged(self):
        return {key: value for what in list(self.told) for key, value in what.items()}


class PagesHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        file = self.server.files.get(self.path.partition("?")[0])
        self.send_response(200 if file else 404)
        kinds = {".js": "text/javascript", ".html": "text/html"}
        self.send_header("Content-Type", kinds.get(file.suffix if file else "", "text/plain"))
        self.end_headers()
        self.wfile.write(file.read_bytes() if file else b"")

    def do_POST(self):
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Alone(unittest.TestCase):
    def test_the_browsers_client_holds_what_it_is_told_to_hold(self):
        done = subprocess.run(["node", str(HERE / "hold.mjs"), str(node_modules())], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "all as it should be\n"), done.stderr)


class OverWebSocket(TestCase):
    """Two machines, joined by ws:// or wss://, and a terminal on the same at one of them."""

    scheme = "ws"

    def setUp(self):
        super().setUp()
        (self.host, (self.port, link)), = free_addresses(1, ports=2)
        secure = self.scheme == "wss"
        file = self.world.write("websocket.yml", f"""\
{"security: {certificates: certificates}" if secure else ""}
limits:
  hello_timeout: 1s
machines:
  alpha:
    terminals:
      - {{name: web, type: local, address: "{self.scheme}://{self.host}:{self.port}/mesh", origins: ["https://app.example"]}}
      - {{name: to-beta, type: network, address: "{self.scheme}://{self.host}:{link}"}}
  beta:
    listen: "{self.scheme}://{self.host}:{link}"
    terminals:
      - {{name: to-alpha, type: network}}
""")
        self.ca = None
        if secure:
            certificates = self.world.folder / "certificates"
            made = run_jetway("certs", file, "--out", certificates)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.ca = certificates / "ca.pem"
        self.alpha, self.beta = self.world.routers(file, ["alpha", "beta"])
        self.world.serve(self.beta, "adder", handler=lambda envelope: sum(envelope.data))
        self.url = f"{self.scheme}://{self.host}:{self.port}/mesh"
        self.asker = self.alpha.client()
        until(lambda: self.asker.request("adder", [1, 2], timeout=1).data == 3, 10, "the adder's answer")

    def undisturbed(self):
        self.assertEqual(self.asker.request("adder", [20, 22], timeout=3 * SLOW).data, 42)

    def peer(self):
        return WebSocketPeer((self.host, self.port), ca=self.ca)

    def asks(self):
        """A service over a WebSocket gets its answer."""
        with self.peer() as peer:
            peer.upgrade(path="/mesh")
            peer.write(message(BINARY, HELLO))
            asked = {"destination": "adder", "id": 5, "data": [40, 2]}
            peer.write(message(BINARY, jetway.frame(jetway.ENVELOPE, msgpack.packb(asked))))
            kinds = {}
            for _, payload in peer.messages():
                kinds.update((kind, msgpack.unpackb(body)) for kind, body in frames_in(payload))
                if jetway.ENVELOPE in kinds:
                    break
            return kinds[jetway.ENVELOPE].get("data")


class Clients(OverWebSocket):
    def test_node(self):
        trust = {"NODE_EXTRA_CA_CERTS": str(self.ca)} if self.ca else None
        program = self.world.process("node", "node", HERE / "service.mjs", node_modules(), self.url, env=trust)

        def said():
            if not program.alive():
                raise RuntimeError(f"node ended:\n{program.text()}")
            return {key: value for line in program.text().splitlines() if line.startswith("{")
                    for key, value in json.loads(line).items()}

        until(lambda: said().get("ready"), 20, "all that the service does")
        told = said()
        self.assertTrue(told["attached"].startswith("client-"), told)
        self.assertEqual((told["sum"], told["large"], told["refused"]), (42, 1_000_005, "no-route"))
        from_beta = self.beta.client(timeout=10)
        until(lambda: from_beta.request("also-from-node", "hi", timeout=1).data == "HI", 10, "the answer from Node")
        self.assertEqual(from_beta.request("from-node", "far away").data, "FAR AWAY")
        large = os.urandom(3_000_000)
        self.assertEqual(from_beta.request("from-node", large).data, large)
        self.alpha.signal(signal.SIGTERM)
        until(lambda: said().get("closed") == "shutdown", 10, "GOODBYE")
        self.alpha.wait()

    def page(self, url, host):
        modules = node_modules()
        chromium = shutil.which("chromium")
        if not chromium:
            raise unittest.SkipTest("no chromium: scripts/setup installs it")
        client = ROOT / "clients" / "browser" / "jetway.js"
        pages = Pages({"/page.html": HERE / "page.html", "/jetway.js": client, "/msgpack.min.js":
                       modules / "node_modules/@msgpack/msgpack/dist.umd/msgpack.min.js"})
        self.addCleanup(pages.server_close)
        self.addCleanup(pages.shutdown)
        browser = self.world.process(
            "chromium", chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            *(["--ignore-certificate-errors"] if self.ca else []), f"--user-data-dir={self.world.folder / 'chromium'}", "--remote-debugging-port=0",
            f"http://{host}:{pages.server_port}/page.html?router={url}")
        browser.expected = (0, -15)
        return pages

    def test_a_page_in_chromium(self):
        pages = self.page(self.url, "127.0.0.1")
        until(lambda: "one" in pages.merged() or "failed" in pages.merged(), 60, "all that the page does")
        told = pages.merged()
        self.assertNotIn("failed", told)
        self.assertEqual((told["sum"], told["large"], told["refused"], told["one"]), (42, 300_000, "no-route", 1))
        from_beta = self.beta.client(timeout=10)
        until(lambda: from_beta.request("page", "hello", timeout=1).data == "hello, said the page", 10, "the page's answer")
        self.alpha.signal(signal.SIGTERM)
        until(lambda: pages.merged().get("closed") == "shutdown", 10, "GOODBYE")
        self.alpha.wait()

    def test_a_page_of_a_foreign_origin_in_chromium(self):
        pages = self.page(self.url, "elsewhere.localhost")
        until(lambda: pages.told, 60, "what the page tells")
        self.assertEqual(pages.merged(), {"failed": "closed"})
        self.assertIn("upgrade-403", self.alpha.text())

    def test_the_verbs(self):
        trust = ["--ca", self.ca] if self.ca else []
        done = run_jetway("request", "adder", "[1, 2, 39]", "--json-data", *trust, socket=self.url)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "42"))
        done = run_jetway("status", *trust, socket=self.url + "/elsewhere")
        self.assertEqual(done.returncode, 4)
        self.assertIn("404 Not Found: nothing is here", done.stderr)

    def test_a_router_that_is_gone_comes_back(self):
        self.beta.kill()
        until(lambda: not self.alpha.ways("adder"), 10, "the end of the ways to beta")
        beta, = self.world.routers(self.beta.file, ["beta"])
        self.world.serve(beta, "adder", handler=lambda envelope: sum(envelope.data))
        until(lambda: self.asker.request("adder", [1, 2], timeout=1).data == 3, 10, "the adder's answer")


class Upgrades(OverWebSocket):
    def test_what_is_refused_is_told_in_words(self):
        for status, words, how in (
                (426, "this is a Jetway router", {"without": ("Upgrade", "Connection")}),
                (426, "version 13", {"Sec_WebSocket_Version": "8"}),
                (426, "version 13", {"without": ("Sec-WebSocket-Version",)}),
                (400, "jetway.1", {"without": ("Sec-WebSocket-Protocol",)}),
                (400, "jetway.1", {"Sec_WebSocket_Protocol": "chat"}),
                (400, "Sec-WebSocket-Key", {"Sec_WebSocket_Key": "short"}),
                (400, "Host", {"without": ("Host",)}),
                (404, "at /mesh", {"path": "/"}),
                (403, "origins", {"Origin": "https://evil.example"}),
                (403, "origins", {"Origin": "null"}),
                (431, "8192", {"X": "x" * 8192})):
            with self.subTest(status, **how), self.peer() as peer:
                with contextlib.suppress(ConnectionError):
                    got, head, _ = peer.answer(**{"path": "/mesh", **how})
                    body = peer.rest().decode()
                    self.assertEqual(got, status, head)
                    self.assertIn(words, body)
                    self.assertTrue(body.endswith("\n"))
                    self.assertIn(f"Content-Length: {len(body)}\r\n", head + "\r\n")
                    if status == 426:
                        self.assertIn("\r\nSec-WebSocket-Version: 13\r\n", head)
        self.assertEqual(self.asks(), 42)

    def test_origins_that_are_let_in(self):
        for origin in ("https://app.example", f"http://{self.host}:8000", "http://localhost"):
            with self.subTest(origin), self.peer() as peer:
                peer.upgrade(path="/mesh", Origin=origin)

    def test_origins_change_with_a_reload(self):
        file = self.alpha.file
        file.write_text(file.read_text().replace("https://app.example", "https://new.example"))
        self.alpha.signal(signal.SIGHUP)

        def status(origin):
            with self.peer() as peer:
                return peer.answer(path="/mesh", Origin=origin)[0]

        until(lambda: status("https://new.example") == 101, 10, "the new origin")
        self.assertEqual(status("https://app.example"), 403)
        self.undisturbed()

    def test_frames_right_behind_the_upgrade(self):
        with self.peer() as peer:
            peer.write(request(path="/mesh") + message(BINARY, HELLO + jetway.frame(jetway.PING, b"\xa4last")))
            while b"\r\n\r\n" not in peer.received:
                self.assertTrue(peer.more())
            peer.received = peer.received.partition(b"\r\n\r\n")[2]
            came = b""
            for _, payload in peer.messages():
                came += payload
                if came.endswith(jetway.frame(jetway.PONG, b"\xa4last")):
                    break
            self.assertEqual(came[4], jetway.HELLO)

    def test_faults_end_in_a_close(self):
        half = jetway.frame(jetway.PING, b"\xa4last")
        for code, goodbye, bytes_ in (
                (1003, "bad-frame", message(TEXT, b"hi")),
                (1002, "bad-frame", message(BINARY, half[:5]) + message(BINARY, half[5:])),
                (1002, "bad-frame", message(BINARY, b"")),
                (1002, None, b"\x82\x01\x00"),
                (1002, None, message(3, b"")),
                (1002, None, message(PING, b"", fin=False)),
                (1009, "too-large", message(BINARY, struct.pack(">I", 17 << 20) + bytes(100))),
                (1002, "bad-frame", message(BINARY, bytes(20))),
                (1000, "version", message(BINARY, jetway.frame(jetway.HELLO, msgpack.packb(
                    {"protocol": [9], "role": "service"})))),
                (1000, "hello-timeout", b"")):
            with self.subTest(f"{code} {goodbye} {bytes_[:8].hex()}"), self.peer() as peer:
                peer.upgrade(path="/mesh").write(bytes_)
                came = list(peer.messages())
                self.assertEqual(came[-1][0], CLOSE)
                self.assertEqual(struct.unpack(">H", came[-1][1][:2])[0], code)
                said = [msgpack.unpackb(payload[8:])["code"] for opcode, payload in came if opcode == BINARY]
                self.assertEqual(said, [goodbye] if goodbye else [])
            self.undisturbed()

    def test_fragments_and_pings_between_them(self):
        with self.peer() as peer:
            frames = HELLO + jetway.frame(jetway.PING, b"\xa4last")
            peer.upgrade(path="/mesh")
            for at, byte in enumerate(frames):
                peer.write(message(BINARY if at == 0 else 0, bytes([byte]), fin=at + 1 == len(frames)))
                peer.write(message(PING, bytes([byte])))
            came = b""
            pongs = []
            for opcode, payload in peer.messages():
                pongs += [payload] if opcode == PONG else []
                came += payload if opcode == BINARY else b""
                if came.endswith(jetway.frame(jetway.PONG, b"\xa4last")):
                    break
            self.assertEqual(pongs, [bytes([byte]) for byte in frames])
            peer.write(message(CLOSE, struct.pack(">H", 1000)))
            self.assertEqual(list(peer.messages()), [(CLOSE, struct.pack(">H", 1000))])


class SecureClients(Clients):
    scheme = "wss"


class SecureUpgrades(Upgrades):
    scheme = "wss"


class Crowds(OverWebSocket):
    """Two thousand who come at once, and mean ill."""

    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 2 * MANY:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * MANY + 200, hard), hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.before = self.alpha.resident()
        self.open = contextlib.ExitStack()
        self.addCleanup(self.open.close)

    def crowd(self, addresses=1):
        """Connections from so many addresses."""
        peers = []
        for number in range(MANY):
            source = f"127.77.{number % addresses // 200}.{number % 200 + 1}" if addresses > 1 else "127.0.0.1"
            peer = self.open.enter_context(socket.create_connection((self.host, self.port), 10 * SLOW, (source, 0)))
            peer.setblocking(False)
            peers.append(peer)
        return peers

    def sent_away(self, peers, send=None, every=0.1):
        """Waits until the router has ended each connection; meanwhile each gets what `send` gives."""
        left = selectors.DefaultSelector()
        for peer in peers:
            left.register(peer, selectors.EVENT_READ)
        deadline = time.monotonic() + 30 * SLOW
        again = time.monotonic()
        while left.get_map():
            self.assertLess(time.monotonic(), deadline, f"{len(left.get_map())} are still there")
            for key, _ in left.select(every):
                try:
                    ended = not key.fileobj.recv(1 << 16)
                except OSError:
                    ended = True
                if ended:
                    left.unregister(key.fileobj)
            if send and time.monotonic() >= again:
                again += every
                for key in list(left.get_map().values()):
                    with contextlib.suppress(OSError):
                        key.fileobj.send(send)
        left.close()

    def afterwards(self):
        self.undisturbed()
        if not SANITIZED:
            self.assertLess(self.alpha.resident() - self.before, 32 << 20)
        until(lambda: self.asks() == 42, 20, "an answer over a WebSocket")
        until(lambda: self.alpha.ask("status")["terminals"]["all"] < 10, 10, "the end of their terminals")

    def test_who_say_nothing(self):
        for addresses in (1, MANY):
            with self.subTest(addresses=addresses):
                peers = self.crowd(addresses)
                self.undisturbed()
                self.sent_away(peers)
                self.afterwards()

    def test_who_say_a_byte_a_second(self):
        peers = self.crowd(MANY)
        self.sent_away(peers, b"G", 1.0)
        self.afterwards()

    def test_who_send_a_slow_request(self):
        peers = self.crowd(MANY)
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.send(request(path="/mesh")[:-2])
        self.sent_away(peers, b"X: y\r\n", 0.5)
        self.afterwards()

    def test_who_send_a_megabyte_of_rubbish(self):
        rubbish = os.urandom(1 << 16) * 16
        for _ in range(MANY):
            with socket.create_connection((self.host, self.port), 10 * SLOW) as peer, contextlib.suppress(OSError):
                peer.sendall(rubbish)
                peer.shutdown(socket.SHUT_WR)
        self.undisturbed()
        self.afterwards()

    def test_who_upgrade_and_say_no_more(self):
        peers = []
        for number in range(1000):
            peer = self.open.enter_context(WebSocketPeer((self.host, self.port)))
            peers.append(peer.upgrade(path="/mesh").socket)
            if number % 250 == 0:
                self.undisturbed()
        for peer in peers:
            peer.setblocking(False)
        self.sent_away(peers)
        self.afterwards()

    def test_who_ping_and_do_not_read(self):
        with self.peer() as peer:
            peer.upgrade(path="/mesh").write(message(BINARY, HELLO))
            pings = message(PING, bytes(125)) * 1000
            peer.socket.settimeout(1)
            with contextlib.suppress(TimeoutError):
                for _ in range(300):
                    peer.write(pings)
            self.undisturbed()
        self.afterwards()


if __name__ == "__main__":
    unittest.main()
