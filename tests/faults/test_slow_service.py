"""One of twenty services behind a link stops reading: the others notice nothing, and nothing of its own is lost."""

import statistics
import unittest

from mesh import LONG, MESH, TestCase, arrived, lost, pause_for, stream_of, until

SERVICES = [f"service-{number}" for number in range(1, 20)]
RATE = 500 if LONG else 300  # a second, to each
SIZE = 2_000


class SlowService(TestCase):
    @unittest.skipUnless(MESH.holds, "senders of this mesh are not told to wait")
    def test_one_of_twenty_stops_reading_and_reads_again(self):
        mesh = MESH(self.world, [("a", "b")], settings="limits: {queue: 2MiB}\n")
        quick = mesh.receiver("b", SERVICES)
        slow = mesh.receiver("b", ["slow"])
        sender = mesh.sender("a", [*SERVICES, "slow"], RATE, size=SIZE, linger=3)
        until(lambda: slow.services()["slow"]["arrived"] > RATE, 10, "traffic", every=0.2)
        length = 10 if LONG else 2
        before = self.figures(quick, length)
        resident = {machine: mesh.resident(machine) for machine in "ab"}

        slow.pause()
        pause_for(length)  # until its socket, and its queue's share, are full
        during = self.figures(quick, length)
        grown = {machine: mesh.resident(machine) - resident[machine] for machine in "ab"}
        held = sender.flows(sender.report())["slow"]
        slow.resume()
        said = sender.stop()
        flows = sender.flows(said)
        stream = arrived(slow, "slow", flows["slow"]["sent"] - flows["slow"]["refused"], 20)

        text = f"19 of 20: {before[0]:.0f}/s before, {during[0]:.0f}/s while one does not read; p99 {before[1]} us, then " \
               f"{during[1]} us; memory +{grown['a'] >> 10} KiB and +{grown['b'] >> 10} KiB; the slow one: " \
               f"{flows['slow']['sent']} sent, held {held['holds']} times, {flows['slow']['refused']} refused, " \
               f"{lost(flows['slow'], stream)} lost"
        print(f"\n  {text}", flush=True)
        self.assertGreaterEqual(during[0], before[0] * 0.95, text)
        self.assertLessEqual(during[1], max(2 * before[1], 5_000), text)
        for machine in "ab":
            self.assertLess(grown[machine], 32 << 20, text)
        self.assertTrue(held["held"], "its sender was told to wait: " + text)
        self.assertEqual((flows["slow"]["refused"], lost(flows["slow"], stream)), (0, 0), text)
        found = quick.services()
        for service in SERVICES:
            quick_stream = stream_of(found, service)
            self.assertEqual((flows[service]["refused"], lost(flows[service], quick_stream), quick_stream["out_of_order"]),
                             (0, 0, 0), f"{service}: {text}")

    def test_a_sender_that_ignores_hold_slows_nobody_down(self):
        mesh = MESH(self.world, [("a", "b")], settings="limits: {queue: 2MiB}\n")
        quick = mesh.receiver("b", ["quick"])
        slow = mesh.receiver("b", ["slow"])
        polite = mesh.sender("a", ["quick"], 500, size=SIZE)
        rude = mesh.sender("a", ["slow"], 3_000, size=SIZE, ignore_holds=True)
        until(lambda: slow.services()["slow"]["arrived"] > 1_000, 10, "traffic", every=0.2)
        slow.pause()
        pause_for(5 if LONG else 1.5)
        rate, _ = self.figures(quick, 2)
        self.assertGreater(rate, 450)
        self.assertLess(mesh.resident("b"), 96 << 20)
        self.assertLess(mesh.resident("a"), 96 << 20)
        slow.resume()
        flow, = polite.flows(polite.stop()).values()
        stream = arrived(quick, "quick", flow["sent"], 10)
        self.assertEqual((flow["refused"], lost(flow, stream)), (0, 0))
        rude.stop()

    @staticmethod
    def figures(receiver, seconds):
        """(envelopes a second, microseconds): all of them, and the median of the worst p99 of each second."""
        counts, worst = [], []
        receiver.services()
        for _ in range(seconds):
            pause_for(1)
            services = receiver.services().values()
            counts.append(sum(service["window"]["count"] / (service["window"]["ms"] / 1000) for service in services))
            worst.append(max(service["window"]["p99_us"] for service in services))
        return sum(counts) / len(counts), statistics.median(worst)


if __name__ == "__main__":
    unittest.main()
