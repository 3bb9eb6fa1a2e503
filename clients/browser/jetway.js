// A client of the Jetway router for web pages, and for programs in Node: one file, written from
// docs/protocol.md. It speaks over a WebSocket, and packs with @msgpack/msgpack, which it is given.
//
//     const router = await Jetway.connect("ws://localhost:9100/", { services: ["adder"], msgpack });
//     router.serve((envelope) => envelope.data.reduce((a, b) => a + b));
//     const answer = await router.request("gpu-server", { pixels }, { timeout: 2000 });
//
// Every wait has a deadline; times are in milliseconds. What is refused is a JetwayError with a
// `code` of the protocol.

export const VERSION = 1;
const [HELLO, ENVELOPE, PING, PONG, ATTACH, DETACH, HOLD, RESUME, GOODBYE] = [1, 2, 5, 6, 7, 8, 9, 10, 11];
const HEADER = 8; // length (u32), kind, flags, hops, size of the pin
const MOST_HELD = 1000; // envelopes that wait for a RESUME

export class JetwayError extends Error {
  // Besides the protocol's codes: `timeout`, `closed` (the connection ended without a GOODBYE),
  // `bad-frame` (the router sent what is no frame).
  constructor(code, message = "") {
    super(message ? `${code}: ${message}` : code);
    this.name = "JetwayError";
    this.code = code;
  }
}

// One frame. A service leaves flags, hops and pin at nothing.
export function frame(kind, body) {
  const bytes = new Uint8Array(HEADER + body.length);
  new DataView(bytes.buffer).setUint32(0, 4 + body.length);
  bytes[4] = kind;
  bytes.set(body, HEADER);
  return bytes;
}

// The frames of one message, as [kind, body]: a message holds whole ones.
export function* frames(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const size = at + HEADER <= bytes.length ? 4 + view.getUint32(at) : 0;
    const body = size === 0 ? 0 : HEADER + bytes[at + 7];
    if (body >= size || at + size > bytes.length) {
      throw new JetwayError("bad-frame", "the router sent a message of something else than whole frames");
    }
    yield [bytes[at + 4], bytes.subarray(at + body, at + size)];
    at += size;
  }
}

export class Jetway {
  #socket;
  #msgpack;
  #timeout;
  #maxFrame = 16 << 20;
  #nextId = 1;
  #asked = new Map(); // id -> what to do with its answer
  #pinged = []; // in the order of the PINGs
  #held = new Map(); // destination -> frames that wait for its RESUME
  #handler = null;
  #why = null; // once closed
  #hello = null; // what to do with the router's HELLO

  // This connection's own address, where answers reach it.
  address = "";
  // Called with each envelope that is neither an answer to request() nor for serve().
  onenvelope = null;
  // Called once with a JetwayError when the connection has ended.
  onclose = null;

