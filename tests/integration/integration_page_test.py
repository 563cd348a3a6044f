#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What docs/integration.md tells a booking system's engineer: its example, and the answers."""

import json
import re
import unittest

import harness

PAGE = (harness.ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"-d '(\{.*?\})'\n", PAGE, re.S).group(1)
CLOUD_EVENT = "application/cloudevents+json"


class IntegrationPage(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.server = self.enterContext(harness.Server(self.scratch / "data"))
        self.poster = self.enterContext(harness.Poster(self.server.http))
        self.ctl = harness.Ctl(self.server)

    def post(self, body, path="/v1/events", content_type=CLOUD_EVENT):
        status, answer = self.poster.post(path, body, content_type)
        return status, json.loads(answer)

    def test_its_example_is_accepted_and_a_repeat_changes_nothing(self):
        self.assertEqual((200, 1), (lambda s, a: (s, a["accepted"]))(*self.post(EXAMPLE)))
        facts = self.ctl.state_hash()["facts_hash"]
        self.assertEqual(200, self.post(EXAMPLE)[0])
        self.assertEqual(facts, self.ctl.state_hash()["facts_hash"])

    def test_answers_have_the_codes_of_its_table(self):
        cases = ((400, "{}", "/v1/events"), (404, "{}", "/v1/webhooks/studio/nobody"),
                 (404, "{}", "/v1/nothing"), (413, "x" * (2 << 20), "/v1/events"))
        for code, body, path in cases:
            with self.subTest(f"{code} {path}"):
                self.assertEqual(code, self.post(body, path)[0])

    def test_a_dead_letter_holds_up_nothing_and_is_listed(self):
        bad = {**json.loads(EXAMPLE), "id": "bad", "data": {"kind": "nonsense"}}
        other = {**json.loads(EXAMPLE), "id": "other", "type": "com.example.unknown"}
        status, answer = self.post(json.dumps([json.loads(EXAMPLE), bad, other]),
                                   content_type="application/cloudevents-batch+json")
        self.assertEqual((200, 1, ["cloudevent.other"]),
                         (status, answer["accepted"], answer["ignored"]))
        letter = answer["refused"][0]["dead_letter"]
        self.assertIn(letter, json.dumps(self.ctl.rows("deadletter", "list")))


if __name__ == "__main__":
    harness.main(__doc__)
