"""SilentRelay: a router between two others that passes on what it is sent, and reports nothing of it."""

import contextlib
import threading

import msgpack

import hostile
from harness import jetway
from peers import Peer, kind_and_body


class SilentRelay:
    """Its neighbours' addresses are HOST:PORT, by machine. While `swallow` is set no envelope goes on."""

    def __init__(self, machine, neighbours):
        self.machine, self.swallow = machine, False
        self.peers = {}
        for name, address in neighbours.items():
            host, port = address.rsplit(":", 1)
            self.peers[name] = Peer((host, int(port)))
        for peer in self.peers.values():
            peer.write(hostile.frame(jetway.HELLO, msgpack.packb(hostile.router_hello(machine))))
        for name in self.peers:
            threading.Thread(target=self.read, args=(name,), daemon=True).start()

    def close(self):
        for peer in self.peers.values():
            peer.__exit__()

    def other(self, name):
        return next(other for other in self.peers if other != name)

    def read(self, name):
        peer = self.peers[name]
        peer.socket.settimeout(60)
        with contextlib.suppress(OSError):  # it was closed here
            for whole in peer.whole_frames():
                self.on_frame(name, whole)

    def on_frame(self, name, whole):
        kind, body = kind_and_body(whole)
        if kind == jetway.PING:
            self.peers[name].write(hostile.frame(jetway.PONG, body))
        elif kind == jetway.ANNOUNCE:
            heard = msgpack.unpackb(body, strict_map_key=False)
            if not heard.get("full"):
                return
            routes = [[machine, number, cost + 1, distance + 1] for machine, number, cost, distance in heard["routes"]
                      if machine == name]
            own = {"machineId": self.machine, "incarnation": 1, "revision": 1, "services": []}
            catalogs = [one for one in heard.get("catalogs", []) if one["machineId"] == name]
            announce = {"machineId": self.machine, "incarnation": 1, "full": True, "digest": bytes(8),
                        "routes": [[self.machine, 1, 0, 0], *routes], "catalogs": [own, *catalogs]}
            self.peers[self.other(name)].write(hostile.frame(jetway.ANNOUNCE, msgpack.packb(announce)))
        elif kind == jetway.ENVELOPE and not self.swallow:
            passed = whole[:6] + bytes([whole[6] - 1]) + whole[7:]  # a hop less
            self.peers[self.other(name)].write(passed)
