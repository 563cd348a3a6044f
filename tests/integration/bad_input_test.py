#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input against the real program: each gives a clear error that names the thing and what was
expected (or a dead letter), is counted, and loses nothing."""
# mission: C12 C13 C16

import base64
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import socket
import subprocess
import unittest
import urllib.error
import urllib.request

import harness

SQUARE = "/v1/webhooks/studio/square"
STRIPE = "/v1/webhooks/studio/stripe"
EVENTS = "/v1/events"
CLOUD_EVENT = "application/cloudevents+json"


DAY = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=20)


def at(hour):
    """An hour of a day that lies in the timeline: twenty days ago."""
    return f"{DAY}T{hour:02}:00:00Z"


def booking(booking_id="bk1", version=0, status="ACCEPTED", created=at(10), start=at(17),
            event_id=None):
    """A Square booking body."""
    return {
        "merchant_id": "M1", "type": "booking.created" if version == 0 else "booking.updated",
        "event_id": event_id or f"evt-{booking_id}-{version}", "created_at": created,
        "data": {"type": "booking", "id": booking_id, "object": {"booking": {
            "id": booking_id, "version": version, "status": status, "created_at": created,
            "updated_at": created, "start_at": start, "customer_id": "CUSTOMER1",
            "location_id": "L1", "appointment_segments": [
                {"duration_minutes": 60, "service_variation_id": "S1", "team_member_id": "T1"}]}}}}


def charge(created, event_id="evt_1"):
    """A Stripe charge body; `created` in epoch seconds, as Stripe has it."""
    return {"id": event_id, "object": "event", "api_version": "2020-08-27", "created": created,
            "type": "charge.succeeded", "data": {"object": {
                "id": "ch_" + event_id, "object": "charge", "amount": 2400, "amount_refunded": 0,
                "captured": True, "currency": "usd", "customer": "cus_1", "created": created,
                "status": "succeeded"}}}


def cloud_event(data, event_id="ce-1"):
    return json.dumps({"specversion": "1.0", "id": event_id, "source": "/studio/app",
                       "type": "spotter.member_event.v1", "datacontenttype": "application/json",
                       "data": data})


def member_event(**changes):
    event = {"source": "app", "source_event_id": "e1", "kind": "EVENT_KIND_SCAN_RECORDED",
             "event_time": at(10), "customer_id": "m-1",
             "entity": {"type": "scan", "id": "s1"}}
    return {**event, **changes}


def read(url):
    """(status, text) of an HTTP GET, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class BadBodies(unittest.TestCase):
    """What comes over the wire, against one server that must go on serving."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = cls.enterClassContext(harness.Scratch())
        cls.server = cls.enterClassContext(harness.Server(cls.scratch / "data"))
        cls.ctl = harness.Ctl(cls.server)
        cls.poster = harness.Poster(cls.server.http)
        cls.addClassCleanup(cls.poster.close)

    def post(self, path, body, content_type="application/json"):
        if isinstance(body, dict):
            body = json.dumps(body)
        status, answer = self.poster.post(path, body, content_type)
        return status, answer.decode(errors="replace")

    def dead_letters(self):
        return self.ctl.rows("deadletter", "list", "--max", 1000)

    def refused(self, path, body, *words, content_type="application/json", status=400):
        """Refused with `words` in the answer, and kept as a dead letter with its bytes."""
        before = {letter["id"] for letter in self.dead_letters()}
        code, answer = self.post(path, body, content_type)
        self.assertEqual(status, code, answer)
        for word in words:
            self.assertIn(word, answer)
        new = [letter for letter in self.dead_letters() if letter["id"] not in before]
        self.assertEqual(1, len(new), f"expected one dead letter for {answer}")
        raw = json.dumps(body) if isinstance(body, dict) else body
        raw = raw.encode() if isinstance(raw, str) else raw
        kept = base64.b64decode(new[0]["body"])
        if kept != raw:  # of CloudEvents each has a letter of its own, without the blanks between
            self.assertEqual(json.loads(raw), json.loads(kept))
        self.assertNotEqual("", new[0]["reason"])

    def accepted(self, path, body, content_type="application/json"):
        code, answer = self.post(path, body, content_type)
        self.assertEqual(2, code // 100, answer)

    def tearDown(self):
        self.assertTrue(self.server.is_alive(), self.server.stderr_tail())
        self.accepted(SQUARE, booking("bk-still-serving", event_id="evt-still-serving"))

    def test_malformed_json(self):
        self.refused(SQUARE, '{"type":"booking.created",', "JSON")
        self.refused(EVENTS, '{"specversion":', "JSON", content_type=CLOUD_EVENT)

    def test_malformed_protobuf(self):
        self.refused(EVENTS, b"\x0a\xff\xff\xff\x07not a message", "protobuf",
                     content_type="application/cloudevents+protobuf")

    def test_malformed_yaml(self):
        for kind, text in (("segment", "segment: [unclosed\n"), ("journey", "journey: {a: b\n")):
            path = self.scratch / f"{kind}.yaml"
            path.write_text(text)
            done = self.ctl.try_run(kind, "apply", "-f", path)
            self.assertNotEqual(0, done.returncode)
            self.assertRegex(done.stderr, r"^error: .*\b\d+")  # names the line
            self.assertEqual(1, len(done.stderr.strip().splitlines()), done.stderr)

    def test_unknown_keys_and_expressions_are_refused_with_their_place(self):
        path = self.scratch / "typo.yaml"
        path.write_text("journey: typo\ntitel: A title\nsteps: []\n")
        done = self.ctl.try_run("journey", "apply", "-f", path)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("titel", done.stderr)
        self.assertIn("title", done.stderr.replace("titel", ""))
        path.write_text("segment: typo\nwhen: events('vist').within(days(3)).exists()\n")
        done = self.ctl.try_run("segment", "apply", "-f", path)
        self.assertNotEqual(0, done.returncode)

    def test_unknown_tenant(self):
        code, answer = self.post("/v1/webhooks/nobody/square", booking())
        self.assertEqual(404, code, answer)
        self.assertIn("nobody", answer)

    def test_absurd_times(self):
        for created in ("1900-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
            body = booking("bk-absurd", created=created, event_id=created)
            self.refused(SQUARE, body, created[:4])
        body = booking("bk-text", start="soon", event_id="evt-text")
        self.refused(SQUARE, body, "soon", "start_at")
        self.refused(STRIPE, charge(1_735_689_600_000, "evt_ms"), "created")  # milliseconds

    def test_body_of_10_mb(self):
        code, answer = self.post(SQUARE, b'{"type":"' + b"x" * (10 << 20) + b'"}')
        self.assertEqual(413, code, answer)
        self.assertIn("1 MiB", answer.replace("1048576", "1 MiB"))
        self.poster.close()

    def test_invalid_utf8(self):
        body = json.dumps(booking("bk-utf8", event_id="evt-utf8")).encode()
        self.refused(SQUARE, body.replace(b"CUSTOMER1", b"CUST\xff\xfe1"), "UTF-8")

    def test_missing_identifiers(self):
        event = member_event(customer_id="", entity={"type": "scan", "id": ""})
        self.refused(EVENTS, cloud_event(event), "customer_id", content_type=CLOUD_EVENT)

    def test_unknown_enum_values(self):
        self.refused(EVENTS, cloud_event(member_event(kind="EVENT_KIND_LEVITATED")), "LEVITATED",
                     content_type=CLOUD_EVENT)
        self.refused(SQUARE, booking("bk-enum", status="TELEPORTED", event_id="evt-enum"),
                     "TELEPORTED", "ACCEPTED")

    def test_a_body_of_a_type_that_is_not_read_is_no_error(self):
        before = len(self.dead_letters())
        self.accepted(SQUARE, {"type": "device.created", "event_id": "d1", "data": {"object": {}}})
        self.assertEqual(before, len(self.dead_letters()))

    def test_a_cancel_before_its_create(self):
        cancelled = booking("bk-early", 1, "CANCELLED_BY_CUSTOMER", at(12))
        for body in (cancelled, booking("bk-early")):
            body["data"]["object"]["booking"]["customer_id"] = "CUSTOMER-EARLY"
            self.accepted(SQUARE, body)
        totals = self.totals_of("CUSTOMER-EARLY")
        self.assertEqual(1, totals.get("cancellation"))
        self.assertEqual(0, totals.get("booking", 0))

    def totals_of(self, customer):
        self.ctl.wait_applied()
        profile = self.ctl.row("profile", "show", "--source", "square", "--customer", customer)
        return {total["kind"]: int(total["count"]) for total in profile["totals"]}

    def test_duplicates_and_disorder(self):
        bodies = []
        for number in range(5):
            for version, status in ((0, "ACCEPTED"), (1, "NO_SHOW")):
                body = booking(f"bk-dup-{number}", version, status, at(10 + version))
                body["data"]["object"]["booking"]["customer_id"] = "CUSTOMER-DUP"
                bodies.append(body)
        for body in bodies + bodies[::-1] + bodies[::2]:
            self.accepted(SQUARE, body)
        totals = self.totals_of("CUSTOMER-DUP")
        self.assertEqual((5, 5), (totals.get("no_show"), totals.get("booking")))

    def test_the_same_file_again(self):
        def purchase(number, age):
            when = f"{DAY - datetime.timedelta(days=age)}T12:00:00Z"
            return member_event(
                source="till", source_event_id=f"p{number}", kind="EVENT_KIND_PURCHASE",
                event_time=when, customer_id=f"m-{number % 3}",
                entity={"type": "payment", "id": f"p{number}"},
                attributes={"status": "completed", "amount_minor": "1200", "currency": "USD"})
        path = self.scratch / "purchases.ndjson"
        lines = [json.dumps(purchase(number, number * 100)) for number in range(12)]
        path.write_text("\n".join(lines) + "\n")  # those over 400 days old count for life alone
        hashes = []
        for _ in range(3):
            self.ctl.run("import", path)
            hashes.append(self.ctl.state_hash(verify=True)["facts_hash"])
        self.assertEqual([hashes[0]] * 3, hashes)
        profile = self.ctl.row("profile", "show", "--source", "till", "--customer", "m-1")
        totals = {total["kind"]: int(total["count"]) for total in profile["totals"]}
        self.assertEqual(4, totals["purchase"])
        self.assertEqual(["4800"], [money["minor"] for money in profile["lifetime_spend"]])

    def test_a_dead_letter_can_be_redriven_and_says_why_not(self):
        self.refused(SQUARE, '{"broken":', "JSON")
        letter = self.dead_letters()[0]
        done = self.ctl.try_run("deadletter", "redrive", letter["id"])
        self.assertNotEqual(0, done.returncode)
        self.assertIn(letter["id"], done.stderr)

    def test_everything_is_counted(self):
        self.refused(SQUARE, '{"counted":', "JSON")
        status, text = read(f"http://{self.server.admin}/metrics")
        self.assertEqual(200, status)
        lines = [line for line in text.splitlines()
                 if "rejected" in line or "dead_letter" in line]
        self.assertTrue(any(float(line.rsplit(" ", 1)[1]) > 0 for line in lines
                            if not line.startswith("#")), text)


class Signatures(unittest.TestCase):
    SECRET = "a secret of square"

    def test_a_wrong_signature_is_refused_and_a_right_one_is_not(self):
        with harness.Scratch() as scratch:
            secrets = scratch / "secrets.yaml"
            secrets.write_text(f"studio: {{square: {self.SECRET}, stripe: other}}\n")
            url = "https://spotter.example"
            with harness.Server(scratch / "data",
                                extra=["--secrets", str(secrets), "--webhook-url", url]
                                ) as server, harness.Poster(server.http) as poster:
                body = json.dumps(booking())
                for headers in ([], [("x-square-hmacsha256-signature", "bm90IGl0")]):
                    status, answer = poster.post(SQUARE, body, headers=headers)
                    self.assertEqual(401, status, answer)
                    self.assertIn(b"signature", answer)
                digest = hmac.new(self.SECRET.encode(), (url + SQUARE + body).encode(),
                                  hashlib.sha256).digest()
                signature = base64.b64encode(digest).decode()
                status, answer = poster.post(
                    SQUARE, body, headers=[("x-square-hmacsha256-signature", signature)])
                self.assertEqual(2, status // 100, answer)


class BadStarts(unittest.TestCase):
    """What an operator gets wrong."""

    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())

    def start_fails(self, code, *words, arguments):
        found, stderr = harness.run_once(
            [*arguments, "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        self.assertEqual(code, found, stderr)
        for word in words:
            self.assertIn(str(word), stderr)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.start_fails(1, address, arguments=["--data", self.scratch / "data",
                                                    "--http", address])

    def test_second_process_on_the_same_directory(self):
        with harness.Server(self.scratch / "data") as server:
            self.start_fails(3, self.scratch / "data",
                             arguments=["--data", self.scratch / "data", "--http", "127.0.0.1:0"])
            self.assertTrue(server.is_alive())
            harness.Ctl(server).run("status")

    def test_missing_directory(self):
        missing = self.scratch / "not" / "there"
        self.start_fails(3, missing, arguments=["--data", missing, "--http", "127.0.0.1:0"])

    def test_a_file_instead_of_a_directory(self):
        path = self.scratch / "file"
        path.write_text("not a directory")
        self.start_fails(3, path, arguments=["--data", path, "--http", "127.0.0.1:0"])

    def test_read_only_directory(self):
        path = self.scratch / "read-only" / "data"
        path.parent.mkdir(mode=0o555)
        if os.geteuid() == 0:  # nothing is read-only to root except what the kernel refuses
            path = pathlib.Path("/proc/self/data")
        self.start_fails(3, path, arguments=["--data", path, "--http", "127.0.0.1:0"])

    def test_unknown_configuration_key(self):
        config = self.scratch / "spotter.yaml"
        config.write_text("data: ./data\nhtpp: 127.0.0.1:0\n")
        self.start_fails(2, "htpp", "http", arguments=["--config", config])

    def test_a_listener_for_everyone_needs_tokens(self):
        self.start_fails(2, "--tokens", arguments=["--data", self.scratch / "data",
                                                   "--http", "0.0.0.0:0"])


@unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
class FullDisk(unittest.TestCase):
    def test_a_full_disk_loses_nothing(self):
        with harness.Scratch() as scratch:
            log = scratch / "data" / "log"
            log.mkdir(parents=True)
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", log],
                                     capture_output=True)
            if mounted.returncode != 0:
                harness.say_skipped("a full disk", "the right to mount")
                self.skipTest("mount is not allowed here")
            try:
                self.fill_and_grow(scratch / "data", log)
            finally:
                subprocess.run(["umount", "-l", log], check=False)

    def fill_and_grow(self, data, log):
        with harness.Server(data) as server, harness.Poster(server.http) as poster:
            accepted = []
            for number in range(2000):
                body = booking(f"bk-{number}", event_id=f"full-{number:05}")
                try:
                    status, answer = poster.post(SQUARE, json.dumps(body))
                except harness.ServerGone:
                    break
                if status // 100 != 2:
                    self.assertEqual(503, status, answer)
                    break
                accepted.append(f"full-{number:05}")
            else:
                self.fail("the disk never filled")
            subprocess.run(["mount", "-o", "remount,size=64m", log], check=True)
            after = json.dumps(booking("bk-after"))
            harness.wait_until(lambda: poster.post(SQUARE, after)[0] == 200,
                               "events are accepted again once there is space", 60)
            written = b"".join(path.read_bytes() for path in log.rglob("*.log"))
            self.assertEqual([], [one for one in accepted if one.encode() not in written])


if __name__ == "__main__":
    harness.main(__doc__)
