import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminSetUserMFAPreferenceCommand,
  AdminSetUserSettingsCommand,
  SetUserPoolMfaConfigCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { refusesStrangers } from "../strangers.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const ON = { Enabled: true, PreferredMfa: true };
const OFF = { Enabled: false, PreferredMfa: false };
const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "external" };
const PHONE = { phone_number: "+12065550100", phone_number_verified: "true" };

/** A pool in which text messages and software tokens are optional, and jane, who has a telephone. */
async function janeWithPhone() {
  const pool = await createPool(server, { SmsConfiguration: SMS });
  await pool.send(SetUserPoolMfaConfigCommand, {
    MfaConfiguration: "OPTIONAL",
    SmsMfaConfiguration: { SmsConfiguration: SMS },
    SoftwareTokenMfaConfiguration: { Enabled: true },
  });
  const client = await pool.client();
  const jane = await pool.user("jane", { password: PASSWORD, attributes: PHONE });
  return { pool, client, jane };
}

const prefer = (user, input) => user.send(AdminSetUserMFAPreferenceCommand, input);
const settings = async (user) => {
  const { PreferredMfaSetting, UserMFASettingList, MFAOptions } = await user.read();
  return { PreferredMfaSetting, UserMFASettingList, MFAOptions };
};
const NOTHING = { PreferredMfaSetting: undefined, UserMFASettingList: undefined, MFAOptions: undefined };

/** Holds when a sign-in with the right password alone gives no tokens. */
async function passwordIsNotEnough(client) {
  for (const way of ["signIn", "signInPublicly"]) {
    const outcome = await client[way]("jane").catch((error) => error);
    assert.equal(outcome.AuthenticationResult, undefined, `${way} gave tokens`);
    const refusedOrChallenged = outcome.ChallengeName === "SMS_MFA" || outcome.$metadata?.httpStatusCode === 400;
    assert.ok(refusedOrChallenged, `${way} answered ${outcome.ChallengeName ?? outcome}`);
  }
}

describe("AdminSetUserMFAPreference", () => {
  test("turns on text messages, which the next sign-in asks for", async () => {
    const { client, jane } = await janeWithPhone();
    assert.ok((await client.tokens("jane")).AccessToken);
    await prefer(jane, { SMSMfaSettings: ON });
    assert.deepEqual(await settings(jane), {
      ...NOTHING,
      PreferredMfaSetting: "SMS_MFA",
      UserMFASettingList: ["SMS_MFA"],
    });
    await passwordIsNotEnough(client);
  });

  test("turns on a factor without preferring it", async () => {
    const { client, jane } = await janeWithPhone();
    await prefer(jane, { SMSMfaSettings: { Enabled: true } });
    assert.deepEqual(await settings(jane), { ...NOTHING, UserMFASettingList: ["SMS_MFA"] });
    await passwordIsNotEnough(client);
  });

  test("turns it off again, leaving nothing to show", async () => {
    const { client, jane } = await janeWithPhone();
    await prefer(jane, { SMSMfaSettings: ON });
    await prefer(jane, { SMSMfaSettings: OFF });
    assert.deepEqual(await settings(jane), NOTHING);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("leaves the factors that it does not name", async () => {
    const { jane } = await janeWithPhone();
    await prefer(jane, { SMSMfaSettings: ON });
    await prefer(jane, { SoftwareTokenMfaSettings: OFF });
    assert.deepEqual((await settings(jane)).UserMFASettingList, ["SMS_MFA"]);
  });

  test("shows in GetUser and moves UserLastModifiedDate", async () => {
    const { client, jane } = await janeWithPhone();
    const { AccessToken } = await client.tokens("jane");
    const before = await jane.read();
    await server.advance(60);
    await prefer(jane, { SMSMfaSettings: ON });
    const user = await client.whoIs(AccessToken);
    assert.equal(user.PreferredMfaSetting, "SMS_MFA");
    assert.deepEqual(user.UserMFASettingList, ["SMS_MFA"]);
    assert.ok((await jane.read()).UserLastModifiedDate - before.UserLastModifiedDate >= 60_000);
  });

  test("accepts that a factor is off which the user never had", async () => {
    const jane = await (await createPool(server)).user("jane", { password: PASSWORD });
    await prefer(jane, { SoftwareTokenMfaSettings: OFF, SMSMfaSettings: OFF });
    assert.deepEqual(await settings(jane), NOTHING);
  });

  describe("refuses", () => {
    test("a software token that was never enrolled", async () => {
      const { jane } = await janeWithPhone();
      await refused(
        prefer(jane, { SoftwareTokenMfaSettings: ON }),
        INVALID,
        "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA",
      );
      assert.deepEqual(await settings(jane), NOTHING);
    });

    test("text messages to a user without a telephone", async () => {
      const { pool } = await janeWithPhone();
      const john = await pool.user("john", { password: PASSWORD });
      await refused(
        prefer(john, { SMSMfaSettings: ON }),
        INVALID,
        "User does not have delivery config set to turn on SMS_MFA",
      );
    });

    test("codes by e-mail to a user without an address", async () => {
      const { jane } = await janeWithPhone();
      await refused(
        prefer(jane, { EmailMfaSettings: ON }),
        INVALID,
        "User does not have delivery config set to turn on EMAIL_OTP",
      );
    });

    test("two preferred factors, setting neither", async () => {
      const { jane } = await janeWithPhone();
      await refused(prefer(jane, { SMSMfaSettings: ON, SoftwareTokenMfaSettings: ON }), INVALID);
      assert.deepEqual(await settings(jane), NOTHING);
    });

    test("a preferred factor that is off", async () => {
      const { jane } = await janeWithPhone();
      await refused(prefer(jane, { SMSMfaSettings: { Enabled: false, PreferredMfa: true } }), INVALID);
    });

    refusesStrangers(server, AdminSetUserMFAPreferenceCommand, { SMSMfaSettings: OFF });
  });
});

describe("AdminSetUserSettings", () => {
  const OPTIONS = [{ DeliveryMedium: "SMS", AttributeName: "phone_number" }];
  const set = (user, MFAOptions) => user.send(AdminSetUserSettingsCommand, { MFAOptions });

  test("shows in MFAOptions, there and in GetUser", async () => {
    const { client, jane } = await janeWithPhone();
    const { AccessToken } = await client.tokens("jane");
    await set(jane, OPTIONS);
    assert.deepEqual((await settings(jane)).MFAOptions, OPTIONS);
    assert.deepEqual((await client.whoIs(AccessToken)).MFAOptions, OPTIONS);
  });

  test("makes the next sign-in ask for more than a password", async () => {
    const { client, jane } = await janeWithPhone();
    await set(jane, OPTIONS);
    await passwordIsNotEnough(client);
  });

  test("goes with an empty list", async () => {
    const { client, jane } = await janeWithPhone();
    await set(jane, OPTIONS);
    await set(jane, []);
    assert.equal((await settings(jane)).MFAOptions, undefined);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("refuses a missing list", async () => {
    const { jane } = await janeWithPhone();
    await refused(
      jane.send(AdminSetUserSettingsCommand),
      INVALID,
      violation("mFAOptions", "Member must not be null", null),
    );
  });

  refusesStrangers(server, AdminSetUserSettingsCommand, { MFAOptions: [] });
});
