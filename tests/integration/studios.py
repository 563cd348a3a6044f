# SPDX-License-Identifier: Apache-2.0
"""Many studios on a cluster: their lives go in over HTTP and over source topics, subscribers take
and ack what comes out through a gateway, and all of it is written down, so that at the end somebody
can say what was lost, doubled or out of order."""

import base64
import collections
import datetime
import hashlib
import hmac
import itertools
import json
import random
import re
import sys
import threading
import time

import harness
import life
from cluster import SOURCE_TOPICS, TOKEN, shard_of
from harness import Ctl
from ingest_test import committed, consume

PUBLIC_URL = "https://hooks.spotter.test"  # what Square signs
SECRET = "a-secret-of-the-test"
LEASE = "10s"  # the shortest there is
LEFT = 0.02    # share of deliveries that nobody settles: they come again
TOPIC_OF = {"square": "studio.bookings", "stripe": "studio.pos", "spotter": "studio.checkins"}
PATIENCE = 90  # seconds, of a test machine, until something delivers again
LAST_STEP_SECONDS = 5  # of the journeys, after an event

# Tasks: no quiet hours and no caps, so that what is decided is delivered now.
JOURNEYS = {  # name: (entry, wait before a second task)
    "mailed": ("consent('email', 'marketing') == 'granted'", "5s"),
    "texted": ("consent('sms', 'marketing') == 'granted'", None),
    "paying": ("member.payment_status == 'active'", "2s"),
    "seen": ("events('visit').within(days(2)).exists()", None),
}


def journey(name):
    when, wait = JOURNEYS[name]
    text = f"""journey: {name}
title: {name}
state: live
entry:
  when: "{when}"
  holdout: {{percent: 0, reason: a test needs every member}}
steps:
  - id: first
    task: {{role: front_desk, kind: call, text: "{name} {{{{first_name}}}}", due_in: 2d}}
"""
    return text if wait is None else text + f"""  - id: pause
    wait: {wait}
  - id: second
    task: {{role: front_desk, kind: call, text: "again {{{{first_name}}}}", due_in: 2d}}
"""


def say(text):
    print(text, flush=True)


def report(title, found, counts):
    """The last line of stdout and stderr, and the exit code."""
    for sentence in found[:20]:
        say(f"    {sentence}")
    line = " ".join([title, *(f"{name}={count}" for name, count in counts.items()),
                     f"differences={len(found)}"])
    print(line, flush=True)
    print(line, file=sys.stderr, flush=True)
    sys.exit(1 if found else 0)


def signature(delivery):
    """The headers with which a source shows that a webhook is its own."""
    sign = lambda text: hmac.new(SECRET.encode(), text.encode(), hashlib.sha256)
    if delivery["source"] == "square":
        digest = sign(PUBLIC_URL + delivery["path"] + delivery["body"]).digest()
        return [("x-square-hmacsha256-signature", base64.b64encode(digest).decode())]
    now = int(time.time())
    return [("Stripe-Signature", f"t={now},v1={sign(f'{now}.' + delivery['body']).hexdigest()}")]


def http_headers(delivery):
    if delivery["source"] == "spotter":
        return [("Authorization", f"Bearer {TOKEN}"), ("spotter-tenant", delivery["tenant"])]
    return signature(delivery)


def topic_headers(delivery):
    if delivery["source"] == "spotter":
        return [("spotter-tenant", delivery["tenant"].encode()),
                ("content-type", delivery["content_type"].encode())]
    return [("spotter-tenant", delivery["tenant"].encode()),
            ("spotter-source", delivery["source"].encode())]


