import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminResetUserPasswordCommand,
  AdminSetUserMFAPreferenceCommand,
  SetUserMFAPreferenceCommand,
  SetUserPoolMfaConfigCommand,
  SetUserSettingsCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { refusesBadTokens, signedIn } from "../bearers.mjs";
import { verified } from "../fixtures.mjs";
import { refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const ON = { Enabled: true, PreferredMfa: true };
const OFF = { Enabled: false, PreferredMfa: false };
const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "external" };
const ADDRESSES = { ...verified("jane@example.com"), phone_number: "+12065550100", phone_number_verified: "true" };

/** Jane, signed in, in a pool in which text messages and software tokens are optional. */
async function janeWithPhone(attributes = ADDRESSES) {
  const jane = await signedIn(server, { pool: { SmsConfiguration: SMS }, attributes });
  await jane.pool.send(SetUserPoolMfaConfigCommand, {
    MfaConfiguration: "OPTIONAL",
    SmsMfaConfiguration: { SmsConfiguration: SMS },
    SoftwareTokenMfaConfiguration: { Enabled: true },
  });
  return jane;
}

const prefer = (AccessToken, input) => server.send(new SetUserMFAPreferenceCommand({ AccessToken, ...input }));
const settings = async (user) => {
  const { PreferredMfaSetting, UserMFASettingList, MFAOptions } = await user.read();
  return { PreferredMfaSetting, UserMFASettingList, MFAOptions };
};
const NOTHING = { PreferredMfaSetting: undefined, UserMFASettingList: undefined, MFAOptions: undefined };

/** Holds when a sign-in with the right password alone gives no tokens. */
async function passwordIsNotEnough(client) {
  const outcome = await client.signIn("jane").catch((error) => error);
  assert.equal(outcome.AuthenticationResult, undefined);
  assert.ok(outcome.ChallengeName === "SMS_MFA" || outcome.$metadata?.httpStatusCode === 400, String(outcome));
}

describe("SetUserMFAPreference", () => {
  test("turns factors on, prefers one, and turns them off", async () => {
    const { client, jane, AccessToken } = await janeWithPhone();
    const { $metadata: _, ...answer } = await prefer(AccessToken, { SMSMfaSettings: ON, EmailMfaSettings: { Enabled: true } });
    assert.deepEqual(answer, {});
    const expected = { PreferredMfaSetting: "SMS_MFA", UserMFASettingList: ["SMS_MFA", "EMAIL_OTP"] };
    assert.deepEqual(await settings(jane), { ...NOTHING, ...expected });
    const shown = await client.whoIs(AccessToken);
    assert.equal(shown.PreferredMfaSetting, "SMS_MFA");
    assert.deepEqual(shown.UserMFASettingList, ["SMS_MFA", "EMAIL_OTP"]);
    await passwordIsNotEnough(client);
    await prefer(AccessToken, { EmailMfaSettings: OFF });
    assert.deepEqual(await settings(jane), { ...NOTHING, PreferredMfaSetting: "SMS_MFA", UserMFASettingList: ["SMS_MFA"] });
    await prefer(AccessToken, { SMSMfaSettings: OFF });
    assert.deepEqual(await settings(jane), NOTHING);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("accepts that a factor is off which the user never had", async () => {
    const { jane, AccessToken } = await janeWithPhone({});
    await prefer(AccessToken, { SoftwareTokenMfaSettings: OFF, SMSMfaSettings: OFF, EmailMfaSettings: OFF });
    assert.deepEqual(await settings(jane), NOTHING);
  });

  test("takes the settings of passkeys, as the administrator's operation does", async () => {
    const { jane, AccessToken } = await janeWithPhone();
    for (const Enabled of [true, false]) {
      await prefer(AccessToken, { WebAuthnMfaSettings: { Enabled } });
      await jane.send(AdminSetUserMFAPreferenceCommand, { WebAuthnMfaSettings: { Enabled } });
    }
    assert.deepEqual(await settings(jane), NOTHING);
  });

  test("refuses what the user lacks, in words for users", async () => {
    const { jane, AccessToken } = await janeWithPhone({});
    for (const [input, message] of [
      [{ SMSMfaSettings: ON }, "User does not have a phone_number set to turn on SMS MFA"],
      [{ SoftwareTokenMfaSettings: ON }, "User has not set up software token mfa"],
      [{ EmailMfaSettings: ON }, "User does not have delivery config set to turn on EMAIL_OTP"],
    ]) {
      await refused(prefer(AccessToken, input), INVALID, message);
    }
    assert.deepEqual(await settings(jane), NOTHING);
  });

  test("refuses two preferred factors and a preferred one that is off, setting nothing", async () => {
    const { jane, AccessToken } = await janeWithPhone();
    await refused(prefer(AccessToken, { SMSMfaSettings: ON, EmailMfaSettings: ON }), INVALID);
    await refused(prefer(AccessToken, { SMSMfaSettings: { Enabled: false, PreferredMfa: true } }), INVALID);
    assert.deepEqual(await settings(jane), NOTHING);
  });

  test("refuses a user who must reset their password", async () => {
    const { jane, AccessToken } = await janeWithPhone();
    await jane.send(AdminResetUserPasswordCommand);
    await refused(prefer(AccessToken, { SMSMfaSettings: ON }), "PasswordResetRequiredException");
  });

  refusesBadTokens(server, SetUserMFAPreferenceCommand, { SMSMfaSettings: OFF });
});

describe("SetUserSettings", () => {
  const OPTIONS = [{ DeliveryMedium: "SMS", AttributeName: "phone_number" }];
  const set = (AccessToken, MFAOptions) => server.send(new SetUserSettingsCommand({ AccessToken, MFAOptions }));

  test("turns text messages on, and off with an empty list", async () => {
    const { client, jane, AccessToken } = await janeWithPhone();
    const { $metadata: _, ...answer } = await set(AccessToken, OPTIONS);
    assert.deepEqual(answer, {});
    assert.deepEqual((await settings(jane)).MFAOptions, OPTIONS);
    await passwordIsNotEnough(client);
    await set(AccessToken, []);
    assert.deepEqual(await settings(jane), NOTHING);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("refuses anything but text messages to a number that is there", async () => {
    const { AccessToken } = await janeWithPhone({ email: "jane@example.com" });
    await refused(
      set(AccessToken, OPTIONS),
      INVALID,
      "User does not have a phone_number set to turn on SMS MFA",
    );
    await refused(set(AccessToken, [{ DeliveryMedium: "EMAIL", AttributeName: "email" }]), INVALID);
  });

  test("refuses a missing list", async () => {
    const { AccessToken } = await janeWithPhone();
    await refused(set(AccessToken), INVALID, violation("mFAOptions", "Member must not be null", null));
  });

  refusesBadTokens(server, SetUserSettingsCommand, { MFAOptions: [] });
});
