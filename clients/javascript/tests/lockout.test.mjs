import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const WRONG = ["NotAuthorizedException", "Incorrect username or password."];
const LOCKED = ["NotAuthorizedException", "Password attempts exceeded"];

/** A user who failed `failures` times; the clock moves between the attempts so that each one counts. */
async function whoFailed(failures) {
  const pool = await createPool(server);
  const client = await pool.client();
  await pool.user("jane", { password: PASSWORD });
  for (let n = 1; n <= failures; n += 1) {
    await refused(client[n % 2 === 0 ? "signIn" : "signInPublicly"]("jane", "Wrong-one1"), ...WRONG);
    if (n < failures && n >= 5) await server.advance(2 ** (n - 5));
  }
  return { pool, client };
}

describe("After wrong passwords", () => {
  test("four do no harm", async () => {
    const { client } = await whoFailed(4);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  // The eighth failure locks for 2^3 seconds: long enough not to end by itself while the test looks.
  test("the right one is refused too, in both APIs, until the lock ends", async () => {
    const { client } = await whoFailed(8);
    await refused(client.signIn("jane"), ...LOCKED);
    await refused(client.signInPublicly("jane"), ...LOCKED);
    await refused(client.signIn("jane", "Wrong-one1"), ...LOCKED);
    await server.advance(8);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("attempts during the lock do not count", async () => {
    const { client } = await whoFailed(8);
    for (let n = 0; n < 5; n += 1) await refused(client.signIn("jane", "Wrong-one1"), ...LOCKED);
    await server.advance(8);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("each further one doubles the lock", async () => {
    const { client } = await whoFailed(10);
    await server.advance(16);
    await refused(client.signIn("jane"), ...LOCKED);
    await server.advance(16);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("a success forgets them", async () => {
    const { client } = await whoFailed(8);
    await server.advance(8);
    await client.tokens("jane");
    for (let n = 0; n < 4; n += 1) await refused(client.signIn("jane", "Wrong-one1"), ...WRONG);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("fifteen quiet minutes forget them", async () => {
    const { client } = await whoFailed(9);
    await server.advance(15 * 60 + 20);
    for (let n = 0; n < 4; n += 1) await refused(client.signIn("jane", "Wrong-one1"), ...WRONG);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  // Doubling alone would make the fifteenth lock last for 2^10 seconds, which is more than seventeen minutes.
  test("the lock never grows beyond about fifteen minutes", async () => {
    const { client } = await whoFailed(15);
    await refused(client.signIn("jane"), ...LOCKED);
    await server.advance(16 * 60);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("other users are not locked", async () => {
    const { pool, client } = await whoFailed(8);
    await pool.user("john", { password: PASSWORD });
    assert.ok((await client.tokens("john")).AccessToken);
    await refused(client.signIn("jane"), ...LOCKED);
  });
});
