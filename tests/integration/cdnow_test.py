#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The CDNOW purchases, imported: purchases and spend of every customer, to the cent."""
# mission: C2 X4

import collections
import decimal
import json
import unittest

import harness


class Purchase:
    """A line of the file: customer, date, number of CDs, dollars."""

    def __init__(self, line):
        self.customer, self.date, self.quantity, dollars = line.split()
        self.cents = int(decimal.Decimal(dollars) * 100)


def read_purchases(path):
    return [Purchase(line) for line in path.read_text().splitlines()[1:] if line.strip()]


def event_lines(purchases):
    """The file as events. It has no key: a purchase is its content and the how-manieth it is."""
    seen = collections.Counter()
    for one in purchases:
        content = f"{one.customer}-{one.date}-{one.quantity}-{one.cents}"
        seen[content] += 1
        key = f"{content}-{seen[content]}"
        day = f"{one.date[:4]}-{one.date[4:6]}-{one.date[6:]}"
        yield json.dumps({
            "source": "cdnow", "source_event_id": key, "kind": "EVENT_KIND_PURCHASE",
            "event_time": f"{day}T12:00:00Z", "entity": {"type": "payment", "id": key},
            "customer_id": one.customer,
            "attributes": {"status": "completed", "amount_minor": str(one.cents),
                           "currency": "USD", "quantity": one.quantity}})


def expected_totals(purchases):
    """Independent of the engine: (purchases, cents) by customer."""
    totals = collections.defaultdict(lambda: [0, 0])
    for one in purchases:
        totals[one.customer][0] += 1
        totals[one.customer][1] += one.cents
    return {customer: tuple(total) for customer, total in totals.items()}


def found_totals(ctl):
    totals = {}
    for profile in ctl.rows("profile", "list", "--max", 1_000_000, timeout=600):
        count = sum(int(t["count"]) for t in profile["totals"] if t["kind"] == "purchase")
        cents = sum(int(m["minor"]) for m in profile["lifetime_spend"] if m["currency"] == "USD")
        for record in profile["records"]:
            totals[record["customer_id"]] = (count, cents)
    return totals


class Cdnow(unittest.TestCase):
    def test_totals_equal_an_independent_calculation(self):
        data = harness.shared_data()
        if data is None:
            harness.say_skipped("the CDNOW purchases")
            self.skipTest("shared data is absent")
        purchases = read_purchases(data / "commerce" / "cdnow.txt")
        expected = expected_totals(purchases)
        with harness.Scratch() as scratch, harness.Server(scratch / "data") as server:
            ctl = harness.Ctl(server)
            lines = scratch / "cdnow.ndjson"
            lines.write_text("\n".join(event_lines(purchases)) + "\n")
            ctl.run("import", lines, timeout=900)
            ctl.wait_applied()
            found = found_totals(ctl)
            self.assertEqual(len(expected), len(found))
            wrong = {customer: (total, found.get(customer)) for customer, total in expected.items()
                     if found.get(customer) != total}
            self.assertEqual({}, dict(list(wrong.items())[:10]), f"{len(wrong)} customers differ")
            self.assert_unchanged_by_another_import(ctl, lines, found)
            print(f"cdnow: {len(purchases)} purchases of {len(found)} customers, "
                  f"{sum(t[1] for t in found.values()) / 100:,.2f} USD", flush=True)

    def assert_unchanged_by_another_import(self, ctl, lines, found):
        before = ctl.state_hash(verify=True)
        ctl.run("import", lines, timeout=900)
        after = ctl.state_hash(verify=True)
        self.assertEqual(before["facts_hash"], after["facts_hash"])
        self.assertEqual(found, found_totals(ctl))
        # A sample by another way: each customer on its own.
        for customer in sorted(found)[::2000]:
            profile = ctl.row("profile", "show", "--source", "cdnow", "--customer", customer)
            spend = [int(money["minor"]) for money in profile["lifetime_spend"]]
            self.assertEqual(found[customer][1], sum(spend), customer)


if __name__ == "__main__":
    harness.main(__doc__)
