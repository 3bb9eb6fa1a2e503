// What clients/browser/jetway.js does about HOLD and RESUME, and about messages that are no frames, told by a router
// that is made up here. Ends with 0 if all is as it should be.
//
//     node hold.mjs FOLDER-WITH-node_modules
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const msgpack = createRequire(pathToFileURL(`${process.argv[2]}/`))("@msgpack/msgpack");
const { Jetway, frame, frames } = await import(new URL("../../../clients/browser/jetway.js", import.meta.url));
const [HELLO, ENVELOPE, PING, PONG, HOLD, RESUME, GOODBYE] = [1, 2, 5, 6, 9, 10, 11];

class MadeUp {
  sent = [];
  constructor(url, protocol) {
    assert.equal(protocol, "jetway.1");
    MadeUp.last = this;
    queueMicrotask(() => this.onopen());
  }
  send(bytes) {
    for (const [kind, body] of frames(bytes)) {
      this.sent.push([kind, msgpack.decode(body)]);
    }
  }
  hears(...values) {
    const parts = values.map(([kind, value]) => frame(kind, msgpack.encode(value)));
    const all = Buffer.concat(parts);
    this.onmessage({ data: all.buffer.slice(all.byteOffset, all.byteOffset + all.length) });
  }
  close() {
    this.closed = true;
  }
}

async function attached() {
  const connecting = Jetway.connect("ws://made-up/", { services: ["x"], msgpack, WebSocket: MadeUp });
  await null;
  const socket = MadeUp.last;
  assert.deepEqual(socket.sent.shift(), [HELLO, { protocol: [1], role: "service", services: ["x"] }]);
  socket.hears([HELLO, { protocol: [1], role: "router", address: "client-1@a", limits: { maxFrame: 1000 } }]);
  return [await connecting, socket];
}

{
  const [router, socket] = await attached();
  assert.equal(router.address, "client-1@a");
  socket.hears([HOLD, { destination: "slow" }], [PING, "value"]);
  assert.deepEqual(socket.sent.splice(0), [[PONG, "value"]]);
  assert(router.held("slow") && !router.held("quick"));
  for (let i = 0; i < 1000; ++i) {
    router.send("slow", i);
  }
  assert.throws(() => router.send("slow", 1000), { code: "overloaded" });
  await assert.rejects(router.request("slow", 1000), { code: "overloaded" });
  router.send("quick", "now");
  assert.deepEqual(socket.sent.splice(0), [[ENVELOPE, { destination: "quick", data: "now" }]]);
  socket.hears([HOLD, { destination: "slow" }]); // it stands already
  socket.hears([RESUME, { destination: "slow" }], [99, "a later version's"]);
  assert(!router.held("slow"));
  assert.deepEqual(socket.sent.splice(0).map(([, envelope]) => envelope.data), [...Array(1000).keys()]);
  assert.throws(() => router.send("quick", "x".repeat(2000)), { code: "too-large" });
}
{
  const [router, socket] = await attached();
  const asked = router.request("late", 1, { timeout: 20 });
  await assert.rejects(asked, { code: "timeout" });
  const lost = router.request("lost", 1);
  const ended = new Promise((resolve) => (router.onclose = resolve));
  socket.hears([GOODBYE, { code: "shutdown", message: "bye" }]);
  await assert.rejects(lost, { code: "shutdown" });
  assert.equal((await ended).code, "shutdown");
  assert(socket.closed);
  assert.throws(() => router.send("anybody"), { code: "shutdown" });
}
for (const bad of [[0, 0, 0, 9, 2, 0, 0, 0, 1], [0, 0, 0, 4, 2, 0, 0, 0], [1, 2, 3], [0, 0, 0, 5, 2, 0, 0, 9, 1]]) {
  const [router, socket] = await attached();
  const ended = new Promise((resolve) => (router.onclose = resolve));
  socket.onmessage({ data: new Uint8Array(bad).buffer });
  assert.equal((await ended).code, "bad-frame");
}
console.log("all as it should be");
