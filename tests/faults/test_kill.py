"""A router that is killed while there is another way: what is lost is bounded by its queues, and repeats are marked."""

import unittest

from mesh import LONG, MESH, TestCase, arrived, lost, pause_for, until

RATE = 10_000
QUEUE = 1 << 20  # limits.queue, bytes: of the killed router
FRAME = 150      # bytes of an envelope on the link, at least


class Kill(TestCase):
    def test_the_middle_router_of_the_shorter_way_is_killed(self):
        # a-b-c costs 2, a-d-e-c costs 3.
        links = [("a", "b"), ("b", "c"), ("a", "d"), ("d", "e"), ("e", "c")]
        mesh = MESH(self.world, links, settings="limits: {queue: 1MiB}\n")
        receiver = mesh.receiver("c", ["sink"])
        kills = 10 if LONG else 1
        sender = mesh.sender("a", ["sink"], RATE, linger=3)
        for _ in range(kills):
            pause_for(0.7)
            mesh.kill("b")
            pause_for(1.0)
            mesh.start("b")
            mesh.routers["b"].ready()
            until(lambda: mesh.link_up("a", "b") and mesh.link_up("b", "c"), 10, "the router back")
        said = sender.stop()
        flow, = sender.flows(said).values()
        stream = arrived(receiver, "sink", flow["sent"] - flow["refused"], 5)
        # What it had acknowledged and not passed on stood in its queue to c, and in what it had read of a.
        bound = kills * (QUEUE + (256 << 10)) // FRAME
        text = f"{kills} kills; {flow['sent']} sent at {RATE}/s, {flow['refused']} refused {said['codes']}, " \
               f"{lost(flow, stream)} lost (bound {bound}), {stream['repeated']} repeated, " \
               f"{stream['repeated_unmarked']} of them unmarked; {stream['marked']} marked"
        print(f"\n  {text}", flush=True)
        self.assertEqual(stream["repeated_unmarked"], 0, text)
        self.assertLessEqual(lost(flow, stream), bound, text)
        self.assertGreater(stream["distinct"], flow["sent"] * 0.9, text)


if __name__ == "__main__":
    unittest.main()
