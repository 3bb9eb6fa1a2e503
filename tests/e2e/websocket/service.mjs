// A service in Node, over the `ws` package: attaches, asks, answers, and prints what came of it, a
// JSON object a line.
//
//     node service.mjs FOLDER-WITH-node_modules URL
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, url] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/`));
const { WebSocket } = require("ws");
const msgpack = require("@msgpack/msgpack");
const { Jetway } = await import(new URL("../../../clients/browser/jetway.js", import.meta.url));

setInterval(() => {}, 1000); // it stays until it is told to end
process.on("SIGTERM", () => process.exit(0));
const say = (what) => console.log(JSON.stringify(what));
const router = await Jetway.connect(url, { services: ["from-node"], msgpack, WebSocket });
router.onclose = (why) => say({ closed: why.code });
router.serve((envelope) => (envelope.data instanceof Uint8Array ? envelope.data : envelope.data.toUpperCase()));
say({ attached: router.address });
say({ sum: (await router.request("adder", [1, 2, 39])).data });
say({ large: (await router.request("adder", [5, ...new Array(1_000_000).fill(1)])).data });
try {
  await router.request("nobody", 1);
} catch (error) {
  say({ refused: error.code });
}
say({ ping: (await router.ping()) >= 0 });
router.attach("also-from-node");
await router.ping();
say({ ready: true });
