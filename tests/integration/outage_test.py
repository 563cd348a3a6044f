#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that was away from five in the afternoon catches up at three in the morning: what fell
due meanwhile, and what new events ask for, waits until quiet hours end at nine."""
# mission: C28 C41

import datetime
import json
import unittest

import harness

START = "2025-01-06T00:00:00Z"  # New York, where the studio is, is five hours behind
OFFSET = datetime.timezone(datetime.timedelta(hours=-5))


def local(day, hour, minute=0, second=0):
    """An instant of January 2025 in the studio's time, as UTC text."""
    at = datetime.datetime(2025, 1, day, hour, minute, second, tzinfo=OFFSET)
    return at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def sign_up(number, at):
    """The events of somebody who joins and wants to hear from the studio, as CloudEvents."""
    email, phone = f"ada.{number}@example.com", f"+1212555{number:04}"
    event = {"source": "app", "event_time": at, "customer_id": f"m-{number}", "identifiers": [
        {"type": "IDENTIFIER_TYPE_EMAIL", "raw": email},
        {"type": "IDENTIFIER_TYPE_PHONE", "raw": phone},
        {"type": "IDENTIFIER_TYPE_NAME", "raw": f"Ada Number{number}"}]}
    events = [dict(event, source_event_id=f"consent-{channel}-{number}", entity={"type": "consent"},
                   kind="EVENT_KIND_CONSENT_CHANGED", attributes={
                       "channel": channel, "purpose": "marketing", "consent_state": "granted"})
              for channel in ("email", "sms", "push")]
    events.append(dict(event, source_event_id=f"join-{number}", kind="EVENT_KIND_MEMBER_CREATED",
                       entity={"type": "member", "id": f"m-{number}"},
                       attributes={"given_name": "Ada", "joined_at": at}))
    return [{"specversion": "1.0", "id": one["source_event_id"], "source": "/studio/app",
             "type": "spotter.member_event.v1", "datacontenttype": "application/json", "data": one}
            for one in events]


class Outage(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.server = self.enterContext(harness.Server(self.scratch / "data", time_lapse=START))
        self.ctl = harness.Ctl(self.server)
        self.ctl.apply_blueprints()

    def post(self, numbers, at):
        with harness.Poster(self.server.http) as poster:
            for number in numbers:
                status, answer = poster.post("/v1/events", json.dumps(sign_up(number, at)),
                                             "application/cloudevents-batch+json")
                self.assertEqual(200, status, answer)
        self.ctl.wait_applied()

    def take(self):
        """(step, not_before) of all that is delivered now, in order."""
        taken = []
        while rows := self.ctl.pull():
            self.ctl.ack(rows)
            taken += [(row["action"]["step"], row["action"]["not_before"]) for row in rows
                      if row["kind"] == "action"]
        return sorted(taken)

    def test_night_catch_up_sends_nothing_inside_quiet_hours(self):
        joined = local(6, 22)
        self.ctl.advance(joined)
        self.post(range(20), joined)
        self.assertEqual([], self.take())
        self.ctl.advance(local(7, 9, 1))
        self.assertEqual({"welcome-email"}, {step for step, _ in self.take()})

        self.ctl.advance(local(8, 17))
        self.server.kill()  # five hours before the SMS of day 2 fall due
        self.server.start()
        self.ctl.advance(local(9, 3))
        self.post(range(20, 40), local(8, 20))  # whom their source kept for us
        self.assertEqual([], self.take(), "sent at three in the morning")
        self.ctl.advance(local(9, 8, 59, 59))
        self.assertEqual([], self.take(), "sent before nine")

        self.ctl.advance(local(9, 9, 1))
        taken = self.take()
        self.assertEqual({"booking-sms", "welcome-email"}, {step for step, _ in taken})
        self.assertGreater(len(taken), 20)  # of 40, without those of the holdout
        for _, not_before in taken:
            self.assertGreaterEqual(not_before, local(9, 9))
        print(f"outage: {len(taken)} messages waited for the morning", flush=True)


if __name__ == "__main__":
    harness.main(__doc__)
