"""Connections that are cut while envelopes are under way: nothing is lost, repeated or out of order (two hops)."""

import unittest

from mesh import LONG, MESH, TestCase, Wire, arrived, lost, pause_for, until, why_no_cut

RATE = 20_000
WHY_NO_CUT = why_no_cut()


@unittest.skipUnless(MESH.resumes, "links of this mesh lose what is under way when their connection breaks")
class Cuts(TestCase):
    def clean(self, links, via, cut, cuts, every, rate=RATE):
        mesh = MESH(self.world, links, via)
        receiver = mesh.receiver("c", ["sink"])
        sender = mesh.sender("a", ["sink"], rate, count=int(rate * (cuts * every + 1)))
        done = 0
        for _ in range(cuts):
            pause_for(every)
            done += cut(mesh) > 0
            until(lambda: mesh.link_up("a", "b") and mesh.link_up("b", "c"), 10, "the link again")
        flow, = sender.flows(sender.done(120)).values()
        stream = arrived(receiver, "sink", flow["sent"] - flow["refused"], 20)
        said = f"{done} cuts of {cuts}; {flow['sent']} sent at {rate}/s, {flow['refused']} refused, {lost(flow, stream)} lost, " \
               f"{stream['repeated']} repeated, {stream['out_of_order']} out of order; missing {stream['gaps'][:5]}"
        print(f"\n  {said}", flush=True)
        self.assertGreaterEqual(done, cuts * 0.9, said)
        self.assertEqual((flow["refused"], lost(flow, stream), stream["repeated"], stream["out_of_order"]), (0, 0, 0, 0), said)

    @unittest.skipIf(WHY_NO_CUT, WHY_NO_CUT)
    def test_connections_reset_by_the_system(self):
        self.clean([("a", "b"), ("b", "c")], {}, lambda mesh: mesh.cut("a", "b") + mesh.cut("b", "c"),
                   cuts=100 if LONG else 4, every=0.3)

    def test_a_connection_reset_in_the_middle_of_a_frame(self):
        wire = Wire(self.world)
        self.clean([("a", "b"), ("b", "c")], {("b", "c"): wire.through}, lambda mesh: wire.reset(),
                   cuts=100 if LONG else 4, every=0.3)

    def test_a_connection_reset_while_it_stalls(self):
        wire = Wire(self.world)

        def stall_and_reset(_):
            wire.stall()
            pause_for(0.2)  # what is sent meanwhile is in buffers that the reset empties
            ended = wire.reset()
            wire.resume()
            return ended
        self.clean([("a", "b"), ("b", "c")], {("a", "b"): wire.through}, stall_and_reset, cuts=50 if LONG else 2, every=0.4)


if __name__ == "__main__":
    unittest.main()
