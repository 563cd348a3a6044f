#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Engines come and go under load, on a real Kafka broker: 8 shards, 50 tenants.

  1 → 2     a second engine starts and takes half of the shards from the first
  2 → 1     it is stopped cleanly, the first takes them back
  standby   a third follows; the first is killed by SIGKILL, the third is promoted
Each step prints how long the shards that moved delivered nothing. At the end: no action lost,
doubled, out of order or different from what spotter-replay makes of the log (see kill_kafka.py).
The last line of stdout and stderr counts the differences."""
# mission: C3 C12

import os
import random
import time

import cluster
import harness
import studios

SHARDS = 8
EVEN, ODD = set(range(0, SHARDS, 2)), set(range(1, SHARDS, 2))


class Run:
    def __init__(self, options, scratch):
        self.cluster = cluster.Cluster(options.version, scratch, SHARDS)
        self.gateway = self.cluster.gateway()
        self.studios = studios.Studios(self.cluster, self.gateway, options.tenants, options.seed)
        self.ingest = self.cluster.ingest(*self.studios.write_secrets())
        self.first = self.engine("first")

    def engine(self, name, *arguments, **place):
        return self.cluster.engine(name, "--snapshot-interval", "0", *arguments, **place)

    def start(self, members, rate):
        self.cluster.create_source_topics()
        self.first.start()
        self.gateway.start()
        self.studios.create()
        self.ingest.start()
        self.studios.start(self.ingest, members, rate)
        self.studios.wait_delivery(range(SHARDS), time.monotonic())

    def step(self, name, shards, act):
        since = time.monotonic()
        act()
        self.studios.wait_delivery(range(SHARDS), time.monotonic())
        silence = self.studios.notes.silence(shards, since)
        studios.say(f"  {name}: shards {sorted(shards)} delivered nothing for {silence:.1f} s; "
                    f"{self.studios.progress()}")

    def scale_out(self):
        self.second = self.engine("second", ordinal=1, replicas=2).start()
        harness.wait_until(lambda: self.first.shards_delivered() == EVEN and
                           self.second.shards_delivered() == ODD, "each has its half")

    def scale_in(self):
        code = self.second.stop()
        if code != 0:
            raise harness.Failed(f"exit code {code} after SIGTERM\n{self.second.stderr_tail()}")
        cluster.take(self.first, ODD)

    def promote(self):
        self.first.kill()
        cluster.take(self.third, EVEN | ODD)

    def steps(self):
        self.step("1 → 2", ODD, self.scale_out)
        self.step("2 → 1", ODD, self.scale_in)
        self.third = self.engine("third", "--standby").start()
        if self.third.shards_delivered():
            raise harness.Failed("a standby delivers")
        self.step("standby", EVEN | ODD, self.promote)


def main():
    parser = harness.script_parser(__doc__)
    parser.add_argument("--seed", type=int, help="of the lives (default: drawn)")
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--rate", type=int, default=400, help="publishes a second")
    parser.add_argument("--version", default=os.environ.get("SPOTTER_KAFKA_VERSION", "4.1.0"))
    options = parser.parse_args()
    harness.use_bin(options.bin)
    if options.seed is None:
        options.seed = random.randrange(1, 10_000)
    members = 120 * options.rate // (15 * options.tenants)  # of two minutes
    studios.say(f"scale-kafka: broker {options.version}, {options.tenants} tenants of {members} "
                f"members, {SHARDS} shards, --seed {options.seed}")
    with harness.Scratch() as scratch:
        run = Run(options, scratch)
        with run.cluster, run.studios:
            run.start(members, options.rate)
            run.steps()
            found, counts = run.studios.finish()
        scratch.keep = bool(found)
    studios.report(f"scale-kafka: seed={options.seed}", found, counts)


if __name__ == "__main__":
    main()
