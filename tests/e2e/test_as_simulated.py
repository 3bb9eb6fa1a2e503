"""What three real routers do, each in a network namespace, against what `plan` says of the same file.

A table is {what: (neighbour, terminal, hops, cost)}: one machine's selected way to each other machine
and to each service of another machine, None where there is none.
"""

import json
import unittest

from harness import ROOT, Netns, TestCase, run_jetway, until
from test_document import ADDRESSES, WHY_NOT, WIRES

DOCUMENT = ROOT / "deploy" / "deployment.yml"
CUT = ("machine-b", "machine-c")
KILLED = "machine-c"


def simulated(file, *failing):
    """{machine: table} of the machines that are left when these have failed, as the simulator has it."""
    done = run_jetway("plan", file, *(part for one in failing for part in ("--fail", one)), "--json", "--all")
    if done.returncode not in (0, 1):
        raise AssertionError(f"jetway plan ended with {done.returncode}: {done.stderr}")
    plan = json.loads(done.stdout)
    tables = {row["machineId"]: {} for row in plan["machines"]}
    for row in plan["routes"]:
        tables[row["machineId"]][row["destination"]] = simulated_way(row if row["reachable"] else None)
    for row in plan["services"]:
        home, = row["machines"]
        for machine, table in tables.items():
            if machine != home:
                table[row["service"]] = table[home]
    lost = []
    if failing:
        fail = plan["fail"]
        lost = fail["unreachable"]
        assert fail["rerouted"] == 0, "ways of the same cost by another neighbour are counted, not listed"
        for change in lost + fail["reachable"] + fail["longer"] + fail["shorter"]:
            to = change["destination"] if "destination" in change else change["service"]
            tables[change["machineId"]][to] = simulated_way(change["after"])
        for gone in fail["machines"]:
            del tables[gone]
            for table in tables.values():
                table[gone] = None
    assert done.returncode == (1 if lost else 0), done.stdout
    return tables


def simulated_way(way):
    # The file names each terminal after the machine that it leads to; the plan doesn't name it.
    return way and (way["neighbour"], f"to-{way['neighbour']}", way["hops"], way["cost"])


def real(router, table):
    """The router's own table, with a row for whatever `table` has one, and for all else that it reaches."""
    graph = router.ask("graph")
    ways = {way["machineId"]: (way["neighbour"], way["terminal"], way["hops"], way["cost"])
            for way in graph["ways"] if way["state"] == "selected"}
    reachable = {row["machineId"] for row in graph["machines"] if row["reachable"]} - {router.machine}
    if set(ways) != reachable:
        raise ValueError(f"{router.machine} has ways to {sorted(ways)}, and reaches {sorted(reachable)}")
    for row in router.ask("routes", all=True)["routes"]:
        if row["state"] == "selected" and row["origin"] != "local" and row["service"] not in ("router", "echo"):
            neighbour = row["via"].split("→")[0]
            ways[row["service"]] = (neighbour, row["terminal"], row["hops"], row["cost"])
    return {**dict.fromkeys(table), **ways}


@unittest.skipIf(WHY_NOT, WHY_NOT)
class AsSimulated(TestCase):
    def setUp(self):
        self.net = Netns(ADDRESSES, WIRES)
        self.addCleanup(self.net.close)
        super().setUp()

    def test_the_document_with_a_link_closed_healed_and_a_machine_killed(self):
        self.follow(DOCUMENT, self.net.cut_closed)

    def test_uneven_costs_with_a_link_silent_healed_and_a_machine_killed(self):
        # machine-a counts 3 for the link to machine-b, which counts 1 for it: hops and costs differ.
        # Heartbeats come often, so that each state is seen to last.
        text = "gossip: {interval: 200ms}\n" + DOCUMENT.read_text().replace("9001\n", "9001\n        cost: 3\n", 1)
        file = self.world.write("uneven.yml", text)
        self.assertEqual(simulated(file)["machine-a"]["machine-b"], ("machine-c", "to-machine-c", 2, 2))
        self.follow(file, self.net.cut_silently, lasts=True)

    def follow(self, file, cut, lasts=False):
        whole, around, without = (simulated(file, *failing) for failing in (
            (), ("link:" + "-".join(CUT),), ("machine:" + KILLED,)))
        # No wait can end on the tables of the state before.
        for machine in CUT:
            self.assertNotEqual(around[machine], whole[machine])
        for machine, table in without.items():
            self.assertIsNone(table[KILLED])
            self.assertIsNotNone(whole[machine][KILLED])

        routers = {router.machine: router for router in self.world.routers(file, ADDRESSES, net=self.net)}
        self.compare("all is up", routers, whole, lasts)
        cut(*CUT)
        self.compare("the link is cut", routers, around, lasts)
        self.net.heal(*CUT)
        self.compare("the link is back", routers, whole, lasts)
        routers.pop(KILLED).kill()
        self.compare("a machine is killed", routers, without, lasts)

    def compare(self, state, routers, tables, lasts):
        """Waits until all the routers have these tables at one moment; with `lasts`, for some heartbeats more."""
        self.assertEqual(set(routers), set(tables))

        def changes():
            """The number of each router's last change of a selected way; a lost machine's services go after it."""
            return {machine: next((change["number"] for change in router.ask("history", limit=100)["changes"]
                                   if not change["service"]), 0) for machine, router in routers.items()}

        def same():
            before = changes()
            found = {machine: real(router, tables[machine]) for machine, router in routers.items()}
            differing = [f"{machine} to {to}: simulated {tables[machine].get(to)}, real {way}"
                         for machine, table in found.items() for to, way in table.items()
                         if to not in tables[machine] or way != tables[machine][to]]
            if differing:
                raise ValueError("; ".join(differing))
            if changes() != before:
                raise ValueError("the routes change")
            return before

        settled = until(same, 20, f"what the simulator says when {state}")
        if lasts:
            heard = {machine: router.ask("status")["gossip"]["received"] for machine, router in routers.items()}
            for machine, router in routers.items():
                more = heard[machine] + 5
                until(lambda: router.ask("status")["gossip"]["received"] >= more, 10, f"heartbeats at {machine}")
            self.assertEqual(same(), settled, f"routes changed after they had settled, when {state}")


if __name__ == "__main__":
    unittest.main()
