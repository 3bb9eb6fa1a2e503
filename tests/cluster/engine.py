"""The Docker engine that the tests of clusters use: the one that is there, or one of their own.

One of their own is a dockerd in namespaces of its own (mounts, network, processes), with its own data folder and
socket: nothing of it is seen outside, and all of it (containers, networks, rules, the daemon) is gone when its first
process is, which the kernel ends together with the program that started it, however that ended.

Debian's image comes from where the engine gets images, else it is made with debootstrap, and kept in
~/.cache/jetway-tests for the next time.
"""

import atexit
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "faults"))

from harness import BINARY, ROOT, SANITIZED, until  # noqa: E402

BASE = "debian:bookworm-slim"
PACKAGES = {"docker": "docker.io", "dockerd": "docker.io", "docker-compose": "docker-compose", "iptables": "iptables",
            "debootstrap": "debootstrap", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1": "libfaketime"}
CACHE = pathlib.Path.home() / ".cache" / "jetway-tests"
PREFIX = f"jetway-tests-{os.getpid()}-"
# What Debian's own small image leaves out, too.
LEFT_OUT = ["usr/share/doc/*", "usr/share/man/*", "usr/share/info/*", "usr/share/locale/*", "var/cache/apt/*",
            "var/lib/apt/lists/*", "var/log/*"]


class Unusable(Exception):
    """Why there is no engine here, in a sentence."""


def run(command, what=None, timeout=300, env=None, check=True):
    """Runs it to its end; its output is part of the error."""
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, env=env, check=False)
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise RuntimeError(f"{what or ' '.join(map(str, command))} ended with {done.returncode}: {said}")
    return done


class Engine:
    """`docker(...)` and `compose` commands go to it. `inside` is what leads into its namespaces, as root."""

    def __init__(self):
        self.environment = dict(os.environ)
        self.folder, self.inside, self._daemon = None, [], None
        self._image = None
        self._undo = contextlib.ExitStack()
        _sweep()
        self.took = {}  # seconds, by step
        try:
            self._find()
        except BaseException:
            self.close()
            raise

    def docker(self, *arguments, **how):
        return run(["docker", *arguments], env=self.environment, **how)

    def on_close(self, call, *arguments):
        """For what is left in somebody else's engine; ours takes all with it."""
        if self._daemon is None:
            self._undo.callback(call, *arguments)

    def temporary_folder(self):
        """A folder that is gone at the end; its path is short, as those of sockets must be."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX))
        self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def image(self):
        """The tag of the image that the Dockerfile makes of the binary that the tests run."""
        tag = f"{PREFIX}image:latest"
        if self._image == tag:
            return tag
        docker, runtime = ROOT / "deploy" / "docker", f"{PREFIX}runtime:latest"
        with tempfile.TemporaryDirectory(prefix=PREFIX) as context:
            shutil.copy(BINARY, pathlib.Path(context) / "jetway")
            self._build(context, runtime, "--target", "runtime", "--file", docker / "Dockerfile")
            self._build(context, tag, "--build-arg", f"RUNTIME={runtime}", "--file", docker / "prebuilt.Dockerfile")
        self._image = tag
        return tag

    def _build(self, context, tag, *how):
        self.docker("build", "--quiet", "--tag", tag, *how, context, timeout=120)
        self.on_close(lambda: self.docker("image", "rm", "--force", tag, check=False))

    def enter(self, container):
        """A command before the command that is to run in the network of that container."""
        pid = self.docker("inspect", "--format", "{{.State.Pid}}", container).stdout.strip()
        return [*self.inside, "nsenter", "--target", pid, "--net", "--"]

    def close(self):
        with contextlib.suppress(Exception):
            self._undo.close()
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait(10)
            _remove_groups(self.folder.name)
        if self.folder is not None:
            for _ in range(50):  # the namespace's last processes may still be ending
                shutil.rmtree(self.folder, ignore_errors=True)
                if not self.folder.exists():
                    break
                threading.Event().wait(0.1)

    @contextlib.contextmanager
    def _timed(self, step):
        began = time.monotonic()
        yield
        self.took[step] = time.monotonic() - began

    def _find(self):
        if SANITIZED:
            raise Unusable("the image holds a release build, and this one is sanitized")
        if not BINARY.exists():
            raise Unusable(f"no jetway at {BINARY}")
        there = shutil.which("docker") and self._answers()
        compose = _compose(self.environment)
        if not there or not compose:
            may = _may_start()
            if not may and there:
                raise Unusable("there is an engine, but neither docker-compose nor docker's compose plugin")
            if not may:
                raise Unusable("there is no Docker engine, and only root on Debian can start one")
            with self._timed("packages"):
                _install()
            compose = _compose(self.environment)
        if not there:
            with self._timed("engine"):
                self._start()
        self.compose = compose
        with self._timed("base image"):
            self._base()

    def _answers(self):
        try:
            return self.docker("version", check=False, timeout=20).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _start(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX))
        log = self.folder / "log"
        self.environment["DOCKER_HOST"] = f"unix://{self.folder}/socket"
        for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"):
            self.environment.pop(name, None)
        # Its data is in memory: seen by nobody else, and gone with it.
        data = f"{self.folder}/data"
        daemon = (f"ip link set lo up; mkdir {data}; mount -t tmpfs -o size=2g,mode=0711 data {data}; "
                  f"dockerd --data-root {data} --exec-root {self.folder}/run "
                  f"--pidfile {self.folder}/pid --host unix://{self.folder}/socket --cgroup-parent /{self.folder.name} "
                  f"--exec-opt native.cgroupdriver=cgroupfs & wait")
        with open(log, "wb") as output:
            self._daemon = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--net", "--pid", "--fork",
                 "--kill-child", "--mount-proc", "sh", "-c", daemon],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        until(lambda: self._answers() or self._daemon.poll() is not None, 30, "an engine of our own", every=0.1)
        if self._daemon.poll() is not None or not self._answers():
            said = [line for line in log.read_text(errors="replace").splitlines() if "level=info" not in line]
            raise Unusable(f"dockerd does not start here: {' | '.join(said[-3:])}")
        children = pathlib.Path(f"/proc/{self._daemon.pid}/task/{self._daemon.pid}/children").read_text().split()
        self.inside = ["nsenter", "--target", children[0], "--mount", "--pid", "--net", "--"]

    def _base(self):
        if self.docker("image", "inspect", BASE, check=False).returncode == 0:
            return
        if self._daemon is None and self.docker("pull", "--quiet", BASE, check=False, timeout=120).returncode == 0:
            self.on_close(lambda: self.docker("image", "rm", BASE, check=False))
            return
        if not _may_start():
            raise Unusable(f"{BASE} can't be pulled, and only root on Debian can make it")
        tar = CACHE / "debian-bookworm-slim.tar"
        if not tar.exists():
            _install()
            make_base(tar)
        self.docker("import", "--change", 'CMD ["bash"]', tar, BASE)
        self.on_close(lambda: self.docker("image", "rm", BASE, check=False))


def make_base(tar):
    """Debian 12 at its smallest, as a file that `docker import` takes."""
    tar.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        root, made = pathlib.Path(folder) / "root", pathlib.Path(folder) / "made.tar"
        try:
            run(["debootstrap", "--variant=minbase", "bookworm", root], timeout=600)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            raise Unusable(f"{BASE} can't be made: {error}") from None
        run(["tar", "--create", "--file", made, "--directory", root,
             *(f"--exclude=./{path}" for path in LEFT_OUT), "."])
        partial = tar.with_suffix(f".{os.getpid()}")
        shutil.move(made, partial)
        partial.rename(tar)


def _compose(environment):
    """The command of Compose that is here, v1 or v2, or None."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and run(["docker", "compose", "version"], env=environment, check=False).returncode == 0:
        return ["docker", "compose"]
    return None


