"""Instances that are 9P servers and services' policies: set at one router, seen at every one, by who may."""

import signal
import unittest

from harness import TestCase, ask_json, free_addresses, run_jetway, until

WEB = ["10.0.0.2:564/srv/web", "10.0.0.3:564/srv/web"]


class Registration(TestCase):
    def setUp(self):
        super().setUp()
        a, b = (f"{host}:{ports[0]}" for host, ports in free_addresses(2))
        self.file = f"""
insecure: true
machines:
  a:
    services: [{{name: web, 9p: '{WEB[0]}', policy: weighted}}]
    terminals: [{{name: to-b, type: network, address: '{b}'}}]
    listen: '{a}'
  b:
    listen: '{b}'
"""
        self.path = self.world.write("deployment.yml", self.file)
        self.a, self.b = self.world.routers(self.path, ("a", "b"))
        until(lambda: self.seen() == {WEB[0]: "listed"}, 20, "the deployment's instance at b")

    def jetway(self, *arguments, code=0):
        done = run_jetway(*arguments, socket=self.a.socket)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def seen(self):
        """Addresses of instances. Nobody listens at any of them, so that they are unhealthy once they were probed."""
        return {row["ninep"]: "draining" if row["health"] == "draining" else "listed"
                for row in self.b.ask("services")["services"] if row["ninep"]}

    def policy(self, router):
        return {row["name"]: row["policy"] for row in router.ask("policy")["services"]}.get("web")

    def test_what_is_registered_at_one_router_is_seen_at_the_other_until_it_is_not(self):
        self.jetway("register", "web", "tcp://" + WEB[1], "--weight", 3, "--version", "v2")
        until(lambda: self.seen() == {WEB[0]: "listed", WEB[1]: "listed"}, 10, "the second instance at b")
        row = next(row for row in self.b.ask("services")["services"] if row["ninep"] == WEB[1])
        self.assertEqual((row["machineId"], row["weight"], row["version"]), ("a", 3, "v2"))
        self.assertIn(WEB[1], run_jetway("services", socket=self.b.socket).stdout)
        self.assertIn("no-instance", self.jetway("request", "web", "x", code=1))
        self.assertIn("9P", self.jetway("request", "web", "x", code=1))

        self.jetway("drain", "web", "--quiet", "10ms")
        until(lambda: self.seen() == {WEB[0]: "draining", WEB[1]: "draining"}, 10, "the drain at b")
        self.jetway("drain", "web", "--undo")
        until(lambda: self.seen() == {WEB[0]: "listed", WEB[1]: "listed"}, 10, "the end of the drain")

        self.jetway("deregister", "web", WEB[1])
        until(lambda: self.seen() == {WEB[0]: "listed"}, 10, "the end of the second")
        self.assertIn("no-instance", self.jetway("deregister", "web", WEB[1], code=1))
        self.a.kill()
        until(lambda: self.seen() == {}, 20, "the end of the rest")

    def test_what_is_wrong_is_said(self):
        self.assertIn("no port", self.jetway("register", "web", "10.0.0.2", code=2))
        self.assertIn("route", self.jetway("register", "route", WEB[1], code=6))
        self.assertIn("admin", self.jetway("register", "web", WEB[1], "--at", "b", code=6))
        self.assertIn("least-conn", self.jetway("policy", "web", "fastest", code=2))
        self.assertIn("no-route", self.jetway("policy", "nobody", "random", code=1))
        self.assertEqual(self.seen(), {WEB[0]: "listed"})

    def test_a_policy_set_at_one_router_holds_at_both_and_ends_with_its_router(self):
        self.assertEqual(self.policy(self.b), "weighted")
        self.assertIn("weighted", self.jetway("policy"))
        done = run_jetway("policy", "web", "sticky", "header:user", socket=self.b.socket)
        self.assertEqual(done.returncode, 0, done.stderr)
        until(lambda: self.policy(self.a) == "sticky header:user", 10, "the policy at a")
        self.assertEqual(ask_json("policy", "web", socket=self.a.socket)["services"][0]["setAt"], "b")
        self.b.kill()
        until(lambda: self.policy(self.a) == "weighted", 20, "the deployment's policy again")

    def test_a_reload_changes_instances_and_policies(self):
        text = self.file.replace(f"'{WEB[0]}'", f"['{WEB[1]}']").replace("weighted", "random")
        self.path.write_text(text)
        self.a.signal(signal.SIGHUP)
        until(lambda: self.seen() == {WEB[1]: "listed"}, 10, "the other instance at b")
        until(lambda: self.policy(self.b) == "random", 10, "the other policy at b")

    def test_envelopes_obey_the_policy_of_their_service(self):
        for router in (self.a, self.b):
            self.world.serve(router, "gpu", handler=lambda envelope, name=router.machine: name)
        until(lambda: len([row for row in self.a.ask("services")["services"] if row["name"] == "gpu"]) == 2, 10, "gpu")

        def asked(*arguments):
            return self.jetway("request", "gpu", "x", *arguments).strip()

        self.assertEqual({asked() for _ in range(8)}, {"a"})
        self.jetway("policy", "gpu", "round-robin")
        answers = [asked() for _ in range(8)]
        self.assertEqual((answers.count("a"), answers.count("b")), (4, 4))
        self.jetway("policy", "gpu", "sticky", "header:user")
        for user in ("ada", "bob", "cyd", "dan", "eve"):
            answers = {asked("--header", f"user={user}") for _ in range(4)}
            self.assertEqual(len(answers), 1, user)
            explained = ask_json("explain", "gpu", "--header", f"user={user}", socket=self.a.socket)
            self.assertEqual(({explained["boundTo"]}, explained["policy"]), (answers, "sticky header:user"))


if __name__ == "__main__":
    unittest.main()
