import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDisableUserCommand,
  ConfirmForgotPasswordCommand,
  ForgotPasswordCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD, verified } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const NEW = "Chosen-one1";
const NO_COMBINATION = ["UserNotFoundException", "Username/client id combination not found."];
const MISMATCH = ["CodeMismatchException", "Invalid verification code provided, please try again."];
const NO_CODE = ["ExpiredCodeException", "Invalid code provided, please request a code again."];
const EMAIL = { Destination: "j***@e***", DeliveryMedium: "EMAIL", AttributeName: "email" };

/** A pool with a client and the confirmed user jane. */
async function janeExists({ pool: poolConfig, client: clientConfig, attributes = verified("jane@example.com") } = {}) {
  const pool = await createPool(server, poolConfig);
  const client = await pool.client(clientConfig);
  const jane = await pool.user("jane", { password: PASSWORD, attributes });
  return { pool, client, jane };
}

const forgot = (client, Username = "jane", input = {}) =>
  server.send(new ForgotPasswordCommand({ ClientId: client.id, Username, ...input }));
const confirm = (client, ConfirmationCode, input = {}) =>
  server.send(
    new ConfirmForgotPasswordCommand({
      ClientId: client.id,
      Username: "jane",
      ConfirmationCode,
      Password: NEW,
      ...input,
    }),
  );
const lastCode = async (user) => (await user.outbox())[0].code;
const anotherCode = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

describe("ForgotPassword", () => {
  test("sends a code and tells where, masked", async () => {
    const { client, jane } = await janeExists();
    const { CodeDeliveryDetails } = await forgot(client);
    assert.deepEqual(CodeDeliveryDetails, EMAIL);
    const [message] = await jane.outbox();
    assert.equal(message.destination, "jane@example.com");
    assert.match(message.code, /^\d{6}$/);
    assert.ok(message.body.includes(message.code));
    assert.ok((await client.tokens("jane")).AccessToken, "the old password works until the code is used");
  });

  test("prefers the phone where the pool does not say otherwise", async () => {
    const attributes = {
      ...verified("jane@example.com"),
      phone_number: "+12065551234",
      phone_number_verified: "true",
    };
    const SmsConfiguration = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms" };
    const { client, jane } = await janeExists({ pool: { SmsConfiguration }, attributes });
    const { CodeDeliveryDetails } = await forgot(client);
    assert.deepEqual(CodeDeliveryDetails, {
      Destination: "+*******1234",
      DeliveryMedium: "SMS",
      AttributeName: "phone_number",
    });
    assert.equal((await jane.outbox())[0].destination, "+12065551234");
    const AccountRecoverySetting = { RecoveryMechanisms: [{ Priority: 1, Name: "verified_email" }] };
    const { client: other } = await janeExists({ pool: { SmsConfiguration, AccountRecoverySetting }, attributes });
    assert.deepEqual((await forgot(other)).CodeDeliveryDetails, EMAIL);
  });

  test("refuses an unknown user, unless the client hides who exists", async () => {
    const { pool, client } = await janeExists();
    await refused(forgot(client, "nobody"), ...NO_COMBINATION);
    const discreet = await pool.client({ PreventUserExistenceErrors: "ENABLED" });
    const { CodeDeliveryDetails } = await forgot(discreet, "nobody");
    assert.ok(CodeDeliveryDetails.Destination);
    assert.deepEqual(await pool.outbox("nobody"), []);
  });

  test("refuses a user who cannot be reached", async () => {
    const { client } = await janeExists({ attributes: { email: "jane@example.com" } });
    await refused(
      forgot(client),
      "InvalidParameterException",
      "Cannot reset password for the user as there is no registered/verified email or phone_number",
    );
  });

  test("refuses a user who never chose a password", async () => {
    const { pool, client } = await janeExists();
    await pool.user("john", { attributes: verified("john@example.com") });
    await refused(
      forgot(client, "john"),
      "NotAuthorizedException",
      "User password cannot be reset in the current state.",
    );
  });

  test("refuses a disabled user", async () => {
    const { client, jane } = await janeExists();
    await jane.send(AdminDisableUserCommand);
    await refused(forgot(client), "NotAuthorizedException", "User is disabled.");
  });

  test("refuses where only the administrator may reset", async () => {
    const AccountRecoverySetting = { RecoveryMechanisms: [{ Priority: 1, Name: "admin_only" }] };
    const { client } = await janeExists({ pool: { AccountRecoverySetting } });
    await refused(forgot(client), "NotAuthorizedException", "Contact administrator to reset password.");
  });

  test("asks a client with a secret for its hash", async () => {
    const { client } = await janeExists({ client: { GenerateSecret: true } });
    await refused(forgot(client), "NotAuthorizedException");
    await refused(
      forgot(client, "jane", { SecretHash: client.secretHash("john") }),
      "NotAuthorizedException",
      `Unable to verify secret hash for client ${client.id}`,
    );
    assert.deepEqual(
      (await forgot(client, "jane", { SecretHash: client.secretHash("jane") })).CodeDeliveryDetails,
      EMAIL,
    );
  });

  test("refuses an unknown client", () =>
    refused(
      forgot({ id: "1a2b3c4d5e6f7g8h9i0j1k2l3m" }),
      "ResourceNotFoundException",
      "User pool client 1a2b3c4d5e6f7g8h9i0j1k2l3m does not exist.",
    ));
});

