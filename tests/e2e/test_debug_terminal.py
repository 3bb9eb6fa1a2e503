"""The debug terminal: a line of text in, text out, over plain sockets, as `nc -U` or telnet has them."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import unittest

from harness import BINARY, SLOW, TestCase, free_addresses, run_jetway, until

SOMEBODY = 65534  # a user that the tests' own isn't


class Terminal:
    """Types lines, and reads the answers, which end with an empty line."""

    def __init__(self, where):
        self.socket = socket.socket(socket.AF_INET if isinstance(where, tuple) else socket.AF_UNIX)
        self.socket.settimeout(10 * SLOW)
        try:
            self.socket.connect(where if isinstance(where, tuple) else str(where))
        except OSError:
            self.socket.close()
            raise
        self.waiting = b""

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def line(self):
        while b"\n" not in self.waiting:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.waiting)
            self.waiting += more
        line, self.waiting = self.waiting.split(b"\n", 1)
        return line.decode()

    def answer(self):
        lines = []
        while line := self.line():
            lines.append(line)
        return "\n".join(lines)

    def ask(self, line):
        self.send(line + "\n")
        return self.answer()

    def rest(self):
        """All until the other end closes."""
        while more := self.socket.recv(65536):
            self.waiting += more
        return self.waiting.decode()


def columns(table):
    """The rows of a table, without its heading, as lists of words."""
    return [line.split() for line in table.splitlines()[1:]]


class Mesh(TestCase):
    """machine-a – machine-b – machine-c, as the document's, in a line."""

    def setUp(self):
        super().setUp()
        self.world.folder.chmod(0o755)  # other users reach the sockets
        (self.host, ports), = free_addresses(1, ports=4)
        self.ports = ports
        self.file = self.world.write("line.yml", self.text())
        self.routers = dict(zip("abc", self.world.routers(self.file, ["machine-a", "machine-b", "machine-c"])))
        self.gpu = self.world.serve(self.routers["c"], "gpu-server")
        until(lambda: any(row["name"] == "gpu-server" and row["health"] == "up"
                          for row in self.routers["a"].ask("services")["services"]), what="gpu-server up")
        until(lambda: self.routers["c"].ways("pty-server"), what="a way back")

    def text(self, debug="", top=""):
        return f"""\
{top}
machines:
  machine-a:
    services: [pty-server]
    terminals:
{debug}      - {{name: to-machine-b, type: network, address: "{self.host}:{self.ports[0]}"}}
  machine-b:
    listen: "{self.host}:{self.ports[0]}"
    terminals:
      - {{name: to-machine-a, type: network}}
      - {{name: to-machine-c, type: network, address: "{self.host}:{self.ports[1]}"}}
  machine-c:
    services: [gpu-server]
    listen: "{self.host}:{self.ports[1]}"
    terminals:
      - {{name: to-machine-b, type: network}}
"""

    def debug(self, machine="a"):
        return self.world.folder / f"machine-{machine}" / "debug"

    def terminal(self, where=None):
        terminal = Terminal(where or self.debug())
        self.addCleanup(terminal.close)
        return terminal

    def reload(self, **how):
        router = self.routers["a"]
        said = router.text().count('"reloaded"')
        self.file.write_text(self.text(**how))
        router.signal(signal.SIGHUP)
        until(lambda: router.text().count('"reloaded"') > said, what="the reload")


