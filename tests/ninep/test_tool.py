"""`jetway 9p` against servers that aren't Jetway's: diod, NFS-Ganesha, a 9P2000 server, and one that lies."""

import time
import unittest

import servers
from instance9p import BIG, LIES, LISTED, Instance
from routers import SLOW, Ninep, run_jetway

FILES = {"who": "real", "big": BIG, "sub/one": "1", "sub/two": "22", **{f"many/{n:04}": "" for n in range(1000)}}


class Tool(Ninep):
    def nine(self, at, *arguments, code=0, **how):
        done = run_jetway("9p", *arguments, "--at", at, **how)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stderr}{done.stdout[:500]}")
        return done.stderr if code else done.stdout

    def check_real(self, kind):
        if reason := kind.why_not():
            self.skipTest(reason)
        server = kind(self.world, "one", FILES).ready()
        for at, aname in ((server.address, ["--aname", server.aname]), (server.registered, [])):
            self.assertEqual(self.nine(at, "read", "/who", "--user", "root", *aname), "real")
        at = server.registered
        self.assertEqual(sorted(self.nine(at, "ls", "/").split()), ["big", "many/", "sub/", "who"])
        self.assertEqual(sorted(self.nine(at, "ls", "/many").split()), [f"{n:04}" for n in range(1000)])
        long = {line.split()[-1]: line for line in self.nine(at, "ls", "-l", "/").strip().split("\n")}
        self.assertTrue(long["who"].startswith("-rw"), long)
        self.assertTrue(next(line for name, line in long.items() if name.startswith("many")).startswith("drwx"), long)
        self.nine(at, "write", "/new", "text", "--create")
        self.assertEqual((server.folder / "new").read_text(), "text")
        self.nine(at, "write", "/new", stdin="tex")
        # Ganesha takes O_TRUNC and truncates nothing.
        self.assertEqual((server.folder / "new").read_text(), "tex" if kind is servers.Diod else "text")
        self.assertIn("2", self.nine(at, "stat", "/sub/two"))
        self.assertIn("/nothing", self.nine(at, "read", "/nothing", code=1))
        self.assertIn("/sub", self.nine(at, "write", "/sub", "x", code=1))
        # `..` is never asked for: diod would go above its export.
        self.assertIn("/../one.hosts", self.nine(at, "read", "/../one.hosts", code=1))

    def test_diod(self):
        self.check_real(servers.Diod)

    def test_ganesha(self):
        self.check_real(servers.Ganesha)

    def test_a_9p2000_server(self):
        one = Instance("one")
        self.addCleanup(one.close)
        at = one.registered
        for dialect in ("9P2000", "9P2000.L"):
            self.assertEqual(self.nine(at, "read", "/who", "--dialect", dialect), "one")
        self.assertEqual(self.nine(one.address, "read", "/srv/web/who"), "one")
        self.assertEqual(len(self.nine(at, "ls", "/dir").split()), LISTED)
        self.assertEqual(self.nine(at, "rdwr", "/request", "hello").strip(), "one: hello")
        self.assertEqual(self.nine(at, "rdwr", "/request", stdin="a\nb\n").split("\n")[:2], ["one: a", "one: b"])
        self.nine(at, "write", "/store", "kept")
        self.assertEqual(one.stored, [b"kept"])

    def test_whatever_a_server_does_the_tool_ends_with_an_error_or_the_truth(self):
        for name, lie in LIES.items():
            with self.subTest(name):
                liar = Instance("liar")
                self.addCleanup(liar.close)
                liar.lie = lie
                began = time.monotonic()
                read = run_jetway("9p", "read", "/who", "--at", liar.registered, "--timeout", "400ms")
                listed = run_jetway("9p", "ls", "/dir", "--at", liar.registered, "--timeout", "400ms")
                stat = run_jetway("9p", "stat", "/who", "--at", liar.registered, "--timeout", "400ms")
                self.assertLess(time.monotonic() - began, 8 * SLOW)
                for done in (read, listed, stat):
                    self.assertIn(done.returncode, (0, 1, 2, 3, 4, 5), done.stderr)
                    self.assertEqual(bool(done.stderr), done.returncode != 0, done.stderr)
                if read.returncode == 0:
                    self.assertEqual(read.stdout, "liar")
                if listed.returncode == 0:
                    self.assertEqual(len(listed.stdout.split()), LISTED)
                liar.close()

    def test_a_directory_without_end_is_refused(self):
        one = Instance("one")
        self.addCleanup(one.close)
        done = run_jetway("9p", "ls", "/endless", "--at", one.registered, "--timeout", "2s", timeout=30)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
