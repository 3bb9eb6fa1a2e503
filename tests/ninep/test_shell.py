"""The shell sessions of the README: on mounts by the Linux kernel's own client, in both dialects, and with diod's tools."""

import textwrap
import unittest

import kernel
from instance9p import LISTED
from routers import OneRouter, until
from servers import Diod, run_tool


class WithServices(OneRouter):
    def setUp(self):
        super().setUp()
        self.world.serve(self.router, "upper", handler=lambda envelope: envelope.data.upper())
        self.one, self.two = self.instance("one"), self.instance("two")
        self.tell(f"register web {self.one.registered}")
        watcher = self.client()
        until(lambda: {"upper", "web"} <= set(watcher.ls("/")), 10, "both services")
        self.usable(watcher, "web", 1)


class Mounted(WithServices):
    HOST = "127.0.0.1"  # what a virtual machine reaches

    def mounted(self, dialect, script):
        """What the script prints on a mount, by the titles that it prints before each part: `== title`."""
        done = kernel.run(f"mount -t 9p -o trans=tcp,port={self.port},version={dialect} $HOST /mnt || exit 9\n"
                          + textwrap.dedent(script))
        self.said = f"{done.output}\n--- console\n{done.console}"
        self.assertEqual(done.code, 0, self.said)
        return {title: text.strip("\n") for title, _, text in
                (part.partition("\n") for part in f"\n{done.output}\n".split("\n== ")[1:])}

    def session(self, dialect):
        if reason := kernel.why_not():
            self.skipTest(reason)
        said = self.mounted(dialect, f"""
            cd /mnt
            echo "== ls"; ls -l | grep -v ^total
            echo "== upper"; ls -l upper
            echo "== status"; cat route/status
            echo "== request"
            exec 3<>upper/request
            echo -n first >&3; cat <&3; echo
            echo -n second >&3; cat <&3; echo
            exec 3>&-
            echo "== explain"; exec 3<>route/explain; echo upper >&3; cat <&3; exec 3>&-
            echo "== web"; cat web/who web/health; ls web/dir | wc -l; md5sum <web/big
            exec 3<>web/request; echo -n there >&3; cat <&3; echo; exec 3>&-
            echo kept >web/store; echo $?
            echo "== ctl"
            echo "register other {self.two.registered}" >route/ctl; echo $?
            cat other/who; echo
            echo "upper random" >route/policy; echo $?
            echo "policy upper sticky source" >>route/ctl; echo $?
            echo "== policy"; cat route/policy upper/policy
            echo "== refused"
            echo "register route 127.0.0.1:1/x" >route/ctl; echo $?
            tail -n 1 route/ctl
            cat nothing; mkdir new; rm upper/request; touch upper/request; echo $?
            echo "== event"
            cat route/event >/tmp/event &
            until [ -s /tmp/event ]; do echo "deregister other {self.two.registered}" >route/ctl
                                        echo "register other {self.two.registered}" >route/ctl; usleep 50000; done
            kill $!; wait; head -n 1 /tmp/event
            echo "== clone"
            exec 4<>upper/clone; read n <&4
            ls upper/$n; echo "timeout 3s" >upper/$n/ctl; cat upper/$n/status | head -n 1; exec 4>&-
            ls upper | grep -c '^[0-9]'
            echo "== cached"
            cd /; umount /mnt; echo $?
            mount -t 9p -o trans=tcp,port={self.port},version={dialect},cache=loose $HOST /mnt
            cat /mnt/upper/health /mnt/route/policy
            umount /mnt; echo $?
            """)
        kinds = {line.split()[-1]: line[0] for line in said["ls"].split("\n")}
        self.assertEqual(kinds, {"route": "d", "upper": "d", "web": "d"}, self.said)
        files = {line.split()[-1]: line for line in said["upper"].split("\n")}
        self.assertLessEqual({"request", "clone", "health", "instances", "policy"}, set(files), self.said)
        self.assertTrue(files["request"].startswith("-rw"), self.said)
        self.assertIn("machineId here", said["status"])
        self.assertEqual(said["request"], "FIRST\nSECOND")
        self.assertIn("outcome delivered", said["explain"])
        self.assertEqual(said["web"].split("\n"),
                         ["oneok", str(LISTED), "c35cc7d8d91728a0cb052831bc4ef372  -", "one: there", "0"])
        self.assertEqual(self.one.stored, [b"kept\n"])
        self.assertEqual(said["ctl"].split("\n"), ["0", "two", "0", "0"], self.said)
        self.assertIn("upper sticky source", said["policy"])
        self.assertTrue(said["policy"].endswith("\nsticky source"), self.said)
        self.assertRegex(said["refused"], "^sh: write error: .*\n1\n# last error: .*`route`")
        for line in ("can't open 'nothing': No such file or directory", "can't create directory 'new'",
                     "can't remove 'upper/request'"):
            self.assertIn(line, said["refused"])
        self.assertTrue(said["refused"].endswith("\n0"), self.said)
        self.assertRegex(said["event"], "^[0-9]+ .*other")
        self.assertEqual(said["clone"].split(), ["ctl", "data", "remote", "status", "timeout", "3s", "0"], self.said)
        self.assertEqual(said["cached"].split("\n")[:2], ["0", "here.1 up"], self.said)
        self.assertIn("upper sticky source", said["cached"])
        self.assertTrue(said["cached"].endswith("\n0"), self.said)

    def test_a_shell_session_on_a_mount_by_the_kernel_in_9p2000(self):
        self.session("9p2000")

    def test_a_shell_session_on_a_mount_by_the_kernel_in_9p2000_l(self):
        self.session("9p2000.L")


class DiodsTools(WithServices):
    def test_diodls_and_diodcat_read_the_tree_over_tcp_and_the_socket(self):
        if reason := Diod.why_not():
            self.skipTest(reason)
        for server in (f"{self.host}:{self.port}", self.unix):
            def run(tool, *arguments):
                done = run_tool(tool, "-s", server, *arguments)
                self.assertEqual((done.returncode, done.stderr), (0, ""), f"{tool} {arguments}: {done.stdout}")
                return done.stdout
            self.assertEqual(set(run("diodls", "-a", "/").split()) - {".", ".."}, {"route", "upper", "web"})
            self.assertIn("request", run("diodls", "-a", "upper").split())
            self.assertIn("here.1 up", run("diodcat", "-a", "/", "route/status", "upper/health"))
            self.assertIn("web round-robin", run("diodcat", "-a", "/", "route/policy"))
            self.assertIn("machineId here", run("diodcat", "-a", "/route", "status"))
            self.assertEqual(run("diodcat", "-a", "/", "web/health", "web/who"), "ok\none")
            self.assertEqual(run("diodcat", "-a", "web", "who"), "one")
            done = run_tool("diodcat", "-s", server, "-a", "/", "nothing")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("No such file", done.stderr)


if __name__ == "__main__":
    unittest.main()
