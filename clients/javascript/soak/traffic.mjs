// Sends operations to the nodes that are up, in turn, and tells four ends apart: an answer, a refusal, an answer that was
// lost on its way, and a request that never reached anybody.

import { readFileSync } from "node:fs";
import { Agent } from "node:http";

import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";

import { REGION, REPOSITORY } from "../server.mjs";

const { operations } = JSON.parse(readFileSync(`${REPOSITORY}/api/cognito-idp.json`, "utf8"));
/** Longer than a node looks for the outcome of a commit whose answer was lost. */
const PATIENCE_MS = 100_000;
/** How long all nodes may be away before the run is given up. */
const NOBODY_MS = 60_000;
const UNREACHED = new Set(["ECONNREFUSED"]);
const CUT = new Set(["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ECONNABORTED"]);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A client of one endpoint. */
export function clientOf(endpoint, credentials, maxSockets = 256) {
  return new CognitoIdentityProviderClient({
    region: REGION,
    endpoint,
    credentials,
    maxAttempts: 1,
    requestHandler: {
      httpAgent: new Agent({ keepAlive: true, maxSockets }),
      connectionTimeout: 5_000,
      requestTimeout: PATIENCE_MS,
    },
  });
}

/** The way to some nodes. */
export class Traffic {
  #next = 0;
  #gate = Promise.resolve();
  #open = undefined;
  #running = 0;

  /**
   * `clock` gives the servers' time; `toleratesTrouble(name)` says whether the operation may answer
   * InternalErrorException now.
   */
  constructor({ clock = () => Date.now(), toleratesTrouble = () => false } = {}) {
    Object.assign(this, { clock, toleratesTrouble });
    this.clients = new Map();
    /** How often each operation ended in which way. */
    this.coverage = new Map();
    this.slowest = { name: "", ms: 0 };
    this.counts = { operations: 0, checked: 0, retries: 0, maybes: 0, resolved: 0, troubles: 0 };
  }

  /** Gives a node's client to the round, or takes it away with `undefined`. */
  use(node, client) {
    if (client === undefined) this.clients.delete(node);
    else this.clients.set(node, client);
  }

  /** Sends one operation until somebody hears it. Answers `{ kind, ... , span }`. */
  async send({ name, command }) {
    await this.#gate;
    this.#running += 1;
    try {
      const givenUp = Date.now() + NOBODY_MS;
      for (;;) {
        const outcome = await this.#once(name, command);
        this.#time(name, outcome);
        const key = `${name} ${outcome.kind} ${outcome.message ?? ""}`;
        this.coverage.set(key, (this.coverage.get(key) ?? 0) + 1);
        if (outcome.kind !== "unreached") return outcome;
        this.counts.retries += 1;
        if (Date.now() > givenUp) throw new Error("no node answers");
        await sleep(15);
      }
    } finally {
      this.#running -= 1;
    }
  }

  /** Remembers what took longest: a wait without end is a fault, too, though no answer shows it. */
  #time(name, { began, ended }) {
    if (ended - began > this.slowest.ms) this.slowest = { name, ms: ended - began };
  }

  async #once(name, command) {
    const clients = [...this.clients.values()];
    if (clients.length === 0) return { kind: "unreached" };
    const client = clients[this.#next++ % clients.length];
    const from = this.clock();
    const began = performance.now();
    const ended = (outcome) => ({ ...outcome, span: [from, this.clock()], began, ended: performance.now() });
    try {
      const { $metadata: _, ...output } = await client.send(command);
      this.counts.operations += 1;
      return ended({ kind: "answer", output });
    } catch (error) {
      return this.#failed(name, error, ended);
    }
  }

  #failed(name, error, ended) {
    if (UNREACHED.has(error.code)) return { kind: "unreached" };
    this.counts.operations += 1;
    if (CUT.has(error.code) || /socket hang up|aborted/.test(error.message)) return ended({ kind: "lost" });
    if (error.name === "TooManyRequestsException" && error.message === "Too many requests") {
      this.counts.retries += 1;
      return ended({ kind: "busy" });
    }
    if (error.name === "InternalErrorException" && this.toleratesTrouble(name)) {
      this.counts.troubles += 1;
      return ended({ kind: "lost" });
    }
    const isModelled = operations[name]?.errors.includes(error.name) && error.$metadata?.httpStatusCode === 400;
    return ended({ kind: "refusal", name: error.name, message: error.message, isModelled });
  }

  /** Does something while nothing is under way. */
  async whileQuiet(work) {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
    while (this.#running > 0) await sleep(5);
    try {
      return await work();
    } finally {
      this.#open();
    }
  }
}
