import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { createPool, PASSWORD, TEMPORARY, verified } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const OTHERS_SESSION = ["NotAuthorizedException", "Invalid session for the user."];

/** A pool with a client and jane, who has a temporary password, and the challenge that her sign-in meets. */
async function challengeJane({ pool: poolConfig, client: clientConfig, attributes } = {}) {
  const pool = await createPool(server, poolConfig);
  const client = await pool.client(clientConfig);
  const jane = await pool.user("jane", { attributes });
  const challenge = await client.signIn("jane", TEMPORARY);
  return { pool, client, jane, challenge };
}

const chosen = (extra = {}) => ({ USERNAME: "jane", NEW_PASSWORD: PASSWORD, ...extra });

describe("NEW_PASSWORD_REQUIRED", () => {
  test("tells what is known and what is missing", async () => {
    const { challenge } = await challengeJane({
      pool: {
        Schema: ["name", "email"].map((Name) => ({ Name, AttributeDataType: "String", Required: true })),
      },
      attributes: verified("jane@example.com"),
    });
    assert.equal(challenge.ChallengeName, "NEW_PASSWORD_REQUIRED");
    assert.equal(challenge.AuthenticationResult, undefined);
    assert.ok(challenge.Session.length >= 20);
    const { USER_ID_FOR_SRP, requiredAttributes, userAttributes } = challenge.ChallengeParameters;
    assert.equal(USER_ID_FOR_SRP, "jane");
    assert.deepEqual(JSON.parse(requiredAttributes), ["userAttributes.name"]);
    assert.deepEqual(JSON.parse(userAttributes), verified("jane@example.com"));
  });

  for (const [signIn, answer] of [
    ["signIn", "answer"],
    ["signInPublicly", "answerPublicly"],
  ]) {
    test(`ends with tokens and a confirmed user (${answer})`, async () => {
      const { client, jane } = await challengeJane();
      const challenge = await client[signIn]("jane", TEMPORARY);
      const { AuthenticationResult, ChallengeParameters, ChallengeName } = await client[answer](challenge, chosen());
      assert.equal((await client.whoIs(AuthenticationResult.AccessToken)).Username, "jane");
      assert.ok(AuthenticationResult.RefreshToken && AuthenticationResult.IdToken);
      assert.deepEqual(ChallengeParameters, {});
      assert.equal(ChallengeName, undefined);
      assert.equal(await jane.status(), "CONFIRMED");
      assert.ok((await client.tokens("jane")).AccessToken);
      await refused(client.signIn("jane", TEMPORARY), "NotAuthorizedException", "Incorrect username or password.");
    });
  }

  test("accepts the temporary password as the new one", async () => {
    const { client, jane, challenge } = await challengeJane();
    await client.answer(challenge, chosen({ NEW_PASSWORD: TEMPORARY }));
    assert.equal(await jane.status(), "CONFIRMED");
  });

  test("takes the attributes that were missing", async () => {
    const { client, jane, challenge } = await challengeJane({
      pool: { Schema: [{ Name: "name", AttributeDataType: "String", Required: true }] },
    });
    await client.answer(challenge, chosen({ "userAttributes.name": "Jane" }));
    assert.equal((await jane.attributes()).name, "Jane");
  });

  test("works for a client with a secret", async () => {
    const { client, challenge } = await challengeJane({ client: { GenerateSecret: true } });
    await refused(
      client.answer(challenge, chosen({ SECRET_HASH: client.secretHash("john") })),
      "NotAuthorizedException",
      `Unable to verify secret hash for client ${client.id}`,
    );
    const again = await client.signIn("jane", TEMPORARY);
    assert.ok((await client.answer(again, chosen())).AuthenticationResult.AccessToken);
  });

  describe("refuses", () => {
    test("a required attribute that is still missing", async () => {
      const { client, jane, challenge } = await challengeJane({
        pool: { Schema: [{ Name: "name", AttributeDataType: "String", Required: true }] },
      });
      await refused(client.answer(challenge, chosen()), INVALID, "Invalid attributes given, name is missing");
      assert.equal(await jane.status(), "FORCE_CHANGE_PASSWORD");
    });

    test("an attribute that has a value already", async () => {
      const { client, challenge } = await challengeJane({ attributes: verified("jane@example.com") });
      await refused(
        client.answer(challenge, chosen({ "userAttributes.email": "other@example.com" })),
        "NotAuthorizedException",
        "Cannot modify an already provided email",
      );
    });

    test("a mark of verification", async () => {
      const { client, jane, challenge } = await challengeJane({ attributes: { email: "jane@example.com" } });
      await refused(client.answer(challenge, chosen({ "userAttributes.email_verified": "true" })), [
        INVALID,
        "NotAuthorizedException",
      ]);
      assert.equal((await jane.attributes()).email_verified, undefined);
    });

    test("a password that breaks the policy", async () => {
      const { client, jane, challenge } = await challengeJane();
      await refused(
        client.answer(challenge, chosen({ NEW_PASSWORD: "short" })),
        "InvalidPasswordException",
        "Password did not conform with policy: Password not long enough",
      );
      assert.equal(await jane.status(), "FORCE_CHANGE_PASSWORD");
    });

    test("a missing password or user name", async () => {
      const { client, challenge } = await challengeJane();
      await refused(client.answer(challenge, { USERNAME: "jane" }), INVALID, "Missing required parameter NEW_PASSWORD");
      const again = await client.signIn("jane", TEMPORARY);
      await refused(client.answer(again, { NEW_PASSWORD: PASSWORD }), INVALID, "Missing required parameter USERNAME");
    });

    test("a session that was used", async () => {
      const { client, challenge } = await challengeJane();
      await client.answer(challenge, chosen());
      await refused(
        client.answer(challenge, chosen({ NEW_PASSWORD: "Another-1x" })),
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.",
      );
      assert.ok((await client.tokens("jane")).AccessToken);
    });

    test("a session that is older than three minutes", async () => {
      const { client, challenge } = await challengeJane();
      await server.advance(181);
      await refused(
        client.answer(challenge, chosen()),
        "NotAuthorizedException",
        "Invalid session for the user, session is expired.",
      );
    });

    test("a session that was made up or changed", async () => {
      const { client, challenge } = await challengeJane();
      const { Session } = challenge;
      const middle = Session.length >> 1;
      const changed = Session.slice(0, middle) + (Session[middle] === "A" ? "B" : "A") + Session.slice(middle + 1);
      for (const forged of [changed, "made-up-session-of-some-length"]) {
        await refused(client.answer({ ...challenge, Session: forged }, chosen()), ...OTHERS_SESSION);
      }
    });

    test("a session of another user, client or pool", async () => {
      const { pool, client, challenge } = await challengeJane();
      await pool.user("john");
      const other = await pool.client();
      await refused(client.answer(challenge, chosen({ USERNAME: "john" })), ...OTHERS_SESSION);
      await refused(other.answer(challenge, chosen()), ...OTHERS_SESSION);
      const elsewhere = await challengeJane();
      await refused(elsewhere.client.answer(challenge, chosen()), ...OTHERS_SESSION);
    });

    test("a session of another challenge", async () => {
      const { client, challenge } = await challengeJane();
      await refused(
        client.answer({ ...challenge, ChallengeName: "SMS_MFA" }, { USERNAME: "jane", SMS_MFA_CODE: "123456" }),
        ["NotAuthorizedException", INVALID],
      );
    });

    test("a missing session", async () => {
      const { client, challenge } = await challengeJane();
      await refused(
        client.answer({ ...challenge, Session: undefined }, chosen()),
        INVALID,
        "Missing required parameter Session",
      );
    });
  });

  test("lives as long as the client says", async () => {
    const { client, challenge } = await challengeJane({ client: { AuthSessionValidity: 15 } });
    await server.advance(14 * 60);
    assert.ok((await client.answer(challenge, chosen())).AuthenticationResult.AccessToken);
  });
});

describe("A temporary password", () => {
  test("expires after the days that the pool allows", async () => {
    const pool = await createPool(server, {
      Policies: { PasswordPolicy: { MinimumLength: 8, TemporaryPasswordValidityDays: 2 } },
    });
    const client = await pool.client();
    await pool.user("jane");
    await server.advance(86_400);
    assert.equal((await client.signIn("jane", TEMPORARY)).ChallengeName, "NEW_PASSWORD_REQUIRED");
    await server.advance(86_400 + 60);
    await refused(
      client.signIn("jane", TEMPORARY),
      "NotAuthorizedException",
      "Temporary password has expired and must be reset by an administrator.",
    );
    await refused(client.signIn("jane", "Wrong-one1"), "NotAuthorizedException", "Incorrect username or password.");
  });
});
