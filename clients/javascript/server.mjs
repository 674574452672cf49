// Starts the server under test on a free port with a data folder of its own, and talks to it.
//
// COGNATE_BIN names the binary (a relative path counts from the top of the repository); without it the debug build
// is taken. Every test file starts one server and stops it in its `after` hook.
// With COGNATE_TEST_ENGINE=postgres each data folder's store is a database of the server at COGNATE_TEST_POSTGRES.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
export const BINARY = path.resolve(REPOSITORY, process.env.COGNATE_BIN ?? "target/debug/cognate");
export const REGION = "us-east-1";

const READY_WITHIN_MS = 30_000;
const GONE_WITHIN_MS = 15_000;

/** The environment of a program that works on this data folder. */
function environmentOf(folder) {
  if (process.env.COGNATE_TEST_ENGINE !== "postgres" || folder === undefined) return process.env;
  const server = process.env.COGNATE_TEST_POSTGRES;
  if (!server) throw new Error("COGNATE_TEST_ENGINE=postgres needs COGNATE_TEST_POSTGRES: run xtask/postgres COMMAND");
  const name = path.resolve(folder).replaceAll(/[^A-Za-z0-9]/g, "_").slice(-50);
  const { status, stderr, error } = spawnSync("createdb", [`--maintenance-db=${server}`, name], { encoding: "utf8" });
  if (error) throw error;
  if (status !== 0 && !stderr.includes("already exists")) throw new Error(`createdb: ${stderr}`);
  return { ...process.env, COGNATE_DATABASE_URL: server.replace(/\/[^/]*$/, `/${name}`) };
}

/** A running server. */
export class Server {
  constructor({ child, endpoint, data, ownsData, log, credentials }) {
    Object.assign(this, { child, endpoint, data, ownsData, log, credentials });
    this.sdk = this.client();
  }

  /** An SDK client; `options` are those of CognitoIdentityProviderClient. */
  client(options = {}) {
    return new CognitoIdentityProviderClient({
      region: REGION,
      endpoint: this.endpoint,
      credentials: this.credentials,
      maxAttempts: 1,
      ...options,
    });
  }

  /** Sends a command with the server's own credentials. */
  send(command) {
    return this.sdk.send(command);
  }

  /** Posts a body as it is, with a well-formed signature that only `dev` accepts. */
  post(operation, body, headers = {}) {
    return fetch(this.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
        "x-amz-date": "20260101T000000Z",
        authorization:
          "AWS4-HMAC-SHA256 Credential=AKIDLOCALDEVELOPMENT/20260101/us-east-1/cognito-idp/aws4_request, " +
          `SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
        ...headers,
      },
      body: typeof body === "string" || body === undefined ? body : JSON.stringify(body),
    });
  }

  /** What the server sent, newest first. */
  async outbox(poolId, username) {
    const query = new URLSearchParams({ poolId, ...(username === undefined ? {} : { username }) });
    const response = await fetch(`${this.endpoint}/_cognate/outbox?${query}`);
    if (response.status !== 200) throw new Error(`the outbox answered ${response.status}`);
    return (await response.json()).messages;
  }

  /** Moves the server's clock forward. */
  async advance(seconds) {
    const response = await fetch(`${this.endpoint}/_cognate/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ advanceSeconds: seconds }),
    });
    if (!response.ok) throw new Error(`the clock answered ${response.status}`);
  }

  /** What the server's clock shows, in milliseconds since the epoch. */
  async now() {
    const response = await fetch(`${this.endpoint}/_cognate/clock`);
    if (!response.ok) throw new Error(`the clock answered ${response.status}`);
    return (await response.json()).now * 1_000;
  }

  /** The pool's signing keys. */
  async jwks(poolId) {
    return (await fetch(`${this.endpoint}/${poolId}/.well-known/jwks.json`)).json();
  }

  /** The pool's discovery document. */
  async discovery(poolId) {
    return (await fetch(`${this.endpoint}/${poolId}/.well-known/openid-configuration`)).json();
  }

  /** Ends the process gracefully; the data folder stays if the caller brought it. */
  async stop() {
    this.sdk.destroy();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, "exit");
      this.child.kill("SIGTERM");
      const deadline = setTimeout(() => this.child.kill("SIGKILL"), GONE_WITHIN_MS);
      await exit;
      clearTimeout(deadline);
    }
    if (this.ownsData) rmSync(this.data, { recursive: true, force: true });
  }
}

/**
 * Starts a server.
 * `mode` is `dev` or `serve`, `flags` follow it; `pools` is a pool file; `data` a folder to keep (else a temporary one).
 */
export async function startServer({ mode = "dev", flags = [], pools, data, env = {}, credentials } = {}) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: cargo build, or set COGNATE_BIN`);
  const folder = data ?? temporaryFolder();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const args = [mode, "--listen", `127.0.0.1:${port}`, "--data", folder];
  if (pools !== undefined) args.push("--pools", pools);
  const child = spawn(BINARY, [...args, ...flags], {
    cwd: folder,
    env: { ...environmentOf(folder), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  process.on("exit", () => child.kill("SIGKILL"));
  const log = [];
  child.stdout.on("data", (chunk) => log.push(chunk));
  child.stderr.on("data", (chunk) => log.push(chunk));
  await ready(child, endpoint, log);
  return new Server({
    child,
    endpoint,
    data: folder,
    ownsData: data === undefined,
    log,
    credentials: credentials ?? { accessKeyId: "AKIDLOCALDEVELOPMENT", secretAccessKey: "any secret will do in dev" },
  });
}

/** Runs the binary to its end and answers what it printed. */
export function run(...args) {
  const data = args.indexOf("--data");
  const env = environmentOf(data < 0 ? undefined : args[data + 1]);
  const { status, stdout, stderr, error } = spawnSync(BINARY, args, { encoding: "utf8", env });
  if (error) throw error;
  if (status !== 0) throw new Error(`cognate ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** A new folder under the system's temporary one. */
export function temporaryFolder() {
  return mkdtempSync(path.join(tmpdir(), "cognate-javascript-"));
}

async function ready(child, endpoint, log) {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the server ended before it was ready:\n${Buffer.concat(log)}`);
    }
    const response = await fetch(`${endpoint}/ready`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGKILL");
  throw new Error(`the server was not ready within ${READY_WITHIN_MS} ms:\n${Buffer.concat(log)}`);
}

/** A port that nobody listens on. */
export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
