import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, describe, test } from "node:test";

import {
  AdminForgetDeviceCommand,
  AdminGetDeviceCommand,
  AdminListDevicesCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminUpdateDeviceStatusCommand,
  ConfirmDeviceCommand,
  SetUserPoolMfaConfigCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import cognito from "amazon-cognito-identity-js";

import { Browser, called } from "../browser.mjs";
import { attributeMap, createPool, PASSWORD } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { claimsOf } from "../tokens.mjs";

const { AuthenticationHelper, DateHelper } = cognito;

const server = await startServer();
after(() => server.stop());

const NO_DEVICE = ["ResourceNotFoundException", "Device does not exist."];
const WRONG = ["NotAuthorizedException", "Incorrect username or password."];
const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "external" };
const FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];

/** A pool that tracks devices, its client, and jane. */
async function tracking(DeviceConfiguration = {}, config = {}) {
  const pool = await createPool(server, { DeviceConfiguration, ...config });
  const client = await pool.client({ ExplicitAuthFlows: FLOWS });
  const jane = await pool.user("jane", {
    password: PASSWORD,
    attributes: { phone_number: "+12065550100", phone_number_verified: "true" },
  });
  return { pool, client, jane };
}

/** The same, where a code by text message is asked for as well. */
async function trackingWithFactors(DeviceConfiguration) {
  const there = await tracking(DeviceConfiguration, { SmsConfiguration: SMS });
  await there.pool.send(SetUserPoolMfaConfigCommand, {
    MfaConfiguration: "OPTIONAL",
    SmsMfaConfiguration: { SmsConfiguration: SMS },
  });
  await there.jane.send(AdminSetUserMFAPreferenceCommand, { SMSMfaSettings: { Enabled: true, PreferredMfa: true } });
  return there;
}

const newestCode = (user) => async () => (await user.outbox())[0].code;
const devicesOf = async (user) => (await user.send(AdminListDevicesCommand)).Devices;
const keyOf = (session) => claimsOf(session.getAccessToken().getJwtToken()).device_key;