describe("ConfirmForgotPassword", () => {
  test("sets the password once", async () => {
    const { client, jane } = await janeExists();
    await forgot(client);
    const code = await lastCode(jane);
    await confirm(client, code);
    assert.equal(await jane.status(), "CONFIRMED");
    assert.ok((await client.tokens("jane", NEW)).AccessToken);
    await refused(client.signIn("jane"), "NotAuthorizedException", "Incorrect username or password.");
    await refused(confirm(client, code), ...NO_CODE);
  });

  test("refuses a wrong code and takes the right one after it", async () => {
    const { client, jane } = await janeExists();
    await forgot(client);
    const code = await lastCode(jane);
    await refused(confirm(client, anotherCode(code)), ...MISMATCH);
    await confirm(client, code);
  });

  test("takes only the newest code", async () => {
    const { client, jane } = await janeExists();
    await forgot(client);
    const first = await lastCode(jane);
    await forgot(client);
    const second = await lastCode(jane);
    if (first !== second) await refused(confirm(client, first), ...MISMATCH);
    await confirm(client, second);
    assert.equal((await jane.outbox()).length, 2);
  });

  test("refuses when nobody asked for a code", async () => {
    const { client } = await janeExists();
    await refused(confirm(client, "123456"), ...NO_CODE);
  });

  test("refuses a code after an hour", async () => {
    const { client, jane } = await janeExists();
    await forgot(client);
    await server.advance(3_601);
    await refused(confirm(client, await lastCode(jane)), ...NO_CODE);
  });

  test("refuses a password that breaks the policy and keeps the old one", async () => {
    const { client, jane } = await janeExists();
    await forgot(client);
    await refused(
      confirm(client, await lastCode(jane), { Password: "short" }),
      "InvalidPasswordException",
      "Password did not conform with policy: Password not long enough",
    );
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("refuses to guess for ever", async () => {
    const { client, jane } = await janeExists();
    await forgot(client);
    const code = await lastCode(jane);
    const wrong = anotherCode(code);
    let outcome = "CodeMismatchException";
    for (let n = 0; n < 30 && outcome === "CodeMismatchException"; n += 1) {
      outcome = await confirm(client, wrong).then(
        () => "accepted",
        ({ name }) => name,
      );
    }
    assert.ok(["LimitExceededException", "TooManyFailedAttemptsException"].includes(outcome), outcome);
    await refused(confirm(client, code), ["LimitExceededException", "TooManyFailedAttemptsException"]);
  });

  test("refuses an unknown user, as a wrong code where the client hides who exists", async () => {
    const { pool, client } = await janeExists();
    await refused(confirm(client, "123456", { Username: "nobody" }), ...NO_COMBINATION);
    const discreet = await pool.client({ PreventUserExistenceErrors: "ENABLED" });
    await refused(confirm(discreet, "123456", { Username: "nobody" }), "CodeMismatchException");
  });
});
