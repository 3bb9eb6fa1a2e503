"""What `jetway run` takes from its surroundings: the machine's name, and the file."""

import os
import pathlib
import socket
import unittest

from harness import BINARY, Client, TestCase, until

DEPLOYMENT = "machines:\n  one:\n    services: [only-here]\n  two:\n"
DEFAULT_FILE = pathlib.Path("/etc/jetway/deployment.yml")


class Run(TestCase):
    def started(self, name, *arguments, **environment):
        path = self.world.folder / f"{name}.sock"
        self.world.process(name, BINARY, "run", *arguments, "--socket", path, env=environment)
        until(lambda: Client(path, timeout=2).close() or True, 10, f"a router on {path}")
        with Client(path) as client:
            return client.address.partition("@")[2]

    def refused(self, *arguments, **environment):
        process = self.world.process("refused", BINARY, "run", *arguments, env=environment)
        process.wanted, process.expected = True, (3,)
        self.assertEqual(process.wait(), 3)
        return process.text()

    def test_the_machine_is_that_of_JETWAY_MACHINE_unless_an_option_names_another(self):
        file = self.world.write("deployment.yml", DEPLOYMENT)
        self.assertEqual(self.started("by-environment", file, JETWAY_MACHINE="one"), "one")
        self.assertEqual(self.started("by-option", file, "--machine", "two", JETWAY_MACHINE="one"), "two")

    def test_without_either_it_is_the_host_name(self):
        file = self.world.write("deployment.yml", DEPLOYMENT)
        if "JETWAY_MACHINE" in os.environ:
            self.skipTest("JETWAY_MACHINE is set here")
        self.assertIn(f"no machine is named `{socket.gethostname()}`", self.refused(file))

    @unittest.skipIf(DEFAULT_FILE.exists(), f"there is a {DEFAULT_FILE} here")
    def test_without_a_file_it_reads_the_one_of_etc(self):
        self.assertIn(str(DEFAULT_FILE), self.refused("--machine", "one"))


if __name__ == "__main__":
    unittest.main()