class DebugTerminal(Mesh):
    """By a plain socket."""

    def test_shows_what_the_command_line_shows(self):
        terminal = self.terminal()
        for verb in ("routes", "services"):
            self.assertEqual(terminal.ask(verb) + "\n", run_jetway(verb, socket=self.routers["a"].socket).stdout)
        self.assertIn(["gpu-server", "machine-c", "to-machine-b", "machine-b→machine-c", "2", "2", "selected", "up",
                       "gossip"], columns(terminal.ask("routes")))
        self.assertEqual([row[0] for row in columns(terminal.ask("routes gpu-server"))], ["gpu-server"])
        status = terminal.ask("status")
        self.assertIn("machine     machine-a", status)
        self.assertIn("services    ", status)
        self.assertEqual([row[:3] for row in columns(terminal.ask("neighbours"))],
                         [["machine-b", "to-machine-b", "up"]])
        self.assertIn("to-machine-b", terminal.ask("terminals"))
        self.assertIn("bound to machine-c, forwarded by to-machine-b", terminal.ask("explain gpu-server"))
        self.assertIn("selected", terminal.ask("history gpu-server"))
        self.assertIn("flowchart LR", terminal.ask("graph"))
        self.assertIn("gpu-server", terminal.ask("policy"))
        self.assertIn("every number adds up", terminal.ask("ledger"))
        self.assertIn("no-route", terminal.ask("explain nobody"))

    def test_ping(self):
        said = self.terminal().ask("ping gpu-server 2").splitlines()
        self.assertEqual(len(said), 3)
        for line in said[:2]:
            self.assertRegex(line, r"^pong from gpu-server@machine-c via to-machine-b \(2 hops\) [\d.]+ ms$")
        self.assertIn("2 sent, 2 answered", said[2])

    def test_trace_there_and_back(self):
        terminal = self.terminal()
        said = terminal.ask("trace gpu-server")
        for machine in ("machine-a", "machine-b", "machine-c"):
            self.assertGreaterEqual(said.count(machine), 2, said)
        told = json.loads(terminal.ask("trace gpu-server --json"))
        self.assertEqual([leg["outcome"] for leg in told["legs"]], ["delivered", "delivered"])
        self.assertEqual([hop["machineId"] for hop in told["legs"][0]["hops"]], ["machine-a", "machine-b", "machine-c"])
        # From elsewhere, and the way of an answer that goes to a third.
        terminal.ask("at machine-c")
        told = json.loads(terminal.ask("trace gpu-server --json"))
        self.assertEqual(told["legs"][0]["hops"][0]["machineId"], "machine-c")
        terminal.ask("at")
        told = json.loads(terminal.ask("trace gpu-server --reply-to echo@machine-b --json"))
        self.assertEqual(told["legs"][1]["destination"], "echo@machine-b")
        self.assertIn("no-route", terminal.ask("trace nobody"))
        # By the command line's own connection, too.
        done = run_jetway("debug", socket=self.routers["a"].socket, stdin="trace gpu-server --json")
        self.assertEqual(json.loads(done.stdout)["legs"][0]["outcome"], "delivered")

    def test_events_as_they_happen(self):
        terminal = self.terminal()
        terminal.send("events\n")
        self.assertEqual(terminal.line(), "events of machine-a, info and above; Enter ends it")
        far = self.terminal()
        far.ask("at machine-b")
        far.send("events\n")
        self.assertEqual(far.line(), "events of machine-b, info and above; Enter ends it")
        self.assertRegex(far.line(), r"^\d\d:\d\d:\d\d ")  # of before
        for one, gone in ((far, "c"), (terminal, "b")):
            self.routers[gone].kill()
            while not ("link down" in (line := one.line()) and f"machine-{gone}" in line):
                self.assertRegex(line, r"^\d\d:\d\d:\d\d ")
        far.close()  # it looks through a mesh that is cut
        terminal.send("\n")
        while terminal.line():
            pass
        self.assertIn("machine     machine-a", terminal.ask("status"))

    def test_a_finer_level_is_heard_by_the_one_who_asks_alone(self):
        fine, plain = self.terminal(), self.terminal()
        self.assertIn("events from debug on", fine.ask("log debug for 60s"))
        for one in (fine, plain):
            one.send("events\n")
            self.assertIn("and above", one.line())
        before = self.routers["a"].text().count('"level":"debug"')
        self.world.serve(self.routers["a"], "pty-server")
        self.routers["b"].kill()
        seen = ""
        while "link down" not in seen:
            seen += fine.line() + "\n"
        other = ""
        while "link down" not in other:
            other += plain.line() + "\n"
        self.assertGreater(len(seen.splitlines()), len(other.splitlines()))
        self.assertEqual(self.routers["a"].text().count('"level":"debug"'), before)

    def test_looks_from_another_machine_two_hops_away(self):
        terminal = self.terminal()
        self.assertEqual(terminal.ask("at machine-c"), "at machine-c")
        self.assertIn("machine     machine-c", terminal.ask("status"))
        self.assertIn(["gpu-server", "machine-c", "local"], [row[:3] for row in columns(terminal.ask("routes"))])
        self.assertIn("type `at` first", terminal.ask("ping gpu-server"))
        self.assertEqual(terminal.ask("at"), "at machine-a")
        self.assertIn("machine     machine-a", terminal.ask("status"))
        self.assertIn("error: status of router@machine-x: no-route", terminal.ask("at machine-x\nstatus")
                      + terminal.answer())

    def test_the_end_of_the_input_is_no_end_of_the_answers(self):
        terminal = self.terminal()
        terminal.send("at machine-c\nstatus")
        terminal.socket.shutdown(socket.SHUT_WR)
        self.assertIn("machine     machine-c", terminal.rest())
        terminal = self.terminal()
        terminal.send("ping gpu-server 2\nhelp quit\n")
        terminal.socket.shutdown(socket.SHUT_WR)
        self.assertRegex(terminal.rest(), r"2 sent, 2 answered, .* ms\n\nquit\n  Ends\n\n$")

    def test_whoever_goes_in_the_middle_of_it_leaves_nothing_behind(self):
        before = len(columns(run_jetway("terminals", socket=self.routers["a"].socket).stdout))
        for _ in range(50):
            terminal = self.terminal()
            terminal.send("at machine-c\nledger\nstatus\n")
            terminal.close()
        terminal = self.terminal()
        self.assertIn("machine     machine-a", terminal.ask("status"))
        self.assertNotIn("client-", terminal.ask("services"))
        terminal.close()
        until(lambda: len(columns(run_jetway("terminals", socket=self.routers["a"].socket).stdout)) == before,
              what="no terminal of a session that is gone")

    def test_a_session_is_no_service_and_goes_with_its_socket(self):
        terminal = self.terminal()
        services = terminal.ask("services")
        self.assertEqual(services + "\n", run_jetway("services", socket=self.routers["a"].socket).stdout)
        clients = [row for row in self.routers["a"].ask("statistics").get("clients", [])]
        self.assertTrue(any("debug" in str(row) for row in clients), clients)

    def test_noise_harms_nobody_and_is_not_repeated(self):
        terminal = self.terminal()
        noise = random.Random(7).randbytes(200_000).replace(b"\xff", b"").replace(b"quit", b"")
        terminal.send(noise + b"\nhelp quit\n")
        said = b""
        while b"quit\n  Ends\n" not in said:
            more = terminal.socket.recv(65536)
            self.assertTrue(more, said[-200:])
            said += more
        text = said.decode()  # it is UTF-8
        self.assertEqual([c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)], [])

    def test_a_megabyte_without_a_newline_is_one_error(self):
        terminal = self.terminal()
        before = self.routers["a"].resident()
        terminal.send(b"x" * (1 << 20))
        self.assertIn("at most 4096 bytes", terminal.answer())
        terminal.send(b"x" * (16 << 20) + b"\n")
        self.assertIn("machine     machine-a", terminal.ask("status"))
        self.assertLess(self.routers["a"].resident() - before, 8 << 20)

    @unittest.skipUnless(shutil.which("nc"), "needs nc")
    def test_nc_is_enough(self):
        done = subprocess.run(["nc", "-N", "-U", str(self.debug())], input=b"routes gpu-server\nservices\n",
                              capture_output=True, timeout=20 * SLOW, check=True)
        table, services, rest = done.stdout.decode().split("\n\n")
        self.assertEqual(table.splitlines()[0].split(), ["SERVICE", "MACHINE", "TERMINAL", "VIA", "HOPS", "COST", "STATE",
                                                         "HEALTH", "ORIGIN"])
        self.assertEqual([row[0] for row in columns(services)], ["gpu-server", "pty-server"])
        self.assertEqual(rest, "")

    def test_telnet_is_understood(self):
        terminal = self.terminal()
        # WILL NAWS, DO SUPPRESS-GO-AHEAD, the size of the window, and lines that end with CR LF and CR NUL
        terminal.send(b"\xff\xfb\x1f\xff\xfd\x03\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0")
        terminal.send(b"help quit\r\n")
        self.assertEqual(terminal.answer(), "quit\n  Ends")
        terminal.send(b"help quit\r\0")
        self.assertEqual(terminal.answer(), "quit\n  Ends")

    def test_a_reader_that_does_not_read_is_not_read_from_and_costs_little(self):
        terminal = self.terminal()
        before = self.routers["a"].resident()
        terminal.socket.settimeout(0.2)
        sent = 0
        with self.assertRaises(TimeoutError):  # no more is taken at last
            while sent < 64 << 20:
                sent += terminal.socket.send(b"help\n" * 10_000)
        self.assertLess(self.routers["a"].resident() - before, 24 << 20)
        other = self.terminal()
        self.assertIn("machine     machine-a", other.ask("status"))  # and nobody else waits
        terminal.socket.settimeout(10 * SLOW)
        self.assertIn("routes", terminal.answer())  # and now it goes on

    def test_too_many_are_told_so(self):
        self.reload(top="limits: {debug_sessions: 2}")
        kept = [self.terminal(), self.terminal()]
        for terminal in kept:
            terminal.ask("help")
        self.assertIn("error: overloaded: there are 2 debug terminals already", self.terminal().rest())
        self.assertIn("debug terminal refused", self.routers["a"].text())
        kept.pop().close()

        def admitted():
            fresh = Terminal(self.debug())
            try:
                return "routes" in fresh.ask("help")
            except EOFError:
                return False
            finally:
                fresh.close()
        until(admitted, what="room for another")

    def test_only_some_may_change_the_router(self):
        terminal = self.terminal()  # root's, or the router's own user's
        self.world.serve(self.routers["a"], "pty-server")
        self.assertIn("pty-server is drained at machine-a", terminal.ask("drain pty-server").splitlines()[-1])
        self.assertIn("error: undrain of router@machine-a: no-instance: ", terminal.ask("undrain all"))
        # Another machine's router is changed only where the deployment says so.
        self.assertIn("forbidden", terminal.ask("at machine-c\ndrain gpu-server") + terminal.answer())

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be somebody else")
    def test_another_user_may_look_and_not_change(self):
        code = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]);"
                "s.sendall(b'status\\ndrain pty-server\\n'); s.shutdown(socket.SHUT_WR)\n"
                "while more := s.recv(65536): sys.stdout.write(more.decode())")
        def of_somebody():
            return subprocess.run(["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups",
                                   "/usr/bin/python3", "-c", code, str(self.debug())], capture_output=True, text=True,
                                  timeout=30 * SLOW, check=True).stdout
        said = of_somebody()
        self.assertIn("machine     machine-a", said)
        self.assertIn(f"error: drain of router@machine-a: forbidden: user {SOMEBODY} may not change this router", said)
        self.assertNotIn("draining", run_jetway("services", socket=self.routers["a"].socket).stdout)
        # The rules of the terminal that it stands beside hold for it.
        self.reload(debug="      - {name: local, type: local, allow: {users: [root]}}\n")
        self.assertIn(f"error: forbidden: user {SOMEBODY} may not connect here", of_somebody())
        self.assertIn("machine     machine-a", self.terminal().ask("status"))

    def test_by_tcp_everybody_looks_and_nobody_changes(self):
        where = (self.host, self.ports[2])
        self.reload(debug=f'      - {{name: look, type: debug, address: "{where[0]}:{where[1]}"}}\n')
        terminal = self.terminal(where)
        self.assertIn("machine     machine-a", terminal.ask("status"))
        self.assertIn("error: drain of router@machine-a: forbidden: only who connects by a Unix socket",
                      terminal.ask("drain pty-server"))
        self.assertIn("forbidden", terminal.ask("policy pty-server random"))
        # The next deployment has it no more: who is there stays, others don't come.
        self.reload()
        self.assertIn("machine     machine-a", terminal.ask("status"))
        with self.assertRaises(OSError):
            Terminal(where)

    def test_a_token_is_asked_for(self):
        where = self.world.folder / "secret"
        self.reload(debug=f'      - {{name: secret, type: debug, address: "unix://{where}", token: open-sesame}}\n')
        terminal = self.terminal(where)
        self.assertIn("this terminal asks for a token", terminal.ask("status"))
        self.assertEqual(terminal.ask("token open-sesame"), "")
        self.assertIn("machine     machine-a", terminal.ask("status"))
        wrong = self.terminal(where)
        wrong.send("token open-please\nstatus\n")
        said = wrong.rest()
        self.assertIn("forbidden", said)
        self.assertNotIn("machine-a", said)

    def test_a_wrong_terminal_in_the_file_is_told(self):
        for wrong, said in (("type: debug}", "a debug terminal without an address"),
                            ('type: debug, address: "ws://127.0.0.1:1"}', "expected unix://, tcp:// or tls://"),
                            ('type: debug, address: "unix:///x", peer: machine-b}', "a debug terminal has no `peer`"),
                            ('type: debug, address: "unix:///x", allow: {attach: []}}', "nothing attaches"),
                            ('type: dbug, address: "unix:///x"}', "did you mean `debug`?")):
            file = self.world.write("wrong.yml", self.text(debug="      - {name: d, " + wrong + "\n"))
            done = run_jetway("check", file)
            self.assertEqual(done.returncode, 3)
            self.assertIn(said, done.stderr + done.stdout)
        file = self.world.write("open.yml", self.text(debug='      - {name: d, type: debug, address: "0.0.0.0:1"}\n'))
        self.assertIn("insecure", run_jetway("run", file, "--machine", "machine-a", "--socket",
                                             self.world.folder / "x.sock").stderr)

    def test_idle_ones_cost_no_time(self):
        terminals = [self.terminal() for _ in range(50)]
        for terminal in terminals:
            terminal.ask("help")
        clock = os.sysconf("SC_CLK_TCK")

        def used():
            with open(f"/proc/{self.routers['a'].pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / clock
        before, begun = used(), time.monotonic()
        until(lambda: time.monotonic() - begun > 2, what="two seconds")
        self.assertLess(used() - before, 0.1 * SLOW)
        self.assertIn("machine     machine-a", terminals[-1].ask("status"))


class Tmux:
    """A real terminal of 120 columns, in which a shell command runs, on a tmux server of its own."""

    def __init__(self, folder, command, environment):
        self.server = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
        env = {key: value for key, value in os.environ.items() if key not in ("TMUX", "JETWAY_SOCKET")}
        subprocess.run([*self.server, "new-session", "-d", "-x", "120", "-y", "50", command],
                       env={**env, "TERM": "screen-256color", "LC_ALL": "C.UTF-8", **environment}, check=True)

    def close(self):
        subprocess.run([*self.server, "kill-server"], capture_output=True, check=False)

    def keys(self, *keys):
        subprocess.run([*self.server, "send-keys", *keys], check=True)

    def type(self, text):
        subprocess.run([*self.server, "send-keys", "-l", text], check=True)

    def screen(self):
        """What the terminal shows, or nothing when what ran in it has ended."""
        done = subprocess.run([*self.server, "capture-pane", "-p"], capture_output=True, text=True, check=False)
        return done.stdout.rstrip() if done.returncode == 0 else None

    def until(self, condition, what):
        try:
            until(lambda: condition(self.screen() or ""), what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{self.screen()}") from None

    def shows(self, text):
        self.until(lambda screen: text in screen, f"{text!r} on the screen")

    def last_line(self, text):
        self.until(lambda screen: screen.splitlines()[-1:] == [text], f"{text!r} as the last line of the screen")


@unittest.skipUnless(shutil.which("tmux"), "needs tmux")
class AtATerminal(Mesh):
    """`jetway debug` in a real pseudo-terminal."""

    def start(self, *arguments):
        self.state = self.world.folder / "state"
        command = " ".join([str(BINARY), "debug", *arguments])
        tmux = Tmux(self.world.folder, command, {"JETWAY_SOCKET": str(self.routers["a"].socket),
                                                 "XDG_STATE_HOME": str(self.state)})
        self.addCleanup(tmux.close)
        return tmux

    def ended(self, tmux):
        until(lambda: tmux.screen() is None, what="the end of jetway debug")

    def test_lines_are_edited_completed_and_remembered(self):
        tmux = self.start()
        tmux.last_line("machine-a>")
        tmux.type("stat")
        tmux.keys("Tab")
        tmux.last_line("machine-a> status")
        tmux.keys("Enter")
        tmux.shows("machine     machine-a")
        tmux.last_line("machine-a>")
        # A service, then its machine; what isn't sure is shown.
        tmux.type("explain g")
        tmux.keys("Tab")
        tmux.last_line("machine-a> explain gpu-server")
        tmux.keys("BSpace")
        tmux.type("@")
        tmux.keys("Tab")
        tmux.last_line("machine-a> explain gpu-server@machine-")
        tmux.keys("Tab")
        tmux.shows("gpu-server@machine-b")
        tmux.type("c")
        tmux.keys("Enter")
        tmux.shows("bound to machine-c, forwarded by to-machine-b")
        # Editing: the word at the beginning is replaced.
        tmux.type("xyzzy gpu-server")
        tmux.keys("C-a", "M-d")
        tmux.type("routes")
        tmux.keys("Enter")
        tmux.shows("machine-b→machine-c")
        # A machine, and the prompt that names it.
        tmux.type("at machine-")
        tmux.type("c")
        tmux.keys("Enter")
        tmux.last_line("machine-c>")
        tmux.type("statsu")
        tmux.keys("Enter")
        tmux.shows("there is no verb `statsu`: did you mean `status`?")
        # The lines before, the newest first.
        tmux.keys("Up", "Up")
        tmux.last_line("machine-c> at machine-c")
        tmux.keys("Up")
        tmux.last_line("machine-c> routes gpu-server")
        # Ctrl-C gives the line up, Ctrl-D leaves.
        tmux.keys("C-c")
        tmux.last_line("machine-c>")
        tmux.keys("C-d")
        self.ended(tmux)
        # They are there the next time, for their owner alone.
        history = self.state / "jetway" / "history"
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        tmux.close()
        tmux = self.start("machine-b")
        tmux.last_line("machine-b>")
        tmux.keys("Up")
        tmux.last_line("machine-b> statsu")
        tmux.keys("C-c")  # which also takes what was typed and not read
        tmux.last_line("machine-b>")
        tmux.type("quit")
        tmux.keys("Enter")
        self.ended(tmux)

    def test_ctrl_c_ends_what_runs(self):
        tmux = self.start()
        tmux.last_line("machine-a>")
        tmux.type("ping gpu-server 1000")
        tmux.keys("Enter")
        tmux.shows("pong from gpu-server@machine-c")
        tmux.keys("C-c")
        tmux.last_line("machine-a>")
        tmux.type("routes")
        tmux.keys("Enter")
        tmux.shows("SERVICE")

    def test_it_ends_with_its_router_and_says_so(self):
        tmux = self.start("; echo ended with $?; exec sleep 60")
        tmux.last_line("machine-a>")
        self.routers["a"].signal(signal.SIGTERM)
        tmux.shows("ended with 4")

    def test_from_a_pipe_each_line_is_answered(self):
        done = run_jetway("debug", socket=self.routers["a"].socket, stdin="at machine-c\nstatus\nnonsense\nhelp quit")
        self.assertEqual(done.returncode, 0)
        at, status, wrong, last, rest = done.stdout.split("\n\n")
        self.assertEqual(at, "at machine-c")
        self.assertIn("machine     machine-c", status)
        self.assertTrue(wrong.startswith("error: there is no verb `nonsense`"))
        self.assertEqual(last, "quit\n  Ends")
        self.assertEqual(rest, "")
        file = self.world.write("lines", "help quit\n")
        with open(file, "rb") as lines:  # a file is no pipe
            done = subprocess.run([str(BINARY), "debug", "--socket", str(self.routers["a"].socket)], stdin=lines,
                                  capture_output=True, text=True, timeout=20 * SLOW, check=True)
        self.assertEqual(done.stdout, "quit\n  Ends\n\n")

    def test_a_machine_that_is_not_there_is_told_at_once(self):
        done = run_jetway("debug", "machine-x", socket=self.routers["a"].socket)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no-route", done.stderr)


if __name__ == "__main__":
    unittest.main()
