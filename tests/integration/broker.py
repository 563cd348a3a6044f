# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker for tests: Apache Kafka in KRaft mode, one node, on loopback, without Docker.

    with Broker("4.1.0", scratch / "kafka") as broker:
        broker.create_topic("spotter.log", partitions=4)
        ... broker.bootstrap ... broker.kill(); broker.start()

    broker.py run --version 3.9.1 -- PROGRAM ARGUMENTS

runs PROGRAM beside a broker, which it finds by SPOTTER_KAFKA* in its environment, and which it
commands ("kill", "start", "pause", ...) through the Unix socket SPOTTER_KAFKA_CONTROL.
Needs the packages of scope `test` in cmake/packages.txt. A broker dies with the thread that started
it, however that ends.
"""

import argparse
import base64
import contextlib
import ctypes
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSIONS = ("3.9.1", "4.1.0")
LISTENERS = {  # name: protocol; "expired" has a certificate of yesterday
    "plain": "PLAINTEXT",
    "sasl": "SASL_PLAINTEXT",
    "tls": "SSL",
    "expired": "SSL",
}
USER, PASSWORD = "spotter", "right"
READY_SECONDS = 90

# A topic that a log of ours accepts.
LOG_CONFIG = {"message.timestamp.type": "LogAppendTime"}


def free_ports(count):
    """Ports that nobody listens on, below the range the kernel hands out to clients: the same
    ports are free again after a restart."""
    ports = []
    while len(ports) < count:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def fetch(version):
    """The folder of that version's jars."""
    done = subprocess.run([ROOT / "tests" / "kafka" / "fetch.sh", version], check=True,
                          stdout=subprocess.PIPE, text=True)
    return pathlib.Path(done.stdout.strip())


