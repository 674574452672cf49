import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDisableUserCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD, TEMPORARY, attributeList } from "../fixtures.mjs";
import { NO_USER, refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const NOT_AUTHORIZED = "NotAuthorizedException";
const MISMATCH = ["CodeMismatchException", "Invalid code or auth state for the user."];
const CONTACTS = {
  email: "jane@example.com",
  email_verified: "true",
  phone_number: "+12065550100",
  phone_number_verified: "true",
};

async function jane({ factors = ["PASSWORD", "EMAIL_OTP", "SMS_OTP"], attributes = CONTACTS, config = {} } = {}) {
  const pool = await createPool(server, { Policies: { SignInPolicy: { AllowedFirstAuthFactors: factors } } });
  const client = await pool.client({ ExplicitAuthFlows: ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], ...config });
  return { pool, client, user: await pool.user("jane", { password: PASSWORD, attributes }) };
}

const begin = (client, parameters = {}) => client.publicAuth("USER_AUTH", { USERNAME: "jane", ...parameters });
const lastCode = async (pool, name = "jane") => (await pool.outbox(name))[0].code;

describe("USER_AUTH", () => {
  test("offers what the pool allows and the user has", async () => {
    const { client } = await jane();
    const answer = await begin(client);
    assert.equal(answer.ChallengeName, "SELECT_CHALLENGE");
    assert.deepEqual(answer.AvailableChallenges, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    assert.deepEqual(answer.ChallengeParameters, {});
    assert.ok(answer.Session.length >= 20 && answer.Session.length <= 4096);
  });

  test("offers no code to an address that is not verified, and only passwords where one must be changed", async () => {
    const { pool, client } = await jane({ attributes: { email: "jane@example.com" } });
    assert.deepEqual((await begin(client)).AvailableChallenges, ["PASSWORD_SRP", "PASSWORD"]);
    await pool.user("invited", { attributes: { email: "i@example.com", email_verified: "true" } });
    const invited = await client.publicAuth("USER_AUTH", { USERNAME: "invited", PREFERRED_CHALLENGE: "EMAIL_OTP" });
    assert.equal(invited.ChallengeName, "SELECT_CHALLENGE");
    assert.deepEqual(invited.AvailableChallenges, ["PASSWORD_SRP", "PASSWORD"]);
  });

  test("takes a preferred password at once, and asks for the new one where it must be changed", async () => {
    const { pool, client } = await jane();
    const preferred = { PREFERRED_CHALLENGE: "PASSWORD", PASSWORD };
    assert.ok((await begin(client, preferred)).AuthenticationResult.AccessToken);
    await pool.user("invited");
    const password = { PREFERRED_CHALLENGE: "PASSWORD", PASSWORD: TEMPORARY };
    const answer = await client.publicAuth("USER_AUTH", { USERNAME: "invited", ...password });
    assert.equal(answer.ChallengeName, "NEW_PASSWORD_REQUIRED");
  });

  test("takes the password with the choice, under either name", async () => {
    const { client } = await jane();
    const chosen = { USERNAME: "jane", ANSWER: "PASSWORD", PASSWORD };
    assert.ok((await client.answerPublicly(await begin(client), chosen)).AuthenticationResult);
    const { Session } = await begin(client);
    const named = await client.answerPublicly({ ChallengeName: "PASSWORD", Session }, { USERNAME: "jane", PASSWORD });
    assert.ok(named.AuthenticationResult);
  });

  test("a wrong password is counted and refused", async () => {
    const { client } = await jane();
    const wrong = { PREFERRED_CHALLENGE: "PASSWORD", PASSWORD: "Wrong-Passw0rd" };
    await refused(begin(client, wrong), NOT_AUTHORIZED, "Incorrect username or password.");
    const { Session } = await begin(client);
    const answer = { USERNAME: "jane", PASSWORD: "Wrong-Passw0rd" };
    await refused(
      client.answerPublicly({ ChallengeName: "PASSWORD", Session }, answer),
      NOT_AUTHORIZED,
      "Incorrect username or password.",
    );
  });

  test("goes on by SRP, with a session", async () => {
    const { client } = await jane();
    const answer = await begin(client, { PREFERRED_CHALLENGE: "PASSWORD_SRP", SRP_A: "a5" });
    assert.equal(answer.ChallengeName, "PASSWORD_VERIFIER");
    assert.ok(answer.Session);
    assert.deepEqual(answer.AvailableChallenges, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    const chosen = { USERNAME: "jane", ANSWER: "PASSWORD_SRP", SRP_A: "a5" };
    const later = await client.answerPublicly(await begin(client), chosen);
    assert.equal(later.ChallengeName, "PASSWORD_VERIFIER");
  });

  test("refuses what is not on offer", async () => {
    const { client } = await jane();
    await refused(begin(client, { PREFERRED_CHALLENGE: "SMS_MFA" }), INVALID);
    for (const ANSWER of ["WEB_AUTHN", "SMS_MFA", "nonsense"]) {
      await refused(client.answerPublicly(await begin(client), { USERNAME: "jane", ANSWER }), INVALID);
    }
    await refused(client.answerPublicly(await begin(client), { USERNAME: "jane" }), INVALID, /ANSWER/);
  });

  test("is refused where the client does not allow it, and tells unknown and disabled users", async () => {
    const { pool, client, user } = await jane();
    const other = await pool.client();
    await refused(begin(other), INVALID, "USER_AUTH is not enabled for the client.");
    await refused(client.publicAuth("USER_AUTH", { USERNAME: "nobody" }), ...NO_USER);
    await user.send(AdminDisableUserCommand);
    await refused(begin(client), NOT_AUTHORIZED, "User is disabled.");
  });
});

describe("EMAIL_OTP and SMS_OTP as first factors", () => {
  for (const [challenge, medium, destination] of [
    ["EMAIL_OTP", "EMAIL", "j***@e***"],
    ["SMS_OTP", "SMS", "+*******0100"],
  ]) {
    test(`${challenge}: sends a code of eight digits that signs in once`, async () => {
      const { pool, client } = await jane();
      const asked = await begin(client, { PREFERRED_CHALLENGE: challenge });
      assert.equal(asked.ChallengeName, challenge);
      assert.equal(asked.ChallengeParameters.CODE_DELIVERY_DELIVERY_MEDIUM, medium);
      assert.equal(asked.ChallengeParameters.CODE_DELIVERY_DESTINATION, destination);
      const code = await lastCode(pool);
      assert.match(code, /^\d{8}$/);
      const answer = { USERNAME: "jane", [`${challenge}_CODE`]: code };
      assert.ok((await client.answerPublicly(asked, answer)).AuthenticationResult.IdToken);
      const again = "Invalid session for the user, session can only be used once.";
      await refused(client.answerPublicly(asked, answer), NOT_AUTHORIZED, again);
    });

    test(`${challenge}: may be chosen, and wrong codes leave the session alive`, async () => {
      const { pool, client } = await jane();
      const choice = await client.answerPublicly(await begin(client), { USERNAME: "jane", ANSWER: challenge });
      assert.equal(choice.ChallengeName, challenge);
      for (let guess = 0; guess < 6; guess += 1) {
        const wrong = { USERNAME: "jane", [`${challenge}_CODE`]: `0000000${guess}` };
        await refused(client.answerPublicly(choice, wrong), ...MISMATCH);
      }
      const right = { USERNAME: "jane", [`${challenge}_CODE`]: await lastCode(pool) };
      assert.ok((await client.answerPublicly(choice, right)).AuthenticationResult);
    });
  }

  test("a code ends with its session, and belongs to it", async () => {
    const { pool, client } = await jane();
    const first = await begin(client, { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    const firstCode = await lastCode(pool);
    const second = await begin(client, { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    if (firstCode !== (await lastCode(pool))) {
      await refused(client.answerPublicly(second, { USERNAME: "jane", EMAIL_OTP_CODE: firstCode }), ...MISMATCH);
    }
    await server.advance(181);
    const late = client.answerPublicly(first, { USERNAME: "jane", EMAIL_OTP_CODE: firstCode });
    await refused(late, NOT_AUTHORIZED, "Invalid session for the user, session is expired.");
  });

  test("sixty guesses at once: no more are judged than the cap, and then the right one does not get in", async () => {
    const { pool, client } = await jane();
    const asked = await begin(client, { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    const code = await lastCode(pool);
    const wrong = Array.from({ length: 60 }, (_, n) => String((Number(code) + n + 1) % 100_000_000).padStart(8, "0"));
    const answers = await Promise.all(
      wrong.map((EMAIL_OTP_CODE) =>
        client.answerPublicly(asked, { USERNAME: "jane", EMAIL_OTP_CODE }).catch((error) => error.name),
      ),
    );
    assert.equal(answers.filter((name) => name === "CodeMismatchException").length, 10);
    assert.equal(answers.filter((name) => name === NOT_AUTHORIZED).length, 50);
    const right = client.answerPublicly(asked, { USERNAME: "jane", EMAIL_OTP_CODE: code });
    await refused(right, NOT_AUTHORIZED, "Password attempts exceeded");
  });

  test("a name that nobody has is sent a code that never comes, where the client hides who exists", async () => {
    const { pool, client } = await jane({ config: { PreventUserExistenceErrors: "ENABLED" } });
    const name = "ghost@example.com";
    const asked = await client.publicAuth("USER_AUTH", { USERNAME: name, PREFERRED_CHALLENGE: "EMAIL_OTP" });
    assert.equal(asked.ChallengeName, "EMAIL_OTP");
    assert.equal(asked.ChallengeParameters.CODE_DELIVERY_DESTINATION, "g***@e***");
    assert.deepEqual(await pool.outbox(), []);
    await refused(client.answerPublicly(asked, { USERNAME: name, EMAIL_OTP_CODE: "12345678" }), ...MISMATCH);
    const choice = await client.publicAuth("USER_AUTH", { USERNAME: name });
    assert.deepEqual(choice.AvailableChallenges, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    const password = client.answerPublicly(choice, { USERNAME: name, ANSWER: "PASSWORD", PASSWORD });
    await refused(password, NOT_AUTHORIZED, "Incorrect username or password.");
  });

  test("a session ends with the password, and is its user's and its client's alone", async () => {
    const { pool, client, user } = await jane();
    const asked = await begin(client, { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    const answer = { USERNAME: "jane", EMAIL_OTP_CODE: await lastCode(pool) };
    const invalid = [NOT_AUTHORIZED, "Invalid session for the user."];
    await pool.user("john", { password: PASSWORD });
    await refused(client.answerPublicly(asked, { ...answer, USERNAME: "john" }), ...invalid);
    const other = await pool.client({ ExplicitAuthFlows: ["ALLOW_USER_AUTH"] });
    await refused(other.answerPublicly(asked, answer), ...invalid);
    await refused(client.answerPublicly({ ...asked, ChallengeName: "SMS_OTP" }, answer), INVALID, /SMS_OTP_CODE/);
    await refused(client.answerPublicly({ ...asked, ChallengeName: "SELECT_CHALLENGE" }, { ...answer, ANSWER: "PASSWORD" }), ...invalid);
    await refused(client.answerPublicly({ ...asked, Session: `${asked.Session}A` }, answer), ...invalid);
    await user.send(AdminSetUserPasswordCommand, { Password: "Another-1!", Permanent: true });
    await refused(client.answerPublicly(asked, answer), ...invalid);
  });

  test("a code that arrived keeps its address verified", async () => {
    const { pool, client, user } = await jane();
    const asked = await begin(client, { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    const code = await lastCode(pool);
    await user.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList({ name: "Jane" }) });
    await client.answerPublicly(asked, { USERNAME: "jane", EMAIL_OTP_CODE: code });
    assert.equal((await user.attributes()).email_verified, "true");
  });
});
