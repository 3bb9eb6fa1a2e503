"""Routers that speak TLS: meshes made with `jetway certs`, what is refused and how both sides say so."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import unittest

import msgpack

import hostile
from certificates import day, issue, jetway_certs, openssl
from harness import BINARY, SANITIZED, SLOW, TestCase, free_addresses, jetway, run_jetway, until
from peers import TlsPeer


def client_context(folder, machine=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(folder / "ca.pem")
    if machine:
        context.load_cert_chain(folder / f"{machine}.pem", folder / f"{machine}.key")
    return context


def free_everywhere():
    """A port that is free on every address, out of the range that the system gives to those who dial."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port


def events(process, event):
    """The lines of a router's log with this event."""
    lines = [json.loads(line) for line in process.text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


class Tls(TestCase):
    def setUp(self):
        super().setUp()
        self.certs = self.world.folder / "certs"
        self.places = {name: (host, port) for name, (host, (port,)) in
                       zip(("machine-a", "machine-b", "machine-c", "services"), free_addresses(4))}

    def at(self, name):
        return "{}:{}".format(*self.places[name])

    def deployment(self, name="mesh.yml", links=(("machine-a", "machine-b"), ("machine-b", "machine-c")), top="",
                   folder="certs", listen=True):
        """A file with these (dials, is dialled) links, all of them in TLS; machine-a has a terminal for services."""
        lines = ["security:", f"  certificates: {folder}", "  network: tls", top, "machines:"]
        for machine in ("machine-a", "machine-b", "machine-c"):
            lines += [f"  {machine}:", f"    listen: '{self.at(machine)}'" if listen else "", "    terminals:"]
            lines += [f"      - {{name: to-{there}, type: network, address: '{self.at(there)}'}}"
                      for here, there in links if here == machine]
            lines += [f"      - {{name: to-{here}, type: network}}" for here, there in links if there == machine]
            if machine == "machine-a":
                lines += [f"      - {{name: pub, type: local, address: 'tls://{self.at('services')}'}}"]
            lines += ["      - {name: here, type: local}"]
        return self.world.write(name, "\n".join(line for line in lines if line) + "\n")

    def mesh(self, machines=("machine-a", "machine-b", "machine-c"), **how):
        file = self.deployment(**how)
        if not self.certs.exists():
            jetway_certs(file, self.certs)
        return self.world.routers(file, machines)

    def says(self, process, event, *words):
        """Waits for a line of the log with this event and all these words, and returns it."""
        def said():
            for line in events(process, event):
                if all(word in json.dumps(line) for word in words):
                    return line
            return None
        return until(said, 10, f"{process.name} to say {event!r} with {words}")

    def tool(self, *arguments, ca=True, **how):
        return run_jetway(*arguments, *(("--ca", self.certs / "ca.pem") if ca else ()), **how)


class Mesh(Tls):
    def test_three_machines_and_the_hairpin(self):
        a, _, c = self.mesh()
        sink, gpu, asker = a.client("mp4-encoder"), c.client("gpu-server"), a.client("pty-server")
        until(lambda: a.ways("gpu-server"), 10, "the way to gpu-server")
        until(lambda: c.ways("mp4-encoder"), 10, "the way back")
        asker.send("gpu-server", b"frame" * 100_000, reply_to="mp4-encoder@machine-a", id=7)
        envelope = gpu.receive()
        self.assertEqual(envelope.data, b"frame" * 100_000)
        gpu.reply(envelope, b"done")
        answer = sink.receive()
        self.assertEqual((answer.in_reply_to, answer.data), (7, b"done"))

    def test_tools_come_through_tls(self):
        self.mesh(["machine-a"])
        at = f"tls://{self.at('services')}"
        done = self.tool("status", "--socket", at)
        self.assertEqual((done.returncode, "machine-a" in done.stdout), (0, True), done.stderr)
        # By its machine, wherever it is dialled; and not by another's.
        for name, expected in (("machine-a", 0), ("machine-b", 6)):
            self.assertEqual(self.tool("status", "--socket", at, "--tls-name", name).returncode, expected)
        # Without the CA's file the router can't be known.
        done = self.tool("status", "--socket", at, ca=False)
        self.assertEqual(done.returncode, 6)
        self.assertIn("--ca", done.stderr)
        # In the environment, too; and over what a pipe would not hold.
        data = os.urandom(3_000_000).hex()
        server = self.world.process("echo", BINARY, "serve", "mirror", "--echo", "--socket", at,
                                    env={"JETWAY_CA": str(self.certs / "ca.pem")})
        until(lambda: "serving" in server.text(), 10, "the service")
        done = self.tool("request", "mirror", "--socket", at, stdin=data)
        self.assertEqual(done.stdout.strip() == data, True, done.stderr)

    def test_the_python_client_comes_through_tls(self):
        a, = self.mesh(["machine-a"])
        context = ssl.create_default_context(cafile=self.certs / "ca.pem")
        where = self.places["services"]
        local = a.client("ear")
        with jetway.Client(where, ["mouth"], tls=context, timeout=5 * SLOW) as client:
            client.send("ear", bytes(1_000_000), id=1)
            envelope = local.receive()
            local.reply(envelope, "heard")
            self.assertEqual(client.receive().data, "heard")
            client.send("ear", b"last")
        self.assertEqual(local.receive().data, b"last")
        with jetway.Client(where, tls=context, tls_name="machine-a", timeout=5 * SLOW):
            pass
        with self.assertRaises(ssl.SSLCertVerificationError):
            jetway.Client(where, tls=context, tls_name="machine-b", timeout=5 * SLOW)
        self.assertFalse(events(a, "TLS failed"))

    def test_a_certificate_is_good_for_its_own_machine_only(self):
        """machine-b's certificate, shown by someone who says in HELLO that he is machine-c."""
        a, = self.mesh(["machine-a"])
        context = client_context(self.certs, "machine-b")
        for machine, welcome in (("machine-c", False), ("machine-b", True)):
            with TlsPeer(self.places["machine-a"], context) as peer:
                peer.write(hostile.frame(jetway.HELLO, hostile.pack(hostile.router_hello(machine))))
                kind, body = next(peer.frames())
                if welcome:
                    self.assertEqual(kind, jetway.HELLO)
                else:
                    goodbye = msgpack.unpackb(body)
                    self.assertEqual((kind, goodbye["code"]), (jetway.GOODBYE, "forbidden"))
                    self.assertIn("machine-b", goodbye["message"])
                    self.assertIn("machine-c", goodbye["message"])
        self.says(a, "neighbour refused", "machine-b", "machine-c", "forbidden")


class Handshakes(Tls):
    """What other implementations see: OpenSSL's own client, and bytes that are no TLS."""

    def s_client(self, place, *arguments, check=True):
        return openssl("s_client", "-connect", self.at(place), "-CAfile", self.certs / "ca.pem",
                       "-verify_return_error", *arguments, check=check)

    def test_versions(self):
        self.mesh(["machine-a"])
        for version, expected in (("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")):
            self.assertIn(f"New, {expected}", self.s_client("services", version).text)
        old = self.s_client("services", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", check=False)
        self.assertNotEqual(old.returncode, 0)
        self.assertNotIn("New, TLSv1.1", old.text)
        # A cipher without forward secrecy is not offered.
        weak = self.s_client("services", "-tls1_2", "-cipher", "AES128-GCM-SHA256", check=False)
        self.assertNotEqual(weak.returncode, 0)

    def test_no_renegotiation_no_compression_no_tickets(self):
        self.mesh(["machine-a"])
        text = self.s_client("services", "-tls1_2").text
        self.assertIn("Compression: NONE", text)
        self.assertNotIn("TLS session ticket:", text)
        again = openssl("s_client", "-connect", self.at("services"), "-tls1_2", "-CAfile", self.certs / "ca.pem",
                        stdin=b"R\n", check=False)
        self.assertIn("no renegotiation", again.text)

    def test_a_neighbour_without_a_certificate(self):
        a, = self.mesh(["machine-a"])
        text = self.s_client("machine-a", "-tls1_3", check=False).text
        self.assertIn("Acceptable client certificate CA names", text)
        self.says(a, "handshake refused", "it showed no certificate")
        done = self.tool("status", "--socket", f"tls://{self.at('machine-a')}")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("we have shown none", done.stderr)

    def test_what_is_no_tls(self):
        """SSLv2, HTTP, frames, noise: closed and said, and the next one is served."""
        a, = self.mesh(["machine-a"])
        sslv2 = bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") + bytes(16)
        for stream in (sslv2, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", hostile.good_stream(), os.urandom(5000),
                       bytes.fromhex("1603010004") + bytes(4), bytes.fromhex("16030140ff") + bytes(0x40ff)):
            for where in ("services", "machine-a"):
                with socket.create_connection(self.places[where], timeout=8 * SLOW) as peer:
                    with contextlib.suppress(ConnectionError):
                        peer.sendall(stream)
                        peer.shutdown(socket.SHUT_WR)
                        while peer.recv(65536):
                            pass
                self.assertEqual(self.tool("status", "--socket", f"tls://{self.at('services')}").returncode, 0)
        self.says(a, "handshake refused", "not TLS")

    def test_cut_at_every_byte_of_its_handshake(self):
        self.mesh(["machine-a"], top="limits: {handshakes_per_address: 1000}")
        context, sent = client_context(self.certs), b""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            context.wrap_bio(incoming, outgoing).do_handshake()
        sent = outgoing.read()
        for size in range(0, len(sent), 7):
            with socket.create_connection(self.places["services"], timeout=5 * SLOW) as peer:
                peer.sendall(sent[:size])
        # And byte by byte, which is none of the router's business.
        with socket.create_connection(self.places["services"], timeout=5 * SLOW) as peer:
            for byte in sent:
                peer.sendall(bytes([byte]))
            self.assertEqual(peer.recv(1), b"\x16")
        self.assertEqual(self.tool("status", "--socket", f"tls://{self.at('services')}").returncode, 0)


class Faults(Tls):
    """A certificate that is wrong: the handshake is refused, and both logs say why."""

    def pair(self, dialler, listener, spoil):
        """Two routers, of which machine-b's certificate is spoilt; both processes, machine-a's first."""
        file = self.deployment(links=[(dialler, listener)])
        jetway_certs(file, self.certs)
        spoil()
        a, b = self.world.routers(file, ["machine-a", "machine-b"])
        self.assertFalse(events(a, "link up"))
        return a, b

    def both_say(self, spoil, theirs, ours):
        """`theirs` is what machine-a says of machine-b's certificate, `ours` what machine-b says of its own."""
        for dialler, listener in (("machine-b", "machine-a"), ("machine-a", "machine-b")):
            with self.subTest(dialler=dialler):
                a, b = self.pair(dialler, listener, spoil)
                here, there = "TLS failed", "handshake refused"
                a_event, b_event = (here, there) if dialler == "machine-a" else (there, here)
                self.says(a, a_event, *theirs)
                self.says(b, b_event, *ours)
                self.assertFalse(events(a, "link up"))
                for router in (a, b):
                    # It is dialled again and again, and said once in a while.
                    self.assertLess(len(events(router, here)) + len(events(router, there)), 4)
                    router.signal(signal.SIGTERM)
                    router.wait()
                shutil.rmtree(self.certs)

    def test_expired(self):
        ended = day(-3)[1]
        self.both_say(lambda: issue(self.certs, "machine-b", ["machine-b"], -30, -3),
                      [f"certificate of machine-b expired {ended}; make a new one with `jetway certs`"],
                      ["refused as expired", f"of machine-b, expired {ended}; make a new one with `jetway certs`"])

    def test_not_yet_valid(self):
        begins = day(3)[1]
        self.both_say(lambda: issue(self.certs, "machine-b", ["machine-b"], 3, 30),
                      [f"certificate of machine-b is not valid before {begins}"],
                      ["our certificate was refused", f"is not valid before {begins}"])

    def test_another_ca(self):
        def spoil():
            other = self.world.folder / "other"
            jetway_certs(self.world.folder / "mesh.yml", other)
            for file in ("machine-b.pem", "machine-b.key"):
                shutil.copy(other / file, self.certs / file)
            shutil.rmtree(other)
        self.both_say(spoil, ["certificate of machine-b was not made by our CA"],
                      ["refused as not made by their CA", "ours is for machine-b"])

    def test_another_machine(self):
        """Where machine-a dials machine-b, machine-c listens."""
        file = self.deployment(links=[("machine-a", "machine-b")])
        self.places["machine-c"], self.places["machine-b"] = self.places["machine-b"], self.places["machine-c"]
        other = self.deployment("other.yml", links=[("machine-b", "machine-c")])
        jetway_certs(file, self.certs)
        a, = self.world.routers(file, ["machine-a"])
        c, = self.world.routers(other, ["machine-c"])
        self.says(a, "TLS failed", "certificate is for machine-c", "but machine-b was expected there")
        self.says(c, "handshake refused", "of another machine than expected", "ours is for machine-c")
        self.assertFalse(events(a, "link up"))

    def test_soon_over_is_a_warning(self):
        file = self.deployment()
        jetway_certs(file, self.certs, "--days", "10")
        a, = self.world.routers(file, ["machine-a"])
        line = self.says(a, "certificate", "it expires in ", day(10)[1], "jetway certs")
        self.assertEqual(line["level"], "warning")


class Reload(Tls):
    def serial(self):
        """The number of the certificate that machine-a shows now."""
        pem = openssl("s_client", "-connect", self.at("services"), "-CAfile", self.certs / "ca.pem").stdout
        return openssl("x509", "-noout", "-serial", stdin=pem).stdout

    def test_new_certificates_without_losing_a_connection(self):
        a, b = self.mesh(["machine-a", "machine-b"])
        b.client("far")
        until(lambda: a.ways("far"), 10, "the link")
        with TlsPeer(self.places["services"], client_context(self.certs)) as peer:
            peer.write(hostile.frame(jetway.HELLO, hostile.pack(hostile.hello(services=[]))))
            self.assertEqual(next(peer.frames())[0], jetway.HELLO)
            old = self.serial()
            jetway_certs(self.world.folder / "mesh.yml", self.certs, "--force")
            self.assertEqual(self.serial(), old)
            for router in (a, b):
                router.signal(signal.SIGHUP)
                self.says(router, "reloaded")
            until(lambda: self.serial() != old, 10, "the new certificate")
            peer.write(hostile.frame(jetway.PING, b"\x01"))
            self.assertEqual(next(peer.frames()), (jetway.PONG, b"\x01"))
        self.assertFalse(events(a, "link down") + events(b, "link down"))

    def test_bad_files_change_nothing(self):
        a, = self.mesh(["machine-a"])
        old = self.serial()
        jetway_certs(self.world.folder / "mesh.yml", self.certs, "--force")
        good = (self.certs / "machine-a.pem").read_text()
        spoilt = {"no PEM": "hello", "half": good[:300], "machine-b.pem": (self.certs / "machine-b.pem").read_text()}
        for count, (name, text) in enumerate(spoilt.items(), 1):
            with self.subTest(name):
                (self.certs / "machine-a.pem").write_text(text)
                a.signal(signal.SIGHUP)
                until(lambda: len(events(a, "reload refused, nothing changed")) == count, 10, "the refusal")
                line = events(a, "reload refused, nothing changed")[-1]
                self.assertEqual((line["level"], "machine-a.pem" in line["why"]), ("error", True), line)
                self.assertEqual(self.serial(), old)
        (self.certs / "machine-a.pem").write_text(good)
        a.signal(signal.SIGHUP)
        until(lambda: self.serial() != old, 10, "the new certificate")

    def test_a_mesh_moves_to_tls_and_back(self):
        """The same port, another scheme: only the link is made anew."""
        a, b = self.mesh(["machine-a", "machine-b"])
        b.client("far")
        until(lambda: a.ways("far"), 10, "the link")
        file = self.world.folder / "mesh.yml"
        for there in ("tcp", "tls"):
            before = len(events(a, "link up"))
            file.write_text(re.sub("network: t..", f"network: {there}", file.read_text()))
            for router in (a, b):
                router.signal(signal.SIGHUP)
            until(lambda: len(events(a, "link up")) > before and a.ways("far"), 10, f"the link by {there}")
            probe = openssl("s_client", "-connect", self.at("machine-a"), check=False)
            self.assertEqual("CONNECTED" in probe.text and "BEGIN CERTIFICATE" in probe.text, there == "tls")


class Start(Tls):
    def refused(self, file, machine, *words):
        done = run_jetway("run", file, "--machine", machine, "--socket", self.world.folder / "x.sock")
        self.assertEqual(done.returncode, 3, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_files_that_are_missing_or_do_not_fit(self):
        file = self.deployment()
        self.refused(file, "machine-a", "certs/ca.pem", "jetway certs")
        jetway_certs(file, self.certs)
        for name, words in (("machine-a.key", ["machine-a.key", "ENOENT|No such file|no such file"]),
                            ("machine-a.pem", ["machine-a.pem"]), ("ca.pem", ["ca.pem"])):
            kept = (self.certs / name).read_bytes()
            (self.certs / name).unlink()
            self.refused(file, "machine-a", words[0], "jetway certs")
            (self.certs / name).write_bytes(b"hello")
            self.refused(file, "machine-a", words[0], "jetway certs")
            (self.certs / name).write_bytes(kept)
        shutil.copy(self.certs / "machine-b.key", self.certs / "machine-a.key")
        self.refused(file, "machine-a", "machine-a.key is not the key of the certificate in")
        shutil.copy(self.certs / "machine-b.pem", self.certs / "machine-a.pem")
        self.refused(file, "machine-a", "is the certificate of machine-b, not of machine-a")

    def test_no_certificates_is_a_problem_of_the_file(self):
        text = f"machines:\n  a:\n    listen: tls://{self.at('machine-a')}\n"
        done = run_jetway("check", self.world.write("bare.yml", text))
        self.assertEqual(done.returncode, 3)
        self.assertIn("needs certificates: expected `security: {certificates: DIR}`", done.stderr)

    def test_insecure_is_for_what_is_not_encrypted(self):
        port = free_everywhere()
        text = "security: {certificates: certs}\nmachines: {machine-a: {listen: '%s0.0.0.0:%d'}}\n"
        file = self.world.write("open.yml", text % ("tls://", port))
        jetway_certs(file, self.certs)
        self.refused(self.world.write("tcp.yml", text % ("", port)), "machine-a", "insecure: true")
        router, = self.world.routers(file, ["machine-a"])
        self.assertFalse(router.ask("status")["insecure"])

    def test_certs_keeps_what_is_good(self):
        file = self.deployment()
        said = jetway_certs(file, self.certs)
        self.assertEqual(said.count("made "), 4)
        self.assertNotIn("certificates: certs", said)  # the file has that already
        for machine in ("machine-a", "machine-b", "machine-c"):
            openssl("verify", "-CAfile", self.certs / "ca.pem", "-purpose", "sslserver", self.certs / f"{machine}.pem")
            openssl("verify", "-CAfile", self.certs / "ca.pem", "-purpose", "sslclient", self.certs / f"{machine}.pem")
        for key in self.certs.glob("*.key"):
            self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        names = openssl("x509", "-noout", "-ext", "subjectAltName", "-in", self.certs / "machine-a.pem").text
        self.assertIn("DNS:machine-a", names)
        self.assertIn(f"IP Address:{self.places['machine-a'][0]}", names)
        self.assertIn(f"IP Address:{self.places['services'][0]}", names)

        before = {path.name: path.read_bytes() for path in self.certs.iterdir()}
        self.assertEqual(jetway_certs(file, self.certs).count("kept "), 4)
        self.assertEqual({path.name: path.read_bytes() for path in self.certs.iterdir()}, before)
        self.assertEqual(jetway_certs(file, self.certs, "--force").count("made "), 3)
        self.assertEqual((self.certs / "ca.pem").read_bytes(), before["ca.pem"])
        # What expires soon is renewed, and what names too little.
        issue(self.certs, "machine-b", ["machine-b"], -1, 20)
        issue(self.certs, "machine-c", ["machine-c"], -1, 200)
        said = jetway_certs(file, self.certs)
        self.assertRegex(said, r"kept \S*machine-a.pem")
        self.assertRegex(said, r"made \S*machine-b.pem, .*the old one expires")
        self.assertRegex(said, r"made \S*machine-c.pem, .*its names or addresses have changed")

    def test_certs_says_what_to_write(self):
        (host, (port,)), = free_addresses(1)
        file = self.world.write("plain.yml", "machines:\n  a: {terminals: [{name: to-b, type: network, "
                                             f"address: '{host}:{port}'}}]}}\n  b:\n")
        said = jetway_certs(file, self.certs)
        lines = said[said.index("security:"):]
        self.assertEqual(lines, "security:\n  certificates: certs\n  network: tls\n")
        file.write_text(lines + file.read_text())
        a, _ = self.world.routers(file, ["a", "b"])
        until(lambda: events(a, "link up"), 10, "the link")


class Flood(Tls):
    """Connections that never say a word."""

    SILENT = 2000

    def silent(self, stack, count, source=None):
        peers = []
        for _ in range(count):
            plain = stack.enter_context(socket.socket())
            peers.append(plain)
            if source:
                plain.bind((source, 0))
            plain.settimeout(5 * SLOW)
            plain.connect(self.places["services"])
        return peers

    def served(self):
        done = self.tool("status", "--json", "--socket", f"tls://{self.at('services')}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_two_thousand_are_dropped_by_their_timeouts(self):
        a, = self.mesh(["machine-a"], top="limits: {handshake_timeout: 2s, handshakes: 5000, "
                                          "handshakes_per_address: 5000}")
        before = a.resident()
        with contextlib.ExitStack() as stack:
            peers = self.silent(stack, self.SILENT)
            self.served()
            if not SANITIZED:
                self.assertLess(a.resident() - before, 200 << 20)
            for peer in peers:
                self.assertEqual(peer.recv(1), b"")
            self.served()
        self.says(a, "handshake refused", "timeout")
        self.assertLess(len(events(a, "handshake refused")), 10)

    def test_each_is_closed_in_time(self):
        self.mesh(["machine-a"], top="limits: {handshake_timeout: 1s}")
        with contextlib.ExitStack() as stack:
            for peer in self.silent(stack, 40):
                self.assertEqual(peer.recv(1), b"")

    def test_one_address_does_not_take_the_others_place(self):
        a, = self.mesh(["machine-a"])
        with contextlib.ExitStack() as stack:
            self.silent(stack, self.SILENT, source="127.0.0.9")
            self.says(a, "handshake refused", "handshakes-per-address")
            self.served()
        self.assertLess(len(events(a, "handshake refused")), 10)


if __name__ == "__main__":
    unittest.main()
