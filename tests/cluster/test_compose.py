"""The clusters of deploy/compose as they are, by the commands of its README."""

import unittest

from cluster import Cluster, TestCase
from engine import until

DOCUMENT = {  # what machine-a knows, as the document prints it
    "pty-server": ("machine-a", "local", 0),
    "display-server": ("machine-a", "local", 0),
    "mp4-encoder": ("machine-a", "local", 0),
    "parser-server": ("machine-b", "machine-b", 1),
    "gpu-server": ("machine-c", "machine-c", 1),
    "encoder-server": ("machine-c", "machine-c", 1),
}
RENDERED = "gpu-server@machine-c: frame 1, rendered for mp4-encoder@machine-a"


class Compose(TestCase):
    def cluster(self, file):
        cluster = Cluster(self.engine, file)
        self.addCleanup(cluster.close)
        return cluster

    def test_three_machines_show_the_hairpin_and_the_documents_table(self):
        cluster = self.cluster("three-machines.yml")
        until(lambda: RENDERED in cluster.logs("mp4-encoder"), 20, "a frame that came back", every=0.2)
        until(lambda: cluster.table("machine-a") == DOCUMENT, 10, "the document's table", every=0.2)
        said = cluster.compose("exec", "-T", "machine-a", "jetway", "routes").stdout
        self.assertRegex(said, r"gpu-server +machine-c +to-machine-c +machine-c +1 +1 +selected +up")
        self.assertIn("FRAME", cluster.jetway("machine-a", "request", "encoder-server", "frame").stdout)
        running = cluster.compose("ps", "--quiet").stdout.split()
        self.assertEqual(len(running), 9)
        cluster.close()
        for kind in ("container ls --all", "network ls", "volume ls"):
            left = self.engine.docker(*kind.split(), "--quiet", "--filter",
                                      f"label=com.docker.compose.project={cluster.project}").stdout
            self.assertEqual(left, "", kind)

    def test_in_the_line_the_ends_reach_each_other_through_the_middle(self):
        cluster = self.cluster("line.yml")
        until(lambda: cluster.table("machine-a").get("gpu-server") == ("machine-c", "machine-b→machine-c", 2), 15,
              "a way over two hops", every=0.2)
        until(lambda: RENDERED in cluster.logs("mp4-encoder"), 20, "a frame that came back", every=0.2)


if __name__ == "__main__":
    unittest.main()
