// The real relay as a process, over a real database.
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
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

/** A copy of the app whose workers run this code before they start. */
export async function appWith(code) {
  const folder = await mkdtemp(join(tmpdir(), "parley-app-"));
  await cp(app, folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (!name.startsWith("worker_loader")) continue;
    const file = join(folder, name);
    // The compressed copies still have the old content.
    if (!name.endsWith(".js")) await rm(file);
    else await writeFile(file, `${await readFile(file)}`.replace("await init", `${code};\nawait init`));
  }
  return folder;
}

export class Relay {
  /** Starts a relay that serves this folder as the app. */
  static async start(folder = app) {
    const relay = new Relay();
    relay.app = folder;
    relay.data = await mkdtemp(join(tmpdir(), "parley-browser-"));
    relay.port = await freePort();
    relay.url = `http://localhost:${relay.port}`;
    await relay.run();
    return relay;
  }

  async run() {
    const args = ["--listen", `127.0.0.1:${this.port}`, "--data", this.data, "--app", this.app];
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
