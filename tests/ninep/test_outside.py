"""That what the other tests stand on is what it says: the client, the small server, the kernel, real servers."""

import unittest

import kernel
from instance9p import BIG, LISTED, Instance
from raw9p import Client, Refused
from routers import LONG, TestCase
from servers import Diod, Ganesha, run_tool

FILES = {"health": "ok\n", "who": "real", "big": BIG, **{f"many/{number}": str(number) for number in range(300)}}


class RealServers(TestCase):
    def check(self, kind):
        if reason := kind.why_not():
            self.skipTest(reason)
        server = kind(self.world, "one", FILES).ready()
        with server.client() as client:
            self.assertEqual(client.dialect, "9P2000.L")
            self.assertEqual(sorted(client.ls("/")), ["big", "health", "many", "who"])
            self.assertEqual(client.read("who"), b"real")
            self.assertEqual(client.read("big"), BIG)
            self.assertEqual(sorted(client.ls("many"), key=int), [str(number) for number in range(300)])
            with self.assertRaises(Refused) as refused:
                client.read("nothing")
            self.assertEqual(refused.exception.what, 2)
        return server

    def test_diod_is_read_by_the_raw_client_and_by_its_own_tools(self):
        server = self.check(Diod)
        done = run_tool("diodcat", "-s", server.address, "-a", server.aname, "who")
        self.assertEqual((done.stdout, done.returncode), ("real", 0), done.stderr)

    @unittest.skipUnless(LONG, "the others show it too; with JETWAY_LONG=1")
    def test_ganesha_is_read_by_the_raw_client(self):
        self.check(Ganesha)


class Kernel(TestCase):
    @unittest.skipUnless(LONG, "the others show it too; with JETWAY_LONG=1")
    def test_the_kernel_mounts_diod_and_the_small_server(self):
        if reason := kernel.why_not() or Diod.why_not():
            self.skipTest(reason)
        server = Diod(self.world, "one", FILES).ready()
        small = Instance("small")
        self.addCleanup(small.close)
        # 10.0.2.2 is this machine's 127.0.0.1 only.
        local = Diod(self.world, "two", FILES, host="127.0.0.1", port=server.port).ready()
        done = kernel.run(f"""
            mkdir /mnt/l /mnt/p
            mount -t 9p -o trans=tcp,port={local.port},version=9p2000.L,aname={local.aname},uname=root $HOST /mnt/l &&
            mount -t 9p -o trans=tcp,port={small.port},version=9p2000 $HOST /mnt/p || exit 9
            cat /mnt/l/who; echo; cat /mnt/p/srv/web/who; echo
            echo written >/mnt/l/new; echo kept >/mnt/p/srv/web/store
            exec 3<>/mnt/p/srv/web/request; printf asked >&3; cat <&3; echo; exec 3>&-
            ls /mnt/p/srv/web/dir | wc -l
            exit 5""")
        self.assertEqual(done.output.split(), ["real", "small", "small:", "asked", str(LISTED)], done.console)
        self.assertEqual(done.code, 5)
        self.assertEqual((local.folder / "new").read_text(), "written\n")
        self.assertEqual(small.stored, [b"kept\n"])


class Small(TestCase):
    def test_the_small_server_counts_what_it_is_asked_and_what_is_left_open(self):
        instance = Instance("one")
        self.addCleanup(instance.close)
        with Client.at((instance.host, instance.port)) as client:
            self.assertEqual(client.read("srv/web/who"), b"one")
            self.assertEqual(client.rdwr("srv/web/request", "hello"), b"one: hello")
            self.assertEqual(len(client.ls("srv/web/dir")), LISTED)
            fid = client.open("srv/web/park")
            tag = client.start("Tread", fid=fid, offset=0, count=1)
            client.ask("Tflush", oldtag=tag)
            self.assertEqual(instance.flushed, ["Tread"])
            self.assertEqual(instance.fids, 2)
            client.clunk(fid)
            self.assertEqual((instance.fids, instance.in_flight, instance.connected), (1, 0, 1))


if __name__ == "__main__":
    unittest.main()
