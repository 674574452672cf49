// Signing keys change beside a running server, under the eyes of aws-jwt-verify.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { run, startServer } from "../server.mjs";
import { headerOf } from "../tokens.mjs";

const server = await startServer();
after(() => server.stop());

const WITHIN_MS = 10_000;

/** What a server notices by itself takes a moment of real time. */
async function until(holds) {
  const deadline = Date.now() + WITHIN_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, "it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A verifier that fetches the keys by itself, and again when it meets an unknown one; by HTTP, as this server does. */
async function fetchingVerifier(pool) {
  const { issuer, jwks_uri: jwksUri } = await server.discovery(pool.id);
  const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() };
  return JwtVerifier.create({ issuer, jwksUri, audience: null }, { jwksCache: new SimpleJwksCache({ fetcher }) });
}

test("aws-jwt-verify verifies every token while keys change", async () => {
  const pool = await createPool(server);
  const client = await pool.client();
  await pool.user("jane", { password: PASSWORD });
  const first = await client.tokens("jane");
  const { keys: before } = await server.jwks(pool.id);
  const verifier = await fetchingVerifier(pool);
  await verifier.verify(first.AccessToken);

  const [rotated] = JSON.parse(run("keys", "rotate", "--data", server.data, "--pool", pool.id, "--ahead", "1"));
  assert.equal(rotated.UserPoolId, pool.id);
  const seen = new Set();
  await until(async () => {
    const { AccessToken, IdToken } = await client.tokens("jane");
    for (const token of [AccessToken, IdToken]) {
      await verifier.verify(token);
      seen.add(headerOf(token).kid);
    }
    return seen.has(rotated.IdTokenKeyId);
  });
  await verifier.verify(first.IdToken);
  assert.equal((await client.whoIs(first.AccessToken)).Username, "jane");
  const { keys: now } = await server.jwks(pool.id);
  assert.equal(now.length, 4);
  assert.deepEqual(
    now.slice(0, 2).map(({ kid }) => kid),
    [rotated.IdTokenKeyId, rotated.AccessTokenKeyId],
  );
  for (const { kid } of before) assert.ok(now.some((key) => key.kid === kid));
});
