"""A service with three replicas on three machines, which are three different 9P servers: what the document verifies."""

import collections
import threading
import unittest

from routers import LONG, Row, quick_switches, until, who_answers
from servers import Diod, Ganesha

REQUESTS = 10000 if LONG else 1200


class Replicas(Row):
    def setUp(self):
        for kind in (Diod, Ganesha):
            if reason := kind.why_not():
                self.skipTest(reason)
        super().setUp()
        # a's answers 9P2000; b's and c's 9P2000.L. From a, c's is two hops away, and no address of c is.
        self.one = self.instance("one", host="10.0.0.1", namespace=self.at("a"))
        self.two = Ganesha(self.world, "two", {"health": "ok\n", "who": "two"}, host="10.0.0.2", port=5650,
                           namespace=self.at("b")).ready()
        self.three = Diod(self.world, "three", {"health": "ok\n", "who": "three"}, host="10.0.0.3", port=5650,
                          namespace=self.at("c")).ready()
        self.tell("a", f"register web {self.one.registered}")
        self.tell("b", f"register web {self.two.registered}")
        self.tell("c", f"register web {self.three.registered}")
        self.user = self.client("a", uname="root")
        self.usable(self.user, "web", 3)

    def shares(self, count=REQUESTS, client=None):
        return collections.Counter(who_answers(client or self.user, "web", count))

    def test_health_is_read_from_a_healthy_instance_whichever_it_is(self):
        for _ in range(6):
            self.assertEqual(self.user.read("/web/health"), b"ok\n")
        self.assertEqual(set(self.shares(30)), {"one", "two", "three"})

    def test_each_instance_gets_its_share_in_turn(self):
        shares = self.shares()
        for name in ("one", "two", "three"):
            self.assertAlmostEqual(shares[name] / REQUESTS, 1 / 3, delta=0.05 / 3, msg=str(shares))

    def test_one_is_killed_under_load_and_no_request_sees_an_error(self):
        errors, answers = [], collections.Counter()
        end, started = threading.Event(), threading.Barrier(4)

        def load():
            client = self.client("a", uname="root")
            started.wait(10)
            while not end.is_set():
                try:
                    answers.update(who_answers(client, "web", 20, together=10))
                except Exception as error:  # whatever it is, the test shows it
                    errors.append(error)
                    return
        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.wait(10)
        until(lambda: answers["two"] > 50, 20, "load on all")
        self.two.kill()
        after = sum(answers.values())
        until(lambda: errors or sum(answers.values()) > after + 300, 30, "requests after one was killed")
        end.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual(errors, [])
        self.assertEqual(set(self.shares(60)), {"one", "three"})

    def test_a_machine_that_dies_takes_its_instance_with_it(self):
        self.routers["c"].kill()
        until(lambda: set(self.shares(12)) == {"one", "two"}, 20, "two of them left")

    def test_a_new_instance_gets_its_share_and_one_deregistered_gets_nothing(self):
        new = self.instance("new", host="10.0.0.2", namespace=self.at("b"))
        self.tell("b", f"register web {new.registered} version=v2")
        self.usable(self.user, "web", 4)
        count = 400
        shares = self.shares(count)
        for name in ("one", "two", "three", "new"):
            self.assertAlmostEqual(shares[name] / count, 1 / 4, delta=0.05 / 4, msg=str(shares))
        self.tell("b", f"deregister web {self.two.registered}")
        until(lambda: "two" not in self.shares(12), 10, "its end")
        self.assertEqual(set(self.shares(30)), {"one", "three", "new"})


class Policies(Row):
    """Which of three instances is chosen; they are small servers on three machines, and what they are asked is counted."""

    def setUp(self):
        super().setUp()
        self.instances = {}
        for name, machine, address in (("one", "a", "10.0.0.1"), ("two", "b", "10.0.0.2"), ("three", "c", "10.0.0.3")):
            instance = self.instances[name] = self.instance(name, host=address, namespace=self.at(machine))
            weight = " weight=3" if name == "two" else ""
            self.tell(machine, f"register web {instance.registered}{weight}")
        self.user = self.client("a")
        self.usable(self.user, "web", 3)

    def policy(self, policy):
        self.tell("b", f"policy web {policy}")
        until(lambda: self.user.read("/route/service/web/policy").decode().strip().endswith(policy), 10, policy)

    def shares(self, count, client=None, together=50):
        with quick_switches():
            return collections.Counter(who_answers(client or self.user, "web", count, together))

    def test_least_conn_favours_those_with_less_open(self):
        self.policy("least-conn")
        # What is open on one instance alone keeps others away from it.
        self.assertEqual(set(self.shares(3, together=3)), {"one", "two", "three"})
        busy = self.client("a")
        by_name = "/route/service/web/inst/" + sorted(busy.ls("/route/service/web/inst"))[0]
        held = [busy.open(f"{by_name}/who") for _ in range(12)]
        name = busy.pread(held[0]).decode()
        shares = self.shares(100, together=1)
        self.assertEqual(shares[name], 0, str(shares))
        for fid in held:
            busy.clunk(fid)
        shares = self.shares(90, together=1)
        self.assertGreater(shares[name], 20, str(shares))

    def test_weighted_gives_shares_by_weight(self):
        self.policy("weighted")
        count = 5000 if LONG else 500
        shares = self.shares(count)
        for name, share in (("one", 0.2), ("two", 0.6), ("three", 0.2)):
            self.assertAlmostEqual(shares[name] / count, share, delta=0.05 * share, msg=str(shares))

    def test_random_gives_every_one_about_the_same(self):
        self.policy("random")
        count = REQUESTS
        shares = self.shares(count)
        for name in self.instances:
            # Within 5 % over 10,000; over fewer, within five standard deviations.
            self.assertAlmostEqual(shares[name] / count, 1 / 3, delta=max(0.05 / 3, 2.4 / count ** 0.5), msg=str(shares))

    def test_nearest_stays_on_the_machine_of_the_client(self):
        self.policy("nearest")
        self.assertEqual(set(self.shares(30)), {"one"})
        self.assertEqual(set(self.shares(30, self.client("c"))), {"three"})

    def test_sticky_keeps_each_user_and_moves_only_those_of_an_instance_that_leaves(self):
        self.policy("sticky uname")
        users = [f"user-{number}" for number in range(60)]

        def homes():
            found = {}
            for user in users:
                client = self.client("a", uname=user)
                answers = set(who_answers(client, "web", 3))
                self.assertEqual(len(answers), 1, f"{user} is sent to {answers}")
                found[user], = answers
                client.close()
            return found
        before = homes()
        self.assertEqual(homes(), before)
        self.assertEqual(set(before.values()), set(self.instances))
        gone = self.instances["three"]
        self.tell("c", f"deregister web {gone.registered}")
        until(lambda: self.user.read("/route/service/web/instances").decode().count(" up") == 2, 10, "two left")
        after = homes()
        for user in users:
            if before[user] != "three":
                self.assertEqual(after[user], before[user], user)


if __name__ == "__main__":
    unittest.main()
