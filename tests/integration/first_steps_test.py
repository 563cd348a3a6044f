#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody meets who uses the programs for the first time, and types something wrong."""
# mission: X1 X20

import json
import stat
import subprocess
import unittest

import harness

START = "2026-03-02T15:00:00Z"


def event(number, kind, entity=None, customer="ada", **more):
    """A line of NDJSON."""
    return {"source": "app", "source_event_id": f"e{number}", "kind": f"EVENT_KIND_{kind}",
            "event_time": START, "customer_id": customer, **more,
            **({"entity": dict(zip(("type", "id"), entity))} if entity else {})}


SIGN_UP = [
    event(1, "CONSENT_CHANGED", attributes={"channel": "email", "purpose": "marketing",
                                            "consent_state": "granted"}),
    event(2, "MEMBER_CREATED", ("member", "ada"),
          identifiers=[{"type": "IDENTIFIER_TYPE_EMAIL", "raw": "Ada@Example.com"}],
          attributes={"given_name": "Ada"}),
    # The same address in another record of the same person.
    event(3, "MEMBER_CREATED", ("member", "ada2"), customer="ada2",
          identifiers=[{"type": "IDENTIFIER_TYPE_EMAIL", "raw": "ada@example.com"}],
          attributes={"given_name": "Ada"}),
]
HELLO = """
journey: hello
title: Hello
state: live
entry: {when: "events('signup').within(days(1)).exists()", holdout: {HOLDOUT}}
steps:
  - id: mail
    send: {channel: email, template: hello, text: "Hi {{first_name}}"}
  - id: later
    wait: 3d
"""


def run(program, *arguments, timeout=60):
    return subprocess.run([str(harness.bin_dir() / program), *map(str, arguments)],
                          capture_output=True, text=True, timeout=timeout)


