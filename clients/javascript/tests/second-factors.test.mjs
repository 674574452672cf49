import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDisableUserCommand,
  AdminListUserAuthEventsCommand,
  AdminSetUserMFAPreferenceCommand,
  SetUserPoolMfaConfigCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD, TEMPORARY } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const NOT_AUTHORIZED = "NotAuthorizedException";
const MISMATCH = ["CodeMismatchException", "Invalid code or auth state for the user."];
const ON = { Enabled: true, PreferredMfa: true };
const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "external" };
const SES = "arn:aws:ses:us-east-1:123456789012:identity/noreply@example.com";
const CONTACTS = { phone_number: "+12065550100", email: "jane@example.com" };

/** A pool with all second factors and jane, who has both addresses, neither of them verified. */
export async function jane({ required = "OPTIONAL", attributes = CONTACTS, plus = false } = {}) {
  const pool = await createPool(server, {
    SmsConfiguration: SMS,
    EmailConfiguration: { EmailSendingAccount: "DEVELOPER", SourceArn: SES },
    ...(plus ? { UserPoolTier: "PLUS", UserPoolAddOns: { AdvancedSecurityMode: "AUDIT" } } : {}),
  });
  await pool.send(SetUserPoolMfaConfigCommand, {
    MfaConfiguration: required,
    SmsMfaConfiguration: { SmsConfiguration: SMS, SmsAuthenticationMessage: "Your code: {####}" },
    EmailMfaConfiguration: { Message: "Mail code: {####}", Subject: "Code" },
    SoftwareTokenMfaConfiguration: { Enabled: true },
  });
  const client = await pool.client();
  const user = await pool.user("jane", { password: PASSWORD, attributes });
  return { pool, client, user };
}

const prefer = (user, input) => user.send(AdminSetUserMFAPreferenceCommand, input);
const lastCode = async (pool) => (await pool.outbox("jane"))[0].code;

for (const [challenge, setting, medium, destination, attribute] of [
  ["SMS_MFA", "SMSMfaSettings", "SMS", "+*******0100", "phone_number"],
  ["EMAIL_OTP", "EmailMfaSettings", "EMAIL", "j***@e***", "email"],
]) {
  describe(`${challenge} as the second factor`, () => {
    const answer = (code) => ({ USERNAME: "jane", [`${challenge}_CODE`]: code });

    async function challenged(options) {
      const { pool, client, user } = await jane(options);
      await prefer(user, { [setting]: ON });
      return { pool, client, user, asked: await client.signIn("jane") };
    }

    test("is asked for after the password, and verifies the address", async () => {
      const { pool, client, user, asked } = await challenged();
      assert.equal(asked.ChallengeName, challenge);
      assert.deepEqual(asked.ChallengeParameters, {
        CODE_DELIVERY_DELIVERY_MEDIUM: medium,
        CODE_DELIVERY_DESTINATION: destination,
        USER_ID_FOR_SRP: "jane",
      });
      const [message] = await pool.outbox("jane");
      assert.match(message.code, /^\d{6}$/);
      assert.equal(message.body, `${medium === "SMS" ? "Your code: " : "Mail code: "}${message.code}`);
      const done = await client.answer(asked, answer(message.code));
      assert.ok(done.AuthenticationResult.RefreshToken);
      assert.deepEqual(done.ChallengeParameters, {});
      assert.equal((await user.attributes())[`${attribute}_verified`], "true");
    });

    test("its session is good once, and for a while", async () => {
      const { pool, client, asked } = await challenged();
      const code = await lastCode(pool);
      await client.answer(asked, answer(code));
      const once = "Invalid session for the user, session can only be used once.";
      await refused(client.answer(asked, answer(code)), NOT_AUTHORIZED, once);
      const later = await client.signIn("jane");
      await server.advance(181);
      const expired = "Invalid session for the user, session is expired.";
      await refused(client.answer(later, answer(await lastCode(pool))), NOT_AUTHORIZED, expired);
    });

    test("a wrong code leaves the session alive, five lock", async () => {
      const { pool, client, asked } = await challenged();
      const code = await lastCode(pool);
      const wrong = answer(code === "000000" ? "111111" : "000000");
      for (let guess = 0; guess < 5; guess += 1) await refused(client.answer(asked, wrong), ...MISMATCH);
      const locked = [NOT_AUTHORIZED, "Password attempts exceeded"];
      await refused(client.answer(asked, answer(code)), ...locked);
      await refused(client.signIn("jane"), ...locked);
      await server.advance(2);
      assert.ok((await client.answer(asked, answer(code))).AuthenticationResult);
    });

    test("sixty guesses at once: five are judged, and the right one among them does not get in once locked", async () => {
      const { pool, client, asked } = await challenged();
      const code = await lastCode(pool);
      const guesses = Array.from({ length: 60 }, (_, n) => String((Number(code) + n + 1) % 1_000_000).padStart(6, "0"));
      const outcomes = await Promise.all(
        guesses.map((guess) => client.answer(asked, answer(guess)).catch((error) => error.name)),
      );
      assert.equal(outcomes.filter((name) => name === "CodeMismatchException").length, 5);
      assert.equal(outcomes.filter((name) => name === NOT_AUTHORIZED).length, 55);
      await refused(client.answer(asked, answer(code)), NOT_AUTHORIZED, "Password attempts exceeded");
    });

    test("refuses a missing code, another user, a disabled one", async () => {
      const { pool, client, user, asked } = await challenged();
      await refused(client.answer(asked, { USERNAME: "jane" }), INVALID, `Missing required parameter ${challenge}_CODE`);
      await pool.user("john", { password: PASSWORD });
      const others = { ...answer("000000"), USERNAME: "john" };
      await refused(client.answer(asked, others), NOT_AUTHORIZED, "Invalid session for the user.");
      const code = await lastCode(pool);
      await user.send(AdminDisableUserCommand);
      await refused(client.answer(asked, answer(code)), NOT_AUTHORIZED, "User is disabled.");
    });

    test("follows a new password where one must be chosen first", async () => {
      const { pool, client } = await jane({ required: "ON" });
      await pool.user("invited", { attributes: { [attribute]: CONTACTS[attribute] } });
      const asked = await client.signIn("invited", TEMPORARY);
      assert.equal(asked.ChallengeName, "NEW_PASSWORD_REQUIRED");
      const next = await client.answer(asked, { USERNAME: "invited", NEW_PASSWORD: "Brand-New1!" });
      assert.equal(next.ChallengeName, challenge);
      const { code } = (await pool.outbox("invited"))[0];
      const done = await client.answer(next, { USERNAME: "invited", [`${challenge}_CODE`]: code });
      assert.ok(done.AuthenticationResult);
    });
  });
}

