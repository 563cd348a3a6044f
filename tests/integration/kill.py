#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the real program with SIGKILL at random moments under load, on a real disk.

Per kill one run of the same life in time-lapse (nothing is ever trimmed from the log), killed once
and restarted on the same directory, with what was not answered sent again. Then:
  (a) spotter-replay of the killed run's own log gives the server's hash and every action delivered
  (b) every publish that was answered 2xx is in that log
  (c) the action ids equal those of a run without a kill
  (d) nothing acked was delivered again
The last line of stdout and stderr counts the differences."""

import random
import sys
import threading
import time

import harness
import life

START = "2025-01-06T00:00:00Z"


def say(text):
    print(text, flush=True)


class KillAt:
    """Kills the server a little after a given number of publishes was answered: in the middle of
    posts, commits or fsyncs. `None` never does."""

    def __init__(self, server, publishes, delay):
        self.server, self.publishes, self.delay = server, publishes, delay
        self.armed = publishes is not None
        self.lock = threading.Lock()
        self.thread = None

    def __call__(self, answered):
        with self.lock:
            if not self.armed or answered < self.publishes:
                return
            self.armed = False
        self.thread = threading.Thread(target=self._kill)
        self.thread.start()

    def _kill(self):
        time.sleep(self.delay)
        self.server.process.kill()  # the main thread reaps it


class Outcome:
    """What a run left behind."""

    def __init__(self, run, server):
        self.run = run
        self.hash = run.ctl.state_hash(verify=True)["hash"]
        code = server.stop()
        if code != 0:
            raise harness.Failed(f"exit code {code} after SIGTERM\n{server.stderr_tail()}")
        self.replay = harness.Replay(server.data / "log")


def live(scratch, name, deliveries, options, kill=None, seed=0):
    """Runs the life once; kill = (publishes, delay) or None."""
    server = harness.Server(scratch / name, time_lapse=START, extra=harness.KEEP_ALL)
    kills = 0
    with server:
        run = life.Run(server, deliveries, life.parse_time(START), options.days)
        run.ctl.apply_blueprints()
        run.posts.on_accepted = KillAt(server, *(kill or (None, 0)))
        while not run.is_done():
            try:
                run.step()
            except harness.ServerGone:
                if server.is_alive():
                    harness.wait_until(lambda: not server.is_alive(), "the server is gone")
                server.kill()
                kills += 1
                server.start()
        killer = run.posts.on_accepted.thread
        if killer is not None:
            killer.join()
        if kill and kills == 0:
            # It fell between two requests: nobody noticed but the disk.
            server.kill()
            kills += 1
            server.start()
            run.pull()
        return Outcome(run, server), kills


def published(deliveries):
    return [life.event_id(delivery) for delivery in deliveries]


def missing_in_log(data, ids):
    """Ids of answered publishes that no file of the log holds."""
    log = b"".join(path.read_bytes() for path in sorted((data / "log").rglob("*"))
                   if path.is_file())
    return [event_id for event_id in ids if event_id.encode() not in log]


def compare(killed, reference, data, ids):
    """The differences, as sentences."""
    found = []
    if killed.replay.hash != killed.hash:
        found.append(f"(a) replay has hash {killed.replay.hash}, the server had {killed.hash}")
    unknown = set(killed.run.delivered) - set(killed.replay.actions)
    found += [f"(a) {action} was delivered and is not in the replay" for action in sorted(unknown)]
    found += [f"(b) {event} was answered 2xx and is not in the log"
              for event in missing_in_log(data, ids)]
    ours, theirs = set(killed.replay.actions), set(reference.replay.actions)
    found += [f"(c) {action} only with the kill" for action in sorted(ours - theirs)]
    found += [f"(c) {action} only without the kill" for action in sorted(theirs - ours)]
    if len(killed.replay.actions) != len(ours):
        found.append("(c) an action id was decided twice")
    lost = set(reference.run.delivered) - set(killed.run.delivered)
    found += [f"(c) {action} was never delivered" for action in sorted(lost)]
    found += [f"(d) {action} was delivered again after its ack" for action in killed.run.again]
    return found


def main():
    parser = harness.script_parser(__doc__)
    parser.add_argument("--kills", type=int, default=20, help="how many (default %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="first seed (default %(default)s)")
    parser.add_argument("--members", type=int, default=60)
    parser.add_argument("--days", type=int, default=21)
    options = parser.parse_args()
    harness.use_bin(options.bin)

    deliveries = life.make(seed=options.first, members=options.members, days=options.days,
                           start=START)
    ids = published(deliveries)
    say(f"kill: life of {options.members} members, {options.days} days, {len(ids)} publishes, "
        f"seeds {options.first} to {options.first + options.kills - 1}")
    differences = kills = actions = acked = 0
    with harness.Scratch() as scratch:
        reference, _ = live(scratch, "reference", deliveries, options)
        if not reference.run.delivered:
            raise harness.Failed("the run without a kill delivered nothing: nothing can be shown")
        for found in compare(reference, reference, scratch / "reference", ids):
            differences += 1
            say(f"  without a kill: {found}")
        for seed in range(options.first, options.first + options.kills):
            chance = random.Random(seed)
            kill = (chance.randrange(1, len(ids)), chance.random() * 0.03)
            name = f"kill-{seed}"
            killed, count = live(scratch, name, deliveries, options, kill)
            found = compare(killed, reference, scratch / name, ids)
            kills, actions = kills + count, actions + len(killed.run.delivered)
            acked, differences = acked + len(killed.run.acked), differences + len(found)
            say(f"  seed {seed}: killed after {kill[0]} publishes + {kill[1] * 1000:.0f} ms, "
                f"{len(killed.run.delivered)} actions, {len(found)} differences")
            for sentence in found[:20]:
                say(f"    {sentence}")
        scratch.keep = differences > 0
    line = (f"kill: first={options.first} kills={kills} publishes={len(ids)} actions={actions} "
            f"acked={acked} differences={differences}")
    print(line, flush=True)
    print(line, file=sys.stderr, flush=True)
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
