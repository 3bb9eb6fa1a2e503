"""Who may change things through files, and who may only look and ask."""

import subprocess
import sys
import unittest

import raw9p
from raw9p import NOFID, ORDWR, Client
from routers import ROOT, OneRouter, run_jetway, until

CHANGES = (("/route/ctl", b"register web 127.0.0.1:1/x\n"), ("/route/policy", b"quick random\n"))


class Looking(OneRouter):
    WRITE = "false"

    def setUp(self):
        super().setUp()
        self.world.serve(self.router, "quick", handler=lambda envelope: envelope.data)

    def test_a_tcp_client_without_write_changes_nothing_and_uses_services(self):
        for dialect, denied in (("9P2000", "permission denied"), ("9P2000.L", 13)):
            client = self.client(dialect)
            until(lambda: "quick" in client.ls("/"), 10, "the service")
            for path, line in CHANGES:
                self.assertEqual(self.refused(None, client.write, path, line), denied, path)
            self.assertEqual(client.rdwr("/quick/request", "yes"), b"yes")
            control = client.open("/quick/clone", ORDWR)
            number = client.pread(control).decode().strip()
            data = client.open(f"/quick/{number}/data", ORDWR)
            client.pwrite(data, b"also")
            self.assertEqual(client.pread(data), b"also")
            self.assertNotIn("web", client.ls("/"))
            self.assertIn("quick", client.read("/route/policy").decode())

    def test_the_socket_lets_its_own_user_change_things_and_refuses_others(self):
        with Client.at(str(self.unix)) as own:
            own.write("/route/ctl", b"policy quick random\n")
            self.assertIn("quick random", own.read("/route/policy").decode())
        # Another user, who reaches the socket.
        for folder in (self.world.folder, self.unix.parent):
            folder.chmod(0o755)
        self.unix.chmod(0o777)
        script = f"""
import sys
sys.path[:0] = ["{ROOT}/tests/ninep", "{ROOT}/tests/e2e"]
from raw9p import Client, Refused
client = Client.at("{self.unix}")
print(client.rdwr("/quick/request", "asked").decode())
for path, line in {CHANGES!r}:
    try:
        client.write(path, line)
        print("changed", path)
    except Refused as error:
        print(error.what)
"""
        done = subprocess.run([sys.executable, "-c", script], user=65534, group=65534, extra_groups=[], timeout=20,
                              capture_output=True, text=True, check=False, env={"JETWAY": "/nonexistent"})
        self.assertEqual(done.stdout.split("\n")[:3], ["asked", "permission denied", "permission denied"], done.stderr)


class Auth(OneRouter):
    def test_tauth_is_answered_that_none_is_needed_and_an_afid_is_refused(self):
        plain = self.client(attach=False)
        self.refused("", plain.ask, "Tauth", afid=5, uname="root", aname="")
        self.refused("", plain.ask, "Tattach", fid=1, afid=5, uname="root", aname="")
        plain.ask("Tattach", fid=1, afid=NOFID, uname="root", aname="")
        linux = self.client("9P2000.L", attach=False)
        body = raw9p.encode("Tauth", 7, afid=5, uname="root", aname="")[7:] + b"\0\0\0\0"
        linux.wire.send(raw9p.frame(102, 7, body))
        answer = linux.wire.take()
        self.assertEqual((answer.name, answer.tag, answer.error), ("Rlerror", 7, 2))

    def test_listening_beyond_loopback_needs_tls_or_insecure(self):
        file = self.world.write("open.yml", "ninep: {listen: ['tcp://0.0.0.0:5640']}\nmachines: {here: {services: []}}\n")
        done = run_jetway("run", file, "--machine", "here", "--socket", self.world.folder / "open.sock")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("0.0.0.0:5640", done.stderr)
        self.assertIn("insecure", done.stderr)


if __name__ == "__main__":
    unittest.main()
