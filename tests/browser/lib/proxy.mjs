// A proxy before the relay, which can fail silently as networks do.
import { connect, createServer } from "node:net";

export class Proxy {
  /** Listens, and forwards everything. */
  static async start(relay) {
    const proxy = new Proxy();
    proxy.pairs = new Set();
    proxy.hangs = false;
    proxy.attempts = 0;
    proxy.server = createServer((near) => proxy.accept(near, relay.port));
    await new Promise((done) => proxy.server.listen(0, "127.0.0.1", done));
    proxy.url = `http://localhost:${proxy.server.address().port}`;
    /** The address that the accounts belong to. */
    proxy.home = relay.url;
    return proxy;
  }

  accept(near, port) {
    const far = connect(port, "127.0.0.1");
    const pair = { near, far, silent: false };
    this.pairs.add(pair);
    near.on("data", (bytes) => {
      const opens = bytes.includes("GET /v1/ws");
      if (opens) this.attempts += 1;
      // Accepts the connection, and never answers.
      if (opens && this.hangs) pair.silent = true;
      if (!pair.silent) far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (!pair.silent) near.write(bytes);
    });
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on("error", () => {});
      one.on("close", () => {
        pair.closed = (pair.closed ?? 0) + 1;
        if (pair.closed === 2) this.pairs.delete(pair);
        // The other side of a dead path does not learn of this.
        if (!pair.silent) other.destroy();
      });
    }
  }

  /** From now on nothing passes on the existing connections in either direction, and neither side learns of it. */
  silence() {
    for (const pair of this.pairs) pair.silent = true;
  }

  /** Ends all connections. */
  cut() {
    for (const { near, far } of this.pairs) for (const socket of [near, far]) socket.destroy();
  }

  async close() {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }
}