def spread(count, shards):
    """Names of `count` tenants of which each shard has its share."""
    names, per_shard = [], collections.Counter()
    for number in itertools.count():
        if len(names) == count:
            return names
        name = f"studio-{number:02}"
        if per_shard[shard_of(name, shards)] < -(-count // shards):
            per_shard[shard_of(name, shards)] += 1
            names.append(name)


def make_lives(tenants, members, seed):
    """Deliveries of all tenants: yesterday's life, a few members after the other, so that there is
    something to decide all the time."""
    now = datetime.datetime.now(datetime.timezone.utc)
    start = life.format_time(now - datetime.timedelta(hours=23))
    lives = []
    for number, tenant in enumerate(tenants):
        found = life.make(seed=seed * 1000 + number, members=members, days=1, start=start,
                          tenant=tenant)
        found = [{**one, "tenant": tenant} for one in found if one["at"] < life.format_time(now)]
        lives.append(sorted(found, key=lambda one: one["member"] // 2))
    longest = max(map(len, lives))
    return [one[n] for n in range(longest) for one in lives if n < len(one)]


class Notes:
    """What subscribers got and settled. Thread safety: all methods from any thread."""

    def __init__(self, shards):
        self.lock = threading.Lock()
        self.shards = shards
        self.delivered = {}   # action id -> when first
        self.acked = set()    # action ids whose ack was answered
        self.voids = 0
        self.wrong = []       # sentences
        self.sequence = {}    # (tenant, profile) -> the newest
        self.times = collections.defaultdict(list)  # shard -> when something came

    def deliver(self, tenant, rows):
        now = time.monotonic()
        with self.lock:
            if rows:
                self.times[shard_of(tenant, self.shards)].append(now)
            for row in rows:
                self._in_order(tenant, row)
                if row["kind"] != "action":
                    self.voids += 1
                    continue
                action = row["action"]["id"]
                if action in self.acked:
                    self.wrong.append(f"(d) {action} was delivered again after its ack")
                self.delivered.setdefault(action, now)

    def _in_order(self, tenant, row):
        key, sequence = (tenant, row["profile"]), int(row["sequence"])
        newest = self.sequence.get(key, 0)
        if sequence > newest + 1:
            self.wrong.append(f"(f) {key[1]} of {tenant}: sequence {sequence} came after {newest}")
        self.sequence[key] = max(newest, sequence)

    def settle(self, rows):
        with self.lock:
            self.acked.update(row["action"]["id"] for row in rows if row["kind"] == "action")

    def count(self, shards=None, since=0.0):
        """How many batches came from these shards since an instant."""
        with self.lock:
            return sum(1 for shard in (shards or range(self.shards))
                       for one in self.times[shard] if one > since)

    def silence(self, shards, since):
        """The longest time without a delivery of any of these shards, in seconds."""
        now, longest = time.monotonic(), 0.0
        with self.lock:
            for shard in shards:
                instants = [since, *(one for one in self.times[shard] if one > since), now]
                longest = max(longest, *(b - a for a, b in zip(instants, instants[1:])))
        return longest


class Subscriber(threading.Thread):
    """Takes and acks the actions of one tenant from `server`, until told to stop; some it leaves."""

    def __init__(self, server, tenant, notes, seed, left=LEFT, subscription="default"):
        super().__init__(daemon=True)
        self.server, self.tenant, self.notes, self.left = server, tenant, notes, left
        self.subscription = subscription
        self.chance = random.Random(seed)
        self.stopping = threading.Event()
        self.session = None

    def run(self):
        while not self.stopping.is_set():
            self.take("1s")
        self.close()

    def take(self, wait):
        """The rows of one pull; None while it cannot be had."""
        rows = self.call("pull", "--max", 100, "--wait", wait, "--lease", LEASE)
        if rows is None:
            self.stopping.wait(0.02)
            return None
        self.on_rows(rows)
        settled = [row for row in rows if self.chance.random() >= self.left]
        if settled and self.call("ack", *(row["token"] for row in settled)) is not None:
            self.notes.settle(settled)
        return rows

    def on_rows(self, rows):
        self.notes.deliver(self.tenant, rows)

    def call(self, *arguments):
        """The rows, or None: an error, after which what was asked may have happened."""
        if self.session is None:
            self.session = harness.Session(self.server, self.tenant)
        try:
            words = ["actions", "--subscription", self.subscription, *arguments]
            lines, error = self.session.run(words, timeout=75)
        except OSError as broken:
            lines, error = [], f"no answer: {broken}"
        if error is None:
            return [json.loads(line) for line in lines]
        self.on_error(error)
        if error.startswith("no answer"):  # what comes now would be the answer to this question
            self.close()
        return None

    def on_error(self, error):
        """A subscriber tries again."""

    def close(self):
        if self.session is not None:
            self.session.close()
            self.session = None


class Publisher(threading.Thread):
    """Publishes deliveries at a rate, a third of the members over source topics and the rest over
    HTTP, until there are no more or it is told to stop. What is begun is brought to its answer."""

    def __init__(self, cluster, ingest, deliveries, rate):
        super().__init__(daemon=True)
        from confluent_kafka import Producer
        self.ingest, self.deliveries, self.rate = ingest, deliveries, rate
        self.posts = life.Posts(ingest, lanes=8, headers=http_headers)
        self.producer = Producer({"bootstrap.servers": cluster.broker.bootstrap, "linger.ms": 5,
                                  "enable.idempotence": True, "message.timeout.ms": 120_000,
                                  "reconnect.backoff.max.ms": 500, "log_level": 0})
        self.produced = []  # what the broker acknowledged
        self.failed = []
        self.stopping = threading.Event()
        self.ran_out = False

    def accepted(self):
        return [*self.posts.taken, *self.produced]

    def run(self):
        slice_seconds, next_at = 0.2, time.monotonic()
        count = max(1, int(self.rate * slice_seconds))
        for first in range(0, len(self.deliveries), count):
            if self.stopping.is_set():
                break
            self.send(self.deliveries[first:first + count])
            next_at = max(next_at + slice_seconds, time.monotonic())
            self.stopping.wait(max(0.0, next_at - time.monotonic()))
        else:
            self.ran_out = True
        self.producer.flush(120)

    def send(self, deliveries):
        by_topic = [one for one in deliveries if one["member"] % 3 == 0]
        by_http = [one for one in deliveries if one["member"] % 3 != 0]
        for one in by_topic:
            self.producer.produce(
                TOPIC_OF[one["source"]], one["body"].encode(), f"{one['tenant']}/{one['member']}",
                headers=topic_headers(one),
                on_delivery=lambda error, _, one=one:
                    self.failed.append(str(error)) if error else self.produced.append(one))
        self.producer.poll(0)
        while by_http:
            try:
                self.posts.send(by_http)
            except harness.ServerGone:
                self.producer.poll(0)
                time.sleep(0.05)  # somebody starts it again


class Studios:
    """The tenants of a cluster, their load and their subscribers."""

    def __init__(self, cluster, gateway, count, seed):
        self.cluster, self.gateway, self.seed = cluster, gateway, seed
        self.tenants = spread(count, cluster.shards)
        self.notes = Notes(cluster.shards)
        self.subscribers = []
        self.publisher = None

    def write_secrets(self):
        path = self.cluster.scratch / "secrets.yaml"
        path.write_text("".join(f"{tenant}: {{square: {SECRET}, stripe: {SECRET}}}\n"
                                for tenant in self.tenants))
        return ["--secrets", path, "--webhook-url", PUBLIC_URL]

    def create(self):
        """Tenants with journeys, and a subscription beside the default one in which nothing is
        settled until the end: it holds every action that was decided."""
        for name in JOURNEYS:
            (self.cluster.scratch / f"{name}.yaml").write_text(journey(name))
        for tenant in self.tenants:
            ctl = Ctl(self.gateway, tenant)
            ctl.rows("tenant", "create", tenant, "--time-zone", "UTC", "--source", "square",
                     "--source", "stripe", "--source", "app")
            ctl.rows("actions", "--subscription", "audit", "subscribe")
            for name in JOURNEYS:
                ctl.rows("journey", "apply", "-f", self.cluster.scratch / f"{name}.yaml")

    def start(self, ingest, members, rate):
        deliveries = make_lives(self.tenants, members, self.seed)
        self.publisher = Publisher(self.cluster, ingest, deliveries, rate)
        self.subscribers = [Subscriber(self.gateway, tenant, self.notes, f"{self.seed}/{tenant}")
                            for tenant in self.tenants]
        for one in (self.publisher, *self.subscribers):
            one.start()

    def stop_publishing(self):
        """Everything that was published is in the log, and applied by its shard."""
        self.publisher.stopping.set()
        self.publisher.join(180)
        if self.publisher.is_alive() or self.publisher.failed:
            raise harness.Failed(f"publishing did not end; failed: {self.publisher.failed[:3]}")
        # Not spotter_ingest_lag_records: a member that has just joined knows of no partition yet.
        count = len(self.publisher.produced)
        harness.wait_until(lambda: sum(sum(committed(self.cluster.broker, topic))
                                       for topic in SOURCE_TOPICS) == count,
                           f"all {count} messages of the source topics are committed", 120)
        last = datetime.datetime.now(datetime.timezone.utc)
        due = life.format_time(last + datetime.timedelta(seconds=LAST_STEP_SECONDS + 1))
        for shard in range(self.cluster.shards):
            harness.wait_until(lambda shard=shard: self.status(shard).get("shard_time", "") > due,
                               f"shard {shard} stands past {due}", 120)

    def status(self, shard):
        try:
            return Ctl(self.gateway).row("status", "--shard", shard)
        except harness.Failed:
            return {}

    def drain(self):
        """Nothing waits for a subscriber any more."""
        for one in self.subscribers:
            harness.wait_until(lambda one=one: self.waiting(one.tenant, "default") == 0,
                               f"{one.tenant}: nothing waits", 120)
        for one in self.subscribers:
            one.stopping.set()
        for one in self.subscribers:
            one.join(90)

    def waiting(self, tenant, subscription):
        """Entries neither settled nor gone; -1 while that is not known."""
        try:
            rows = Ctl(self.gateway, tenant).rows("actions", "subscriptions")
        except harness.Failed:
            return -1
        return sum(int(row.get("waiting", 0)) + int(row.get("leased", 0)) for row in rows
                   if row["subscription"]["id"] == subscription)

    def audit(self):
        """(ids of the actions that were decided, those of them that became void)"""
        decided, void, notes = set(), set(), Notes(self.cluster.shards)
        for tenant in self.tenants:
            reader = Subscriber(self.gateway, tenant, notes, 0, left=0, subscription="audit")
            while self.waiting(tenant, "audit") != 0:
                for row in reader.take("0s") or []:
                    if row["kind"] == "action":
                        decided.add(row["action"]["id"])
                    elif row["kind"] == "void":
                        void.add(row["void"]["action"])
            reader.close()
        return decided | void, void, notes.wrong

    def differences(self):
        """What is wrong at the end, as sentences; and the counts. Call after drain()."""
        log = b"\n".join(value for _, _, value in consume(self.cluster.broker, "spotter.log"))
        accepted = {life.event_id(one) for one in self.publisher.accepted()}
        words = {word.decode() for word in re.findall(rb"[\w-]{8,}", log)}
        lost = [one for one in accepted if one not in words and one.encode() not in log]
        found = [f"(b) {one} was acknowledged and is not in the log" for one in lost]
        found += [f"(b) a publish was refused: {why}" for why in self.publisher.posts.refused]
        decided, void, wrong = self.audit()
        found += wrong + self.notes.wrong
        delivered, replayed = set(self.notes.delivered), []
        for shard in range(self.cluster.shards):
            state = Ctl(self.gateway).row("state", "hash", "--shard", shard, "--verify")
            replay = harness.Replay("--brokers", self.cluster.broker.bootstrap, "--shard", shard,
                                    "--until", state["offset"])
            replayed += replay.actions
            if replay.hash != state["hash"]:
                found.append(f"(a) shard {shard} at offset {state['offset']}: replay has hash "
                             f"{replay.hash}, the engine {state['hash']}")
        if len(replayed) != len(set(replayed)):
            found.append("(a) an action id was decided twice")
        for name, one, other in (("in the replay", set(replayed), decided),
                                 ("of the engines", decided, set(replayed)),
                                 ("delivered", delivered, decided)):
            found += [f"(a) {action} is only {name}" for action in sorted(one - other)]
        found += [f"(c) {action} was never delivered" for action in sorted(decided - void - delivered)]
        counts = {"publishes": len(accepted), "http": len(self.publisher.posts.taken),
                  "topics": len(self.publisher.produced), "actions": len(replayed),
                  "delivered": len(delivered), "acked": len(self.notes.acked), "void": len(void)}
        return found, counts

    def wait_delivery(self, shards, since):
        """Each of the shards has delivered something since then."""
        def all_have():
            if self.publisher.ran_out:
                raise harness.Failed("the load ended too early: give more --members")
            return all(self.notes.count([one], since) > 0 for one in shards)
        harness.wait_until(all_have, f"shards {sorted(shards)} deliver", PATIENCE)

    def progress(self):
        return (f"{len(self.publisher.accepted())} publishes, {len(self.notes.delivered)} actions, "
                f"{len(self.notes.acked)} acked")

    def finish(self):
        """Brings everything to its end: differences()."""
        self.stop_publishing()
        self.drain()
        return self.differences()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        threads = [one for one in (self.publisher, *self.subscribers) if one is not None]
        for one in threads:
            one.stopping.set()
        for one in threads:
            one.join(10)