class Broker:
    """One broker of `version` in `folder`. Thread safety: none, but `log` may be read at any time."""

    def __init__(self, version, folder, *, listeners=("plain",), heap="512m", settings=None):
        self.version = version
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "broker.log"
        self.heap = heap
        self.process = None
        self._jars = fetch(version)
        names = list(dict.fromkeys(["plain", *listeners]))
        *ports, self._controller = free_ports(len(names) + 1)
        self._ports = dict(zip(names, ports))
        self._format(settings or {})

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.kill()

    def address(self, listener):
        return f"127.0.0.1:{self._ports[listener]}"

    @property
    def bootstrap(self):
        return self.address("plain")

    # --- its life --------------------------------------------------------------------------------

    def start(self):
        """Starts it unless it runs; returns once it serves."""
        if self.process is not None and self.process.poll() is None:
            return
        log = self.log.open("ab")
        self.process = subprocess.Popen(
            self._java("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                       "-Dorg.slf4j.simpleLogger.showDateTime=true",
                       "kafka.Kafka", self.folder / "server.properties"),
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=die_with_parent)
        log.close()
        self._wait_until_ready()

    def stop(self):
        """A clean stop."""
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def restart(self):
        self.kill()
        self.start()

    def pause(self):
        """Frozen, as by a long pause of its machine: connections stand, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        deadline = time.monotonic() + 10
        while any((task / "stat").read_text().rpartition(")")[2].split()[0] != "T"
                  for task in tasks.iterdir()):  # on a busy machine a thread runs on for a while
            assert time.monotonic() < deadline, "the broker does not stop"
            time.sleep(0.01)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def _end(self, with_signal):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(with_signal)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def _wait_until_ready(self):
        from confluent_kafka.admin import AdminClient
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0,
                             "reconnect.backoff.max.ms": 200})
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"kafka {self.version} ended at start:\n{self._last_words()}")
            with contextlib.suppress(Exception):
                if admin.list_topics(timeout=0.5).brokers:
                    return
        self.kill()
        raise RuntimeError(f"kafka {self.version} not ready in {READY_SECONDS} s:\n"
                           + self._last_words())

    def _last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    # --- topics ----------------------------------------------------------------------------------

    def create_topic(self, name, partitions=1, config=None):
        from confluent_kafka.admin import AdminClient, NewTopic
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        topic = NewTopic(name, partitions, 1, config=LOG_CONFIG if config is None else config)
        admin.create_topics([topic], operation_timeout=20)[name].result(30)

    def delete_topic(self, name):
        from confluent_kafka.admin import AdminClient
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.delete_topics([name], operation_timeout=20)[name].result(30)

    # --- its files -------------------------------------------------------------------------------

    def lose_tail(self, name, keep):
        """Comes back with the first `keep` records of the topic's partition 0, each of which was a
        batch of its own: what a machine that lost its page cache, or an old copy of it, holds."""
        self.kill()
        folder = self.folder / "data" / f"{name}-0"
        for index in list(folder.glob("*.index")) + list(folder.glob("*.timeindex")):
            index.unlink()
        segment = folder / f"{0:020}.log"
        content, end = segment.read_bytes(), 0
        for _ in range(int(keep)):
            end += 12 + int.from_bytes(content[end + 8:end + 12], "big")
        with segment.open("r+b") as file:
            file.truncate(end)
        self.start()

    def _java(self, *arguments):
        # Few cores and short lives: the first compiler alone starts faster.
        return ["java", "-Xmx" + self.heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Xshare:auto", "-cp", f"{self._jars}/*", *map(str, arguments)]

    def _format(self, settings):
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self._properties() | settings
        text = "".join(f"{name}={value}\n" for name, value in properties.items())
        (self.folder / "server.properties").write_text(text)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c",
                       self.folder / "server.properties"),
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"kafka {self.version}: format failed:\n{done.stdout}")

    def _properties(self):
        listeners = [f"{name.upper()}://{self.address(name)}" for name in self._ports]
        protocols = [f"{name.upper()}:{LISTENERS[name]}" for name in self._ports]
        properties = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": ",".join(listeners + [f"CONTROLLER://127.0.0.1:{self._controller}"]),
            "listener.security.protocol.map": ",".join(protocols + ["CONTROLLER:PLAINTEXT"]),
            "advertised.listeners": ",".join(listeners),
            "inter.broker.listener.name": "PLAIN",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.cleaner.threads": 1,
            # One node is its own cluster: it need not wait for itself after a SIGKILL.
            "broker.session.timeout.ms": 1300,
            "broker.heartbeat.interval.ms": 300,
            "controller.quorum.election.timeout.ms": 300,
            "controller.quorum.election.backoff.max.ms": 100,
            "controller.quorum.fetch.timeout.ms": 500,
        }
        if "sasl" in self._ports:
            properties |= {
                "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN",
                "listener.name.sasl.plain.sasl.jaas.config":
                    "org.apache.kafka.common.security.plain.PlainLoginModule required "
                    f"user_{USER}=\"{PASSWORD}\";",
            }
        for name in ("tls", "expired"):
            if name in self._ports:
                properties |= {
                    f"listener.name.{name}.ssl.keystore.type": "PEM",
                    f"listener.name.{name}.ssl.keystore.location": make_certificate(
                        self.folder, name, days=-1 if name == "expired" else 1),
                }
        return properties


def make_certificate(folder, name, days):
    """A key and a certificate for 127.0.0.1 in one PEM file, signed by FOLDER/ca.pem, which ends
    in `days` days; both authority and certificate are thrown away with the folder."""
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stdout}")

    if not (folder / "ca.pem").exists():
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out",
                "ca.pem", "-days", "2", "-subj", "/CN=spotter test authority")
    (folder / "alt.txt").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
            f"{name}.csr", "-subj", f"/CN={name}.spotter.test")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", f"{name}.crt", "-days", str(days), "-extfile", "alt.txt")
    pem = folder / f"{name}.pem"
    pem.write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text())
    return pem


# --- broker.py run ---------------------------------------------------------------------------------


def listen(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    server.settimeout(0.2)
    return server


def obey(broker, line):
    """One line: the name of a method of Broker, and its arguments."""
    verb, *arguments = line.split()
    if verb not in ("start", "stop", "kill", "restart", "pause", "resume", "delete_topic",
                    "lose_tail"):
        return f"unknown command '{verb}'"
    try:
        getattr(broker, verb)(*arguments)
    except Exception as error:  # the program under test hears of it and fails
        return f"{verb}: {error}"
    return "ok"


def environment(broker, control):
    names = {"SPOTTER_KAFKA": broker.bootstrap, "SPOTTER_KAFKA_VERSION": broker.version,
             "SPOTTER_KAFKA_CONTROL": str(control), "SPOTTER_KAFKA_CA": str(broker.folder / "ca.pem")}
    for listener in ("sasl", "tls", "expired"):
        names[f"SPOTTER_KAFKA_{listener.upper()}"] = broker.address(listener)
    return os.environ | names


def run(version, command):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spotter-kafka-"))
    code = 1
    try:
        with Broker(version, folder / "broker", listeners=LISTENERS) as broker:
            control = folder / "control"
            server = listen(control)
            program = subprocess.Popen(command, env=environment(broker, control),
                                       preexec_fn=die_with_parent)
            while (code := program.poll()) is None:
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    with connection:
                        line = connection.makefile().readline()
                        connection.sendall((obey(broker, line) + "\n").encode())
    finally:
        if code == 0:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept for inspection: {folder}", file=sys.stderr)
    return code


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="verb", required=True)
    runs = commands.add_parser("run", help="runs a program beside a broker")
    runs.add_argument("--version", default=VERSIONS[0])
    runs.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    # A polite end of this process must end the broker too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    sys.exit(run(options.version, command))


if __name__ == "__main__":
    main()
