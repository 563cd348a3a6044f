#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ninety days of a studio in a minute: real-format bookings, payments, check-ins and scans go in,
journey actions come out. Half-way the engine is killed with SIGKILL and goes on; at the end its
actions are compared with those of a second run of the same days that nobody interrupted, and its
state with what a replay makes of its log."""

import collections
import datetime
import multiprocessing
import os
import pathlib
import queue
import sys
import textwrap
import threading
import time
import zoneinfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))  # the harness that the tests use too

import harness  # noqa: E402
import life  # noqa: E402

LOCAL = zoneinfo.ZoneInfo("America/New_York")  # the studio's time, as spotter-synth has it


def sample_deliveries(start):
    """Bodies as Square and Stripe publish them, posted when the studio opens its account."""
    data = harness.shared_data()
    folders = [(source, data / "payloads" / source if data else harness.SAMPLES / source)
               for source in ("square", "stripe")]
    deliveries = []
    for source, folder in folders:
        for path in sorted(folder.glob("*.json")):
            deliveries.append({"at": life.format_time(start), "member": 0, "source": source,
                               "path": f"/v1/webhooks/studio/{source}", "body": path.read_text(),
                               "content_type": "application/json"})
    return deliveries, str(folders[0][1].parent)


def all_refusals(ctl):
    """Every decision not to send: {"reason": "cap", "channel": "sms", "detail": ...}."""
    refusals = ctl.rows("refusals", "--max", 1_000_000)
    for refusal in refusals:
        refusal["reason"] = refusal["reason"].removeprefix("REFUSAL_REASON_").lower()
        refusal["channel"] = refusal["channel"].removeprefix("CHANNEL_").lower()
    return refusals


class Scene:
    """One run of the whole demo, in a process of its own; `at_half` kills it on its way."""

    def __init__(self, name, options, start, deliveries, samples, scratch, progress, killed):
        self.name, self.options, self.start = name, options, start
        self.deliveries, self.samples = deliveries, samples
        self.scratch, self.progress, self.killed = scratch, progress, killed
        self.armed = killed
        self.lock = threading.Lock()

    def play(self, results):
        try:
            results.put((self.name, self._play(), None))
        except Exception as error:  # reported by the parent, which knows the terminal
            results.put((self.name, None, f"{type(error).__name__}: {error}"))

    def _play(self):
        server = harness.Server(self.scratch / self.name, time_lapse=life.format_time(self.start),
                                extra=harness.KEEP_ALL)
        with server:
            ctl = harness.Ctl(server)
            ctl.apply_blueprints()
            run = life.Run(server, self.samples + self.deliveries, self.start, self.options.days,
                           self.options.slice)
            run.posts.on_accepted = lambda count: self._on_accepted(server, count)
            restarts = 0
            while not run.is_done():
                try:
                    run.step()
                except harness.ServerGone:
                    server.kill()
                    server.start()
                    restarts += 1
            scene = {"delivered": run.delivered, "again": run.again, "voids": run.voids,
                     "accepted": run.posts.accepted, "refused_posts": dict(run.posts.refused),
                     "restarts": restarts, "refusals": all_refusals(ctl),
                     "hash": ctl.state_hash()["hash"], "replayed": None}
            server.stop()
            if self.killed:
                scene["replayed"] = harness.Replay(server.data / "log").hash
            return scene

    def _on_accepted(self, server, count):
        self.progress.value = count
        half = (len(self.samples) + len(self.deliveries)) // 2
        with self.lock:
            if not self.armed or count < half:
                return
            self.armed = False
        server.process.kill()


class Bar:
    """Progress on a terminal; silent elsewhere."""

    def __init__(self, counts, total):
        self.counts, self.total = counts, max(1, total)
        self.begun = time.monotonic()

    def draw(self):
        if not sys.stderr.isatty():
            return
        done = sum(count.value for count in self.counts) / self.total
        filled = "#" * int(done * 40)
        rate = sum(count.value for count in self.counts) / (time.monotonic() - self.begun)
        sys.stderr.write(f"\r  [{filled:<40}] {done:4.0%}  {rate:6.0f} events/s ")
        sys.stderr.flush()

    def clear(self):
        if sys.stderr.isatty():
            sys.stderr.write("\r" + " " * 70 + "\r")


def play_both(options, start, deliveries, samples, scratch):
    """The interrupted and the uninterrupted run, side by side."""
    results = multiprocessing.Queue()
    progress = [multiprocessing.Value("q", 0, lock=False) for _ in range(2)]
    scenes = [Scene(name, options, start, deliveries, samples, scratch.path, count,
                    name == "killed")
              for name, count in zip(("killed", "undisturbed"), progress)]
    processes = [multiprocessing.Process(target=scene.play, args=(results,)) for scene in scenes]
    for process in processes:
        process.start()
    bar, done = Bar(progress, 2 * (len(deliveries) + len(samples))), {}
    while len(done) < len(scenes):
        bar.draw()
        try:
            name, scene, error = results.get(timeout=0.2)
        except queue.Empty:
            if any(process.exitcode not in (0, None) for process in processes):
                sys.exit("error: a run of the demo died")
            continue
        if error:
            bar.clear()
            for process in processes:
                process.terminate()
            raise harness.Failed(f"the {name} run: {error}")
        done[name] = scene
    for process in processes:
        process.join()
    bar.clear()
    return done["killed"], done["undisturbed"]


def describe(action):
    """An action as a marketer would read it."""
    when = life.parse_time(action["not_before"]).astimezone(LOCAL).strftime("%a %d %b %H:%M")
    text = " ".join((action.get("text") or f"[template {action.get('template', '')}]").split())
    channel = action["channel"].upper()
    who = action.get("address", "")
    if channel in ("PUSH", "IN_APP"):
        who = "their phone" if channel == "PUSH" else "in the app"
    return (f"  {when}  {channel:<6} to {who:<34} {action['journey']} / {action['step']}\n"
            + textwrap.indent(textwrap.fill(text, 88), " " * 27))


def pick_samples(actions, count=12):
    """Some of every journey, step and channel first; the order is that of the decisions."""
    by_step = collections.defaultdict(list)
    for action in actions:
        by_step[(action["journey"], action["step"], action["channel"])].append(action)
    turns = -(-count // max(1, len(by_step)))
    picked = []
    for turn in range(turns):
        for of_step in by_step.values():
            if turn < len(of_step) and len(picked) < count:
                picked.append(of_step[len(of_step) * (2 * turn + 1) // (2 * turns)])
    return sorted(picked, key=lambda action: action["not_before"])


def report(scene):
    actions = list(scene["delivered"].values())
    print("\nActions, as a marketer would read them (a few of them; times of the studio):\n")
    for action in pick_samples(actions):
        print(describe(action))
    counts = collections.Counter((a["journey"], a["channel"]) for a in actions)
    print("\nActions by journey and channel:")
    for (journey, channel), count in sorted(counts.items()):
        print(f"  {journey:<28} {channel:<8} {count:6}")
    print("\nWhat was not sent, and why:")
    reasons = collections.Counter((r["reason"], r["channel"]) for r in scene["refusals"])
    details = {}
    for refusal in scene["refusals"]:
        details.setdefault((refusal["reason"], refusal["channel"]),
                           refusal.get("detail", ""))
    for (reason, channel), count in reasons.most_common():
        print(f"  {reason:<14} {channel:<8} {count:6}   e.g. {details[(reason, channel)]}")
    if not reasons:
        print("  nothing was refused")


def suggest(options):
    programs = os.path.relpath(harness.bin_dir())
    steps = [(f"{programs}/spotter --data ./my-studio", "a studio of your own; then, beside it:"),
             (f"{programs}/spotterctl journey apply -f deploy/blueprints/welcome-activation.yaml", ""),
             (f"{programs}/spotterctl import FILE", "past events; `publish` for those of today"),
             (f"{programs}/spotterctl actions tail", "take actions as they are decided"),
             (f"{programs}/spotterctl explain PROFILE", "why a member got something, or did not"),
             (f"services/demo/demo.py --seed {options.seed + 1}", "another studio"),
             ("make kill KILLS=5", "SIGKILL at random moments, proven by a replay")]
    print("\nWhat to try next:")
    for command, why in steps:
        print(f"  {command:<48} {why}".rstrip())
    print()


def main():
    parser = harness.script_parser(__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which studio (default %(default)s)")
    parser.add_argument("--members", type=int, default=500)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--slice", type=int, default=6, metavar="HOURS",
                        help="hours of simulated time per step (default %(default)s)")
    options = parser.parse_args()
    harness.use_bin(options.bin)

    begun = time.monotonic()
    now = datetime.datetime.now(life.UTC).replace(minute=0, second=0, microsecond=0)
    start = now - datetime.timedelta(days=options.days)
    deliveries = life.make(seed=options.seed, members=options.members, days=options.days,
                           start=life.format_time(start))
    samples, origin = sample_deliveries(start)
    print(f"A studio of {options.members} members, {options.days} days from {start:%d %b %Y} to "
          f"{now:%d %b %Y}: {len(deliveries)} events,\nand {len(samples)} bodies as Square and "
          f"Stripe publish them (from {origin}).\nTwo engines live through it: one is killed "
          "half-way with SIGKILL and started again.")
    with harness.Scratch() as scratch:
        try:
            killed, undisturbed = play_both(options, start, deliveries, samples, scratch)
        except harness.Failed as error:
            scratch.keep = True
            sys.exit(f"error: {error}")
        lost = set(undisturbed["delivered"]) - set(killed["delivered"])
        extra = set(killed["delivered"]) - set(undisturbed["delivered"])
        doubled = killed["again"] + undisturbed["again"]
        scratch.keep = bool(lost or doubled or extra or killed["hash"] != killed["replayed"])

    report(killed)
    is_replayed = killed["hash"] == killed["replayed"]
    print(f"\nThe engine was killed {killed['restarts']} time; {killed['accepted']} events were "
          f"accepted. Its state has the hash\n{killed['hash']}, a replay of its log "
          f"{killed['replayed']}: {'equal' if is_replayed else 'NOT EQUAL'}.")
    for sentence, count in killed["refused_posts"].items():
        print(f"  {count} posts were refused: {sentence}")
    if extra:
        print(f"  {len(extra)} actions only of the killed run: {sorted(extra)[:3]}")
    print(f"  {time.monotonic() - begun:.0f} s in all")
    suggest(options)
    print(f"demo: events={killed['accepted']} actions={len(killed['delivered'])} "
          f"refused={len(killed['refusals'])} lost={len(lost)} doubled={len(doubled)}")
    is_proven = killed["restarts"] > 0 and is_replayed
    sys.exit(1 if lost or doubled or extra or not is_proven else 0)


if __name__ == "__main__":
    main()