def _may_start():
    return os.geteuid() == 0 and pathlib.Path("/etc/debian_version").exists() and sys.platform == "linux"


def _install():
    """The packages of what is missing; services that they bring are not started."""
    missing = sorted({package for program, package in PACKAGES.items()
                      if not shutil.which(program) and not os.path.exists(program)})
    if not missing:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    policy = pathlib.Path("/usr/sbin/policy-rc.d")  # Debian asks it whether a service may be started
    ours = not policy.exists()
    try:
        if ours:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        run(["apt-get", "update"], env=environment)
        run(["apt-get", "install", "-y", "--no-install-recommends", *missing], env=environment, timeout=600)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        raise Unusable(f"{', '.join(missing)} can't be installed: {error}") from None
    finally:
        if ours:
            policy.unlink(missing_ok=True)


def _sweep():
    """What runs have left that were killed before they could tidy up."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob("jetway-tests-*-*"):
        if not pathlib.Path("/proc", folder.name.split("-")[2]).exists():
            _remove_groups(folder.name)
            shutil.rmtree(folder, ignore_errors=True)


def _remove_groups(name):
    """The control groups of an engine that is gone."""
    for _ in range(50):
        left = [path for path in (*pathlib.Path("/sys/fs/cgroup").glob(name),
                                  *pathlib.Path("/sys/fs/cgroup").glob(f"*/{name}"))]
        if not left:
            return
        for top in left:
            for path, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
        threading.Event().wait(0.1)


_shared, _why_not = None, None


def shared():
    """The one engine of this program. Raises Unusable."""
    global _shared, _why_not
    if _why_not is not None:
        raise Unusable(_why_not)
    if _shared is None:
        # An end by a signal goes the way of Ctrl-C, on which nothing goes on: all is tidied up at the exit.
        def interrupted(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGTERM, interrupted)
        signal.signal(signal.SIGINT, interrupted)
        try:
            _shared = Engine()
        except Unusable as error:
            _why_not = str(error)
            print(f"tests/cluster: skipped: {_why_not}", file=sys.stderr, flush=True)
            raise
        atexit.register(_shared.close)
        steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in _shared.took.items())
        print(f"\n  engine: {steps}", flush=True)
    return _shared
