"""Certificates for the end-to-end tests: those that `jetway certs` makes, and those that it would not."""

import datetime
import subprocess

from harness import run_jetway


def jetway_certs(file, folder, *arguments):
    """Runs `jetway certs`; the folder then has ca.pem, and NAME.pem and NAME.key for each machine."""
    done = run_jetway("certs", file, "--out", folder, *arguments)
    if done.returncode != 0:
        raise AssertionError(f"jetway certs ended with {done.returncode}: {done.stderr}")
    return done.stdout


def openssl(*arguments, folder=None, stdin=b"", check=True, timeout=20):
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, cwd=folder,
                          timeout=timeout, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"openssl {arguments[0]} ended with {done.returncode}: {done.stderr.decode()}")
    done.text = (done.stdout + done.stderr).decode(errors="replace")
    return done


def day(offset):
    """The day so many days from now, as (what openssl takes, what people read)."""
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)
    return then.strftime("%Y%m%d%H%M%SZ"), then.strftime("%Y-%m-%d")


def issue(folder, name, names, begins, ends):
    """NAME.pem and NAME.key anew by the folder's CA, for these DNS names, from day to day (offsets)."""
    (folder / "index.txt").write_text("")
    (folder / "ca.cnf").write_text(f"""\
[ca]
default_ca = jetway
[jetway]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
policy = anything
[anything]
commonName = optional
[machine]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth,clientAuth
subjectAltName = {",".join("DNS:" + one for one in names)}
""")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", "request.pem", folder=folder)
    openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", "request.pem", "-out", f"{name}.pem",
            "-cert", "ca.pem", "-keyfile", "ca.key", "-extensions", "machine",
            "-startdate", day(begins)[0], "-enddate", day(ends)[0], folder=folder)
