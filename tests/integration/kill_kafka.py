#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills what runs on a real Kafka broker at random moments, under load, through a gateway.

In turn: an engine (SIGKILL, restart), spotter-ingest (the same), the broker (the same), and a
zombie: an engine that is stopped by SIGSTOP, whose shards the other engine takes over, and which
then goes on (SIGCONT) as if nothing had been. At the end:
  (a) spotter-replay of the run's own topic into an empty store gives each shard's hash, and the ids
      of all actions that the engines decided
  (b) every acknowledged publish, over HTTP or a source topic, is in the log
  (c) every action was delivered
  (d) nothing acked was delivered again
  (e) the zombie delivered nothing and took nothing after its shards were taken
  (f) each member's deliveries came in sequence
The last line of stdout and stderr counts the differences."""
# mission: C3 C2 C12

import os
import random
import time

import cluster
import harness
import studios
from harness import Ctl

KINDS = ("engine", "ingest", "broker", "zombie")
SHARDS = 4
ENGINES = 2


class ZombieClient(studios.Subscriber):
    """Asks an engine itself for the actions of a tenant, past the gateway. What it gets after
    `taken` is wrong: another engine has the shard. It settles nothing."""

    def __init__(self, engine, tenant, notes):
        super().__init__(engine, tenant, notes, 0, left=1)
        self.taken = False
        self.held = 0
        self.wrong = []

    def on_rows(self, rows):
        if not self.taken:
            self.held += len(rows)
            return super().on_rows(rows)
        self.wrong += [f"(e) a fenced engine delivered sequence {row['sequence']} of "
                       f"{row['profile']} of {self.tenant}" for row in rows]


class Run:
    """One cluster, its load, and what befalls it."""

    def __init__(self, options, scratch):
        self.chance = random.Random(options.seed)
        self.cluster = cluster.Cluster(options.version, scratch, SHARDS)
        self.engines = [self.cluster.engine(f"engine-{n}", "--snapshot-interval", "0", ordinal=n,
                                            replicas=ENGINES) for n in range(ENGINES)]
        self.gateway = self.cluster.gateway()
        self.studios = studios.Studios(self.cluster, self.gateway, options.tenants, options.seed)
        self.ingest = self.cluster.ingest(*self.studios.write_secrets())
        self.wrong = []

    def start(self, members, rate):
        self.cluster.create_source_topics()
        for engine in self.engines:
            engine.start()
        self.gateway.start()
        self.studios.create()
        self.ingest.start()
        self.studios.start(self.ingest, members, rate)
        self.studios.wait_delivery(range(SHARDS), time.monotonic())

    def strike(self, kind):
        """Waits a random moment, does it, waits until all deliver again: (seconds without a
        delivery, what was done)."""
        time.sleep(self.chance.random())
        since = time.monotonic()
        says, shards = getattr(self, kind)()
        self.studios.wait_delivery(range(SHARDS), time.monotonic())
        return self.studios.notes.silence(shards, since), says

    def engine(self):
        engine = self.chance.choice(self.engines)
        shards = engine.shards_delivered()
        engine.kill()
        time.sleep(self.chance.random() * 0.5)
        engine.start()
        return f"{engine.data.name} with shards {sorted(shards)}", shards

    def ingest_(self):
        before = len(self.studios.publisher.accepted())
        self.ingest.kill()
        time.sleep(self.chance.random() * 0.5)
        self.ingest.start()
        harness.wait_until(lambda: len(self.studios.publisher.accepted()) > before,
                           "publishes are accepted", studios.PATIENCE)
        return "spotter-ingest", range(SHARDS)

    def broker(self):
        self.cluster.broker.kill()
        time.sleep(self.chance.random() * 2)
        self.cluster.broker.start()
        return "the broker", range(SHARDS)

    def zombie(self):
        zombie = self.chance.choice(self.engines)
        other = next(one for one in self.engines if one is not zombie)
        shards = zombie.shards_delivered()
        tenants = [one for one in self.studios.tenants
                   if cluster.shard_of(one, SHARDS) in shards]
        clients = [ZombieClient(zombie, tenant, self.studios.notes) for tenant in tenants]
        for client in clients:
            client.start()
        harness.wait_until(lambda: sum(client.held for client in clients) > 5,
                           "the zombie has deliveries on lease", studios.PATIENCE)
        zombie.pause()
        since = time.monotonic()
        cluster.take(other, shards)
        for client in clients:
            client.taken = True
        self.studios.wait_delivery(shards, time.monotonic())
        # What it had on lease its leases no longer hold: it would hand it out again, and the other
        # has had it acked meanwhile.
        lease = float(studios.LEASE.rstrip("s"))
        harness.wait_until(lambda: time.monotonic() - since > lease + 0.5, "its leases ran out")
        zombie.resume()
        harness.wait_until(lambda: not zombie.shards_delivered() & shards, "the zombie is fenced")
        self.refused(zombie, tenants)
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(studios.PATIENCE)
            self.wrong += client.wrong
        silence = self.studios.notes.silence(shards, since)
        cluster.take(zombie, shards)  # and back
        return (f"{zombie.data.name} with shards {sorted(shards)}, taken after {silence:.1f} s, "
                f"given back"), shards

    def refused(self, zombie, tenants):
        """It takes no publish and no command for what is not its own."""
        for tenant in tenants:
            ctl = Ctl(zombie, tenant)
            for words in (["publish", "-"], ["actions", "--subscription", "more", "subscribe"]):
                done = ctl.try_run(*words, stdin='{"source": "app", "customer_id": "zombie"}\n')
                if done.returncode == 0:
                    self.wrong.append(f"(e) a fenced engine took '{' '.join(words)}' of {tenant}")


def main():
    parser = harness.script_parser(__doc__)
    parser.add_argument("--kills", type=int, default=10, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, help="of the moments and the lives (default: drawn)")
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--rate", type=int, default=250, help="publishes a second")
    parser.add_argument("--members", type=int, help="of each tenant (default: enough)")
    parser.add_argument("--version", default=os.environ.get("SPOTTER_KAFKA_VERSION", "4.1.0"))
    options = parser.parse_args()
    harness.use_bin(options.bin)
    if options.seed is None:
        options.seed = random.randrange(1, 10_000)
    # Some 15 publishes a member; a kill takes some 12 s, with what is waited for.
    members = options.members or (options.kills * 30 + 30) * options.rate // (15 * options.tenants)
    studios.say(f"kill-kafka: broker {options.version}, {options.tenants} tenants of {members} members, "
        f"{SHARDS} shards, {ENGINES} engines, --seed {options.seed}")

    with harness.Scratch() as scratch:
        run = Run(options, scratch)
        with run.cluster, run.studios:
            run.start(members, options.rate)
            for number in range(options.kills):
                kind = KINDS[number % len(KINDS)]
                silence, says = run.strike("ingest_" if kind == "ingest" else kind)
                studios.say(f"  {number + 1}: {kind}: {says}; {silence:.1f} s without a delivery; "
                    f"{run.studios.progress()}")
            found, counts = run.studios.finish()
        found += run.wrong
        scratch.keep = bool(found)
    studios.report(f"kill-kafka: seed={options.seed} kills={options.kills}", found, counts)


if __name__ == "__main__":
    main()
