#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The chart: lint, three renderings through Kubernetes' own schemas, and what must hold in each.

No cluster runs here. Schemas of the Prometheus operator's kinds are our own excerpts (schemas/).
"""

import functools
import pathlib
import sys
import unittest

import promql
import tools
import yaml

sys.path.insert(0, str(promql.ROOT / "tests" / "integration"))
import harness  # noqa: E402

CHART = promql.ROOT / "helm" / "spotter"
VALUES = [CHART / "values.yaml", CHART / "ci" / "small.yaml", CHART / "ci" / "tls-large.yaml"]
# Each component and its program.
PROGRAMS = {"ingest": "ingest", "engine": "engine", "gateway": "gateway", "standby": "engine"}


@functools.cache
def render(*arguments):
    code, text = tools.run([tools.tool("helm"), "template", "rel", CHART, "--namespace", "studio",
                            "--kube-version", tools.KUBERNETES, *arguments])
    # helm says of every symbolic link that it followed it
    return code, "\n".join(line for line in text.split("\n") if not line.startswith("walk.go"))


def components(values):
    """A standby only where it is asked for."""
    return {"ingest", "engine", "gateway"} | ({"standby"} if values == VALUES[2] else set())


@functools.cache
def documents(values):
    code, text = render("-f", values)
    assert code == 0, text
    return [one for one in yaml.safe_load_all(text) if one]


def of_kind(found, *kinds):
    return {one["metadata"]["name"]: one for one in found if one["kind"] in kinds}


class Chart(unittest.TestCase):
    def test_lints(self):
        for values in VALUES:
            code, text = tools.run([tools.tool("helm"), "lint", "--strict", CHART, "-f", values,
                                    "--kube-version", tools.KUBERNETES])
            self.assertEqual(0, code, text)

    def test_fits_kubernetes_schemas(self):
        for values in VALUES:
            with self.subTest(values.name):
                self.assertEqual(*self.conform(render("-f", values)[1]))

    def test_the_schemas_refuse_what_is_wrong(self):
        text = render("-f", VALUES[2])[1]
        for good, bad in (("serviceName:", "serviceNam:"), ("maxUnavailable: 1", "maxUnavailable: []"),
                          ("targetLabel:", "targetLabels:")):
            self.assertIn(good, text)
            expected, found = self.conform(text.replace(good, bad, 1))
            self.assertNotEqual(expected, found, bad)

    def conform(self, text):
        """(what kubeconform says of good manifests, what it says of these)"""
        schemas = "{{.ResourceKind}}{{.KindSuffix}}.json"
        ours = pathlib.Path(__file__).with_name("schemas")
        code, said = tools.run([
            tools.tool("kubeconform"), "-strict", "-output", "text", "-kubernetes-version",
            tools.KUBERNETES, "-schema-location", tools.tool("kubernetes-schemas") / schemas,
            "-schema-location", ours / schemas], input=text)
        return (0, ""), (code, said)

    def test_refuses_values_that_cannot_work(self):
        for setting, complaint in (
                ("bogus=1", "Additional property bogus is not allowed"),
                ("engine.replicas=17", "more than shards (16)"),
                ("engine.replicas=0", "greater than or equal to 1"),
                ("engine.settings.data=/x", "the chart sets this key itself"),
                ("kafka.brokers=nope", "kafka.brokers: Does not match pattern"),
                (r"kafka.settings.sasl\.password=x", "kafka.settings: Must not validate"),
                ("tls.existingSecret=", "tls.existingSecret: String length"),
                ("ingest.terminationGracePeriodSeconds=5", "greater than or equal to 20")):
            with self.subTest(setting):
                code, text = render("--set", setting)
                self.assertNotEqual(0, code)
                self.assertIn(complaint, text)


class Rendered(unittest.TestCase):
    def each(self):
        return map(documents, VALUES)

    def test_every_pod_is_confined(self):
        for values in VALUES:
            workloads = of_kind(documents(values), "Deployment", "StatefulSet")
            self.assertEqual({f"rel-spotter-{name}" for name in components(values)}, set(workloads))
            for one in workloads.values():
                pod = one["spec"]["template"]["spec"]
                container = pod["containers"][0]
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                self.assertEqual("RuntimeDefault", pod["securityContext"]["seccompProfile"]["type"])
                self.assertFalse(pod["automountServiceAccountToken"])
                self.assertEqual({"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                  "capabilities": {"drop": ["ALL"]}}, container["securityContext"])
                self.assertLessEqual({"livenessProbe", "readinessProbe", "startupProbe"},
                                     set(container))
                self.assertIn("memory", container["resources"]["limits"])
                self.assertNotIn("cpu", container["resources"]["limits"])

    def test_selectors_meet_their_pods(self):
        for found in self.each():
            pods = [one["spec"]["template"]["metadata"]["labels"]
                    for one in of_kind(found, "Deployment", "StatefulSet").values()]
            selectors = [one["spec"]["selector"] for one in of_kind(found, "Service").values()]
            selectors += [one["spec"]["selector"]["matchLabels"]
                          for one in of_kind(found, "PodDisruptionBudget").values()]
            selectors += [one["spec"]["podSelector"]["matchLabels"]
                          for one in of_kind(found, "NetworkPolicy").values()]
            self.assertGreaterEqual(len(selectors), 6)
            for selector in selectors:
                matching = [labels for labels in pods if selector.items() <= labels.items()]
                self.assertEqual(1, len(matching), selector)

    def test_every_engine_has_an_ordinal_and_an_address_of_its_own(self):
        for found in self.each():
            engine = of_kind(found, "StatefulSet")["rel-spotter-engine"]
            service = of_kind(found, "Service")[engine["spec"]["serviceName"]]
            self.assertEqual("None", service["spec"]["clusterIP"])
            container = engine["spec"]["template"]["spec"]["containers"][0]
            self.assertIn("--ordinal=$(ORDINAL)", container["args"])
            self.assertIn("--advertise=$(POD_NAME).rel-spotter-engine.studio.svc:7071",
                          container["args"])
            self.assertEqual({"ORDINAL", "POD_NAME"}, {one["name"] for one in container["env"]})
            config = yaml.safe_load(of_kind(found, "ConfigMap")["rel-spotter-engine"]["data"]
                                    ["engine.yaml"])
            self.assertEqual(engine["spec"]["replicas"], config["replicas"])
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            self.assertTrue(any(config["snapshots"] == path or config["snapshots"].startswith(f"{path}/")
                                for path in mounted), config["snapshots"])

    def test_a_standby_follows_the_shards_of_its_engine_and_owns_none(self):
        found = documents(VALUES[2])
        engine, standby = (of_kind(found, "StatefulSet")[f"rel-spotter-{name}"]
                           for name in ("engine", "standby"))
        self.assertEqual(engine["spec"]["replicas"], standby["spec"]["replicas"])
        container = standby["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(["spotter-engine"], container["command"])
        self.assertIn("--advertise=$(POD_NAME).rel-spotter-standby.studio.svc:7071",
                      container["args"])
        configs = of_kind(found, "ConfigMap")
        config = yaml.safe_load(configs["rel-spotter-standby"]["data"]["standby.yaml"])
        expected = yaml.safe_load(configs["rel-spotter-engine"]["data"]["engine.yaml"])
        self.assertEqual({**expected, "standby": True}, config)
        gateway = of_kind(found, "NetworkPolicy")["rel-spotter-gateway"]["spec"]["egress"]
        reached = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
                   for rule in gateway for peer in rule.get("to", []) if "podSelector" in peer]
        self.assertEqual(["ingest", "engine", "standby"], reached)

    def test_files_that_a_configuration_names_are_mounted(self):
        for found in self.each():
            configs = of_kind(found, "ConfigMap")
            for name, one in of_kind(found, "Deployment", "StatefulSet").items():
                container = one["spec"]["template"]["spec"]["containers"][0]
                mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
                component = name.removeprefix("rel-spotter-")
                self.assertIn(f"--config=/etc/spotter/config/{component}.yaml", container["args"])
                config = yaml.safe_load(configs[name]["data"][f"{component}.yaml"])
                for key, value in config.items():
                    self.assertIsInstance(value, (str, int, bool), key)
                    if str(value).startswith("/etc/"):
                        self.assertIn(str(pathlib.PurePath(value).parent), mounted, key)

    def test_programs_know_the_keys_that_they_get(self):
        for values in VALUES:
            configs = of_kind(documents(values), "ConfigMap")
            for component in components(values):
                config = yaml.safe_load(configs[f"rel-spotter-{component}"]["data"]
                                        [f"{component}.yaml"])
                known = tools.flags_of(harness.bin_dir() / f"spotter-{PROGRAMS[component]}")
                keys = {key for key in config if not key.startswith("kafka.")}
                self.assertEqual(set(), keys - known, component)

    def test_no_secret_is_rendered(self):
        for found in self.each():
            self.assertEqual({}, of_kind(found, "Secret"))

    def test_rules_and_dashboards_are_the_tested_ones(self):
        found = documents(VALUES[2])
        groups = of_kind(found, "PrometheusRule")["rel-spotter"]["spec"]["groups"]
        shipped = list(promql.rules())
        rendered = [rule for group in groups for rule in group["rules"]]
        strip = lambda rule: {key: value for key, value in rule.items() if key != "annotations"}
        key = lambda rule: (rule.get("alert", ""), rule.get("record", ""), rule["expr"])
        self.assertEqual(sorted(map(strip, shipped), key=key), sorted(map(strip, rendered), key=key))
        for rule in rendered:
            if "alert" in rule:
                self.assertEqual(f"https://wiki.example/spotter/{rule['alert']}.md",
                                 rule["annotations"]["runbook_url"])
        boards = of_kind(found, "ConfigMap")["rel-spotter-dashboards"]["data"]
        self.assertEqual({f"spotter-{path.name}": path.read_text(encoding="utf-8").strip()
                          for path in promql.DASHBOARDS},
                         {name: text.strip() for name, text in boards.items()})


if __name__ == "__main__":
    options, rest = harness.script_parser(__doc__).parse_known_args()
    harness.use_bin(options.bin)
    tools.main(rest)
