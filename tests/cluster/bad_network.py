"""Loses and delays the packets of one network namespace: run in it, as root, until its standard input ends.

    bad_network.py --loss 0.05 --delay 0.05 --seed 1

By `tc netem` where the kernel has it, else the packets are queued to this program (NFQUEUE), which drops them or lets
them go later. Prints which of the two, once it has begun, and `undone` at the end. (A signal would reach nsenter, and not what runs inside.)
"""

import argparse
import heapq
import random
import select
import socket
import struct
import subprocess
import sys
import time

QUEUE = 7
NETLINK_NETFILTER, SUBSYSTEM = 12, 3 << 8
PACKET, VERDICT, CONFIG = 0, 1, 2
ACCEPT, DROP = 1, 0


def message(kind, *attributes):
    body = struct.pack(">BBH", socket.AF_UNSPEC, 0, QUEUE)
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), SUBSYSTEM | kind, 1, 0, 0) + body


def attributes(body):
    while len(body) >= 4:
        length, number = struct.unpack_from("=HH", body)
        if length < 4:
            return
        yield number & 0x3FFF, body[4:length]
        body = body[(length + 3) & ~3:]


def packets(data):
    """The ids of the packets in what was read."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if kind == SUBSYSTEM | PACKET:
            for number, value in attributes(data[20:length]):
                if number == 1:
                    yield struct.unpack_from(">I", value)[0]
        data = data[(length + 3) & ~3:]


def rules(action):
    for chain, way in (("OUTPUT", "-o"), ("INPUT", "-i")):
        subprocess.run(["iptables", "--wait", action, chain, "!", way, "lo", "--protocol", "tcp", "--jump", "NFQUEUE",
                        "--queue-num", str(QUEUE), "--queue-bypass"], check=action == "--append", capture_output=True)


def queue(loss, delay, seed):
    draw = random.Random(seed)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
        netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        netlink.bind((0, 0))
        netlink.send(message(CONFIG, (1, struct.pack(">BBH", 1, 0, socket.AF_INET))))
        netlink.send(message(CONFIG, (2, struct.pack(">IB", 0, 1)), (3, struct.pack(">I", 20_000))))
        rules("--append")
        print(f"NFQUEUE: loss {loss:g}, delay {delay * 1000:g} ms each way", flush=True)
        waiting = []
        while True:
            wait = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
            ready = select.select([netlink, sys.stdin], [], [], wait)[0]
            if sys.stdin in ready:
                break
            if ready:
                try:
                    data = netlink.recv(1 << 18)
                except OSError:  # the kernel had more than it could keep for us
                    continue
                for packet in packets(data):
                    if draw.random() < loss:
                        netlink.send(message(VERDICT, (2, struct.pack(">II", DROP, packet))))
                    else:
                        heapq.heappush(waiting, (time.monotonic() + delay, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                netlink.send(message(VERDICT, (2, struct.pack(">II", ACCEPT, heapq.heappop(waiting)[1]))))
        rules("--delete")
        for _, packet in waiting:
            netlink.send(message(VERDICT, (2, struct.pack(">II", ACCEPT, packet))))


def netem(interfaces, loss, delay):
    for number, interface in enumerate(interfaces):
        done = subprocess.run(["tc", "qdisc", "add", "dev", interface, "root", "netem", "delay", f"{delay * 1000:g}ms",
                               "loss", f"{loss * 100:g}%"], capture_output=True, check=False)
        if done.returncode != 0:
            for before in interfaces[:number]:
                subprocess.run(["tc", "qdisc", "del", "dev", before, "root"], capture_output=True, check=False)
            return False
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    interfaces = [name for _, name in socket.if_nameindex() if name != "lo"]
    if netem(interfaces, given.loss, given.delay):
        print(f"netem: loss {given.loss:g}, delay {given.delay * 1000:g} ms, on what is sent", flush=True)
        sys.stdin.read()
        for interface in interfaces:
            subprocess.run(["tc", "qdisc", "del", "dev", interface, "root"], capture_output=True, check=False)
    else:
        queue(given.loss, given.delay, given.seed)
    print("undone", flush=True)


if __name__ == "__main__":
    sys.exit(main())
