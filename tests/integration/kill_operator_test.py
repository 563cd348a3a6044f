#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL while an operator works: during snapshots, restores and redrives of dead letters. No half
snapshot is listed, a half restore is as if it had not begun or is refused in words, and a redrive
doubles nothing."""
# mission: C12

import json
import random
import shutil
import signal
import subprocess
import threading
import time
import unittest

import harness
from bad_input_test import CLOUD_EVENT, EVENTS, SQUARE, booking, cloud_event

ROUNDS = 24
SEED = 20261122


class KillOperator(unittest.TestCase):
    def setUp(self):
        self.chance = random.Random(SEED)
        self.scratch = self.enterContext(harness.Scratch())
        self.data = self.scratch / "data"

    def serve(self, **options):
        server = harness.Server(self.data, **options)
        self.addCleanup(lambda: server.is_alive() and server.kill())
        return server.start(), harness.Ctl(server)

    def publish(self, server, numbers):
        with harness.Poster(server.http) as poster:
            for number in numbers:
                status, answer = poster.post(SQUARE, json.dumps(booking(f"bk-{number:05}")))
                self.assertEqual(200, status, answer)

    def bookings(self, ctl):
        ctl.wait_applied()
        profile = ctl.row("profile", "show", "--source", "square", "--customer", "CUSTOMER1")
        return {total["kind"]: int(total["count"]) for total in profile["totals"]}["booking"]

    def kill_within(self, process, seconds):
        """A thread that kills the process at a random moment of the coming seconds."""
        delay = self.chance.random() * seconds
        thread = threading.Timer(delay, lambda: process.send_signal(signal.SIGKILL))
        thread.start()
        return thread

    # --- snapshots

    def test_no_half_snapshot_is_listed_or_restored(self):
        options = ["--snapshot-interval", "0", "--snapshots-kept", "2"]
        server, ctl = self.serve(extra=options)
        answered = set()
        drafts = restored = 0
        for number in range(ROUNDS):
            self.publish(server, range(number * 3, number * 3 + 3))
            begin = time.monotonic()
            answered.add(ctl.row("snapshot")["name"])  # its duration is that of the next
            killer = self.kill_within(server.process, (time.monotonic() - begin) * 1.3)
            try:
                while True:
                    answered.add(ctl.row("snapshot")["name"])
            except (harness.ServerGone, harness.Failed, BrokenPipeError):
                killer.join()
            server.kill()
            drafts += len(list((self.data / "snapshots").glob("draft-*")))
            server.start()
            listed = [row["name"] for row in ctl.rows("snapshots")]
            self.assertTrue(answered & set(listed), "what was answered is there")
            self.assertEqual((number + 1) * 3, self.bookings(ctl))
            for name in set(listed) - answered:  # made, and killed before anybody heard of it
                self.check_snapshot(name)
                restored += 1
            self.check_snapshot(listed[0])
        print(f"kill snapshot: {ROUNDS} kills, {drafts} drafts were left, {restored} unheard",
              flush=True)
        self.assertGreater(drafts, 0, "no kill fell into a snapshot")
        self.assertEqual(0, server.stop())

    def check_snapshot(self, name):
        """It can be put in place of nothing: the tool reads all of it."""
        copy = self.scratch / "copy"
        done = subprocess.run(
            [str(harness.bin_dir() / "spotterctl"), "restore",
             str(self.data / "snapshots" / name), "--data", str(copy)],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        shutil.rmtree(copy)

    # --- restores

    def test_a_half_restore_is_not_there_or_is_refused(self):
        server, ctl = self.serve(extra=harness.KEEP_ALL)
        self.publish(server, range(20))
        ctl.run("snapshot")
        self.publish(server, range(20, 40))
        ctl.wait_applied()
        expected = ctl.state_hash(verify=True)["hash"]
        self.assertEqual(0, server.stop())
        command = [str(harness.bin_dir() / "spotterctl"), "restore", "latest", "--data",
                   str(self.data), "--force"]
        begin = time.monotonic()
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        duration = time.monotonic() - begin
        refused = restored = 0
        for number in range(ROUNDS):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if number < 3:
                self.stop_between_the_renames(process)
            else:
                killer = self.kill_within(process, duration * 1.1)
                restored += process.wait(60) == 0
                killer.join()
            process.communicate()
            if not (self.data / "state").exists():
                code, said = harness.run_once(["--data", self.data, "--http", "127.0.0.1:0"])
                self.assertEqual(3, code)
                self.assertIn("a restore was interrupted", said)
                subprocess.run(command, check=True, capture_output=True, timeout=60)
                refused += 1
            server.start()
            self.assertEqual(40, self.bookings(ctl))
            found = ctl.state_hash(verify=True)
            self.assertTrue(found["verified"])
            self.assertEqual(expected, found["hash"])
            self.assertEqual(0, server.stop())
        print(f"kill restore: {ROUNDS} kills, {refused} refused at start, {restored} done before",
              flush=True)
        self.assertGreaterEqual(refused, 3)

    def stop_between_the_renames(self, process):
        """What a kill between `state` moved aside and `state.restoring` moved in leaves: it is too
        short to be met by chance, so the last rename of a finished restore is taken back."""
        self.assertEqual(0, process.wait(60))
        (self.data / "state").rename(self.data / "state.restoring")

    # --- dead letters

    def test_a_redrive_doubles_nothing(self):
        server, ctl = self.serve(time_lapse="2025-01-06T00:00:00Z", extra=harness.KEEP_ALL)
        letters = ROUNDS * 4
        with harness.Poster(server.http) as poster:
            for number in range(letters):  # two days ahead: refused today
                event = {"source": "app", "source_event_id": f"e{number}",
                         "kind": "EVENT_KIND_PURCHASE", "event_time": "2025-01-08T12:00:00Z",
                         "customer_id": "m-1", "entity": {"type": "payment", "id": f"p{number}"},
                         "attributes": {"status": "completed", "amount_minor": "100",
                                        "currency": "USD"}}
                status, answer = poster.post(EVENTS, cloud_event(event, f"ce-{number}"),
                                             CLOUD_EVENT)
                self.assertEqual(400, status, answer)
        ctl.advance("2025-01-09T00:00:00Z")
        begin = time.monotonic()
        kills = answered = 0
        while rows := ctl.rows("deadletter", "list", "--max", 1000):
            killer = None
            if kills < ROUNDS:
                killer = self.kill_within(server.process, 0.03)
            try:
                for row in rows:
                    ctl.rows("deadletter", "redrive", row["id"])
                    answered += 1
            except (harness.ServerGone, harness.Failed, BrokenPipeError):
                self.assertIsNotNone(killer, "a redrive failed without a kill")
            if killer is not None:
                killer.join()
                server.kill()
                kills += 1
                server.start()
            self.assertLess(time.monotonic() - begin, 300)
        ctl.wait_applied()
        profile = ctl.row("profile", "show", "--source", "app", "--customer", "m-1")
        totals = {total["kind"]: int(total["count"]) for total in profile["totals"]}
        self.assertEqual(letters, totals["purchase"])
        self.assertEqual([str(letters * 100)], [one["minor"] for one in profile["lifetime_spend"]])
        self.assertTrue(ctl.state_hash(verify=True)["verified"])
        print(f"kill redrive: {kills} kills, {letters} letters, {answered} answered", flush=True)
        self.assertEqual(0, server.stop())


if __name__ == "__main__":
    harness.main(__doc__)
