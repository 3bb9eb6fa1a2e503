"""Debian's Prometheus, unpacked under build/ and never installed, since installing it would start a service.

    why_not()      why it can't be had here, or None
    PROMETHEUS, PROMTOOL
"""

import pathlib
import shutil
import subprocess
import tempfile

from harness import ROOT

FOLDER = ROOT / "build" / "prometheus"
PROMETHEUS = FOLDER / "usr/bin/prometheus"
PROMTOOL = FOLDER / "usr/bin/promtool"


def why_not():
    try:
        unpack()
    except (OSError, subprocess.SubprocessError) as error:
        return f"Prometheus can't be had here: {error}"
    done = subprocess.run([PROMETHEUS, "--version"], capture_output=True, check=False)
    return f"Prometheus does not run here: {done.stderr.decode(errors='replace')}" if done.returncode else None


def unpack():
    if PROMETHEUS.exists():
        return
    if not shutil.which("apt-get"):
        raise OSError("no apt-get")
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as folder:
        subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", "prometheus"], cwd=folder,
                       capture_output=True, check=True, timeout=120)
        made = pathlib.Path(folder) / "made"
        for package in pathlib.Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, made], check=True)
        made.rename(FOLDER)
