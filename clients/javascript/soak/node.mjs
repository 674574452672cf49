// One server process: started, killed, started again on the same data; its memory is looked at every half second.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync, readFileSync } from "node:fs";

import { BINARY, freePort } from "../server.mjs";
import { clientOf, sleep } from "./traffic.mjs";

const READY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

/** The root key of every node. */
export const ROOT = {
  accessKeyId: "AKIDSOAKSOAKSOAKSOAK",
  secretAccessKey: "the+root/secret/of+the+soak/0000000000000",
};
const ENVIRONMENT = {
  COGNATE_ROOT_ACCESS_KEY_ID: ROOT.accessKeyId,
  COGNATE_ROOT_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
};

export class Node {
  /** Resident memory in MiB of every life, oldest first. */
  lives = [];
  kills = 0;
  /** By how many milliseconds the node's clock is ahead of ours, for signatures. */
  clockOffset = 0;

  constructor({ name, mode, data, log, flags = [], env = {}, traffic }) {
    Object.assign(this, { name, mode, data, log, flags, env, traffic });
  }

  /** Starts the process, waits until it is ready, and lets it take part. */
  async start() {
    await this.#spawn();
    this.exit = once(this.child, "exit");
    await this.#ready();
    const life = { samples: [] };
    this.lives.push(life);
    this.watch = setInterval(() => this.#look(life), LOOK_EVERY_MS);
    this.client = clientOf(this.endpoint, ROOT);
    // What the SDK would set it to is the Date of an answer, which may be of a moment before a jump.
    Object.defineProperty(this.client.config, "systemClockOffset", { get: () => this.clockOffset, set: () => {} });
    this.traffic.use(this.name, this.client);
  }

  async #spawn() {
    const port = await freePort();
    this.endpoint = `http://127.0.0.1:${port}`;
    const args = [this.mode, "--listen", `127.0.0.1:${port}`, "--data", this.data, ...this.flags];
    const log = openSync(this.log, "a");
    this.child = spawn(BINARY, args, {
      env: { ...process.env, ...ENVIRONMENT, COGNATE_LOG: "warn", ...this.env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
  }

  /** Starts the process and kills it so many milliseconds later, wherever its start is then. */
  async startInVain(ms) {
    this.kills += 1;
    await this.#spawn();
    const exit = once(this.child, "exit");
    await sleep(ms);
    if (!this.isUp) throw new Error(`${this.name} ended by itself:\n${this.lastLines()}`);
    this.child.kill("SIGKILL");
    await exit;
  }

  get isUp() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** `kill -9`. */
  async kill() {
    this.kills += 1;
    this.child.kill("SIGKILL");
    await this.#gone();
  }

  /** Ends the process gracefully. */
  async stop() {
    this.child.kill("SIGTERM");
    await this.#gone();
  }

  async #gone() {
    clearInterval(this.watch);
    await this.exit;
    this.traffic.use(this.name, undefined);
    this.client?.destroy();
  }

  async #ready() {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      if (!this.isUp) throw new Error(`${this.name} ended before it was ready:\n${this.lastLines()}`);
      const response = await fetch(`${this.endpoint}/ready`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.status === 200) return;
      await sleep(20);
    }
    throw new Error(`${this.name} was not ready in time:\n${this.lastLines()}`);
  }

  /** The end of the log. */
  lastLines() {
    return readFileSync(this.log, "utf8").split("\n").slice(-30).join("\n");
  }

  /** Control of `dev`: moves the clock. */
  async advance(seconds) {
    const response = await fetch(`${this.endpoint}/_cognate/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ advanceSeconds: seconds }),
    });
    if (!response.ok) throw new Error(`the clock answered ${response.status}`);
  }

  /** Control of `dev`: the code in the newest message to a user that is not among the `seen`, which it joins. */
  async code(poolId, username, seen = new Set()) {
    const query = new URLSearchParams({ poolId, username });
    const response = await fetch(`${this.endpoint}/_cognate/outbox?${query}`).catch(() => undefined);
    if (response?.status !== 200) return undefined;
    const { messages = [] } = (await response.json().catch(() => undefined)) ?? {};
    const fresh = messages.filter(({ createdAt, code }) => !seen.has(`${createdAt} ${code}`));
    for (const { createdAt, code } of fresh) seen.add(`${createdAt} ${code}`);
    return fresh[0]?.code;
  }

  #look(life) {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
      life.samples.push({ at: Date.now(), mib: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024 });
    } catch {
      // Gone, or a system without /proc: then there is nothing to say about memory.
    }
  }
}

/** The memory of the longest life of some nodes: after its first third, and in its last tenth; medians in MiB. */
export function memoryOf(nodes) {
  const lives = nodes.flatMap(({ lives: all }) => all).filter(({ samples }) => samples.length >= 10);
  const longest = lives.sort((a, b) => b.samples.length - a.samples.length)[0];
  if (longest === undefined) return undefined;
  const { samples } = longest;
  const part = (from, to) => median(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)));
  return {
    seconds: Math.round((samples.at(-1).at - samples[0].at) / 1_000),
    warm: part(0.3, 0.4),
    end: part(0.9, 1),
  };
}

function median(samples) {
  return samples.map(({ mib }) => mib).sort((a, b) => a - b)[Math.floor(samples.length / 2)];
}
