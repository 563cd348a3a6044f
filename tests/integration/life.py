# SPDX-License-Identifier: Apache-2.0
"""Drives the life of a studio (spotter-synth) through a server: posts in time order with the clock
moved between, pulls and acks what comes out, and goes on after the server was killed."""

import collections
import concurrent.futures
import datetime
import json
import subprocess
import threading
import time

import harness

UTC = datetime.timezone.utc


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def format_time(when):
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"


def make_text(output_format, **options):
    """What spotter-synth prints: make_text("events", seed=1, members=100, days=30, start=...)."""
    command = [str(harness.bin_dir() / "spotter-synth"), "--format", output_format]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def make(**options):
    """The deliveries of a life, in the order of their arrival."""
    return [json.loads(line) for line in make_text("webhooks", **options).splitlines()]


def event_id(delivery):
    """The source's own id of a delivery's event: what must be found in the log."""
    body = json.loads(delivery["body"])
    return body.get("event_id") or body["id"]


class Posts:
    """Posts deliveries over several connections, each member's on one, so that the order of a
    member's events is kept. `headers` gives those that a delivery needs."""

    def __init__(self, server, lanes=16, headers=lambda delivery: ()):
        self.server = server
        self.lanes = lanes
        self.headers = headers
        self.accepted = 0
        self.taken = []  # what was answered 2xx
        self.refused = collections.Counter()
        self.on_accepted = lambda count: None
        self.lock = threading.Lock()

    def send(self, deliveries):
        """Sends all; removes from `deliveries` what was answered 2xx or refused for good. Raises
        ServerGone if some are left because the server went away."""
        queues = [[d for d in deliveries if d["member"] % self.lanes == lane]
                  for lane in range(self.lanes)]
        with concurrent.futures.ThreadPoolExecutor(self.lanes) as pool:
            rests = list(pool.map(self._send_queue, queues))
        unsent = {id(d) for rest in rests for d in rest}
        deliveries[:] = [d for d in deliveries if id(d) in unsent]
        if deliveries:
            raise harness.ServerGone(f"{len(deliveries)} posts are unanswered")

    def _send_queue(self, queue):
        poster = harness.Poster(self.server.http)
        done = 0
        try:
            while done < len(queue):
                group = self._group(queue, done)
                status, answer = self._post(poster, group)
                if status in (429, 503):
                    time.sleep(0.02)  # backpressure: the same again
                    continue
                done += len(group)
                self._count(status, answer, group)
        except harness.ServerGone:
            pass
        finally:
            poster.close()
        return queue[done:]

    def _count(self, status, answer, group):
        with self.lock:
            if status // 100 == 2:
                self.accepted += len(group)
                self.taken += group
            else:
                self.refused[f"{status} {answer.decode(errors='replace')[:200]}"] += len(group)
        self.on_accepted(self.accepted)

    def _group(self, queue, first, limit=50):
        """One webhook, or CloudEvents of one sender that follow each other as one batch."""
        last = first + 1
        if queue[first]["source"] == "spotter":
            headers = self.headers(queue[first])
            while (last < len(queue) and last - first < limit and
                   queue[last]["source"] == "spotter" and self.headers(queue[last]) == headers):
                last += 1
        return queue[first:last]

    def _post(self, poster, group):
        one = group[0]
        headers = self.headers(one)
        if len(group) == 1:
            return poster.post(one["path"], one["body"], one["content_type"], headers)
        body = "[" + ",".join(d["body"] for d in group) + "]"
        return poster.post(one["path"], body, "application/cloudevents-batch+json", headers)


class Run:
    """One run of a life. step() does one slice of simulated time; after ServerGone, restart the
    server and call step() again: what was not answered is sent again."""

    def __init__(self, server, deliveries, start, days, slice_hours=6, tail_hours=0, takes=True):
        self.server = server
        self.ctl = harness.Ctl(server)
        self.posts = Posts(server)
        self.slices = self._cut(deliveries, start, days, slice_hours)
        end = start + datetime.timedelta(days=days)
        for hour in range(slice_hours, tail_hours + 1, slice_hours):
            self.slices.append((end + datetime.timedelta(hours=hour), []))
        self.next = 0
        self.takes = takes       # pulls and acks in every step
        self.delivered = {}      # action id -> the first delivery of it
        self.acked = set()       # action ids whose ack was answered
        self.again = []          # action ids delivered after that
        self.voids = 0

    @staticmethod
    def _cut(deliveries, start, days, slice_hours):
        slices, position = [], 0
        for hour in range(slice_hours, days * 24 + slice_hours, slice_hours):
            end = start + datetime.timedelta(hours=min(hour, days * 24))
            text, first = format_time(end), position
            while position < len(deliveries) and deliveries[position]["at"] < text:
                position += 1
            slices.append((end, list(deliveries[first:position])))
        return slices

    def is_done(self):
        return self.next == len(self.slices)

    def step(self):
        """The clock moves first: an event is never ahead of it, at most a slice behind."""
        end, deliveries = self.slices[self.next]
        self.ctl.advance(format_time(end))
        self.posts.send(deliveries)
        if self.takes:
            self.pull()
        self.next += 1

    def pull(self):
        while True:
            rows = self.ctl.pull()
            if not rows:
                return
            for row in rows:
                self._note(row)
            self.ctl.ack(rows)
            self.acked.update(row["action"]["id"] for row in rows if row["kind"] == "action")

    def _note(self, row):
        if row["kind"] != "action":
            self.voids += 1
            return
        action = row["action"]
        if action["id"] in self.acked:
            self.again.append(action["id"])
        self.delivered.setdefault(action["id"], action)
