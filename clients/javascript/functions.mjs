// The functions behind triggers: an endpoint that speaks Lambda's Invoke API, and KMS for two operations, and webhooks,
// in one server.
//
// Every call must carry a good signature: version 4 with the credentials below, or that of Standard Webhooks.

import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import { Webhook } from "standardwebhooks";

export const CALLER = { AWS_ACCESS_KEY_ID: "AKIDCALLER", AWS_SECRET_ACCESS_KEY: "the secret of who calls functions" };
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** A handler that never answers. */
export const HANG = () => new Promise(() => {});

/** An answer as it is, instead of a function's. */
export class Raw {
  constructor(body, { status = 200, headers = {} } = {}) {
    Object.assign(this, { body, status, headers });
  }
}

export class Functions {
  #server = createServer((request, response) => this.#answer(request, response));
  #handlers = new Map();
  #events = [];

  static async start() {
    const functions = new Functions();
    functions.#server.listen(0, "127.0.0.1");
    await once(functions.#server, "listening");
    functions.endpoint = `http://127.0.0.1:${functions.#server.address().port}`;
    return functions;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Defines a function and answers its ARN. The handler changes or replaces the event, or throws. */
  define(name, handler = (event) => event) {
    this.#handlers.set(name, handler);
    return `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
  }

  /** The URL of a webhook that runs the same handler. */
  webhook(name) {
    return `${this.endpoint}/hooks/${name}`;
  }

  /** What a function was told, oldest first. */
  events(name) {
    return this.#events.filter((call) => call.name === name).map((call) => call.event);
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const isWebhook = request.url.startsWith("/hooks/");
    const name = isWebhook ? request.url.slice("/hooks/".length) : nameOf(request.url);
    const send = (status, headers, text) => response.writeHead(status, headers).end(text);
    try {
      if (isWebhook) new Webhook(SECRET).verify(body, request.headers);
      else checkSignature(request, body);
    } catch (error) {
      return send(403, { "x-amzn-errortype": "InvalidSignatureException" }, String(error));
    }
    const target = request.headers["x-amz-target"];
    if (target !== undefined) return send(200, {}, JSON.stringify(kms(target, JSON.parse(body))));
    const handler = this.#handlers.get(name);
    if (handler === undefined) return send(404, { "x-amzn-errortype": "ResourceNotFoundException" }, "{}");
    const event = JSON.parse(body);
    this.#events.push({ name, event });
    try {
      const answer = await handler(structuredClone(event));
      if (answer instanceof Raw) return send(answer.status, answer.headers, answer.body);
      return send(200, { "content-type": "application/json" }, JSON.stringify(answer) ?? "");
    } catch (error) {
      const failure = JSON.stringify({ errorType: error.name ?? "Error", errorMessage: error.message ?? String(error) });
      return send(200, isWebhook ? {} : { "x-amz-function-error": "Unhandled" }, failure);
    }
  }
}

/** Keys that are encrypted by being turned around. */
function kms(target, { KeyId, CiphertextBlob }) {
  const reversed = (data) => Buffer.from(data, "base64").reverse().toString("base64");
  if (target === "TrentService.GenerateDataKey") {
    const Plaintext = randomBytes(32).toString("base64");
    return { KeyId, Plaintext, CiphertextBlob: reversed(Plaintext) };
  }
  assert.equal(target, "TrentService.Decrypt");
  return { KeyId, Plaintext: reversed(CiphertextBlob) };
}

function nameOf(url) {
  const [, arn] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(url) ?? [];
  return arn && decodeURIComponent(arn).split(":").at(-1);
}

function checkSignature(request, body) {
  const sha256 = (data) => createHash("sha256").update(data).digest("hex");
  const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
  const [, scope, names, given] = new RegExp(
    `^AWS4-HMAC-SHA256 Credential=${CALLER.AWS_ACCESS_KEY_ID}/(\\d{8}/us-east-1/(?:lambda|kms)/aws4_request), ` +
      "SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$",
  ).exec(request.headers.authorization);
  for (const name of ["host", "x-amz-date"]) assert.ok(names.split(";").includes(name), name);
  const headers = names.split(";").map((name) => `${name}:${request.headers[name]}`);
  // Services other than S3 encode the path once more.
  const path = request.url.split("/").map(encodeURIComponent).join("/");
  const canonical = ["POST", path, "", ...headers, "", names, sha256(body)].join("\n");
  const key = scope.split("/").reduce(hmac, `AWS4${CALLER.AWS_SECRET_ACCESS_KEY}`);
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  assert.equal(hmac(key, text).toString("hex"), given);
  assert.ok(Math.abs(Date.now() - parseStamp(request.headers["x-amz-date"])) < 60_000, "the time is now");
}

function parseStamp(stamp) {
  return Date.parse(stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
