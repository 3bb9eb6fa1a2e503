"""Real 9P servers, none of them ours: diod and NFS-Ganesha, each with a folder that it serves.

    Diod.why_not(), Ganesha.why_not()          why one can't run here, or None
    server = Diod(world, "one", files={"health": "ok\\n", "who": "one"})
    server.address, server.registered          "127.1.2.3:5640", "127.1.2.3:5640/tmp/…/one/web"

Both speak 9P2000.L only. Ganesha's errors have Rerror's type and Rlerror's body, which the Linux kernel
takes and diod's tools don't. Its packages are unpacked under build/, not installed: they would
start rpcbind and want a system bus.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

import raw9p
from instance9p import in_namespace
from harness import ROOT, free_addresses, until  # in its folder since raw9p is imported

GANESHA = ROOT / "build" / "ganesha"


class Server:
    """A process of the test's that serves a folder. `inside` is a network namespace of harness.Netns, by name."""

    may_end_with = ()

    def __init__(self, world, name, files, host=None, port=None, namespace=None):
        self.name = name
        if host is None:
            (host, (port,)), = free_addresses(1)
        self.host, self.port, self.namespace = host, port or 5640, namespace
        self.folder = world.folder / name / "web"
        self.folder.mkdir(parents=True)
        for file, text in files.items():
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        prefix = []
        if namespace:
            # diod wants a name for who connects; `ip netns exec` has mounts of its own.
            hosts = world.write(f"{name}.hosts", "".join(f"10.0.0.{n} host-{n}\n" for n in range(1, 10)))
            prefix = ["ip", "netns", "exec", namespace, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts]
        command, env = self.command(world)
        self.process = world.process(f"{name}-{type(self).__name__.lower()}", *prefix, *command, env=env)
        self.process.expected = (0, -15, *self.may_end_with)

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def registered(self):
        return f"{self.address}/{self.aname.lstrip('/')}"

    @property
    def aname(self):
        return str(self.folder)

    def ready(self):
        def answers():
            assert self.process.alive(), self.process.text()
            client = self.client()
            client.close()
            return True
        until(answers, 20, f"an answer of {self.name}")
        return self

    def client(self, dialect="9P2000.L"):
        def dial():
            return raw9p.Client.at((self.host, self.port), dialect, uname="root", aname=self.aname)
        return in_namespace(self.namespace, dial)

    def kill(self):
        self.process.kill()


class Diod(Server):
    may_end_with = (-11,)  # 1.0.24 crashes now and then when its clients are cut off

    @staticmethod
    def why_not():
        return None if shutil.which("diod", path=os.environ["PATH"] + ":/usr/sbin") else "diod is not installed"

    def command(self, world):
        return ["/usr/sbin/diod", "-f", "-n", "-N", "-S", "-U", "root", "-L", "stderr", "-l", self.address,
                "-c", "/dev/null", "-e", self.folder], None


class Ganesha(Server):
    PACKAGES = ("nfs-ganesha", "nfs-ganesha-vfs", "libntirpc4.3", "libnfsidmap1", "liburcu8", "libwbclient0",
                "libbsd0", "libmd0", "libcap2", "libdbus-1-3")

    @classmethod
    def why_not(cls):
        try:
            cls.prepare()
            found = subprocess.run(["ldd", GANESHA / "usr/bin/ganesha.nfsd"], env=cls.env(), capture_output=True,
                                   text=True, check=True).stdout
        except (OSError, subprocess.SubprocessError) as error:
            return f"NFS-Ganesha can't be had here: {error}"
        missing = [line.split()[0] for line in found.splitlines() if "not found" in line]
        return f"NFS-Ganesha lacks {' '.join(missing)} here" if missing else None

    @classmethod
    def prepare(cls):
        if GANESHA.exists():
            return
        GANESHA.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=GANESHA.parent) as folder:
            subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *cls.PACKAGES], cwd=folder,
                           capture_output=True, check=True, timeout=120)
            made = pathlib.Path(folder) / "made"
            for deb in pathlib.Path(folder).glob("*.deb"):
                subprocess.run(["dpkg", "-x", deb, made], check=True)
            made.rename(GANESHA)

    @staticmethod
    def env():
        libraries = [GANESHA / "usr/lib/ganesha", GANESHA / "usr/lib/x86_64-linux-gnu"]
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}

    def command(self, world):
        own = self.folder.parent
        config = own / "ganesha.conf"
        config.write_text(f"""
NFS_CORE_PARAM {{ Protocols = 9P; Bind_addr = {self.host}; Enable_NLM = false; Enable_RQUOTA = false;
                  Plugins_Dir = {GANESHA}/usr/lib/x86_64-linux-gnu/ganesha; }}
_9P {{ _9P_TCP_Port = {self.port}; Nb_Worker = 4; }}
EXPORT {{ Export_Id = 1; Path = {self.folder}; Pseudo = {self.folder}; Protocols = 9P; Access_Type = RW;
          Squash = None; FSAL {{ Name = VFS; }} }}
LOG {{ Default_Log_Level = FATAL; }}
""")
        return [GANESHA / "usr/bin/ganesha.nfsd", "-F", "-L", "STDERR", "-f", config, "-p", own / "pid"], {
            "LD_LIBRARY_PATH": self.env()["LD_LIBRARY_PATH"]}


def run_tool(name, *arguments, timeout=20, inside=(), stdin=None):
    """Runs one of diod's tools to its end."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    return subprocess.run([*inside, path, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          input=stdin, check=False)

