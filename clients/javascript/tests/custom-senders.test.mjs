// Custom senders: functions that send messages, told the code under the pool's key. It is decrypted with the library that
// the developer guide uses.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";

import { buildClient, CommitmentPolicy, getClient, KMS, KmsKeyringNode } from "@aws-crypto/client-node";
import {
  AdminCreateUserCommand,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  ForgotPasswordCommand,
  SetUserPoolMfaConfigCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, createPool, PASSWORD, verified } from "../fixtures.mjs";
import { CALLER, Functions } from "../functions.mjs";
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
      ...(metadata === undefined ? {} : { clientMetadata: metadata }),
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
