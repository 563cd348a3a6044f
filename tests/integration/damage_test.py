#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A damaged log, on the real program: it stands still and says where, reads go on, and an operator
gets it going again by a skip or by a snapshot, with exactly what was damaged missing."""
# mission: C12

import json
import shutil
import struct
import unittest

import harness
from bad_input_test import SQUARE, booking, read

HEADER = struct.Struct("<IIQq")  # payload length, checksum, offset, append time


def frames(path):
    """(offset, position, size) of each record of a segment file."""
    raw, at, found = path.read_bytes(), 0, []
    while at + HEADER.size <= len(raw):
        length, _, offset, _ = HEADER.unpack_from(raw, at)
        found.append((offset, at, HEADER.size + length))
        at += HEADER.size + length
    return found


class Damage(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.data = self.scratch / "data"
        self.server = harness.Server(self.data, extra=harness.KEEP_ALL)
        self.ctl = harness.Ctl(self.server)
        self.addCleanup(lambda: self.server.is_alive() and self.server.kill())
        self.server.start()

    def publish(self, *numbers):
        with harness.Poster(self.server.http) as poster:
            for number in numbers:
                status, answer = poster.post(SQUARE, json.dumps(booking(f"bk-{number:03}")))
                self.assertEqual(200, status, answer)
        self.ctl.wait_applied()

    def bookings(self):
        profile = self.ctl.row("profile", "show", "--source", "square", "--customer", "CUSTOMER1")
        totals = {total["kind"]: int(total["count"]) for total in profile["totals"]}
        return totals["booking"]

    def stop(self):
        self.assertEqual(0, self.server.stop())

    def segments(self):
        return sorted((self.data / "log").glob("*.log"))

    def find(self, number):
        """(file, (offset, position, size)) of the record of a booking."""
        for path in self.segments():
            at = path.read_bytes().find(f"evt-bk-{number:03}-0".encode())
            for frame in frames(path):
                if frame[1] <= at < frame[1] + frame[2]:
                    return path, frame
        self.fail(f"booking {number} is not in the log")

    def flip(self, number):
        """Flips a bit of a booking's record; its file and offset."""
        path, (offset, at, size) = self.find(number)
        raw = bytearray(path.read_bytes())
        raw[at + size - 3] ^= 0x10
        path.write_bytes(raw)
        return path, offset

    def split(self, number):
        """The log in two files, the second beginning with a booking's record."""
        path, (offset, at, _) = self.find(number)
        raw = path.read_bytes()
        (path.parent / f"{offset:020}.log").write_bytes(raw[at:])
        path.write_bytes(raw[:at])
        return path

    def metric(self, name):
        _, text = read(f"http://{self.server.admin}/metrics")
        return [line for line in text.splitlines() if line.startswith(name)]

    def assert_stands_still(self, *words):
        """The program serves, and everything that says how it stands says the words."""
        status, said = read(f"http://{self.server.admin}/readyz")
        self.assertEqual(503, status)
        status = self.ctl.row("status")
        self.assertFalse(status["healthy"])
        info = self.metric("spotter_engine_quarantine_info{")
        self.assertEqual(1, len(info))
        for word in words:
            for place in (said, status["problem"], info[0], self.server.stderr_tail()):
                self.assertIn(str(word), place)
        self.assertEqual(['spotter_engine_quarantined{shard="0"} 1'],
                         self.metric("spotter_engine_quarantined{"))
        self.assertEqual(200, read(f"http://{self.server.admin}/healthz")[0])
        end = status["log_end_offset"]
        with harness.Poster(self.server.http) as poster:
            code, answer = poster.post(SQUARE, json.dumps(booking("bk-refused")))
        self.assertEqual(503, code, answer)
        self.assertIn(b"quarantined", answer)
        done = self.ctl.try_run("tenant", "create", "another")
        self.assertNotEqual(0, done.returncode)
        self.assertRegex(done.stderr, "quarantined|stands still")
        self.assertEqual(end, self.ctl.row("status")["log_end_offset"], "something was appended")

    def assert_moves(self, bookings):
        self.assertEqual((200, "ready\n"), read(f"http://{self.server.admin}/readyz"))
        self.assertEqual(['spotter_engine_quarantined{shard="0"} 0'],
                         self.metric("spotter_engine_quarantined{"))
        self.ctl.wait_applied()
        self.assertEqual(bookings, self.bookings())
        self.assertTrue(self.ctl.state_hash(verify=True)["verified"])

    def restore(self, snapshot="latest", fails=False):
        done = self.ctl.try_run("restore", snapshot, "--data", self.data, "--force")
        self.assertEqual(fails, done.returncode != 0, done.stderr)
        return done.stderr if fails else done.stdout

    def skip(self, offset):
        self.ctl.run("skip", offset, "--reason", "a flipped bit")

    # --- a flipped bit below the stored offset

    def test_a_skip_lets_the_state_go_on(self):
        self.publish(*range(40))
        before = self.ctl.state_hash()["hash"]
        self.stop()
        path, offset = self.flip(25)
        self.server.start()
        self.assert_stands_still(path.name, f"offset {offset} ")
        self.assertEqual(40, self.bookings(), "reads do not answer")
        done = self.ctl.try_run("skip", offset + 1, "--reason", "a wrong one")
        self.assertIn("applied already", done.stderr)
        self.skip(offset)
        self.stop()
        self.server.start()
        self.assert_moves(40)  # the state had applied it
        self.assertEqual(before, self.ctl.state_hash()["hash"])
        self.publish(100)
        self.server.kill()
        self.server.start()
        self.assert_moves(41)
        self.assertEqual(["spotter_log_lost_records 1"], self.metric("spotter_log_lost_records"))

    def test_a_snapshot_after_it_gives_the_same_state(self):
        self.publish(*range(30))
        self.ctl.run("snapshot")
        self.publish(*range(30, 40))
        before = self.ctl.state_hash()["hash"]
        self.stop()
        path, offset = self.flip(25)
        self.server.start()
        self.assert_stands_still(path.name, f"offset {offset} ")
        self.stop()
        self.restore()
        self.server.start()
        self.assert_moves(40)
        self.assertEqual(before, self.ctl.state_hash()["hash"])
        self.server.kill()
        self.server.start()
        self.assert_moves(40)

    def test_after_a_snapshot_before_it_that_record_alone_is_missing(self):
        self.publish(*range(20))
        self.ctl.run("snapshot")
        self.publish(*range(20, 40))
        self.stop()
        path, offset = self.flip(25)
        self.assertIn(f"offset {offset},", self.restore())
        self.server.start()
        self.assert_stands_still(path.name, f"offset {offset} ")
        self.assertEqual(20, self.bookings())
        self.skip(offset)
        self.stop()
        self.server.start()
        self.assert_moves(39)
        after = self.ctl.state_hash()["hash"]
        self.publish(25)  # its sender comes again
        self.assert_moves(40)
        self.assertNotEqual(after, self.ctl.state_hash()["hash"])
        last = self.ctl.state_hash()["hash"]
        self.stop()
        self.assertEqual(last, harness.Replay(self.data / "log").hash)

    def test_in_an_older_file_it_is_found_when_it_is_read(self):
        self.publish(*range(40))
        self.stop()
        self.split(30)
        path, offset = self.flip(25)
        self.server.start()
        self.assert_moves(40)  # nothing needs it
        self.stop()
        shutil.rmtree(self.data / "state")  # and now all of it
        self.server.start()
        self.assert_stands_still(path.name, f"offset {offset} ")
        self.assertEqual(25, self.bookings())
        self.skip(offset)
        self.stop()
        self.server.start()
        self.assert_moves(39)

    # --- the end of the log

    def test_a_torn_tail_is_repaired_and_reported(self):
        self.publish(*range(10))
        self.stop()
        with open(self.segments()[-1], "ab") as file:
            file.write(b"\x40\x00\x00\x00half a frame")
        self.server.start()
        self.assert_moves(10)
        self.assertEqual(["spotter_log_repaired_bytes 16"],
                         self.metric("spotter_log_repaired_bytes"))
        self.assertIn("log tail repaired", self.server.stderr_tail())
        self.publish(10)
        self.assert_moves(11)

    def test_a_replay_changes_nothing(self):
        self.publish(*range(10))
        expected = self.ctl.state_hash()["hash"]
        self.stop()
        for path in (self.segments()[-1], *(self.data / "control").glob("*.log")):
            with open(path, "ab") as file:
                file.write(b"\x40\x00\x00\x00half a frame")

        def everything():
            return {path: (path.stat().st_mtime_ns, path.read_bytes()) for folder in
                    ("log", "control") for path in sorted((self.data / folder).iterdir())}
        before = everything()
        self.assertEqual(expected, harness.Replay(self.data / "log").hash)
        self.assertEqual(before, everything())
        shutil.copytree(self.data / "log", self.scratch / "bare" / "log")
        (self.scratch / "bare" / "log" / "LOCK").unlink()
        names = sorted(path.name for path in (self.scratch / "bare" / "log").iterdir())
        self.assertEqual(expected, harness.Replay(self.scratch / "bare" / "log").hash)
        self.assertEqual(names, sorted(p.name for p in (self.scratch / "bare" / "log").iterdir()))
        self.server.start()  # and who writes keeps it away
        with self.assertRaisesRegex(harness.Failed, "in use by another process"):
            harness.Replay(self.data / "log")

    def test_a_torn_tail_below_the_stored_offset_stands_still(self):
        self.publish(*range(10))
        self.ctl.run("snapshot")
        self.publish(*range(10, 20))
        self.stop()
        path, (offset, at, _) = self.find(15)
        with open(path, "r+b") as file:
            file.truncate(at + 40)
        whole = path.read_bytes()
        self.server.start()
        self.assert_stands_still(path.name, f"offset {offset} ", "below the stored offset")
        self.assertEqual(20, self.bookings())
        self.assertEqual(whole, path.read_bytes(), "the damaged file was changed")
        self.stop()
        self.restore()
        self.server.start()
        self.assert_moves(15)
        self.publish(*range(15, 20))
        self.assert_moves(20)

    def test_a_log_that_ends_below_the_snapshot_goes_on_there(self):
        self.publish(*range(20))
        self.ctl.run("snapshot")
        before = self.ctl.state_hash()["hash"]
        self.stop()
        path, (offset, at, _) = self.find(15)
        with open(path, "r+b") as file:
            file.truncate(at)
        self.server.start()
        self.assert_stands_still(f"ends at offset {offset}, below the stored offset")
        self.stop()
        self.assertIn(f"the log ends at offset {offset}", self.restore())
        self.server.start()
        self.assert_moves(20)
        self.assertEqual(before, self.ctl.state_hash()["hash"])
        self.publish(20)
        self.server.kill()
        self.server.start()
        self.assert_moves(21)

    def test_a_snapshot_is_enough_on_a_new_machine(self):
        self.publish(*range(20))
        self.ctl.run("snapshot")
        before = self.ctl.state_hash()["hash"]
        self.stop()
        snapshot = next((self.data / "snapshots").iterdir())
        self.server = harness.Server(self.scratch / "new", extra=harness.KEEP_ALL)
        self.ctl = harness.Ctl(self.server)
        self.data = self.scratch / "new"
        self.server.grpc = "127.0.0.1:1"
        self.assertIn("there is no log", self.restore(snapshot))
        self.server.start()
        self.assert_moves(20)
        self.assertEqual(before, self.ctl.state_hash()["hash"])
        self.publish(20)
        self.assert_moves(21)

    # --- offsets that are given out again

    def cut(self, number):
        """The log loses its tail from a booking's record on; the offset it ends at."""
        path, (offset, at, _) = self.find(number)
        with open(path, "r+b") as file:
            file.truncate(at)
        return offset

    def test_skips_of_lost_records_do_not_hit_those_that_get_their_offsets(self):
        self.publish(*range(20))
        snapshot = int(self.ctl.row("snapshot")["offset"])
        self.publish(*range(20, 30))
        for offset in (snapshot - 1, *range(snapshot + 12, snapshot + 30)):
            self.ctl.try_run("skip", offset, "--reason", "poison of the lost history")
        self.stop()
        self.cut(15)
        said = self.restore()
        self.server.start()
        self.publish(*range(40, 70))
        self.assert_moves(50)
        self.assertIn(f"the skip of offset {snapshot + 12} is taken back", said)
        self.assertEqual(0, int(self.ctl.row("status")["dead_letters"]))
        self.publish(*range(70, 73))  # a skip of the new history holds as ever
        offset = int(self.ctl.row("status")["log_end_offset"]) + 5
        self.skip(offset)
        self.stop()
        self.server.start()
        self.publish(*range(80, 90))
        self.assertEqual(1, int(self.ctl.row("status")["dead_letters"]))

    def test_nor_where_the_log_goes_on_at_its_lost_tail(self):
        self.publish(*range(10))
        self.ctl.run("snapshot")
        self.publish(*range(10, 30))
        end = int(self.ctl.row("status")["log_end_offset"])
        for offset in range(end, end + 20):
            self.skip(offset)
        self.stop()
        self.cut(25)
        said = self.restore()
        self.server.start()
        self.publish(*range(40, 70))
        self.assert_moves(55)
        self.assertIn(f"the skip of offset {end} is taken back", said)

    def test_a_barrier_of_the_lost_history_stops_nobody(self):
        self.publish(*range(20))
        snapshot = int(self.ctl.row("snapshot")["offset"])
        self.publish(*range(20, 25))
        barrier = int(self.ctl.row("barrier")["offset"])
        name = self.ctl.rows("snapshots")[-1]["name"]
        self.stop()
        self.cut(15)
        said = self.restore(name)
        self.server.start()
        self.publish(*range(40, 60))
        self.assertIn(f"the barrier at offset {barrier} ", said)
        self.assertGreater(int(self.ctl.row("status")["applied_offset"]), barrier)
        self.assert_moves(40)
        self.assertGreater(barrier, snapshot)

    def test_nor_where_log_and_state_came_back_from_an_earlier_copy(self):
        self.publish(*range(20))
        snapshot = self.ctl.row("snapshot")["name"]
        self.stop()
        for part in ("log", "state"):
            shutil.copytree(self.data / part, self.scratch / f"early-{part}")
        self.server.start()
        self.publish(*range(20, 40))
        barrier = int(self.ctl.row("barrier")["offset"])
        self.stop()
        for part in ("log", "state"):
            shutil.rmtree(self.data / part)
            shutil.copytree(self.scratch / f"early-{part}", self.data / part)
        for taken in (self.data / "snapshots").iterdir():
            if taken.name != snapshot:
                shutil.rmtree(taken)
        said = self.restore(snapshot)
        self.server.start()
        self.publish(*range(40, 70))
        self.assertIn(f"the barrier at offset {barrier} ", said)
        self.assert_moves(50)

    def test_a_snapshot_of_the_lost_history_is_not_the_latest(self):
        self.publish(*range(10))
        first = self.ctl.row("snapshot")["name"]
        self.publish(*range(10, 40))
        lost = self.ctl.row("snapshot")["name"]
        self.stop()
        self.cut(5)
        said = self.restore(first)
        self.server.start()
        self.publish(*range(50, 55))
        snapshots = [row["name"] for row in self.ctl.rows("snapshots")]
        self.stop()
        self.restore()
        self.server.start()
        self.assert_moves(15)  # what was accepted since is still there
        self.assertEqual([first], snapshots)
        aside = self.data / "snapshots.before-restore"
        self.assertIn(f"snapshot {lost} holds lost records and is in {aside}", said)
        self.assertEqual([lost], [path.name for path in aside.iterdir()])

    def test_accepted_records_are_dropped_only_by_force(self):
        self.publish(*range(20))
        snapshot = self.ctl.row("snapshot")
        self.stop()
        end = self.cut(15)
        shutil.rmtree(self.data / "state")
        before = sorted(path.name for path in self.data.iterdir())
        done = self.ctl.try_run("restore", "latest", "--data", self.data)
        self.assertNotEqual(0, done.returncode)
        for word in (f"holds {end} accepted records, offsets 0 to {end - 1}",
                     f"the snapshot's offset {snapshot['offset']}", "--force"):
            self.assertIn(word, done.stderr)
        self.assertEqual(before, sorted(path.name for path in self.data.iterdir()))
        self.assertIn(f"{self.data}/log.before-restore", self.restore())
        self.server.start()
        self.assert_moves(20)

    # --- a snapshot older than the log

    def test_a_snapshot_older_than_the_log_is_refused(self):
        self.publish(*range(10))
        self.ctl.run("snapshot")
        snapshot = self.ctl.row("snapshots")
        self.publish(*range(10, 20))
        self.stop()
        self.split(15).unlink()  # as retention does
        start = self.find(15)[1][0]
        said = self.restore(fails=True)
        for word in (f"stands at offset {snapshot['offset']}", f"starts at {start}"):
            self.assertIn(word, said)
        self.server.start()
        self.assert_moves(20)
        self.stop()
        shutil.rmtree(self.data / "state")  # by hand, past the tool
        shutil.copytree(f"{snapshot['path']}/state", self.data / "state")
        self.server.start()
        self.assert_stands_still(f"starts at offset {start}, past the stored offset "
                                 f"{snapshot['offset']}")
        self.assertEqual(10, self.bookings())


if __name__ == "__main__":
    harness.main(__doc__)
