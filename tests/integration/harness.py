# SPDX-License-Identifier: Apache-2.0
"""Starts the real programs on a real disk and talks to them as a studio and its marketers would.

Server runs `spotter`, Ctl runs `spotterctl`, Poster speaks HTTP; life.py drives a whole studio's
life through them. Only the standard library is used.
"""

import argparse
import json
import os
import pathlib
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLUEPRINTS = ROOT / "deploy" / "blueprints"
SEGMENTS = ROOT / "deploy" / "segments"
SAMPLES = ROOT / "tests" / "samples"
KEEP_ALL = ["--snapshot-interval", "0", "--retention-age", "0"]  # a replay needs the whole log


def bin_dir():
    """Where the programs are: --bin (see main()), SPOTTER_BIN, or the release build."""
    return pathlib.Path(os.environ.get("SPOTTER_BIN", ROOT / "build" / "release" / "bin")).resolve()


def shared_data():
    """The folder of real test data; None where it is absent."""
    shared = pathlib.Path(os.environ.get("SPOTTER_SHARED", ROOT.parent / "shared"))
    return shared / "data" if (shared / "data").is_dir() else None


def say_skipped(what, where="../shared/data"):
    line = f"SKIPPED: {what}: {where} is absent (set SPOTTER_SHARED to the folder that holds data/)"
    print(f"\n{'=' * len(line)}\n{line}\n{'=' * len(line)}", file=sys.stderr, flush=True)


class Failed(Exception):
    """A program answered with an error."""


class ServerGone(Exception):
    """The server went away while it was being talked to."""


class Scratch:
    """A directory for data and logs; it stays when the `with` block fails or `keep` is set."""

    keep = False

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="spotter-"))
        return self

    def __truediv__(self, name):
        return self.path / name

    def __exit__(self, kind, value, trace):
        if kind is None and not self.keep:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            print(f"kept for inspection: {self.path}", file=sys.stderr)