class FirstSteps(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.data = self.scratch / "data"

    def start(self, **options):
        server = harness.Server(self.data, time_lapse=START, **options)
        self.addCleanup(lambda: server.is_alive() and server.kill())
        server.start()
        return server, harness.Ctl(server)

    def publish(self, ctl, events, command="publish"):
        file = self.scratch / "events.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in events))
        done = ctl.try_run(command, file)
        ctl.wait_applied()
        return done

    def test_what_is_written_is_its_owners_alone(self):
        server, ctl = self.start()
        self.publish(ctl, SIGN_UP)
        ctl.run("snapshot")
        self.publish(ctl, [event(9, "ATTENDANCE", ("booking", "b1"),
                                 attributes={"status": "banana"})])  # a dead letter
        self.assertEqual(0, server.stop())
        self.assertTrue(list(self.data.glob("deadletters/**/*")))
        done = run("spotterctl", "restore", "latest", "--data", self.data, "--force")
        self.assertEqual(0, done.returncode, done.stderr)
        for path in [self.data, *self.data.rglob("*")]:
            self.assertEqual(0, stat.S_IMODE(path.stat().st_mode) & 0o077, path)

    def test_a_zone_that_nobody_knows_is_not_taken_for_utc(self):
        arguments = ["--data", self.data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0",
                     "--admin", "127.0.0.1:0"]
        code, stderr = harness.run_once([*arguments, "--time-zone", "America/New_Yorkk"])
        self.assertEqual(2, code, stderr)
        self.assertIn("time-zone: time zone 'America/New_Yorkk'", stderr)
        with harness.Server(self.data, extra=["--time-zone", "America/Chicago"]) as server:
            tenant = harness.Ctl(server).row("tenant", "list")
            self.assertEqual("America/Chicago", tenant["time_zone"])

    def test_a_replay_of_a_wrong_folder_writes_nothing(self):
        server, ctl = self.start()
        self.publish(ctl, SIGN_UP)
        self.assertEqual(0, server.stop())
        before = sorted(self.data.rglob("*"))
        done = run("spotter-replay", self.data)
        self.assertEqual(1, done.returncode)
        self.assertIn(f"did you mean '{self.data}/log'?", done.stderr)
        self.assertEqual(before, sorted(self.data.rglob("*")))

    def test_creating_a_tenant_again_resets_nothing(self):
        _, ctl = self.start()
        ctl.run("tenant", "set", "studio", "--region", "AT", "--quiet-from", "20:00")
        done = ctl.try_run("tenant", "create", "studio", "--title", "Mine")
        self.assertEqual(1, done.returncode)
        self.assertIn("spotterctl tenant set", done.stderr)
        shown = ctl.run("tenant", "set", "studio", "--title", "Mine")
        for word in ("zone=America/New_York", "region=AT", "quiet=20:00-09:00", 'title="Mine"'):
            self.assertIn(word, shown)
        done = ctl.try_run("tenant", "set", "studio", "--quiet-until", "25:00")
        self.assertIn("expected HH:MM", done.stderr)

    def test_the_token_that_pull_prints_acks(self):
        _, ctl = self.start()
        self.apply(ctl, holdout=0)
        self.publish(ctl, SIGN_UP[:2])
        profile = ctl.row("profile", "list")["id"]
        self.assertIn("waiting in default: ", ctl.run("explain", profile))
        text = ctl.run("actions", "pull")
        token = next(word for word in text.split() if word.startswith("lse_"))
        self.assertEqual("settled=1\n", ctl.run("actions", "ack", token))
        explained = ctl.run("explain", profile)
        self.assertNotIn("waiting in", explained)
        self.assertIn("at 'later'; proposed: mail", explained)

    def apply(self, ctl, holdout):
        file = self.scratch / "hello.yaml"
        percent = f"{{percent: {holdout}" + (", reason: a test}" if holdout == 0 else "}")
        file.write_text(HELLO.replace("{HOLDOUT}", percent))
        ctl.run("journey", "apply", "-f", file)

    def test_a_member_who_is_held_out_is_called_that(self):
        _, ctl = self.start()
        self.apply(ctl, holdout=50)
        self.publish(ctl, SIGN_UP[:1] + [
            event(10 + n, "MEMBER_CREATED", ("member", f"m{n}"), customer=f"m{n}")
            for n in range(20)])
        texts = [ctl.run("explain", row["id"]) for row in ctl.rows("profile", "list")]
        held_out = [text for text in texts if "held out at 'later': nothing is sent" in text]
        self.assertTrue(0 < len(held_out) < len(texts), texts[:2])

    def test_a_profile_shows_consents_and_each_address_once(self):
        _, ctl = self.start()
        self.publish(ctl, SIGN_UP)
        shown = ctl.run("profile", "show", "--customer", "ada", "--source", "app")
        self.assertIn("consent   email marketing granted at 2026-03-02T15:00:00.000Z by app", shown)
        self.assertEqual(1, shown.count("ada@example.com"), shown)

    def test_a_word_that_counts_as_nothing_is_a_dead_letter(self):
        _, ctl = self.start()
        booking = ("booking", "b1")
        done = self.publish(ctl, [
            event(1, "BOOKING_CREATED", booking),
            event(2, "ATTENDANCE", booking, attributes={"status": "Attended"}),
            event(3, "ATTENDANCE", ("booking", "b2"), attributes={"status": "No-Show"}),
            event(4, "ATTENDANCE", ("booking", "b3"), attributes={"status": "banana"})])
        self.assertEqual(1, done.returncode)
        self.assertIn("line 4", done.stderr)
        self.assertIn("found 'banana', expected booked, completed, no_show", done.stderr)
        profile = ctl.row("profile", "show", "--source", "app", "--customer", "ada")
        totals = {total["kind"]: int(total["count"]) for total in profile["totals"]}
        self.assertEqual({"booking": 2, "visit": 1, "no_show": 1}, totals)

    def test_a_bad_file_is_told_briefly(self):
        _, ctl = self.start()
        file = self.scratch / "bad.ndjson"
        file.write_text("{\n" * 50)
        done = ctl.try_run("import", file)
        self.assertEqual(1, done.returncode)
        self.assertIn("line 1:", done.stderr)
        self.assertIn("50 of 50 lines could not be read", done.stderr)
        self.assertLess(len(done.stderr.splitlines()), 15)

    def test_unknown_words_are_named(self):
        for arguments, words in [
                (["foo"], ["unknown command 'foo'"]),
                (["actions", "pul"], ["unknown command 'pul' of 'actions'", "'pull'?"]),
                (["status", "--jsno"], ["unknown option '--jsno'", "'--json'?"])]:
            done = run("spotterctl", *arguments)
            self.assertEqual(2, done.returncode)
            for word in words:
                self.assertIn(word, done.stderr)
        self.assertRegex(run("spotterctl", "--version").stdout, r"^spotterctl \d+\.\d+\.\d+\n$")
        code, stderr = harness.run_once(["--htpp", "1"])
        self.assertEqual(2, code)
        self.assertIn("unknown option '--htpp'; did you mean '--http'?", stderr)

    def test_a_clock_goes_forward_only(self):
        _, ctl = self.start()
        done = ctl.try_run("advance", "--to", "2026-03-01T00:00:00Z")
        self.assertEqual(f"now={START[:-1]}.000Z\n", done.stdout)
        self.assertIn("2026-03-01T00:00:00.000Z lies before it", done.stderr)

    def test_counters_stand_at_zero_before_their_first_event(self):
        server, _ = self.start()
        import urllib.request
        with urllib.request.urlopen(f"http://{server.admin}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        for name in ("intake_dead_letters_total", "intake_refused_total", "intake_events_total",
                     "intake_ignored_total", "engine_events_total", "api_calls_total"):
            self.assertIn(f"\nspotter_{name}", text)


if __name__ == "__main__":
    harness.main(__doc__)
