# SPDX-License-Identifier: Apache-2.0
"""An orchestrator's worker: takes actions, carries them out, acks them; comes back whatever breaks.
worker.py GATEWAY TENANT SUBSCRIPTION, with the token in SPOTTER_TOKEN."""

import os
import queue
import sys
import time

import grpc
from google.protobuf import duration_pb2
from spotter.v1 import action_pb2
from spotter.v1 import action_service_pb2 as api
from spotter.v1 import action_service_pb2_grpc as stubs

GATEWAY, TENANT, SUBSCRIPTION = sys.argv[1:4]
METADATA = (("authorization", "Bearer " + os.environ["SPOTTER_TOKEN"]), ("spotter-tenant", TENANT))


def carry_out(entry):
    """Your message provider. Pass action.id on as its idempotency key: after a crash it comes again."""
    if entry.HasField("action"):  # else it is a Void or MergedInto: there is nothing to do
        print("did", entry.action.id, entry.profile, entry.sequence, flush=True)
    time.sleep(0.02)


def work(channel):
    ask, held = queue.SimpleQueue(), {}
    ask.put(api.StreamActionsRequest(open=api.StreamActionsRequest.Open(
        subscription=SUBSCRIPTION, ack_deadline=duration_pb2.Duration(seconds=10),
        credit=api.Credit(deliveries=10))))
    for answer in stubs.ActionServiceStub(channel).StreamActions(iter(ask.get, None),
                                                                 metadata=METADATA):
        for delivery in answer.deliveries.deliveries:
            carry_out(delivery.entry)
            held[delivery.lease_token] = delivery.entry.action.id
            ask.put(api.StreamActionsRequest(settle=api.SettlementBatch(settlements=[
                api.Settlement(lease_token=delivery.lease_token,
                               outcome=action_pb2.SETTLE_OUTCOME_ACK)])))
        for token in answer.settled.lease_tokens:  # durable: it never comes again
            print("acked", held.pop(token), flush=True)
            ask.put(api.StreamActionsRequest(credit=api.Credit(deliveries=1)))
        for refusal in answer.settled.refusals:    # not taken: it comes again
            held.pop(refusal.lease_token)
            ask.put(api.StreamActionsRequest(credit=api.Credit(deliveries=1)))
        if answer.HasField("revoked"):
            return


with grpc.insecure_channel(GATEWAY) as channel:  # beyond loopback: grpc.secure_channel
    while True:
        try:
            work(channel)
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED,
                                    grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
        time.sleep(0.5)
