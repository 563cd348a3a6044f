#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The all-in-one program's metrics: promtool's opinion, and a real Prometheus with the shipped rules."""
# mission: E1 E4

import datetime
import json
import sys
import unittest

import promql
import tools

sys.path.insert(0, str(promql.ROOT / "tests" / "integration"))
import harness  # noqa: E402
from prometheus import Prometheus, fetch  # noqa: E402

EVENT = {"source": "app", "customer_id": "m-1", "kind": "EVENT_KIND_MEMBER_CREATED",
         "source_event_id": "join-1", "entity": {"type": "member", "id": "m-1"}}


def cloud_event(type_name, data):
    return json.dumps({"specversion": "1.0", "id": "1", "source": "/studio/app", "type": type_name,
                       "datacontenttype": "application/json", "data": data})


def provoke(server):
    """One of everything that is counted only once it has happened."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with harness.Poster(server.http) as poster:
        for status, body in ((200, cloud_event("spotter.member_event.v1",
                                               {**EVENT, "event_time": now})),
                             (200, cloud_event("com.example.unknown", {})),
                             (400, cloud_event("spotter.member_event.v1", "no event"))):
            answer = poster.post("/v1/events", body, "application/cloudevents+json")
            assert answer[0] == status, answer
        answer = poster.post("/v1/webhooks/studio/nobody", "{}")
        assert answer[0] == 404, answer
    harness.Ctl(server).wait_applied()


class Metrics(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.server = self.enterContext(harness.Server(self.scratch / "data"))

    def test_promtool_finds_no_fault(self):
        provoke(self.server)
        scrape = fetch(f"http://{self.server.admin}/metrics")
        code, text = tools.run([tools.tool("promtool"), "check", "metrics"], input=scrape)
        self.assertEqual((0, ""), (code, text))

    def test_a_real_prometheus_scrapes_evaluates_and_alerts(self):
        with Prometheus(self.scratch, {"spotter": self.server.admin}) as prometheus:
            provoke(self.server)
            prometheus.wait_for('ALERTS{alertname="SpotterDeadLetters", alertstate="firing"}')
            prometheus.wait_healthy()
            prometheus.wait_alerts({"SpotterDeadLetters"})
            self.server.kill()
            prometheus.wait_for('ALERTS{alertname="SpotterDown", alertstate="pending"}')


class Tools(unittest.TestCase):
    def test_promtool_would_find_a_fault(self):
        bad = "# TYPE spotterLag_ms counter\nspotterLag_ms 1\n"
        self.assertNotEqual(0, tools.run([tools.tool("promtool"), "check", "metrics"],
                                         input=bad)[0])

    def test_names_are_read_from_expressions(self):
        cases = {
            'sum by (le) (rate(a_bucket{b="c"}[5m])) / on (x) group_left (y) c:d:e':
                {"a_bucket", "c:d:e"},
            'time() - max without (instance) (f{x="g"}) > 86400 or h unless i offset 1d':
                {"f", "h", "i"},
            "histogram_quantile(0.99, j) > bool 1e3": {"j"},
        }
        for text, expected in cases.items():
            self.assertEqual(expected, promql.metrics_in(text))


if __name__ == "__main__":
    options, rest = harness.script_parser(__doc__).parse_known_args()
    harness.use_bin(options.bin)
    tools.main(rest)
