"""Hostile streams against a local Unix socket and a network listener (hostile.py holds the table).

After each of them a bystander still asks and gets its answer. At the end the router ends well, and
it has used no more memory than its limits allow.
"""

import contextlib
import itertools
import os
import time
import unittest

import msgpack

import hostile
from harness import SANITIZED, SLOW, Client, JetwayError, TestCase, cut, free_addresses, jetway, until
from hostile import BYSTANDER, Answered, AnyRefusal, Anything, Delivered, Goodbye, Refused, Stays
from peers import Peer, frames_in
from websocket_peer import BINARY, WebSocketPeer, message

HELLO_TIMEOUT = 1.0
SEED = int(os.environ.get("JETWAY_SEED", "1"))


class WebSocketFrames(Peer):
    """The same over a WebSocket: what is written at once is one message."""

    def __init__(self, where):
        self.websocket = WebSocketPeer(where, timeout=5).upgrade()
        self.socket = self.websocket.socket

    def write(self, stream):
        super().write(message(BINARY, stream))

    def frames(self):
        for opcode, payload in self.websocket.messages():
            if opcode == BINARY:
                yield from frames_in(payload)


def unpacked(body):
    """An envelope's fields, as far as they can be unpacked, and its whole body."""
    try:
        return {**msgpack.unpackb(body, strict_map_key=False), "body": body}
    except ValueError:
        return {"body": body}


