#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A running program exposes what rules and dashboards name, and a real Prometheus reads it.

What only the programs on Kafka expose stands in awaited.txt.
"""
# mission: E1 E4

import datetime
import json
import pathlib
import socket
import subprocess
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

import promql
import tools

sys.path.insert(0, str(promql.ROOT / "tests" / "integration"))
import harness  # noqa: E402

AWAITED = pathlib.Path(__file__).with_name("awaited.txt")
EVENT = {"source": "app", "customer_id": "m-1", "kind": "EVENT_KIND_MEMBER_CREATED",
         "source_event_id": "join-1", "entity": {"type": "member", "id": "m-1"}}


def awaited():
    lines = AWAITED.read_text(encoding="utf-8").split("\n") if AWAITED.exists() else []
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


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
    harness.Ctl(server).run("snapshot")


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def names_in(scrape):
    return {promql.base(line.split("{")[0].split(" ")[0])
            for line in scrape.split("\n") if line and not line.startswith("#")}


class Scrape(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = cls.enterClassContext(harness.Scratch())
        server = cls.enterClassContext(harness.Server(scratch / "data"))
        provoke(server)
        cls.scrape = fetch(f"http://{server.admin}/metrics")

    def test_promtool_finds_no_fault(self):
        code, text = tools.run([tools.tool("promtool"), "check", "metrics"], input=self.scrape)
        self.assertEqual((0, ""), (code, text))

    def test_promtool_would_find_one(self):
        bad = "# TYPE spotterLag_ms counter\nspotterLag_ms 1\n"
        self.assertNotEqual(0, tools.run([tools.tool("promtool"), "check", "metrics"],
                                         input=bad)[0])

    def test_every_metric_that_is_named_exists(self):
        named = promql.named()
        missing = {name: where for name, where in named.items()
                   if name not in names_in(self.scrape) | awaited() | {"up"}}
        self.assertEqual({}, missing)

    def test_what_is_awaited_is_named_and_does_not_exist_yet(self):
        self.assertEqual(set(), awaited() & names_in(self.scrape), f"take them out of {AWAITED}")
        self.assertEqual(set(), awaited() - set(promql.named()), "nothing names them")

    def test_names_are_read_from_expressions(self):
        cases = {
            'sum by (le) (rate(a_bucket{job="b"}[5m])) / on (x) group_left (y) c:d:e': {"a_bucket", "c:d:e"},
            'time() - max without (instance) (f{x="g"}) > 86400 or h unless i offset 1d': {"f", "h", "i"},
            "histogram_quantile(0.99, j) > bool 1e3": {"j"},
        }
        for text, expected in cases.items():
            self.assertEqual(expected, promql.metrics_in(text))


class RealPrometheus(unittest.TestCase):
    """Scrapes every second with the rules that are shipped."""

    def setUp(self):
        prometheus = tools.tool("prometheus")
        self.scratch = self.enterContext(harness.Scratch())
        self.server = self.enterContext(harness.Server(self.scratch / "data"))
        config = self.scratch / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in promql.RULES],
            "scrape_configs": [{"job_name": "spotter",
                                "static_configs": [{"targets": [self.server.admin]}]}]}))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        errors = self.enterContext(open(self.scratch / "prometheus.stderr", "wb"))
        self.prometheus = subprocess.Popen(
            [prometheus, f"--config.file={config}", f"--storage.tsdb.path={self.scratch / 'tsdb'}",
             f"--web.listen-address={self.address}"], stdout=errors, stderr=errors)
        self.addCleanup(self.prometheus.wait)
        self.addCleanup(self.prometheus.kill)

    def ask(self, path, **parameters):
        """The data of an answer; None while it does not answer."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            return json.loads(fetch(url))["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it starts
                return None
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None
        except OSError:
            self.assertIsNone(self.prometheus.poll(), "prometheus ended; see prometheus.stderr")
            return None

    def wait_for(self, query, patience=60):
        harness.wait_until(lambda: (self.ask("query", query=query) or {}).get("result"), query,
                           timeout=patience)

    def test_scrapes_evaluates_and_alerts(self):
        self.wait_for('up{job="spotter"} == 1')
        provoke(self.server)
        self.wait_for('ALERTS{alertname="SpotterDeadLetters", alertstate="firing"}')

        def healthy():
            groups = (self.ask("rules") or {}).get("groups", [])
            return [rule for group in groups for rule in group["rules"] if rule["health"] == "ok"]
        harness.wait_until(lambda: len(healthy()) == len(list(promql.rules())),
                           "all rules healthy", timeout=60)

        alerts = (self.ask("query", query="ALERTS") or {}).get("result", [])
        self.assertEqual({"SpotterDeadLetters"}, {one["metric"]["alertname"] for one in alerts})

        answered = 0
        for where, query in promql.dashboard_queries():
            with self.subTest(where):
                answered += bool((self.ask("query", query=query) or {}).get("result"))
        self.assertGreater(answered, 20, "dashboards show something")

        self.server.kill()
        self.wait_for('ALERTS{alertname="SpotterDown", alertstate="pending"}')


if __name__ == "__main__":
    options, rest = harness.script_parser(__doc__).parse_known_args()
    harness.use_bin(options.bin)
    tools.main(rest)
