// The real relay as a process, over a real database.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.PARLEY_SERVER_BIN;
const app = process.env.PARLEY_APP_DIR;

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export class Relay {
  static async start() {
    const relay = new Relay();
    relay.data = await mkdtemp(join(tmpdir(), "parley-browser-"));
    relay.port = await freePort();
    relay.url = `http://localhost:${relay.port}`;
    await relay.run();
    return relay;
  }

  async run() {
    const args = ["--listen", `127.0.0.1:${this.port}`, "--data", this.data, "--app", app];
    this.process = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, PARLEY_LOG: "error" } });
    this.ended = new Promise((done) => this.process.once("exit", done));
    for (let attempt = 0; attempt < 100; attempt += 1) {
      try {
        if ((await fetch(`${this.url}/readyz`)).ok) return;
      } catch {
        await new Promise((done) => setTimeout(done, 50));
      }
    }
    throw new Error("the relay does not start");
  }

  async kill(signal = "SIGKILL") {
    this.process.kill(signal);
    await this.ended;
  }

  /** Every byte that the relay has on disk. */
  async bytesOnDisk() {
    const names = await readdir(this.data);
    return Buffer.concat(await Promise.all(names.map((name) => readFile(join(this.data, name)).catch(() => Buffer.alloc(0)))));
  }

  async close() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill("SIGTERM");
    await rm(this.data, { recursive: true, force: true });
  }
}
