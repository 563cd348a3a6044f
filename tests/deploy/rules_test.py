#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules are valid, each alert has a unit test that fires, one that does not, and a runbook."""
# mission: E4

import pathlib
import re
import shutil
import tempfile
import unittest

import promql
import tools
import yaml

RUNBOOKS = promql.ROOT / "docs" / "runbooks"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
ALERTS = [rule for rule in promql.rules() if "alert" in rule]
NAMES = {rule["alert"] for rule in ALERTS}


def tested():
    """(alerts with a test in which they fire, alerts with one in which they do not)"""
    fires, rests = set(), set()
    for path in promql.RULE_TESTS:
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            for expected in case.get("alert_rule_test", []):
                (fires if expected["exp_alerts"] else rests).add(expected["alertname"])
    return fires, rests


class Rules(unittest.TestCase):
    def test_promtool_finds_no_fault(self):
        code, text = tools.run([tools.tool("promtool"), "check", "rules", *promql.RULES])
        self.assertEqual(0, code, text)

    def test_the_configuration_is_valid(self):
        config = promql.ROOT / "deploy" / "prometheus" / "prometheus.yml"
        code, text = tools.run([tools.tool("promtool"), "check", "config", config])
        self.assertEqual(0, code, text)

    def test_unit_tests_pass(self):
        code, text = tools.run([tools.tool("promtool"), "test", "rules", *promql.RULE_TESTS])
        self.assertEqual(0, code, text)
        print(text)

    def test_a_threshold_moved_is_noticed(self):
        rules = promql.ROOT / "deploy" / "prometheus" / "rules"
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            shutil.copytree(rules.parent, folder / "prometheus")
            moved = folder / "prometheus" / "rules" / "shards.yml"
            text = moved.read_text(encoding="utf-8")
            self.assertIn("spotter_engine_lag_seconds > 60", text)
            moved.write_text(text.replace("spotter_engine_lag_seconds > 60",
                                          "spotter_engine_lag_seconds > 600"), encoding="utf-8")
            code, text = tools.run([tools.tool("promtool"), "test", "rules",
                                    folder / "prometheus" / "tests" / "shards.yml"])
            self.assertNotEqual(0, code)
            self.assertIn("SpotterShardLagging", text)

    def test_every_alert_is_tested_both_ways(self):
        fires, rests = tested()
        self.assertEqual((NAMES, NAMES), (fires, rests))

    def test_every_alert_has_a_runbook_and_every_runbook_an_alert(self):
        pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
        self.assertEqual(NAMES, pages)
        for name in sorted(pages):
            text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
            with self.subTest(name):
                self.assertEqual(name, text.split("\n")[0].removeprefix("# "))
                self.assertEqual(SECTIONS, re.findall(r"^## (.*)$", text, re.M))
                self.assertTrue(all(part.strip() for part in re.split(r"^## .*$", text, flags=re.M)))

    def test_every_alert_says_who_is_wanted_and_where_to_read(self):
        for rule in ALERTS:
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                self.assertEqual({"summary", "description", "runbook_url"}, set(rule["annotations"]))
                self.assertEqual(f"docs/runbooks/{rule['alert']}.md",
                                 rule["annotations"]["runbook_url"])

    def test_links_of_runbooks_lead_somewhere(self):
        for path in RUNBOOKS.glob("*.md"):
            for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
                self.assertTrue((path.parent / link).exists(), f"{path.name}: {link}")


if __name__ == "__main__":
    tools.main()