describe("amazon-cognito-identity-js", () => {
  test("confirms its device at the first sign-in and proves it at the next", async () => {
    const { client, jane } = await tracking();
    const browser = new Browser(client);
    const first = await browser.signIn("jane");
    assert.deepEqual(first.asked, ["PASSWORD_VERIFIER"]);
    const [device] = await devicesOf(jane);
    assert.equal(device.DeviceKey, keyOf(first.session));
    await server.advance(60);
    const second = await browser.signIn("jane");
    assert.deepEqual(second.asked, ["PASSWORD_VERIFIER", "DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]);
    assert.equal(keyOf(second.session), device.DeviceKey);
    const [again, ...others] = await devicesOf(jane);
    assert.equal(others.length, 0);
    assert.ok(again.DeviceLastAuthenticatedDate - device.DeviceLastAuthenticatedDate >= 59_000);
    assert.deepEqual(again.DeviceCreateDate, device.DeviceCreateDate);
  });

  test("proves its device after a password in clear", async () => {
    const { client } = await tracking();
    const browser = new Browser(client);
    const flow = "USER_PASSWORD_AUTH";
    assert.deepEqual((await browser.signIn("jane", { flow })).asked, []);
    assert.deepEqual((await browser.signIn("jane", { flow })).asked, ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]);
  });

  test("is not asked for a code on a device that stands for it", async () => {
    const { client, jane } = await trackingWithFactors({ ChallengeRequiredOnNewDevice: true });
    const browser = new Browser(client);
    const code = newestCode(jane);
    assert.deepEqual((await browser.signIn("jane", { code })).asked, ["PASSWORD_VERIFIER", "SMS_MFA"]);
    const { asked } = await browser.signIn("jane");
    assert.deepEqual(asked, ["PASSWORD_VERIFIER", "DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]);
    const elsewhere = await new Browser(client).signIn("jane", { code });
    assert.deepEqual(elsewhere.asked, ["PASSWORD_VERIFIER", "SMS_MFA"]);
  });

  test("is asked for a code and its device where the one does not stand for the other", async () => {
    const { client, jane } = await trackingWithFactors({});
    const browser = new Browser(client);
    const code = newestCode(jane);
    await browser.signIn("jane", { code });
    const { asked } = await browser.signIn("jane", { code });
    assert.deepEqual(asked, ["PASSWORD_VERIFIER", "SMS_MFA", "DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]);
  });

  test("asks its user where the pool wants it to", async () => {
    const { client, jane } = await trackingWithFactors({
      ChallengeRequiredOnNewDevice: true,
      DeviceOnlyRememberedOnUserPrompt: true,
    });
    const browser = new Browser(client);
    const code = newestCode(jane);
    const first = await browser.signIn("jane", { code });
    assert.equal(first.confirmationNecessary, true);
    assert.deepEqual((await browser.signIn("jane", { code })).asked, ["PASSWORD_VERIFIER", "SMS_MFA"]);
    await called(first.user, "setDeviceStatusRemembered");
    const remembered = await browser.signIn("jane");
    assert.deepEqual(remembered.asked, ["PASSWORD_VERIFIER", "DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]);
    await called(remembered.user, "setDeviceStatusNotRemembered");
    assert.deepEqual((await browser.signIn("jane", { code })).asked, ["PASSWORD_VERIFIER", "SMS_MFA"]);
  });

  test("drops the key of a forgotten device and goes on with the same proof", async () => {
    const { client, jane } = await tracking();
    const browser = new Browser(client);
    const { session } = await browser.signIn("jane");
    await jane.send(AdminForgetDeviceCommand, { DeviceKey: keyOf(session) });
    const { session: next, asked } = await browser.signIn("jane");
    assert.deepEqual(asked, ["PASSWORD_VERIFIER"]);
    const [device] = await devicesOf(jane);
    assert.equal(device.DeviceKey, keyOf(next));
    assert.notEqual(keyOf(next), keyOf(session));
  });

  test("is refused with another device's password", async () => {
    const { client, jane } = await tracking();
    const browser = new Browser(client);
    await browser.signIn("jane");
    const key = [...browser.storage.items.keys()].find((name) => name.endsWith("randomPasswordKey"));
    browser.storage.setItem(key, "not the password of this device");
    await assert.rejects(browser.signIn("jane"), { code: WRONG[0], message: WRONG[1] });
    const [device] = await devicesOf(jane);
    assert.ok(device, "and the device is still known");
  });

  test("refreshes with its device", async () => {
    const { client } = await tracking();
    const browser = new Browser(client);
    const { user, session } = await browser.signIn("jane");
    const refreshed = await called(user, "refreshSession", session.getRefreshToken());
    assert.equal(keyOf(refreshed), keyOf(session));
    await refused(
      client.publicAuth("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: session.getRefreshToken().getToken() }),
      "NotAuthorizedException",
      "Invalid Refresh Token",
    );
  });

  test("shows, lists and forgets its device", async () => {
    const { client, jane } = await tracking();
    const browser = new Browser(client);
    const { user, session } = await browser.signIn("jane");
    const { Device } = await called(user, "getDevice");
    assert.equal(Device.DeviceKey, keyOf(session));
    const attributes = attributeMap(Device.DeviceAttributes);
    assert.deepEqual(Object.keys(attributes), ["device_status", "device_name", "last_ip_used"]);
    const { Devices } = await called(user, "listDevices", 10, undefined);
    assert.deepEqual(Devices, [Device]);
    await called(user, "forgetDevice");
    assert.deepEqual(await devicesOf(jane), []);
  });
});

/** A device by hand: what the library does, step by step. */
class Device {
  static async confirmed(client, jane) {
    const { AuthenticationResult: result } = await client.signInPublicly(jane.username);
    const { DeviceKey: key, DeviceGroupKey: group } = result.NewDeviceMetadata;
    const helper = new AuthenticationHelper(group);
    await new Promise((resolve, reject) =>
      helper.generateHashDevice(group, key, (error) => (error ? reject(error) : resolve())),
    );
    const base64 = (hex) => Buffer.from(hex, "hex").toString("base64");
    await server.send(
      new ConfirmDeviceCommand({
        AccessToken: result.AccessToken,
        DeviceKey: key,
        DeviceName: "by hand",
        DeviceSecretVerifierConfig: {
          Salt: base64(helper.getSaltDevices()),
          PasswordVerifier: base64(helper.getVerifierDevices()),
        },
      }),
    );
    return Object.assign(new Device(), { client, key, group, password: helper.getRandomPassword() });
  }

  /** The right password, and which device it comes from. */
  signIn() {
    return this.client.publicAuth("USER_PASSWORD_AUTH", {
      USERNAME: "jane",
      PASSWORD,
      DEVICE_KEY: this.key,
    });
  }

  /** DEVICE_SRP_AUTH; answers the parameters of the proof that is asked for. */
  async begin(Session) {
    this.helper = new AuthenticationHelper(this.group);
    const value = await new Promise((resolve, reject) =>
      this.helper.getLargeAValue((error, a) => (error ? reject(error) : resolve(a))),
    );
    const responses = { USERNAME: "jane", DEVICE_KEY: this.key, SRP_A: value.toString(16) };
    return this.client.answerPublicly({ ChallengeName: "DEVICE_SRP_AUTH", Session }, responses);
  }

  /** DEVICE_PASSWORD_VERIFIER. */
  async prove({ ChallengeParameters: { SALT, SRP_B, SECRET_BLOCK } }, { Session, ...changed } = {}) {
    const BigInteger = this.helper.N.constructor;
    const key = await new Promise((resolve, reject) =>
      this.helper.getPasswordAuthenticationKey(
        this.key,
        this.password,
        new BigInteger(SRP_B, 16),
        new BigInteger(SALT, 16),
        (error, hkdf) => (error ? reject(error) : resolve(hkdf)),
      ),
    );
    const TIMESTAMP = new DateHelper().getNowString();
    const signature = createHmac("sha256", key)
      .update(this.group)
      .update(this.key)
      .update(Buffer.from(SECRET_BLOCK, "base64"))
      .update(TIMESTAMP)
      .digest("base64");
    return this.client.answerPublicly(
      { ChallengeName: "DEVICE_PASSWORD_VERIFIER", Session },
      {
        USERNAME: "jane",
        DEVICE_KEY: this.key,
        PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK,
        PASSWORD_CLAIM_SIGNATURE: signature,
        TIMESTAMP,
        ...changed,
      },
    );
  }
}

async function janesDevice(config) {
  const there = await tracking(config);
  return { ...there, device: await Device.confirmed(there.client, there.jane) };
}

describe("The proof of a device", () => {
  test("needs no session beside the secret block, as some clients send none", async () => {
    const { device } = await janesDevice();
    const asked = await device.signIn();
    assert.equal(asked.ChallengeName, "DEVICE_SRP_AUTH");
    assert.equal(asked.ChallengeParameters.USERNAME, "jane");
    const proof = await device.begin();
    assert.equal(proof.ChallengeName, "DEVICE_PASSWORD_VERIFIER");
    assert.deepEqual(Object.keys(proof.ChallengeParameters).sort(), [
      "DEVICE_KEY",
      "SALT",
      "SECRET_BLOCK",
      "SRP_B",
      "USERNAME",
    ]);
    const { AuthenticationResult } = await device.prove(proof);
    assert.equal(AuthenticationResult.NewDeviceMetadata, undefined);
    assert.equal(claimsOf(AuthenticationResult.AccessToken).device_key, device.key);
  });

  test("cannot begin before the password was right", async () => {
    const { device } = await janesDevice();
    await refused(device.begin(), "InvalidParameterException", "Missing required parameter Session");
    await device.signIn();
    await device.prove(await device.begin());
    await refused(device.begin(), "InvalidParameterException", "Missing required parameter Session");
  });

  test("is good once", async () => {
    const { device } = await janesDevice();
    const { Session } = await device.signIn();
    const proof = await device.begin(Session);
    await device.prove(proof);
    await refused(
      device.begin(Session),
      "NotAuthorizedException",
      "Invalid session for the user, session can only be used once.",
    );
    await refused(
      device.prove(proof),
      "NotAuthorizedException",
      "Invalid session for the user, session can only be used once.",
    );
  });

  test("may be repeated after a wrong one", async () => {
    const { device } = await janesDevice();
    const proof = await device.begin((await device.signIn()).Session);
    await refused(device.prove(proof, { PASSWORD_CLAIM_SIGNATURE: "AAAA" }), ...WRONG);
    await refused(device.prove(proof, { TIMESTAMP: "Fri Feb 9 07:05:03 UTC 2024" }), ...WRONG);
    assert.ok((await device.prove(proof)).AuthenticationResult);
  });

  test("is counted like a password when it is wrong", async () => {
    const { device } = await janesDevice();
    const proof = await device.begin((await device.signIn()).Session);
    for (let i = 0; i < 5; i += 1) await refused(device.prove(proof, { PASSWORD_CLAIM_SIGNATURE: "AAAA" }), ...WRONG);
    await refused(device.prove(proof), "NotAuthorizedException", "Password attempts exceeded");
  });

  test("is over with its session's time", async () => {
    const { device } = await janesDevice();
    const proof = await device.begin((await device.signIn()).Session);
    await server.advance(181);
    await refused(
      device.prove(proof),
      "NotAuthorizedException",
      "Invalid session for the user, session is expired.",
    );
  });

  test("refuses a block of another device, a changed one, and one of a password", async () => {
    const { device, client, jane } = await janesDevice();
    const other = await Device.confirmed(client, jane);
    const proof = await device.begin((await device.signIn()).Session);
    await refused(device.prove(proof, { DEVICE_KEY: other.key }), ...WRONG);
    const { SECRET_BLOCK } = proof.ChallengeParameters;
    const changed = `${SECRET_BLOCK.slice(0, 40)}${SECRET_BLOCK[40] === "A" ? "B" : "A"}${SECRET_BLOCK.slice(41)}`;
    await refused(device.prove(proof, { PASSWORD_CLAIM_SECRET_BLOCK: changed }), ...WRONG);
    const password = await client.publicAuth("USER_SRP_AUTH", { USERNAME: "jane", SRP_A: "abc123" });
    await refused(
      device.prove(proof, { PASSWORD_CLAIM_SECRET_BLOCK: password.ChallengeParameters.SECRET_BLOCK }),
      ...WRONG,
    );
    await refused(device.prove(proof, { USERNAME: "nobody" }), ...NO_DEVICE);
    await refused(
      device.prove(proof, { TIMESTAMP: "now" }),
      "InvalidParameterException",
      "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.",
    );
  });

  test("is of no use once the device is forgotten", async () => {
    const { device, jane } = await janesDevice();
    const proof = await device.begin((await device.signIn()).Session);
    await jane.send(AdminForgetDeviceCommand, { DeviceKey: device.key });
    await refused(device.prove(proof), ...NO_DEVICE);
  });

  test("cannot be left out by naming no device any more", async () => {
    const { device, client } = await janesDevice();
    const { Session } = await device.signIn();
    await refused(
      client.answerPublicly({ ChallengeName: "SMS_MFA", Session }, { USERNAME: "jane", SMS_MFA_CODE: "123456" }),
      "NotAuthorizedException",
      "Invalid session for the user.",
    );
  });

  test("is shown to administrators under the name that its application gave", async () => {
    const { device, jane } = await janesDevice();
    const { Device: shown } = await jane.send(AdminGetDeviceCommand, { DeviceKey: device.key });
    assert.equal(attributeMap(shown.DeviceAttributes).device_name, "by hand");
    await jane.send(AdminUpdateDeviceStatusCommand, {
      DeviceKey: device.key,
      DeviceRememberedStatus: "not_remembered",
    });
    assert.ok((await device.signIn()).AuthenticationResult, "no proof is asked for");
  });
});
