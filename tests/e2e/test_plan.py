"""What a deployment file makes of its machines, from the command line; and against a mesh that runs."""

import json
import unittest

from harness import ROOT, TestCase, on_loopback, run_jetway, until

TWELVE = ROOT / "deploy" / "twelve.yml"
THREE = ROOT / "deploy" / "deployment.yml"


class Plan(TestCase):
    def plan(self, *arguments, code=0, **how):
        done = run_jetway("plan", *arguments, **how)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def object(self, *arguments, code=0, **how):
        return json.loads(self.plan(*arguments, "--json", code=code, **how).stdout)

    def test_failures_and_exit_codes(self):
        self.assertIn("no single point of failure", self.plan(THREE).stdout)
        self.plan(TWELVE, "--fail", "link:ground-1-ground-2")
        self.assertIn("no machine has it", self.plan(TWELVE, "--fail", "machine:hall", code=1).stdout)
        self.assertIn("`machine:hal`: no such machine: did you mean `hall`?",
                      self.plan(TWELVE, "--fail", "machine:hal", code=2).stderr)
        self.assertIn("did you mean `link:hall-ground-1`?",
                      self.plan(TWELVE, "--fail", "link:hall-gruond-1", code=2).stderr)
        self.plan(self.world.write("plain.yml", TWELVE.read_text().replace("insecure: true\n", "")))
        self.plan(self.world.write("wrong.yml", "machines: 7\n"), code=3)
        self.plan(THREE, "--against", self.world.folder / "absent.yml", code=3)
        self.plan(THREE, "--against", "live", "--socket", self.world.folder / "absent.sock", code=4)

    def test_against_another_file(self):
        self.assertIn("nothing changes", self.plan(THREE, "--against", THREE).stdout)
        lines = THREE.read_text().splitlines(keepends=True)
        fewer = self.world.write("fewer.yml", "".join(line for line in lines if "parser-server" not in line)
                                 .replace("    services:\n    terminals", "    terminals"))
        against = self.object(fewer, "--against", THREE, code=1)["against"]
        self.assertEqual(against["servicesGo"], [{"service": "parser-server", "machineId": "machine-b"}])
        self.assertEqual({way["machineId"] for way in against["unreachable"]},
                         {"machine-a", "machine-b", "machine-c"})
        self.assertEqual(self.object(THREE, "--against", fewer)["against"]["servicesCome"], against["servicesGo"])

    def test_against_the_mesh_that_runs(self):
        file = self.world.write("deployment.yml", on_loopback(THREE.read_text()))
        a, b, _ = self.world.routers(file, ("machine-a", "machine-b", "machine-c"))
        until(lambda: {("machine-c", 1)} == a.ways("gpu-server") and {("machine-c", 1)} == b.ways("gpu-server"),
              20, "the mesh")
        until(lambda: "nothing changes" in run_jetway("plan", file, "--against", "live", socket=a.socket).stdout,
              20, "what the file says")
        dearer = self.world.write("dearer.yml", file.read_text().replace("9001\n", "9001\n        cost: 3\n", 1))
        against = self.object(dearer, "--against", "live", socket=a.socket)["against"]
        self.assertEqual([(way["machineId"], way["destination"], way["before"]["cost"], way["after"]["cost"],
                           way["after"]["neighbour"]) for way in against["longer"] if "destination" in way],
                         [("machine-a", "machine-b", 1, 2, "machine-c")])
        self.assertEqual(against["silent"], [])


if __name__ == "__main__":
    unittest.main()