class Hostile(TestCase):
    def setUp(self):
        super().setUp()
        (host, (port, web)), = free_addresses(1, ports=2)
        self.network, self.web = (host, port), (host, web)
        file = self.world.write("hostile.yml", f"""\
limits:
  hello_timeout: {int(HELLO_TIMEOUT * 1000)}ms
machines:
  alpha:
    services: [configured]
    terminals:
      - {{name: web, type: local, address: "ws://{host}:{web}"}}
  beta:
    terminals:
      - {{name: to-alpha, type: network, address: "{host}:{port}"}}
""")
        self.router, = self.world.routers(file, ["alpha"])
        self.world.serve(self.router, BYSTANDER, handler=lambda _: "answer")
        self.asker = self.router.client()
        until(lambda: self.asker.request(BYSTANDER, timeout=1).data == "answer", 5, "the bystander's answer")
        self.machines = (f"m{number}" for number in itertools.count())
        self.before = self.router.resident()

    def undisturbed(self):
        self.assertEqual(self.asker.request(BYSTANDER, "a question", timeout=3 * SLOW).data, "answer")

    def bounded(self, mebibytes):
        if not SANITIZED:  # whose own bookkeeping is larger than what is measured here
            self.assertLess(self.router.resident() - self.before, mebibytes << 20)

    def meet(self, case, where, how=Peer):
        """Plays one case, and returns what there is to be said against how it was met, or None."""
        with how(where) as peer:
            peer.write(case.stream)
            expected = case.expected
            if isinstance(expected, Anything):
                peer.finish()
                return None
            if isinstance(expected, Goodbye):
                frames = list(peer.frames())
                if not frames or frames[-1][0] != jetway.GOODBYE:
                    return f"no GOODBYE among {[kind for kind, _ in frames]}"
                code = msgpack.unpackb(frames[-1][1])["code"]
                return None if code == expected.code else f"GOODBYE {code}, expected {expected.code}"
            # The connection stays: a PING behind it all is answered, and says what came before.
            peer.write(hostile.frame(jetway.PING, b"\xa4last"))
            came = []
            wait_for_answer = not isinstance(expected, Stays)
            ponged = False
            for kind, body in peer.frames():
                if kind == jetway.GOODBYE:
                    return f"GOODBYE {msgpack.unpackb(body)}, expected {expected}"
                if kind == jetway.ENVELOPE:
                    came.append(unpacked(body))
                ponged = ponged or (kind == jetway.PONG and body == b"\xa4last")
                if ponged and (came or not wait_for_answer):
                    break
            else:
                return f"closed without a GOODBYE, expected {expected}"
            codes = [one["error"]["code"] for one in came if "error" in one]
            answers = [one for one in came if one.get("inReplyTo") == 1 and one.get("data") == "answer"]
            met = {Stays: not came, Answered: bool(answers), AnyRefusal: bool(codes),
                   Delivered: any(getattr(expected, "part", b"") in one["body"] for one in came) or
                   (codes == ["bad-envelope"] and getattr(expected, "or_refused", False)),
                   Refused: codes == [getattr(expected, "code", None)]}[type(expected)]
            return None if met else f"{str(came)[:300]}, expected {str(expected)[:100]}"

    def play(self, cases, where, how=Peer):
        failed = []
        count = 0
        for case in cases:
            count += 1
            try:
                fault = self.meet(case, where, how)
            except TimeoutError:
                fault = f"nothing came in time, expected {str(case.expected)[:100]}"
            if fault:
                failed.append(f"{case.name}: {fault}")
            try:
                self.undisturbed()
            except JetwayError as error:
                self.fail(f"after {case.name!r} the bystander is disturbed: {error}\n" + "\n".join(failed))
            if len(failed) > 40:
                break
        self.assertEqual(failed, [], f"{len(failed)} of {count} cases:\n" + "\n".join(failed))

    def test_the_table_on_a_local_terminal(self):
        self.play(hostile.local(), self.router.socket)
        self.bounded(32)

    def test_the_table_on_a_websocket(self):
        self.play(hostile.local(), self.web, WebSocketFrames)
        self.bounded(32)

    def test_the_table_on_a_network_listener(self):
        self.play(hostile.network(lambda: next(self.machines)), self.network)
        self.bounded(64)

    def test_malformed_envelopes_from_a_router_are_counted(self):
        before = self.router.refused("bad-envelope")
        with Peer(self.network) as peer:
            peer.write(hostile.frame(jetway.HELLO, hostile.pack(hostile.router_hello("counted"))) +
                       hostile.frame(jetway.ENVELOPE, b"\xc0") * 100 + hostile.frame(jetway.PING, b"\xc0"))
            for kind, _ in peer.frames():
                self.assertNotEqual(kind, jetway.GOODBYE)
                if kind == jetway.PONG:
                    break
            self.assertEqual(self.router.refused("bad-envelope") - before, 100)

    def test_a_router_passes_on_what_is_for_here_and_says_what_is_not(self):
        machine = "mallory"
        announce = {"machineId": machine, "incarnation": 1, "full": True, "digest": bytes(8),
                    "routes": [[machine, 1, 0, 0]], "catalogs": [
                        {"machineId": machine, "incarnation": 1, "revision": 1,
                         "services": [{"name": "ear", "instance": 1, "health": "up"}]}]}
        with Peer(self.network) as peer:
            peer.write(hostile.frame(jetway.HELLO, hostile.pack(hostile.router_hello(machine))) +
                       hostile.frame(jetway.ANNOUNCE, hostile.pack(announce)))
            until(lambda: self.router.ways("ear") == {(machine, 1)}, 5, "the way to mallory")
            for number, (pin, hops, destination, expected) in enumerate((
                    (b"alpha", 5, BYSTANDER, "answer"), (b"alpha", 0, BYSTANDER, "answer"),
                    (b"nowhere", 5, f"{BYSTANDER}@nowhere", "no-route"),
                    (b"alpha", 5, "nobody@alpha", "no-route|no-instance"),
                    (b"alpha", 5, "configured@alpha", "no-instance"),
                    (b"\xff\xfe", 5, f"{BYSTANDER}@nowhere", "no-route|bad-envelope"))):
                with self.subTest(destination, pin=pin, hops=hops):
                    body = hostile.pack({"source": f"ear@{machine}", "destination": destination, "id": number})
                    peer.write(hostile.frame(jetway.ENVELOPE, body, hops=hops, pin=pin))
                    got = next(msgpack.unpackb(body) for kind, body in peer.frames() if kind == jetway.ENVELOPE)
                    self.assertEqual((got["destination"], got["inReplyTo"]), (f"ear@{machine}", number))
                    said = got["error"]["code"] if "error" in got else got["data"]
                    self.assertIn(said, expected.split("|"))
        until(lambda: not self.router.ways("ear"), 5, "its end with its connection")
        self.undisturbed()

    def test_truncated_at_every_byte(self):
        _, announce = next(hostile.announces())
        neighbour = (hostile.frame(jetway.HELLO, hostile.pack(hostile.router_hello("cut"))) +
                     hostile.frame(jetway.ANNOUNCE, announce))
        for stream, where in ((hostile.good_stream(), self.router.socket), (neighbour, self.network)):
            for size in range(len(stream)):
                with Peer(where) as peer:
                    peer.write(stream[:size])
                    peer.finish()
                self.undisturbed()

    def test_in_two_pieces_cut_at_every_byte(self):
        stream = hostile.good_stream()
        for size in range(1, len(stream)):
            with Peer(self.router.socket) as peer:
                peer.write(stream[:size])
                self.undisturbed()  # so that the router has read the first piece
                peer.write(stream[size:])
                self.all_came(peer)

    def test_byte_by_byte(self):
        with Peer(self.router.socket) as peer:
            for byte in hostile.good_stream():
                peer.write(bytes([byte]))
            self.all_came(peer)

    def all_came(self, peer):
        """What the good stream is answered: HELLO, the bystander's answer, and PONG."""
        wanted = {jetway.HELLO, jetway.ENVELOPE, jetway.PONG}
        for kind, body in peer.frames():
            if kind == jetway.ENVELOPE:
                self.assertEqual(msgpack.unpackb(body)["data"], "answer")
            wanted.discard(kind)
            if not wanted:
                return
        self.fail(f"closed before {wanted}")

    def test_noise(self):
        began = time.monotonic()
        for where in (self.router.socket, self.network):
            for stream in hostile.noise(SEED, 2000):
                with Peer(where) as peer:
                    peer.write(stream)
                    peer.finish()
                self.undisturbed()
        self.bounded(32)
        self.assertLess(time.monotonic() - began, 60 * SLOW)

    def test_no_hello(self):
        for where in (self.router.socket, self.network):
            with Peer(where) as silent, Peer(where) as slow:
                slow.write(hostile.good_stream()[:5])
                for peer in (silent, slow):
                    frames = list(peer.frames())
                    self.assertEqual(msgpack.unpackb(frames[-1][1])["code"], "hello-timeout")
            self.undisturbed()

    def test_connections_that_come_and_go(self):
        for where in (self.router.socket, self.network):
            for _ in range(1000):
                with Peer(where):
                    pass
        self.undisturbed()
        self.bounded(16)
        until(lambda: self.router.ask("status")["terminals"]["all"] < 20, 5, "the end of their terminals")

    def test_lengths_that_are_promised_cost_nothing(self):
        """300 peers announce a frame of 16 MiB each, and send its first bytes."""
        opening = hostile.frame(jetway.HELLO, hostile.pack(hostile.hello(services=[])))
        start = opening + hostile.header(hostile.MAX_FRAME, jetway.ENVELOPE) + b"\x82" * 1000
        with contextlib.ExitStack() as open_peers:
            for _ in range(300):
                open_peers.enter_context(Peer(self.router.socket)).write(start)
            self.undisturbed()
            self.bounded(32)
        self.undisturbed()

    def test_a_storm_of_what_is_refused(self):
        """Error envelopes are limited in rate, and a sender that never reads them costs a bounded queue."""
        lost = hostile.frame(jetway.ENVELOPE, hostile.pack({"destination": "nobody", "id": 1})) * 1000
        with Peer(self.router.socket) as peer:
            peer.write(hostile.frame(jetway.HELLO, hostile.pack(hostile.hello())))
            with contextlib.suppress(TimeoutError):
                for _ in range(200):
                    peer.write(lost)
            self.undisturbed()
            self.bounded(48)
        self.undisturbed()

    def test_two_reflectors_do_not_play_for_ever(self):
        client = self.router.client()
        for reply_to in ("echo@alpha", "router@alpha", "echo", "router"):
            for destination in ("echo@alpha", "router@alpha"):
                client.send(destination, {"request": "status"}, reply_to=reply_to, id=1)
        self.undisturbed()
        counted = self.router.ask("status")["counters"]["received"]
        self.undisturbed()
        self.assertLess(self.router.ask("status")["counters"]["received"] - counted, 10)

    def test_control_requests_that_are_none(self):
        client = self.router.client()
        for data in (None, 5, "status", [], {}, {"request": 5}, {"request": "nonsense"},
                     {"request": "routes", "args": 5}, {"request": "routes", "args": {"all": "yes"}}, {"request": "n" * 10_000}):
            with self.subTest(str(data)[:40]):
                with contextlib.suppress(JetwayError):
                    client.request("router@alpha", data, timeout=2 * SLOW)
                self.undisturbed()

    def test_a_service_that_is_cut_in_the_middle_of_its_answer(self):
        for _ in range(50):
            client = Client(self.router.socket, ["brittle"], timeout=5 * SLOW)
            self.asker.send("brittle", bytes(1 << 16))
            client._socket.sendall(hostile.header(1 << 20) + b"\x83")
            cut(client)
            client._socket.close()
            self.undisturbed()


if __name__ == "__main__":
    unittest.main()
