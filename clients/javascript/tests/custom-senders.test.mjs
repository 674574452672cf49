// Custom senders: functions that send messages, told the code under the pool's key. It is decrypted with the library that
// the developer guide uses.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";

import { buildClient, CommitmentPolicy, getClient, KMS, KmsKeyringNode } from "@aws-crypto/client-node";
import {
  AdminCreateUserCommand,
  AdminResetUserPasswordCommand,
  AdminSetUserMFAPreferenceCommand,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  ForgotPasswordCommand,
  GetUserAttributeVerificationCodeCommand,
  ResendConfirmationCodeCommand,
  SetRiskConfigurationCommand,
  SetUserPoolMfaConfigCommand,
  SignUpCommand,
  UpdateUserAttributesCommand,
  UpdateUserPoolCommand,
  VerifyUserAttributeCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, attributeMap, createPool, PASSWORD, verified } from "../fixtures.mjs";
import { CALLER, Functions, HANG } from "../functions.mjs";
import { startServer, temporaryFolder } from "../server.mjs";

const KEY = "arn:aws:kms:us-east-1:123456789012:key/1a2b3c4d-0000-4000-8000-000000000000";
const EMAIL = "jane@example.com";
const METADATA = { reason: "because" };

const functions = await Functions.start();
const folder = temporaryFolder();
const config = path.join(folder, "cognate.toml");
writeFileSync(
  config,
  `[triggers]
lambda_endpoint = "${functions.endpoint}"
kms_endpoint = "${functions.endpoint}"
`,
);
const server = await startServer({ flags: ["--config", config], env: CALLER });
const keyless = await startServer({ flags: ["--lambda-endpoint", functions.endpoint], env: CALLER });
after(async () => {
  await Promise.all([server.stop(), keyless.stop()]);
  functions.stop();
  rmSync(folder, { recursive: true, force: true });
});

const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const credentials = { accessKeyId: CALLER.AWS_ACCESS_KEY_ID, secretAccessKey: CALLER.AWS_SECRET_ACCESS_KEY };
const keyring = new KmsKeyringNode({
  clientProvider: getClient(KMS, { endpoint: functions.endpoint, region: "us-east-1", credentials }),
  keyIds: [KEY],
});
const opened = async (code) => String((await decrypt(keyring, Buffer.from(code, "base64"))).plaintext);

let count = 0;
/** A pool with both senders. */
async function sending(poolConfig = {}, on = server) {
  count += 1;
  const waiting = [];
  const calls = [];
  const handler = (event) => {
    calls.push(event);
    waiting.shift()?.(event);
    return event;
  };
  const sender = (name) => ({ LambdaVersion: "V1_0", LambdaArn: functions.define(`${name}-${count}`, handler) });
  const LambdaConfig = { KMSKeyID: KEY, CustomEmailSender: sender("email"), CustomSMSSender: sender("sms") };
  const pool = await createPool(on, { LambdaConfig, ...poolConfig });
  const client = await pool.client();
  /** What the next call tells; ask before what causes it. */
  const next = () => new Promise((resolve) => waiting.push(resolve));
  return { pool, client, next, calls };
}

const whole = (event, { pool, client, source, user, type, userAttributes, metadata }) => {
  assert.deepEqual(event, {
    version: "1",
    triggerSource: source,
    region: "us-east-1",
    userPoolId: pool.id,
    userName: user,
    callerContext: {
      awsSdkVersion: event.callerContext.awsSdkVersion,
      clientId: client?.id ?? "CLIENT_ID_NOT_APPLICABLE",
    },
    request: {
      type,
      code: event.request.code,
      userAttributes,
      ...(metadata ? { clientMetadata: metadata } : {}),
    },
    response: {},
  });
};

