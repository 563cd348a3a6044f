// SPDX-License-Identifier: Apache-2.0
// An orchestrator's worker: takes actions, carries them out, acks them; comes back whatever breaks.
// worker.js GATEWAY TENANT SUBSCRIPTION, with the token in SPOTTER_TOKEN and the folder proto/ of
// this repository in SPOTTER_PROTO.
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [gateway, tenant, subscription] = process.argv.slice(2);
const { spotter } = grpc.loadPackageDefinition(loader.loadSync(
  'spotter/v1/action_service.proto',
  { includeDirs: [process.env.SPOTTER_PROTO], enums: String, longs: String, keepCase: true }));
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${process.env.SPOTTER_TOKEN}`);
metadata.set('spotter-tenant', tenant);

// Your message provider. Pass action.id on as its idempotency key: after a crash it comes again.
async function carryOut(entry) {
  if (entry.action) {  // else it is a Void or MergedInto: there is nothing to do
    console.log('did', entry.action.id, entry.profile, entry.sequence);
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}

async function work(client) {
  const stream = client.StreamActions(metadata);
  const held = new Map();
  stream.write({ open: { subscription, ack_deadline: { seconds: 10 }, credit: { deliveries: 10 } } });
  for await (const { deliveries, settled, revoked } of stream) {
    for (const { entry, lease_token } of deliveries?.deliveries ?? []) {
      await carryOut(entry);
      held.set(lease_token, entry.action?.id);
      stream.write({ settle: { settlements: [{ lease_token, outcome: 'SETTLE_OUTCOME_ACK' }] } });
    }
    for (const token of settled?.lease_tokens ?? []) {  // durable: it never comes again
      console.log('acked', held.get(token));
      held.delete(token);
      stream.write({ credit: { deliveries: 1 } });
    }
    for (const refusal of settled?.refusals ?? []) {  // not taken: it comes again
      held.delete(refusal.lease_token);
      stream.write({ credit: { deliveries: 1 } });
    }
    if (revoked) return;
  }
}

(async () => {
  const { UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED } = grpc.status;
  const client = new spotter.v1.ActionService(
    gateway, grpc.credentials.createInsecure());  // beyond loopback: createSsl
  for (;;) {
    await work(client).catch((error) => {
      if (![UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED].includes(error.code)) throw error;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
})();
