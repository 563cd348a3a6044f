# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus on loopback that scrapes every second and evaluates the rules that are shipped."""

import json
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import harness
import promql
import tools


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def names_in(scrape):
    """The metrics of a scrape, histograms without their suffixes."""
    return {promql.base(line.split("{")[0].split(" ")[0])
            for line in scrape.split("\n") if line and not line.startswith("#")}


class Prometheus:
    """Scrapes {job: admin address} while the `with` block lasts."""

    def __init__(self, scratch, targets):
        self.program = tools.tool("prometheus")
        self.folder = scratch / "prometheus"
        self.targets = targets
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"

    def __enter__(self):
        self.folder.mkdir()
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in promql.RULES],
            "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [address]}]}
                               for job, address in self.targets.items()]}))
        with open(self.folder / "stderr", "wb") as errors:
            self.process = subprocess.Popen(
                [self.program, f"--config.file={config}", f"--storage.tsdb.path={self.folder}/tsdb",
                 f"--web.listen-address={self.address}"], stdout=errors, stderr=errors)
        for job in self.targets:
            self.wait_for(f'up{{job="{job}"}} == 1')
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

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
            assert self.process.poll() is None, (self.folder / "stderr").read_text()
            return None

    def query(self, text):
        """The series of an instant query."""
        answers = []
        harness.wait_until(lambda: answers.append(self.ask("query", query=text)) or answers[-1],
                           text, timeout=60)
        return answers[-1]["result"]

    def wait_for(self, text):
        harness.wait_until(lambda: (self.ask("query", query=text) or {}).get("result"), text,
                           timeout=60)

    def wait_healthy(self):
        """Until every rule that is shipped was evaluated without an error."""
        def healthy():
            groups = (self.ask("rules") or {}).get("groups", [])
            return [rule for group in groups for rule in group["rules"] if rule["health"] == "ok"]
        harness.wait_until(lambda: len(healthy()) == len(list(promql.rules())),
                           "all rules healthy", timeout=60)

    def wait_alerts(self, expected):
        """Until just these are pending or firing. A rule over minutes may hold for the first two
        scrapes of a program: a shard that had no heartbeat between them is silent so far."""
        seen = []
        def as_expected():
            seen.append({one["metric"]["alertname"] for one in self.query("ALERTS")})
            return seen[-1] == expected
        try:
            harness.wait_until(as_expected, "", timeout=60)
        except harness.Failed:
            raise AssertionError(f"alerts: expected {expected}, found {seen[-1]}") from None

    def ever_fired(self):
        fired = self.query('max_over_time(ALERTS{alertstate="firing"}[1h])')
        return {one["metric"]["alertname"] for one in fired}

    def empty_panels(self):
        """Panels whose queries are valid and show nothing; an invalid one raises."""
        shown = {}
        for where, text in promql.dashboard_queries():
            shown[where] = bool(self.query(text)) or shown.get(where, False)
        return {where for where, is_shown in shown.items() if not is_shown}
