# SPDX-License-Identifier: Apache-2.0
"""Which metrics the rules and dashboards of deploy/ name."""

import json
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
RULE_TESTS = sorted((ROOT / "deploy" / "prometheus" / "tests").glob("*.yml"))
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))

OPERATORS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right",
             "offset", "bool", "inf", "nan"}
# What leaves only functions, operators and metrics: strings, then selectors, ranges, label lists.
NOISE = [r'"[^"]*"', r"'[^']*'", r"\{[^}]*\}", r"\[[^\]]*\]",
         r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"]


def metrics_in(expression):
    """The metrics that a PromQL expression reads, recorded ones too."""
    for pattern in NOISE:
        expression = re.sub(pattern, " ", expression)
    words = re.findall(r"(?<![\w:.])([A-Za-z_:][\w:]*)\s*(\(?)", expression)
    return {word for word, call in words if not call and word.lower() not in OPERATORS}


def base(name):
    """A histogram's or summary's name without its suffix."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def rules():
    for path in RULES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def dashboard_queries():
    """(where, PromQL) of all panels, variables filled in."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                text = target["expr"].replace("$job", "spotter.*")
                yield f"{path.name}: {panel['title']}", text.replace("$__rate_interval", "1m")


def named():
    """{metric: where it is named}; recorded names, which rules make themselves, are not in it."""
    found = {}
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    texts = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    for where, text in texts + list(dashboard_queries()):
        for name in metrics_in(text) - recorded:
            found.setdefault(name if name.startswith(("up",)) else base(name), where)
    return found
