import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminSetUserMFAPreferenceCommand,
  AssociateSoftwareTokenCommand,
  SetUserPoolMfaConfigCommand,
  VerifySoftwareTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Secret, TOTP } from "otpauth";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const NOT_AUTHORIZED = "NotAuthorizedException";
const INVALID_SESSION = [NOT_AUTHORIZED, "Invalid session for the user."];
const ONCE = [NOT_AUTHORIZED, "Invalid session for the user, session can only be used once."];

/** A pool with software tokens only, and jane. */
async function jane(required) {
  const pool = await createPool(server);
  const config = { MfaConfiguration: required, SoftwareTokenMfaConfiguration: { Enabled: true } };
  await pool.send(SetUserPoolMfaConfigCommand, config);
  return { pool, client: await pool.client(), user: await pool.user("jane", { password: PASSWORD }) };
}

const associate = (input) => server.send(new AssociateSoftwareTokenCommand(input));
const verify = (input) => server.send(new VerifySoftwareTokenCommand(input));

/** An authenticator application, whose clock is the server's. */
function authenticator(secretCode) {
  const totp = new TOTP({ secret: Secret.fromBase32(secretCode) });
  return { code: async (steps = 0) => totp.generate({ timestamp: (await now()) + steps * 30_000 }) };
}

/** The server's time, which tests move. */
let moved = 0;
const now = async () => Date.now() + moved * 1000;
async function nextStep(steps = 1) {
  moved += 30 * steps;
  await server.advance(30 * steps);
}

/** jane with an enrolled and preferred token. */
async function janeWithToken() {
  const { pool, client, user } = await jane("OPTIONAL");
  const { AccessToken } = await client.tokens("jane");
  const { SecretCode } = await associate({ AccessToken });
  const phone = authenticator(SecretCode);
  await verify({ AccessToken, UserCode: await phone.code(), FriendlyDeviceName: "my phone" });
  const preferred = { Enabled: true, PreferredMfa: true };
  await user.send(AdminSetUserMFAPreferenceCommand, { SoftwareTokenMfaSettings: preferred });
  await nextStep(2);
  return { pool, client, user, phone };
}

describe("SOFTWARE_TOKEN_MFA", () => {
  const answer = (code) => ({ USERNAME: "jane", SOFTWARE_TOKEN_MFA_CODE: code });

  test("asks for the code of the user's token, by name", async () => {
    const { client, phone } = await janeWithToken();
    const asked = await client.signIn("jane");
    assert.equal(asked.ChallengeName, "SOFTWARE_TOKEN_MFA");
    assert.deepEqual(asked.ChallengeParameters, { FRIENDLY_DEVICE_NAME: "my phone", USER_ID_FOR_SRP: "jane" });
    const done = await client.answer(asked, answer(await phone.code()));
    assert.ok(done.AuthenticationResult.AccessToken);
    await refused(client.answer(asked, answer(await phone.code(1))), ...ONCE);
  });

  test("takes one step of drift either way, and no more", async () => {
    const { client, phone } = await janeWithToken();
    const wrong = ["CodeMismatchException", "Invalid code received for user"];
    const asked = await client.signIn("jane");
    await refused(client.answer(asked, answer(await phone.code(-2))), ...wrong);
    await refused(client.answer(asked, answer(await phone.code(2))), ...wrong);
    await client.answer(asked, answer(await phone.code(-1)));
    await client.answer(await client.signIn("jane"), answer(await phone.code(1)));
  });

  test("takes a code once, and none from before it", async () => {
    const { client, phone } = await janeWithToken();
    const used = ["ExpiredCodeException", "Your software token has already been used once."];
    await client.answer(await client.signIn("jane"), answer(await phone.code()));
    const asked = await client.signIn("jane");
    await refused(client.answer(asked, answer(await phone.code())), ...used);
    await refused(client.answer(asked, answer(await phone.code(-1))), ...used);
    await nextStep();
    assert.ok((await client.answer(asked, answer(await phone.code()))).AuthenticationResult);
  });

  test("of many answers with one code at once, one gets in", async () => {
    const { client, phone } = await janeWithToken();
    const asked = await Promise.all(Array.from({ length: 8 }, () => client.signIn("jane")));
    const code = await phone.code();
    const outcomes = await Promise.all(asked.map((one) => client.answer(one, answer(code)).catch((error) => error.name)));
    assert.equal(outcomes.filter((outcome) => outcome.AuthenticationResult).length, 1);
  });

  test("five wrong codes lock, and sixty at once are five", async () => {
    const { client, phone } = await janeWithToken();
    const asked = await client.signIn("jane");
    const right = new Set(await Promise.all([-1, 0, 1].map((steps) => phone.code(steps))));
    const guesses = Array.from({ length: 70 }, (_, n) => String(n).padStart(6, "0")).filter((code) => !right.has(code));
    const outcomes = await Promise.all(
      guesses.slice(0, 60).map((guess) => client.answer(asked, answer(guess)).catch((error) => error.name)),
    );
    assert.equal(outcomes.filter((name) => name === "CodeMismatchException").length, 5);
    const locked = [NOT_AUTHORIZED, "Password attempts exceeded"];
    await refused(client.answer(asked, answer(await phone.code())), ...locked);
  });
});

