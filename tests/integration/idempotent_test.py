#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything sent twice, the second time shuffled within a day, and once more as a backfill a month
later, changes nothing: the facts and the actions are those of a run in which only time passes."""
# mission: C2 C13

import concurrent.futures
import datetime
import random
import unittest

import harness
import life

START = "2025-01-06T00:00:00Z"
LIFE = {"seed": 1, "members": 500, "days": 90, "start": START}  # the demo's
MONTH_HOURS = 30 * 24


def sent_twice(deliveries, seed=1):
    """Each delivery again within a day of itself: after it, and among others in any order."""
    chance = random.Random(seed)
    end = life.parse_time(START) + datetime.timedelta(days=LIFE["days"])
    latest = life.format_time(end - datetime.timedelta(milliseconds=1))
    again = []
    for delivery in deliveries:
        at = life.parse_time(delivery["at"]) + datetime.timedelta(seconds=chance.uniform(0, 86400))
        again.append(dict(delivery, at=min(life.format_time(at), latest)))
    return sorted(deliveries + again, key=lambda delivery: delivery["at"])


class Outcome:
    def __init__(self, run):
        self.hashes = run.ctl.state_hash(verify=True)
        self.actions = set(run.delivered)
        self.again = run.again
        self.refused = run.posts.refused


class Idempotent(unittest.TestCase):
    def live(self, scratch, name, deliveries, backfill=None):
        with harness.Server(scratch / name, time_lapse=START) as server:
            start = life.parse_time(START)
            run = life.Run(server, deliveries, start, LIFE["days"], tail_hours=MONTH_HOURS)
            run.ctl.apply_blueprints()
            while not run.is_done():
                run.step()
            during_life = set(run.delivered)
            if backfill:
                run.ctl.run("import", backfill, timeout=300)
            run.ctl.advance(life.format_time(
                start + datetime.timedelta(days=LIFE["days"], hours=MONTH_HOURS + 24)))
            run.pull()
            return Outcome(run), during_life

    def test_the_same_again_at_any_age_changes_nothing(self):
        deliveries = life.make(**LIFE)
        with harness.Scratch() as scratch:
            file = scratch / "life.ndjson"
            file.write_text(life.make_text("events", **LIFE))
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                lone = pool.submit(self.live, scratch, "once", deliveries)
                thrice, before_import = self.live(scratch, "thrice", sent_twice(deliveries), file)
                once, _ = lone.result()
        self.assertGreater(len(once.actions), 0)
        self.assertEqual({}, dict(once.refused))
        self.assertEqual({}, dict(thrice.refused))
        self.assertEqual(once.hashes["facts_hash"], thrice.hashes["facts_hash"])
        self.assertEqual(sorted(once.actions), sorted(thrice.actions))
        self.assertEqual([], once.again + thrice.again)
        self.assertLessEqual(before_import, once.actions)
        print(f"idempotent: {len(deliveries)} deliveries thrice, {len(once.actions)} actions once",
              flush=True)


if __name__ == "__main__":
    harness.main(__doc__)
