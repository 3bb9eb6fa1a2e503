"""The Linux kernel's own 9P client: shell commands on a mount, in a virtual machine.

    import kernel
    done = kernel.run("mount -t 9p -o trans=tcp,port=5640,version=9p2000 $HOST /mnt\\nls -l /mnt")
    done.code, done.output, done.seconds

QEMU boots Debian's generic kernel with a busybox initramfs that is made here, runs the script with
busybox's sh as root and powers off. The machine reaches this one's loopback at $HOST, through
QEMU's user network: neither side needs rights or an address. Nothing of the
processor's own virtualisation is used, which is missing or broken in many places; it takes 6 to
10 s. The kernel is downloaded once with apt-get and unpacked under build/; nothing is
installed.
"""

import dataclasses
import gzip
import lzma
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "kernel-client"
HOST = "10.0.2.2"  # this machine's loopback, as QEMU's user network shows it
BUSYBOX = pathlib.Path("/bin/busybox")
WANTED = ("virtio_pci", "virtio_net", "9pnet_fd", "9p")  # modules; what they need comes with them
ENDED = "kernel-client-ended "

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
stty -F /dev/ttyS1 raw -echo
exec </dev/null >/dev/ttyS1 2>&1
for module in $(cat /modules/order); do insmod /modules/$module.ko || echo "no module $module"; done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
export HOST={host} HOME=/ PATH=/bin
cd /
sh /script
code=$?
echo
echo "{ended}$code"
sync
poweroff -f
"""


@dataclasses.dataclass
class Done:
    code: int        # of the script
    output: str      # what it wrote, both streams
    seconds: float   # from QEMU's start to its end
    console: str     # what the kernel said


def why_not():
    """Why this can't be run here, or None. It may download the kernel."""
    if not shutil.which("qemu-system-x86_64"):
        return "the kernel's 9P client needs qemu-system-x86"
    if not BUSYBOX.exists() or b"/lib64/ld-linux" in BUSYBOX.read_bytes()[:4096]:
        return "the kernel's 9P client needs busybox-static"
    try:
        prepare()
    except (OSError, subprocess.SubprocessError, ValueError, lzma.LZMAError) as error:
        return f"the kernel's 9P client needs Debian's kernel: {error}"
    return None


def package():
    """The name of the package that has Debian's generic kernel."""
    said = subprocess.run(["apt-cache", "depends", "--no-recommends", "--no-suggests", "linux-image-amd64"],
                          capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        word, _, name = line.strip().partition(": ")
        if word == "Depends" and name.startswith("linux-image-"):
            return name
    raise ValueError("apt-cache knows no linux-image-amd64; is `apt-get update` due?")


def prepare():
    """The folder with `vmlinux`, `modules/` and `modules/order`, made when it isn't there."""
    if (CACHE / "vmlinux").exists():
        return CACHE
    name = package()
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name], cwd=folder,
                       capture_output=True, check=True, timeout=240)
        deb, = folder.glob("*.deb")
        made = folder / "made"
        (made / "modules").mkdir(parents=True)
        unpack = subprocess.Popen(["dpkg", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", folder, "--wildcards", "./boot/vmlinuz-*", "./lib/modules/*/kernel/fs",
                        "./lib/modules/*/kernel/net/9p", "./lib/modules/*/kernel/net/core", "./lib/modules/*/kernel/drivers/virtio",
                        "./lib/modules/*/kernel/drivers/net/*net*.ko"],
                       stdin=unpack.stdout, check=True)
        unpack.stdout.close()
        if unpack.wait() != 0:
            raise ValueError(f"{deb.name} can't be unpacked")
        found = {path.stem.replace("-", "_"): path for path in folder.glob("lib/modules/**/*.ko")}
        order = []
        for wanted in WANTED:
            needed(wanted, found, order)
        for module in order:
            shutil.copy(found[module], made / "modules" / f"{module}.ko")
        (made / "modules" / "order").write_text("\n".join(order) + "\n")
        kernel, = folder.glob("boot/vmlinuz-*")
        (made / "vmlinux").write_bytes(vmlinux(kernel.read_bytes()))
        shutil.rmtree(CACHE, ignore_errors=True)
        made.rename(CACHE)
    return CACHE


def vmlinux(image):
    """The kernel within a bzImage: unpacking it here spares the virtual machine 3 s."""
    sectors = (image[0x1f1] or 4) + 1
    offset, length = struct.unpack_from("<II", image, 0x248)
    packed = image[sectors * 512 + offset:][:length]
    if not packed.startswith(b"\xfd7zXZ"):
        raise ValueError("the kernel is not packed with xz")
    return lzma.LZMADecompressor().decompress(packed)


def needed(module, found, order):
    """Appends the module to `order`, after those that it depends on."""
    if module in order:
        return
    if module not in found:
        raise ValueError(f"the package has no module {module}")
    for part in found[module].read_bytes().split(b"\0"):
        if part.startswith(b"depends="):
            for other in filter(None, part.decode().removeprefix("depends=").split(",")):
                needed(other.replace("-", "_"), found, order)
            break
    order.append(module)


def initramfs(entries):
    """A cpio archive ("newc"), compressed. `entries` are (name, mode, bytes)."""
    out = bytearray()
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        encoded = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return gzip.compress(bytes(out), 1)


def run(script, deadline=60.0, inside=()):
    """Runs the script (busybox's sh). `inside` is a command before QEMU's, such as `ip netns exec NAME`."""
    folder = prepare()
    directory, file, program = 0o040755, 0o100644, 0o100755
    modules = sorted((folder / "modules").iterdir())
    archive = initramfs([
        *((name, directory, b"") for name in ("bin", "dev", "proc", "sys", "mnt", "tmp", "modules")),
        ("bin/busybox", program, BUSYBOX.read_bytes()),
        *((f"modules/{path.name}", file, path.read_bytes()) for path in modules),
        ("script", file, script.encode()),
        ("init", program, INIT.format(host=HOST, ended=ENDED).encode()),
    ])
    with tempfile.TemporaryDirectory(prefix="jetway-kernel-") as own:
        own = pathlib.Path(own)
        (own / "initramfs").write_bytes(archive)
        command = [*inside, "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                   "-m", "256", "-machine", "pc", "-accel", "tcg", "-cpu", "qemu64", "-kernel", folder / "vmlinux", "-initrd", own / "initramfs",
                   "-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on",
                   "-serial", f"file:{own}/console", "-serial", f"file:{own}/output",
                   "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="]
        began = time.monotonic()
        with open(own / "qemu", "wb") as said:
            qemu = subprocess.Popen([os.fspath(part) for part in command], stdin=subprocess.DEVNULL, stdout=said,
                                    stderr=subprocess.STDOUT)
        try:
            qemu.wait(deadline)
        except subprocess.TimeoutExpired:
            qemu.kill()
            qemu.wait()
        seconds = time.monotonic() - began
        text = (own / "output").read_text(errors="replace") if (own / "output").exists() else ""
        console = (own / "console").read_text(errors="replace") if (own / "console").exists() else ""
        output, mark, code = text.rpartition("\n" + ENDED)
        if not mark:
            raise AssertionError(f"the virtual machine did not come to the script's end in {seconds:.0f} s:\n{text}\n"
                                 f"--- console\n{console[-3000:]}\n--- qemu\n{(own / 'qemu').read_text()[-2000:]}")
        return Done(int(code), output, seconds, console)