describe("SELECT_MFA_TYPE", () => {
  async function choosing() {
    const { pool, client, user } = await jane();
    await prefer(user, { SMSMfaSettings: { Enabled: true }, EmailMfaSettings: { Enabled: true } });
    return { pool, client, asked: await client.signIn("jane") };
  }

  test("offers what is on, and goes on with what is chosen", async () => {
    const { pool, client, asked } = await choosing();
    assert.equal(asked.ChallengeName, "SELECT_MFA_TYPE");
    assert.deepEqual(JSON.parse(asked.ChallengeParameters.MFAS_CAN_CHOOSE), ["SMS_MFA", "EMAIL_OTP"]);
    assert.deepEqual(await pool.outbox("jane"), []);
    const next = await client.answer(asked, { USERNAME: "jane", ANSWER: "EMAIL_OTP" });
    assert.equal(next.ChallengeName, "EMAIL_OTP");
    const done = await client.answer(next, { USERNAME: "jane", EMAIL_OTP_CODE: await lastCode(pool) });
    assert.ok(done.AuthenticationResult);
  });

  test("refuses what was not offered, and a second choice", async () => {
    const { client, asked } = await choosing();
    for (const ANSWER of ["SOFTWARE_TOKEN_MFA", "nonsense"]) {
      await refused(client.answer(asked, { USERNAME: "jane", ANSWER }), INVALID);
    }
    await client.answer(asked, { USERNAME: "jane", ANSWER: "SMS_MFA" });
    const once = "Invalid session for the user, session can only be used once.";
    await refused(client.answer(asked, { USERNAME: "jane", ANSWER: "SMS_MFA" }), NOT_AUTHORIZED, once);
  });
});

describe("MFA_SETUP", () => {
  test("an address is set up by a code that it received", async () => {
    const { pool, client, user } = await jane({ required: "ON", attributes: {} });
    const asked = await client.signIn("jane");
    assert.equal(asked.ChallengeName, "MFA_SETUP");
    assert.deepEqual(JSON.parse(asked.ChallengeParameters.MFAS_CAN_SETUP), [
      "SMS_MFA",
      "SOFTWARE_TOKEN_MFA",
      "EMAIL_OTP",
    ]);
    await refused(client.answer(asked, { USERNAME: "jane", EMAIL: "no address" }), INVALID);
    const next = await client.answer(asked, { USERNAME: "jane", EMAIL: "new@example.com" });
    assert.equal(next.ChallengeName, "EMAIL_OTP");
    assert.equal(next.ChallengeParameters.CODE_DELIVERY_DESTINATION, "n***@e***");
    assert.equal((await user.attributes()).email, undefined, "nothing is stored before the code came back");
    const done = await client.answer(next, { USERNAME: "jane", EMAIL_OTP_CODE: await lastCode(pool) });
    assert.ok(done.AuthenticationResult);
    const read = await user.read();
    assert.deepEqual([read.PreferredMfaSetting, read.UserMFASettingList], ["EMAIL_OTP", ["EMAIL_OTP"]]);
    assert.equal((await user.attributes()).email_verified, "true");
    assert.equal((await client.signIn("jane")).ChallengeName, "EMAIL_OTP");
  });

  test("is not answered by nothing", async () => {
    const { client } = await jane({ required: "ON", attributes: {} });
    const asked = await client.signIn("jane");
    await refused(client.answer(asked, { USERNAME: "jane" }), NOT_AUTHORIZED, "Invalid session for the user.");
  });
});

describe("the event of a sign-in with two factors", () => {
  test("is in progress, then failed, then passed, and lists what was shown", async () => {
    const { pool, client, user } = await jane({ plus: true });
    await prefer(user, { SMSMfaSettings: ON });
    const events = async () => (await user.send(AdminListUserAuthEventsCommand)).AuthEvents;
    const asked = await client.signIn("jane");
    assert.equal((await events())[0].EventResponse, "InProgress");
    const code = await lastCode(pool);
    await refused(client.answer(asked, { USERNAME: "jane", SMS_MFA_CODE: code === "000000" ? "1" : "000000" }), ...MISMATCH);
    assert.equal((await events())[0].EventResponse, "Fail");
    await client.answer(asked, { USERNAME: "jane", SMS_MFA_CODE: code });
    const [event, ...others] = await events();
    assert.deepEqual(others, []);
    assert.equal(event.EventResponse, "Pass");
    assert.deepEqual(event.ChallengeResponses, [
      { ChallengeName: "Password", ChallengeResponse: "Success" },
      { ChallengeName: "Mfa", ChallengeResponse: "Failure" },
      { ChallengeName: "Mfa", ChallengeResponse: "Success" },
    ]);
  });
});