describe("A custom sender", () => {
  test("is told a sign-up's code, which confirms it", async () => {
    const { pool, client, next } = await sending({ AutoVerifiedAttributes: ["email"] });
    const call = next();
    const { UserSub } = await server.send(
      new SignUpCommand({
        ClientId: client.id,
        Username: "jane",
        Password: PASSWORD,
        UserAttributes: attributeList({ email: EMAIL }),
        ClientMetadata: METADATA,
      }),
    );
    const event = await call;
    whole(event, {
      pool,
      client,
      source: "CustomEmailSender_SignUp",
      user: "jane",
      type: "customEmailSenderRequestV1",
      userAttributes: { sub: UserSub, email: EMAIL, "cognito:user_status": "UNCONFIRMED" },
      metadata: METADATA,
    });
    const ConfirmationCode = await opened(event.request.code);
    await server.send(new ConfirmSignUpCommand({ ClientId: client.id, Username: "jane", ConfirmationCode }));
  });

  test("is told invitations, with the password as HTML has it", async () => {
    const { pool, next } = await sending();
    const call = next();
    await pool.send(AdminCreateUserCommand, {
      Username: "jane",
      UserAttributes: attributeList({ email: EMAIL }),
      TemporaryPassword: "<Temporary&1>",
      DesiredDeliveryMediums: ["EMAIL"],
    });
    const { triggerSource, request } = await call;
    assert.equal(triggerSource, "CustomEmailSender_AdminCreateUser");
    assert.equal(await opened(request.code), "&lt;Temporary&amp;1&gt;");
  });

  test("is told codes for new passwords, however often it fails", async () => {
    const { pool, client, next } = await sending();
    await pool.user("jane", { password: PASSWORD, attributes: verified(EMAIL) });
    const call = next();
    await server.send(new ForgotPasswordCommand({ ClientId: client.id, Username: "jane" }));
    const ConfirmationCode = await opened((await call).request.code);
    const chosen = { ClientId: client.id, Username: "jane", ConfirmationCode, Password: PASSWORD };
    await server.send(new ConfirmForgotPasswordCommand(chosen));
  });

  test("is told codes to sign in with, by text message", async () => {
    const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "x" };
    const { pool, client, next } = await sending({ SmsConfiguration: SMS });
    await pool.send(SetUserPoolMfaConfigCommand, {
      MfaConfiguration: "ON",
      SmsMfaConfiguration: { SmsConfiguration: SMS },
    });
    const phone = { phone_number: "+12065550100", phone_number_verified: "true" };
    const jane = await pool.user("jane", { password: PASSWORD, attributes: phone });
    const call = next();
    const challenge = await client.signIn("jane");
    const event = await call;
    whole(event, {
      pool,
      client,
      source: "CustomSMSSender_Authentication",
      user: "jane",
      type: "customSMSSenderRequestV1",
      userAttributes: { sub: jane.sub, ...phone, "cognito:user_status": "CONFIRMED" },
    });
    const SMS_MFA_CODE = await opened(event.request.code);
    const { AuthenticationResult } = await client.answer(challenge, { USERNAME: "jane", SMS_MFA_CODE });
    assert.ok(AuthenticationResult.AccessToken);
  });

  const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "x" };
  const PHONE = "+12065550100";
  for (const { medium, sender, type, attribute, value, other, mediumOf, factor } of [
    {
      medium: "EMAIL",
      sender: "CustomEmailSender",
      type: "customEmailSenderRequestV1",
      attribute: "email",
      value: EMAIL,
      other: "other@example.com",
      mediumOf: { EmailMfaSettings: { Enabled: true, PreferredMfa: true } },
      factor: "EMAIL_OTP",
    },
    {
      medium: "SMS",
      sender: "CustomSMSSender",
      type: "customSMSSenderRequestV1",
      attribute: "phone_number",
      value: PHONE,
      other: "+12065550199",
      mediumOf: { SMSMfaSettings: { Enabled: true, PreferredMfa: true } },
      factor: "SMS_MFA",
    },
  ]) {
    test(`hears of every occasion, by ${medium}`, async () => {
      const { pool, client, next } = await sending({
        AutoVerifiedAttributes: [attribute],
        SmsConfiguration: SMS,
        EmailConfiguration: {
          EmailSendingAccount: "DEVELOPER",
          SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/us@example.com",
        },
      });
      const own = (Username) => ({ ClientId: client.id, Username, ClientMetadata: METADATA });
      const is = async (call, source, user, userAttributes, { by = client, metadata = METADATA } = {}) => {
        const event = await call;
        whole(event, { pool, client: by, source: `${sender}_${source}`, user, type, userAttributes, metadata });
        return opened(event.request.code);
      };
      const attributes = attributeList({ [attribute]: value });
      const status = (name) => ({ "cognito:user_status": name });

      let call = next();
      const { UserSub: sub } = await server.send(
        new SignUpCommand({ ...own("jane"), Password: PASSWORD, UserAttributes: attributes }),
      );
      await is(call, "SignUp", "jane", { sub, [attribute]: value, ...status("UNCONFIRMED") });
      call = next();
      await server.send(new ResendConfirmationCodeCommand(own("jane")));
      const code = await is(call, "ResendCode", "jane", { sub, [attribute]: value, ...status("UNCONFIRMED") });
      await server.send(new ConfirmSignUpCommand({ ...own("jane"), ConfirmationCode: code }));

      const confirmed = { sub, [attribute]: value, [`${attribute}_verified`]: "true", ...status("CONFIRMED") };
      call = next();
      await server.send(new ForgotPasswordCommand(own("jane")));
      await is(call, "ForgotPassword", "jane", confirmed);
      call = next();
      await pool.existingUser("jane").send(AdminResetUserPasswordCommand, { ClientMetadata: METADATA });
      const reset = await is(call, "ForgotPassword", "jane", confirmed, { by: null });
      const chosen = { ...own("jane"), ConfirmationCode: reset, Password: PASSWORD };
      await server.send(new ConfirmForgotPasswordCommand(chosen));

      const { AccessToken } = await client.tokens("jane");
      const changed = { ...confirmed, [attribute]: other, [`${attribute}_verified`]: "false" };
      call = next();
      const UserAttributes = attributeList({ [attribute]: other });
      await server.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes, ClientMetadata: METADATA }));
      await is(call, "UpdateUserAttribute", "jane", changed);
      call = next();
      const asked = { AccessToken, AttributeName: attribute, ClientMetadata: METADATA };
      await server.send(new GetUserAttributeVerificationCodeCommand(asked));
      const Code = await is(call, "VerifyUserAttribute", "jane", changed);
      await server.send(new VerifyUserAttributeCommand({ AccessToken, AttributeName: attribute, Code }));

      call = next();
      const { User } = await pool.send(AdminCreateUserCommand, {
        Username: "invited",
        UserAttributes: attributes,
        DesiredDeliveryMediums: [medium],
        ClientMetadata: METADATA,
      });
      const invited = { sub: attributeMap(User.Attributes).sub, [attribute]: value, ...status("FORCE_CHANGE_PASSWORD") };
      const temporary = await is(call, "AdminCreateUser", "invited", invited, { by: null });
      assert.ok(temporary.length >= 8);

      await pool.send(SetUserPoolMfaConfigCommand, {
        MfaConfiguration: "OPTIONAL",
        SmsMfaConfiguration: { SmsConfiguration: SMS },
        EmailMfaConfiguration: { Message: "{####}", Subject: "code" },
      });
      await pool.existingUser("jane").send(AdminSetUserMFAPreferenceCommand, mediumOf);
      call = next();
      const challenge = await client.signIn("jane", PASSWORD, { ClientMetadata: METADATA });
      assert.equal(challenge.ChallengeName, factor);
      const now = { ...changed, [`${attribute}_verified`]: "true" };
      const answer = await is(call, "Authentication", "jane", now, { metadata: null });
      const { AuthenticationResult } = await client.answer(challenge, { USERNAME: "jane", [`${factor}_CODE`]: answer });
      assert.ok(AuthenticationResult.AccessToken);
    });
  }

  test("is told of risky sign-ins", async () => {
    const { pool, client, next } = await sending({
      UserPoolTier: "PLUS",
      UserPoolAddOns: { AdvancedSecurityMode: "ENFORCED" },
    });
    const action = { Notify: true, EventAction: "BLOCK" };
    await pool.send(SetRiskConfigurationCommand, {
      AccountTakeoverRiskConfiguration: {
        NotifyConfiguration: { SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/us@example.com" },
        Actions: { LowAction: action, MediumAction: action, HighAction: action },
      },
    });
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified(EMAIL) });
    const from = (IpAddress) => ({
      ContextData: { IpAddress, ServerName: "s", ServerPath: "/", HttpHeaders: [] },
    });
    await client.signIn("jane", PASSWORD, from("198.51.100.1"));
    const call = next();
    await assert.rejects(client.signIn("jane", PASSWORD, from("192.0.2.77")));
    const event = await call;
    whole(event, {
      pool,
      source: "CustomEmailSender_AccountTakeOverNotification",
      user: "jane",
      type: "customEmailSenderRequestV1",
      userAttributes: { sub: jane.sub, ...verified(EMAIL), "cognito:user_status": "CONFIRMED" },
    });
    assert.match(await opened(event.request.code), /^We blocked an unrecognized sign-in/);
  });

  test("of one pool that never answer do not hold up another's", async () => {
    const [slow, quick] = [await sending(), await sending()];
    const begun = [];
    const hanging = functions.define(`email-${slow.pool.id}`, (event) => (begun.push(event), HANG()));
    await slow.pool.send(UpdateUserPoolCommand, {
      LambdaConfig: { KMSKeyID: KEY, CustomEmailSender: { LambdaVersion: "V1_0", LambdaArn: hanging } },
    });
    const invite = ({ pool }, Username) =>
      pool.send(AdminCreateUserCommand, {
        Username,
        UserAttributes: attributeList({ email: EMAIL }),
        DesiredDeliveryMediums: ["EMAIL"],
      });
    const many = Array.from({ length: 60 }, (_, number) => `jane${number}`);
    await Promise.all(many.map((name) => invite(slow, name)));
    const call = quick.next();
    await invite(quick, "jane");
    assert.equal((await call).userPoolId, quick.pool.id);
    assert.ok(begun.length > 0 && begun.length < many.length, `${begun.length} came first`);
  });

  test("gets nothing where there are no keys, and nobody sends in its place", async () => {
    const { pool, calls } = await sending({}, keyless);
    await pool.send(AdminCreateUserCommand, {
      Username: "jane",
      UserAttributes: attributeList({ email: EMAIL }),
      DesiredDeliveryMediums: ["EMAIL"],
    });
    const [message] = await pool.outbox("jane");
    assert.equal(message.state, "kept");
    assert.deepEqual(calls, []);
  });
});
