// SPDX-License-Identifier: Apache-2.0
//
// What @bufbuild/cel makes of each line of stdin, in the notation of cel_answers.cc: the kind, then
// the value, texts and bytes in hexadecimal, times in nanoseconds; "error" for every error.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.argv[2] + "/"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { celEnv, isCelError, isCelList, isCelMap, isCelType, isCelUint, parse, plan } =
  await load("@bufbuild/cel");
const { strings } = await load("@bufbuild/cel/ext");
const { celUint } = await load("@bufbuild/cel");
const { timestampFromDate } = await load("@bufbuild/protobuf/wkt");

const env = celEnv({ funcs: strings });
const variables = {
  i: 7n, j: -3n, u: celUint(5n), d: 2.5, s: "h\u00e9llo", b: new Uint8Array([97, 98]), l: [1n, 2n, 3n],
  m: new Map([["a", 1n], ["b", 2n]]), t: timestampFromDate(new Date("2024-02-29T12:34:56.789Z")), z: null,
};

function doubleText(value) {
  if (Number.isNaN(value)) return "double nan";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return "double " + view.getBigUint64(0).toString(16).padStart(16, "0");
}

function notation(value) {
  if (isCelError(value)) return "error";
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return `int ${value}`;
  if (isCelUint(value)) return `uint ${value.value}`;
  if (typeof value === "number") return doubleText(value);
  if (typeof value === "string") return "string " + Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return "bytes " + Buffer.from(value).toString("hex");
  if (isCelList(value)) return "[" + Array.from(value, notation).join(", ") + "]";
  if (isCelMap(value)) {
    return "{" + Array.from(value, ([k, v]) => `${notation(k)}: ${notation(v)}`).sort().join(", ") + "}";
  }
  if (isCelType(value)) return `type ${value.name}`;
  const { $typeName, seconds, nanos } = value.message;
  const kind = { "google.protobuf.Timestamp": "time", "google.protobuf.Duration": "span" }[$typeName];
  return `${kind} ${seconds * 1000000000n + BigInt(nanos)}`;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer = "error";
  try {
    answer = notation(plan(env, parse(line))(variables));
  } catch (error) {
    if (process.env.SPOTTER_CEL_ERRORS) answer = `error ${error.message}`;
  }
  console.log(answer);
}
