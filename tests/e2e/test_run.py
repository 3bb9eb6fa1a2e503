"""What `jetway run` takes from its surroundings: the machine's name, and the file."""

import os
import pathlib
import random
import signal
import socket
import time
import unittest

from harness import BINARY, SLOW, Client, TestCase, until

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

    @unittest.skipIf(os.geteuid() != 0, "a resolver of one's own needs root")
    def test_a_name_that_the_resolver_is_silent_on_does_not_hold_its_end(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            address = f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"
            silent.bind((address, 53))
            resolver = self.world.write("resolv.conf", f"nameserver {address}\noptions timeout:10 attempts:2\n")
            file = self.world.write("deployment.yml", "machines:\n  one:\n    listen: []\n    terminals:\n"
                                    "      - {name: to-two, type: network, address: 'nobody.example:9001'}\n  two:\n")
            path = self.world.folder / "one.sock"
            router = self.world.process("one", "unshare", "--mount", "sh", "-c",
                                        'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh", resolver,
                                        BINARY, "run", file, "--machine", "one", "--socket", path)
            silent.settimeout(10)
            silent.recv(512)  # it asks for the name now
            until(lambda: Client(path, timeout=2).close() or True, 10, f"a router on {path}")
            began = time.monotonic()
            router.signal(signal.SIGTERM)
            self.assertEqual(router.wait(8), 0)
            self.assertLess(time.monotonic() - began, 3 * SLOW)


if __name__ == "__main__":
    unittest.main()