class Server:
    """A `spotter` process on `data`. Ports are picked by it; its stderr goes to a file beside."""

    def __init__(self, data, *, time_lapse=None, extra=()):
        self.data = pathlib.Path(data)
        self.errors = self.data.parent / f"{self.data.name}.stderr"
        self.command = [str(bin_dir() / "spotter"), "--data", str(self.data)]
        for listener in ("--http", "--grpc", "--admin"):
            if listener not in extra:
                self.command += [listener, "127.0.0.1:0"]
        self.time_lapse = ["--time-lapse", time_lapse] if time_lapse else []
        self.extra = list(extra)
        self.process = None
        self.sessions = {}  # tenant -> Session, while it serves
        self.http = self.grpc = self.admin = None

    def start(self, timeout=60):
        """Starts or restarts it and waits until it serves."""
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(self.command + self.time_lapse + self.extra,
                                            stdout=subprocess.PIPE, stderr=errors)
        line = self._read_line(timeout)
        if not line.startswith("ready "):
            code = self.kill()
            raise Failed(f"expected a line 'ready ...', found {line!r}; exit code {code}; stderr:\n"
                         + self.stderr_tail())
        for part in line.split()[1:]:
            name, _, address = part.partition("=")
            setattr(self, name, address)
        return self

    def _read_line(self, timeout):
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        return self.process.stdout.readline().decode().strip() if ready else ""

    def stderr_tail(self, lines=20):
        text = self.errors.read_text(errors="replace") if self.errors.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def is_dying(self, patience=0.5):
        """Dead, or dead in a moment: sockets close a little before a killed process is gone."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self):
        """SIGKILL: nothing is flushed, nothing is said."""
        if self.is_alive():
            self.process.send_signal(signal.SIGKILL)
        return self._wait()

    def stop(self, timeout=60):
        """SIGTERM; the exit code, which is 0 after a clean drain."""
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
        return self._wait(timeout)

    def session(self, tenant):
        if tenant not in self.sessions:
            self.sessions[tenant] = Session(self, tenant)
        return self.sessions[tenant]

    def _wait(self, timeout=60):
        while self.sessions:
            self.sessions.popitem()[1].close()
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"spotter did not end within {timeout} s\n{self.stderr_tail()}") from None
        self.process.stdout.close()
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if self.is_alive():
            self.kill()
        if kind is not None:
            print(f"--- {self.errors}\n{self.stderr_tail()}", file=sys.stderr)


def run_once(arguments, timeout=30):
    """Runs `spotter` with arguments that are expected to fail: (exit code, stderr)."""
    done = subprocess.run([str(bin_dir() / "spotter"), *map(str, arguments)], capture_output=True,
                          timeout=timeout, text=True, errors="replace")
    return done.returncode, done.stderr


class Session:
    """`spotterctl session`: many commands over one connection, without a process for each."""

    def __init__(self, server, tenant):
        command = [str(bin_dir() / "spotterctl"), "--json", "--grpc", server.grpc]
        command += ["--tenant", tenant] if tenant else []
        self.process = subprocess.Popen([*command, "session"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.rest = b""

    def run(self, arguments, timeout):
        """(the lines printed, None), or the lines and the error of a command that failed."""
        self.process.stdin.write(shlex.join(map(str, arguments)).encode() + b"\n")
        self.process.stdin.flush()
        lines, deadline = [], time.monotonic() + timeout
        while True:
            line = self._read_line(deadline - time.monotonic())
            if line is None:
                return lines, f"no answer within {timeout} s"
            if line.startswith(b'{"exit_code":'):
                return lines, json.loads(line).get("error")
            lines.append(line)

    def _read_line(self, timeout):
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, timeout))
            more = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            if not more:
                return None
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def close(self):
        self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Ctl:
    """`spotterctl` against one server."""

    def __init__(self, server, tenant=None):
        self.server = server
        self.tenant = tenant

    def try_run(self, *arguments, stdin=None, timeout=120):
        """The finished process, whatever its exit code."""
        command = [str(bin_dir() / "spotterctl"), "--grpc", self.server.grpc]
        if self.tenant:
            command += ["--tenant", self.tenant]
        try:
            return subprocess.run([*command, *map(str, arguments)], input=stdin, text=True,
                                  capture_output=True, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            if not self.server.is_alive():
                raise ServerGone("spotterctl hung on a server that is gone") from None
            raise Failed(f"spotterctl gives no answer: {error}") from None

    def run(self, *arguments, stdin=None, timeout=120):
        """Its standard output; Failed or ServerGone unless it succeeds."""
        done = self.try_run(*arguments, stdin=stdin, timeout=timeout)
        if done.returncode == 0:
            return done.stdout
        if self.server.is_dying():
            raise ServerGone(done.stderr.strip())
        raise Failed(f"spotterctl {' '.join(map(str, arguments))}: exit code {done.returncode}: "
                     f"{done.stderr.strip()}")

    def rows(self, *arguments, timeout=120):
        """The JSON objects it prints, one a line. All go over one connection: see Session."""
        lines, error = self.server.session(self.tenant).run(arguments, timeout)
        if error is None:
            return [json.loads(line) for line in lines]
        if self.server.is_dying():
            raise ServerGone(error)
        raise Failed(f"spotterctl {' '.join(map(str, arguments))}: {error}")

    def row(self, *arguments, **options):
        rows = self.rows(*arguments, **options)
        if len(rows) != 1:
            raise Failed(f"spotterctl {' '.join(map(str, arguments))}: expected one object, "
                         f"found {len(rows)}")
        return rows[0]

    def advance(self, to):
        self.rows("advance", "--to", to)

    def wait_applied(self):
        """A publish is answered when it is durable; this waits until all of them are applied."""
        end = int(self.row("status")["log_end_offset"])
        wait_until(lambda: int(self.row("status")["applied_offset"]) >= end,
                   f"the log is applied to offset {end}", 120)

    def pull(self, count=1000):
        """Leases up to `count` deliveries without waiting."""
        return self.rows("actions", "pull", "--max", count)

    def ack(self, deliveries, batch=200):
        tokens = [delivery["token"] for delivery in deliveries]
        for first in range(0, len(tokens), batch):
            self.rows("actions", "ack", *tokens[first:first + batch])

    def apply_blueprints(self):
        """Every segment and journey that is shipped."""
        self.run("segment", "apply", "-f", SEGMENTS)
        for path in sorted(BLUEPRINTS.glob("*.yaml")):
            self.run("journey", "apply", "-f", path)

    def state_hash(self, verify=False):
        self.wait_applied()
        return self.row("state", "hash", *(["--verify"] if verify else []))


class Replay:
    """What `spotter-replay` makes of a log: arguments as on its command line."""

    def __init__(self, *arguments):
        command = [str(bin_dir() / "spotter-replay"), *map(str, arguments), "--actions"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise Failed(f"spotter-replay: exit code {done.returncode}: {done.stderr.strip()}")
        *actions, summary = done.stdout.split("\n")[:-1]
        self.actions = [line for line in actions if line.startswith("act_")]
        values = dict(part.split("=", 1) for part in summary.split())
        self.hash = values["hash"]
        if int(values["actions"]) != len(self.actions):
            raise Failed(f"spotter-replay counts {values['actions']} actions and names "
                         f"{len(self.actions)}")


class Poster:
    """One kept-alive HTTP connection. A request is one send, so that nothing waits for an ack."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.address = (host, int(port))
        self.socket = None
        self.rest = b""

    def post(self, path, body, content_type="application/json", headers=()):
        """(status, body). ServerGone when the answer never came."""
        if isinstance(body, str):
            body = body.encode()
        head = [f"POST {path} HTTP/1.1", "Host: spotter", f"Content-Type: {content_type}",
                f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
        return self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def send(self, request):
        for fresh in (self.socket is None, True):
            try:
                if self.socket is None:
                    self.socket = socket.create_connection(self.address, timeout=60)
                    self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.socket.sendall(request)
                return self._read_answer()
            except OSError as error:
                self.close()
                # An idle connection may have been closed; only a fresh one tells the truth.
                if fresh:
                    raise ServerGone(f"{self.address}: {error}") from None
        raise ServerGone("unreachable")

    def _read_answer(self):
        while b"\r\n\r\n" not in self.rest:
            self._read_more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        size = int(headers.get("content-length", 0))
        while len(self.rest) < size:
            self._read_more()
        body, self.rest = self.rest[:size], self.rest[size:]
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(status_line.split()[1]), body

    def _read_more(self):
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionResetError("closed before the answer was complete")
        self.rest += more

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket, self.rest = None, b""


def wait_until(condition, what, timeout=30):
    """Waits for something outside our hands, like another process; never for time to pass."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {timeout} s: {what}")
        time.sleep(0.02)


def script_parser(description):
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", help="folder of the programs (default: build/release/bin)")
    return parser


def use_bin(path):
    if path:
        os.environ["SPOTTER_BIN"] = str(pathlib.Path(path).resolve())
    for name in ("spotter", "spotterctl", "spotter-synth", "spotter-replay"):
        if not (bin_dir() / name).exists():
            sys.exit(f"error: {bin_dir() / name} is not there: build first (make build)")


def main(description):
    """For the *_test.py: unittest's main with --bin in front."""
    import unittest
    parser = script_parser(description)
    options, rest = parser.parse_known_args()
    use_bin(options.bin)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