  // Resolves to an attached Jetway. `services` are names, or maps {name, capabilities, version,
  // weight}; without any it only asks. `WebSocket`: the class to use, where there is no global one.
  static connect(url, { services = [], token, msgpack, timeout = 5000, WebSocket = globalThis.WebSocket } = {}) {
    const router = new Jetway();
    router.#msgpack = msgpack;
    router.#timeout = timeout;
    const hello = { protocol: [VERSION], role: "service", services, ...(token === undefined ? {} : { token }) };
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, "jetway.1");
      const timer = setTimeout(() => router.#end(new JetwayError("timeout", `no HELLO from ${url}`)), timeout);
      socket.binaryType = "arraybuffer";
      router.#socket = socket;
      router.#hello = { resolve, reject, timer };
      socket.onopen = () => router.#write(HELLO, hello);
      socket.onmessage = (message) => router.#onMessage(message.data);
      socket.onclose = (event) => router.#end(new JetwayError("closed", event.reason || `Close ${event.code}`));
    });
  }

  // Sends an envelope; the router answers only what it can't deliver. While the destination is held
  // (HOLD) it waits here: throws `overloaded` when too many do.
  send(destination, data, { replyTo, id, headers, source, inReplyTo, error } = {}) {
    const fields = { source, destination, replyTo, id, inReplyTo, headers, error, data };
    for (const key of Object.keys(fields)) {
      if (fields[key] === undefined) {
        delete fields[key];
      }
    }
    const waiting = this.#held.get(destination);
    if (waiting === undefined) {
      this.#write(ENVELOPE, fields);
    } else if (waiting.length < MOST_HELD) {
      waiting.push(fields);
    } else {
      throw new JetwayError("overloaded", `${destination} is held, and ${MOST_HELD} envelopes wait for it`);
    }
  }

  // Sends, and resolves to the answer's envelope; rejects if it is a refusal or none.
  request(destination, data, { timeout = this.#timeout, headers, source } = {}) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asked.delete(id);
        reject(new JetwayError("timeout", `no answer from ${destination}`));
      }, timeout);
      this.#asked.set(id, { resolve, reject, timer });
      try {
        this.send(destination, data, { replyTo: this.address, id, headers, source });
      } catch (error) {
        this.#asked.delete(id);
        clearTimeout(timer);
        reject(error);
      }
    });
  }

  // Answers each envelope with what handler(envelope) gives, or the promise of it; undefined is no
  // answer. What is itself an answer or an error is never answered.
  serve(handler) {
    this.#handler = handler;
  }

  // Answers: to where the envelope says, with its id to know the answer by.
  reply(envelope, data, { source, error } = {}) {
    this.send(envelope.replyTo ?? envelope.source, data, { source, error, inReplyTo: envelope.id });
  }

  attach(...services) {
    this.#write(ATTACH, { services });
  }

  detach(...names) {
    this.#write(DETACH, { services: names });
  }

  // Resolves to the milliseconds to the router and back.
  ping({ timeout = this.#timeout } = {}) {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new JetwayError("timeout", "no PONG")), timeout);
      this.#pinged.push({ resolve: () => resolve(performance.now() - began), reject, timer });
      this.#write(PING, null);
    });
  }

  // Whether the router has asked to send nothing to `destination` for now.
  held(destination) {
    return this.#held.has(destination);
  }

  // Says GOODBYE. What was sent before arrives.
  close() {
    if (this.#why === null) {
      this.#write(GOODBYE, { code: "shutdown", message: "the client ends" });
      this.#end(new JetwayError("closed", "by close()"));
    }
  }

  #write(kind, value) {
    if (this.#why !== null) {
      throw this.#why;
    }
    const bytes = frame(kind, this.#msgpack.encode(value));
    if (bytes.length - 4 > this.#maxFrame) {
      throw new JetwayError("too-large", `${bytes.length - 4} bytes; the router takes ${this.#maxFrame}`);
    }
    this.#socket.send(bytes);
  }

  #onMessage(data) {
    try {
      for (const [kind, body] of frames(new Uint8Array(data))) {
        this.#onFrame(kind, body);
      }
    } catch (error) {
      this.#end(error instanceof JetwayError ? error : new JetwayError("bad-frame", String(error)));
    }
  }

  #onFrame(kind, body) {
    if (this.#why !== null) {
      return;
    }
    if (kind === PING) {
      this.#socket.send(frame(PONG, body));
      return;
    }
    if (kind === ENVELOPE) {
      this.#onEnvelope(body);
      return;
    }
    if (kind === PONG) {
      const first = this.#pinged.shift();
      clearTimeout(first?.timer);
      first?.resolve();
      return;
    }
    if (![HELLO, HOLD, RESUME, GOODBYE].includes(kind)) {
      return; // those that a later version may add are skipped
    }
    const fields = this.#msgpack.decode(body);
    if (kind === GOODBYE) {
      this.#end(new JetwayError(fields.code, fields.message));
    } else if (kind === HOLD) {
      if (!this.#held.has(fields.destination)) {
        this.#held.set(fields.destination, []);
      }
    } else if (kind === RESUME) {
      const waiting = this.#held.get(fields.destination) ?? [];
      this.#held.delete(fields.destination);
      waiting.forEach((envelope) => this.#write(ENVELOPE, envelope));
    } else if (this.#hello !== null) {
      this.address = fields.address;
      this.#maxFrame = fields.limits?.maxFrame ?? this.#maxFrame;
      clearTimeout(this.#hello.timer);
      this.#hello.resolve(this);
      this.#hello = null;
    }
  }

  #onEnvelope(body) {
    let envelope;
    try {
      envelope = this.#msgpack.decode(body);
    } catch {
      return; // routers pass `data` on unread: a sender can have put anything there
    }
    const asked = this.#asked.get(envelope.inReplyTo);
    if (asked !== undefined) {
      this.#asked.delete(envelope.inReplyTo);
      clearTimeout(asked.timer);
      if (envelope.error === undefined) {
        asked.resolve(envelope);
      } else {
        asked.reject(new JetwayError(envelope.error.code, envelope.error.message));
      }
    } else if (this.#handler !== null && envelope.error === undefined && envelope.inReplyTo === undefined) {
      this.#answer(envelope);
    } else {
      this.onenvelope?.(envelope);
    }
  }

  async #answer(envelope) {
    try {
      const answer = await this.#handler(envelope);
      if (answer !== undefined) {
        this.reply(envelope, answer);
      }
    } catch (error) {
      console.error("jetway: the handler failed:", error);
    }
  }

  // The end, whoever began it: everything that waits is told.
  #end(why) {
    if (this.#why !== null) {
      return;
    }
    this.#why = why;
    this.#socket.close();
    if (this.#hello !== null) {
      clearTimeout(this.#hello.timer);
      this.#hello.reject(why);
    }
    for (const { reject, timer } of [...this.#asked.values(), ...this.#pinged]) {
      clearTimeout(timer);
      reject(why);
    }
    this.#asked.clear();
    this.#held.clear();
    this.onclose?.(why);
  }
}
