#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC with TLS and tokens: who may talk, what those hear who may not, and what is too large."""
# mission: C12

import json
import shutil
import subprocess
import unittest

import harness
from bad_input_test import member_event, read

TOKEN = "a token of the operator"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_certificate(folder, name):
    """A self-signed certificate for this machine; (certificate, key)."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", 2, "-subj", f"/CN={name}", "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate)
    return certificate, key


def metric(server, *words):
    """The sum of all samples whose line holds the words."""
    _, text = read(f"http://{server.admin}/metrics")
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if all(word in line for word in words) and not line.startswith("#"))


@unittest.skipUnless(shutil.which("openssl"), "openssl makes the certificates")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = cls.enterClassContext(harness.Scratch())
        cls.certificate, cls.key = make_certificate(cls.scratch.path, "spotter")
        cls.other, _ = make_certificate(cls.scratch.path, "somebody-else")
        cls.tokens = cls.scratch / "tokens.yaml"
        cls.tokens.write_text(f"- {{principal: ops, token: {TOKEN}, tenants: [studio], "
                              "roles: [operator, publisher]}\n")
        cls.token = cls.scratch / "token"
        cls.token.write_text(TOKEN + "\n")
        cls.guards = ["--tls-cert", str(cls.certificate), "--tls-key", str(cls.key),
                      "--tokens", str(cls.tokens)]
        cls.server = cls.enterClassContext(harness.Server(cls.scratch / "data", extra=cls.guards))

    def ctl(self, *arguments, ca=None, token=None, stdin=None):
        command = [str(harness.bin_dir() / "spotterctl"), "--grpc", self.server.grpc]
        command += ["--tls-ca", str(ca)] if ca else []
        command += ["--token-file", str(token)] if token else []
        return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True,
                              input=stdin, timeout=60)

    def refused(self, done, pattern):
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertRegex(done.stderr, pattern)
        self.assertEqual(1, len(done.stderr.strip().splitlines()), done.stderr)

    def test_the_right_authority_and_token_are_served(self):
        done = self.ctl("status", ca=self.certificate, token=self.token)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("healthy=true", done.stdout)
        event = json.dumps(member_event())
        done = self.ctl("publish", ca=self.certificate, token=self.token, stdin=event)
        self.assertIn("accepted=1", done.stdout, done.stderr)

    def test_without_a_token_or_with_a_wrong_one(self):
        counted = ("spotter_api_calls_total", "UNAUTHENTICATED")
        before = metric(self.server, *counted)
        self.refused(self.ctl("status", ca=self.certificate), "no token: expected")
        wrong = self.scratch / "wrong"
        wrong.write_text("not the token")
        self.refused(self.ctl("status", ca=self.certificate, token=wrong), "token")
        self.assertEqual(before + 2, metric(self.server, *counted))

    def test_without_tls(self):
        self.refused(self.ctl("status", token=self.token),
                     f"{self.server.grpc}: if it speaks TLS, --tls-ca")

    def test_with_a_wrong_authority(self):
        self.refused(self.ctl("status", ca=self.other, token=self.token),
                     f"{self.server.grpc}: its certificate is not of the authority in .*"
                     f"{self.other.name}")

    def test_with_a_file_that_is_no_certificate(self):
        self.refused(self.ctl("status", ca=self.token, token=self.token), self.token.name)

    def test_with_tls_where_there_is_none(self):
        with harness.Server(self.scratch / "plain") as plain:
            done = subprocess.run(
                [str(harness.bin_dir() / "spotterctl"), "--grpc", plain.grpc, "--tls-ca",
                 str(self.certificate), "status"], capture_output=True, text=True, timeout=60)
            self.refused(done, f"{plain.grpc}: it has no TLS, leave --tls-ca away")

    def test_a_message_that_is_too_large(self):
        counted = ("spotter_intake_refused_total", "too_large")
        before = metric(self.server, *counted)
        event = member_event(source_event_id="large")
        event["fields"] = [{"name": "essay"}]
        for size, pattern in ((5, r"52\d{5} bytes, expected at most 4194304"),
                              (9, r"larger than max \(94\d{5} vs. 8388608\)")):
            event["fields"][0]["stringValue"] = "x" * (size << 20)
            self.refused(self.ctl("publish", ca=self.certificate, token=self.token,
                                  stdin=json.dumps(event)), pattern)
        self.assertEqual(before + 1, metric(self.server, *counted))
        self.assertEqual(0, self.ctl("status", ca=self.certificate, token=self.token).returncode)

    def test_many_large_events_are_sent_in_parts(self):
        events = []
        for number in range(60):
            event = member_event(source_event_id=f"many-{number}",
                                 entity={"type": "scan", "id": f"many-{number}"})
            event["fields"] = [{"name": f"essay_{part}", "stringValue": "x" * 4000}
                               for part in range(20)]
            events.append(json.dumps(event))
        done = self.ctl("publish", ca=self.certificate, token=self.token, stdin="\n".join(events))
        self.assertIn("lines=60 accepted=60", done.stdout, done.stderr)

    # --- starts

    def start_fails(self, *words, arguments):
        code, stderr = harness.run_once(["--data", self.scratch / "refused", *arguments])
        self.assertEqual(2, code, stderr)
        for word in words:
            self.assertIn(word, stderr)
        self.assertFalse((self.scratch / "refused").exists())

    def test_a_wide_listener_needs_tls_and_tokens(self):
        tls, tokens = self.guards[:4], self.guards[4:]
        for given in ([], tls, tokens):
            self.start_fails("0.0.0.0", "not loopback", "--tls-cert", "--tokens",
                             arguments=["--grpc", "0.0.0.0:0", *given])
        self.start_fails("0.0.0.0", "--http", "proxy",
                         arguments=["--http", "0.0.0.0:0", *self.guards])
        self.start_fails("--tls-key", arguments=["--tls-cert", self.certificate])
        with harness.Server(self.scratch / "wide",
                            extra=["--grpc", "0.0.0.0:0", *self.guards]) as wide:
            self.assertTrue(wide.grpc.startswith("0.0.0.0:"))

    def test_a_certificate_that_is_none_is_named(self):
        code, stderr = harness.run_once(
            ["--data", self.scratch / "bad-cert", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0",
             "--admin", "127.0.0.1:0", "--tls-cert", self.token, "--tls-key", self.key])
        self.assertEqual(2, code, stderr)
        self.assertIn(f"--tls-cert '{self.token}' holds no certificate", stderr)
        other = self.scratch / "somebody-else.key"
        self.start_fails(f"--tls-key '{other}' is not the key of",
                         arguments=["--tls-cert", self.certificate, "--tls-key", other])


if __name__ == "__main__":
    harness.main(__doc__)