describe("MFA_SETUP of a software token", () => {
  test("each step answers a new session, and the last one signs in", async () => {
    const { client, user } = await jane("ON");
    const asked = await client.signIn("jane");
    assert.equal(asked.ChallengeName, "MFA_SETUP");
    assert.deepEqual(JSON.parse(asked.ChallengeParameters.MFAS_CAN_SETUP), ["SOFTWARE_TOKEN_MFA"]);
    const associated = await associate({ Session: asked.Session });
    assert.match(associated.SecretCode, /^[A-Z2-7]{52}$/);
    assert.notEqual(associated.Session, asked.Session);
    const phone = authenticator(associated.SecretCode);
    const verified = await verify({ Session: associated.Session, UserCode: await phone.code() });
    assert.equal(verified.Status, "SUCCESS");
    const done = await client.answer({ ...asked, Session: verified.Session }, { USERNAME: "jane" });
    assert.ok(done.AuthenticationResult.IdToken);
    assert.deepEqual(done.ChallengeParameters, {});
    const { PreferredMfaSetting, UserMFASettingList } = await user.read();
    assert.deepEqual([PreferredMfaSetting, UserMFASettingList], ["SOFTWARE_TOKEN_MFA", ["SOFTWARE_TOKEN_MFA"]]);
    assert.equal((await client.signIn("jane")).ChallengeName, "SOFTWARE_TOKEN_MFA");
    await refused(client.answer({ ...asked, Session: verified.Session }, { USERNAME: "jane" }), ...ONCE);
  });

  test("may be abandoned after the first code: the next sign-in asks for the token", async () => {
    const { client } = await jane("ON");
    const { Session } = await client.signIn("jane");
    const associated = await associate({ Session });
    const phone = authenticator(associated.SecretCode);
    await verify({ Session: associated.Session, UserCode: await phone.code() });
    const asked = await client.signIn("jane");
    assert.equal(asked.ChallengeName, "SOFTWARE_TOKEN_MFA");
    const again = { USERNAME: "jane", SOFTWARE_TOKEN_MFA_CODE: await phone.code() };
    const used = "Your software token has already been used once.";
    await refused(client.answer(asked, again), "ExpiredCodeException", used);
  });

  test("a wrong code leaves the session alive, an unverified session ends nothing", async () => {
    const { client } = await jane("ON");
    const asked = await client.signIn("jane");
    const associated = await associate({ Session: asked.Session });
    const wrong = "Code mismatch and fail enable Software Token MFA";
    const phone = authenticator(associated.SecretCode);
    const guess = (await phone.code()) === "000000" ? "111111" : "000000";
    const attempt = verify({ Session: associated.Session, UserCode: guess });
    await refused(attempt, "EnableSoftwareTokenMFAException", wrong);
    await refused(client.answer({ ...asked, Session: associated.Session }, { USERNAME: "jane" }), ...INVALID_SESSION);
    const { Status } = await verify({ Session: associated.Session, UserCode: await phone.code() });
    assert.equal(Status, "SUCCESS");
    await refused(verify({ Session: associated.Session, UserCode: await phone.code() }), ...ONCE);
  });

  test("takes no session of another challenge, a made-up one or an old one", async () => {
    const { pool, client } = await jane("ON");
    await pool.user("invited");
    const other = await client.signIn("invited", "Temporary1!");
    for (const Session of [other.Session, "A".repeat(60), `${other.Session}A`]) {
      await refused(associate({ Session }), ...INVALID_SESSION);
    }
    const { Session } = await client.signIn("jane");
    moved += 181;
    await server.advance(181);
    const expired = "Invalid session for the user, session is expired.";
    await refused(associate({ Session }), NOT_AUTHORIZED, expired);
    await refused(associate({}), "InvalidParameterException");
  });
});
