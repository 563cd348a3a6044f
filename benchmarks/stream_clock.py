# SPDX-License-Identifier: Apache-2.0
"""A subscriber that looks at the clock: prints `SECONDS TEXT` for each task that is delivered, the
instant by the machine's monotonic clock, and acks it. stream_clock.py GATEWAY TENANT"""

import os
import queue
import sys
import time

import grpc
from spotter.v1 import action_pb2
from spotter.v1 import action_service_pb2 as api
from spotter.v1 import action_service_pb2_grpc as stubs

GATEWAY, TENANT = sys.argv[1:3]
METADATA = (("authorization", "Bearer " + os.environ["SPOTTER_TOKEN"]), ("spotter-tenant", TENANT))


def work(channel):
    ask = queue.SimpleQueue()
    ask.put(api.StreamActionsRequest(
        open=api.StreamActionsRequest.Open(credit=api.Credit(deliveries=1000))))
    stream = stubs.ActionServiceStub(channel).StreamActions(iter(ask.get, None), metadata=METADATA)
    for answer in stream:
        now = time.monotonic()
        found = answer.deliveries.deliveries
        for delivery in found:
            print(f"{now:.6f} {delivery.entry.action.task.text}", flush=True)
        if found:
            ask.put(api.StreamActionsRequest(settle=api.SettlementBatch(settlements=[
                api.Settlement(lease_token=one.lease_token, outcome=action_pb2.SETTLE_OUTCOME_ACK)
                for one in found])))
            ask.put(api.StreamActionsRequest(credit=api.Credit(deliveries=len(found))))
        if answer.HasField("revoked"):
            return


# It comes back at once: what is measured is the server.
with grpc.insecure_channel(GATEWAY, [("grpc.initial_reconnect_backoff_ms", 20),
                                     ("grpc.max_reconnect_backoff_ms", 20)]) as channel:
    while True:
        try:
            work(channel)
        except grpc.RpcError:
            pass
        time.sleep(0.02)
