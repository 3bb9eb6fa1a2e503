"""`log`, `event` and `events` beside the control request `events`: the same events, under the same numbers."""

import unittest

from routers import OneRouter


class Events(OneRouter):
    def known(self, after):
        """What the control request lists, as the files begin their lines."""
        events = self.router.ask("events", after=after, limit=1000)["events"]
        return [f"{event['number']} {event['event']} " + "".join(f"{key}=" for key in list(event["fields"])[:1])
                for event in events]

    def follow(self, client, fid, until):
        """The lines that an open file gives, up to the first in which that stands."""
        text = ""
        while until not in text:
            text += client.pread(fid).decode()
        return text.splitlines()

    def same(self, lines, known):
        self.assertGreater(len(lines), 0)
        self.assertLessEqual(len(lines), len(known))
        for line, event in zip(lines, known):
            self.assertTrue((line + " ").startswith(event), f"{lines}\n{known}")

    def test_the_files_show_the_events_of_the_control_request(self):
        for dialect in ("9P2000", "9P2000.L"):
            client = self.client(dialect)
            newest = self.router.ask("events", limit=1)["next"]
            files = [client.open(f"/route/{name}") for name in ("event", "events")]
            for service in ("one", "two", "last"):
                self.tell(f"register {service} 127.0.0.1:1/srv", f"deregister {service} 127.0.0.1:1/srv")
            for fid in files:
                self.same(self.follow(client, fid, "service=last"), self.known(after=newest))
            log = client.read("/route/log").decode().splitlines()
            self.same(log, self.known(after=0))
            self.assertTrue(any("service=last" in line for line in log), log)


if __name__ == "__main__":
    unittest.main()
