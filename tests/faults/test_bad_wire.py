"""Links that are slow, lossy, silent or stopped: they end when they should, and come back by themselves."""

import time
import unittest

from mesh import DEAD_AFTER, LONG, MESH, TestCase, Wire, pause_for, until


class BadWire(TestCase):
    def test_a_link_of_two_seconds_delay_and_seven_percent_loss_comes_back(self):
        # Emulated where the kernel has no sch_netem: every piece takes 2 s, and a lost one its retransmission besides.
        wire = Wire(self.world)
        mesh = MESH(self.world, [("a", "b")], {("a", "b"): wire.through})
        for _ in range(3 if LONG else 1):
            wire.delay, wire.loss = 2.0, 0.07
            pause_for(60 if LONG else 3)
            wire.delay, wire.loss = 0.0, 0.0
            mended = time.monotonic()
            until(lambda: mesh.link_up("a", "b") and mesh.link_up("b", "a") and mesh.reaches("a", "b"), 15, "the link back")
            print(f"\n  back {time.monotonic() - mended:.1f} s after the wire was good again", flush=True)
            steady = len(mesh.link_changes("a"))
            pause_for(5 if LONG else 1.5)
            self.assertEqual(len(mesh.link_changes("a")), steady, "it stays up")

    def test_both_ends_of_a_half_open_link_agree_that_it_is_dead(self):
        wire = Wire(self.world)
        mesh = MESH(self.world, [("a", "b")], {("a", "b"): wire.through})
        before = {machine: len(mesh.link_changes(machine)) for machine in "ab"}
        stalled = time.monotonic()
        wire.stall()
        for machine, peer in (("a", "b"), ("b", "a")):
            until(lambda: not mesh.link_up(machine, peer), DEAD_AFTER + 2, f"{machine} takes the link for dead")
        took = time.monotonic() - stalled
        self.assertLess(took, DEAD_AFTER + 1.5)
        for machine in "ab":
            downs = [change for change in mesh.link_changes(machine)[before[machine]:] if change[0] == "link down"]
            self.assertEqual(len(downs), 1, downs)
        wire.resume()
        until(lambda: mesh.link_up("a", "b") and mesh.link_up("b", "a"), 15, "the link back")

    def test_a_router_that_stops_in_bursts_costs_no_other_pair_its_link(self):
        machines = "abcd"
        links = [(one, other) for one in machines for other in machines if one < other]
        mesh = MESH(self.world, links)
        until(lambda: all(mesh.link_up(one, other) and mesh.link_up(other, one) for one, other in links), 15, "all links")
        receiver = mesh.receiver("c", ["sink"])
        sender = mesh.sender("a", ["sink"], 2_000)
        before = {machine: len(mesh.link_changes(machine)) for machine in machines}
        for _ in range(4 if LONG else 2):
            mesh.pause("b")
            pause_for(2.5 if LONG else 1.5)
            mesh.resume("b")
            pause_for(0.3)
        until(lambda: all(mesh.link_up(one, other) for one, other in links), 15, "all links again")
        flow, = sender.flows(sender.stop()).values()
        for machine in "acd":
            others = [change for change in mesh.link_changes(machine)[before[machine]:]
                      if change[0] == "link down" and change[1] != "b"]
            self.assertEqual(others, [], f"links of {machine} with those that were never stopped")
        stream = receiver.services()["sink"]["streams"][0]
        self.assertEqual((flow["sent"] - stream["distinct"], stream["repeated"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
