import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminGetUserCommand,
  AdminUpdateUserAttributesCommand,
  DeleteUserAttributesCommand,
  GetUserAttributeVerificationCodeCommand,
  UpdateUserAttributesCommand,
  VerifyUserAttributeCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { refusesBadTokens, signedIn } from "../bearers.mjs";
import { attributeList, createPool, PASSWORD, verified } from "../fixtures.mjs";
import { refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const UNAUTHORIZED = ["NotAuthorizedException", "A client attempted to write unauthorized attribute"];
const MISMATCH = ["CodeMismatchException", "Invalid verification code provided, please try again."];
const NO_CODE = ["ExpiredCodeException", "Invalid code provided, please request a code again."];
const TOO_MANY = "Attempt limit exceeded, please try after some time.";
const EMAIL_TAKEN = ["AliasExistsException", "An account with the email already exists."];
const NOT_AN_ADDRESS = [INVALID, "Invalid attribute name. Only phone_number and email can be verified."];
const SCHEMA = [
  { Name: "team", AttributeDataType: "String", Mutable: true },
  { Name: "tenant", AttributeDataType: "String", Mutable: false },
  { Name: "origin", AttributeDataType: "String", DeveloperOnlyAttribute: true },
];
const SMS = { SmsConfiguration: { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms" } };
const VERIFIES = { ...SMS, AutoVerifiedAttributes: ["email", "phone_number"] };
const WAITS = {
  ...VERIFIES,
  UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ["email", "phone_number"] },
};
const OLD = verified("old@example.com");

const update = (AccessToken, attributes) =>
  server.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes: attributeList(attributes) }));
const remove = (AccessToken, ...UserAttributeNames) =>
  server.send(new DeleteUserAttributesCommand({ AccessToken, UserAttributeNames }));
const ask = (AccessToken, AttributeName = "email") =>
  server.send(new GetUserAttributeVerificationCodeCommand({ AccessToken, AttributeName }));
const verify = (AccessToken, Code, AttributeName = "email") =>
  server.send(new VerifyUserAttributeCommand({ AccessToken, AttributeName, Code }));
const lastCode = async (user) => (await user.outbox())[0].code;
const anotherCode = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");
const attributesOf = async (user) => {
  const { sub: _, ...attributes } = await user.attributes();
  return attributes;
};

describe("UpdateUserAttributes", () => {
  test("sets what it names, deletes what it empties, leaves the rest", async () => {
    const { jane, AccessToken } = await signedIn(server, {
      pool: { Schema: SCHEMA },
      attributes: { name: "Jane", nickname: "jj", "custom:team": "blue" },
    });
    await server.advance(60);
    const { CodeDeliveryDetailsList } = await update(AccessToken, { name: "Jane Doe", nickname: "" });
    assert.deepEqual(CodeDeliveryDetailsList, []);
    assert.deepEqual(await attributesOf(jane), { name: "Jane Doe", "custom:team": "blue" });
    const { UserCreateDate, UserLastModifiedDate } = await jane.read();
    assert.ok(UserLastModifiedDate - UserCreateDate >= 60_000);
  });

  test("takes the mark from a changed address and sends it a code", async () => {
    const { jane, AccessToken } = await signedIn(server, { pool: VERIFIES, attributes: OLD });
    const { CodeDeliveryDetailsList } = await update(AccessToken, { email: "new@example.com" });
    assert.deepEqual(CodeDeliveryDetailsList, [
      { Destination: "n***@e***", DeliveryMedium: "EMAIL", AttributeName: "email" },
    ]);
    assert.deepEqual(await attributesOf(jane), { email: "new@example.com", email_verified: "false" });
    const [message] = await jane.outbox();
    assert.equal(message.destination, "new@example.com");
    await verify(AccessToken, message.code);
    assert.deepEqual(await attributesOf(jane), verified("new@example.com"));
  });

  test("sends a code to each changed address", async () => {
    const { jane, AccessToken } = await signedIn(server, { pool: VERIFIES, attributes: OLD });
    const { CodeDeliveryDetailsList } = await update(AccessToken, {
      email: "new@example.com",
      phone_number: "+12065551234",
    });
    assert.deepEqual(CodeDeliveryDetailsList, [
      { Destination: "n***@e***", DeliveryMedium: "EMAIL", AttributeName: "email" },
      { Destination: "+*******1234", DeliveryMedium: "SMS", AttributeName: "phone_number" },
    ]);
    const messages = await jane.outbox();
    assert.deepEqual(messages.map(({ medium }) => medium).sort(), ["EMAIL", "SMS"]);
    for (const { code, medium } of messages) {
      await verify(AccessToken, code, medium === "SMS" ? "phone_number" : "email");
    }
    const attributes = await attributesOf(jane);
    assert.equal(attributes.phone_number_verified, "true");
    assert.equal(attributes.email_verified, "true");
  });

  test("sends nothing for an address that stays, or that the pool does not verify", async () => {
    const kept = await signedIn(server, { pool: VERIFIES, attributes: OLD });
    assert.deepEqual((await update(kept.AccessToken, { email: OLD.email })).CodeDeliveryDetailsList, []);
    assert.deepEqual(await attributesOf(kept.jane), OLD);
    const unverified = await signedIn(server, { attributes: OLD });
    await update(unverified.AccessToken, { email: "new@example.com" });
    assert.deepEqual(await attributesOf(unverified.jane), { email: "new@example.com", email_verified: "false" });
    assert.deepEqual(await unverified.jane.outbox(), []);
  });

  test("keeps the old address until the code where the pool says so", async () => {
    const { jane, AccessToken } = await signedIn(server, { pool: WAITS, attributes: OLD });
    const { CodeDeliveryDetailsList } = await update(AccessToken, { email: "new@example.com", name: "Jane" });
    assert.equal(CodeDeliveryDetailsList[0].Destination, "n***@e***");
    assert.deepEqual(await attributesOf(jane), { ...OLD, name: "Jane" });
    const code = await lastCode(jane);
    await refused(verify(AccessToken, anotherCode(code)), ...MISMATCH);
    assert.equal((await attributesOf(jane)).email, OLD.email);
    await verify(AccessToken, code);
    assert.deepEqual(await attributesOf(jane), { ...verified("new@example.com"), name: "Jane" });
    await refused(verify(AccessToken, code), ...NO_CODE);
  });

  test("gives up the address that waits when the old one is set again", async () => {
    const { jane, AccessToken } = await signedIn(server, { pool: WAITS, attributes: OLD });
    await update(AccessToken, { email: "new@example.com" });
    const code = await lastCode(jane);
    await update(AccessToken, { email: OLD.email });
    await refused(verify(AccessToken, code), ...MISMATCH);
    assert.deepEqual(await attributesOf(jane), OLD);
  });

  test("moves the name that users sign in with", async () => {
    const { pool, client, AccessToken } = await signedIn(server, {
      pool: { AliasAttributes: ["preferred_username"] },
    });
    await update(AccessToken, { preferred_username: "mia" });
    assert.equal((await pool.send(AdminGetUserCommand, { Username: "mia" })).Username, "jane");
    assert.ok((await client.tokens("mia")).AccessToken);
    await pool.user("john", { password: PASSWORD });
    const { AccessToken: johns } = await client.tokens("john");
    await refused(
      update(johns, { preferred_username: "mia" }),
      "AliasExistsException",
      "An account with the preferred_username already exists.",
    );
    await update(AccessToken, { preferred_username: "" });
    await update(johns, { preferred_username: "mia" });
  });

  test("refuses an address that is another user's name, and changes nothing", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["email"] });
    const client = await pool.client();
    await pool.user("john@example.com");
    const jane = await pool.user("jane@example.com", { password: PASSWORD });
    const { AccessToken } = await client.tokens("jane@example.com");
    await refused(
      update(AccessToken, { email: "john@example.com", name: "John" }),
      "AliasExistsException",
      "An account with the given email already exists.",
    );
    assert.deepEqual(await attributesOf(jane), { email: "jane@example.com" });
    await update(AccessToken, { email: "new@example.com" });
    assert.ok((await client.tokens("new@example.com")).AccessToken);
  });

  test("may write what the client may", async () => {
    const { jane, AccessToken } = await signedIn(server, {
      client: { WriteAttributes: ["name"], ReadAttributes: ["name"] },
      attributes: { name: "Jane", locale: "en" },
    });
    await update(AccessToken, { name: "Jane Doe" });
    await refused(update(AccessToken, { name: "J", locale: "fr" }), ...UNAUTHORIZED);
    await refused(update(AccessToken, { locale: "" }), ...UNAUTHORIZED);
    await refused(remove(AccessToken, "locale"), ...UNAUTHORIZED);
    assert.deepEqual(await attributesOf(jane), { name: "Jane Doe", locale: "en" });
  });

  test("sends twenty codes an hour and no more", async () => {
    const { jane, AccessToken } = await signedIn(server, { pool: VERIFIES, attributes: OLD });
    for (let n = 0; n < 20; n += 1) await update(AccessToken, { email: `number${n}@example.com` });
    await refused(update(AccessToken, { email: "last@example.com" }), "TooManyRequestsException", TOO_MANY);
    await refused(ask(AccessToken), "LimitExceededException", TOO_MANY);
    assert.equal((await attributesOf(jane)).email, "number19@example.com");
    await jane.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList({ email: "admin@example.com" }) });
    assert.equal((await jane.outbox())[0].destination, "admin@example.com", "an administrator is not held back");
  });

  describe("refuses", () => {
    test("what only the service can know", async () => {
      const { jane, AccessToken } = await signedIn(server, { attributes: { email: OLD.email } });
      for (const name of ["sub", "email_verified", "phone_number_verified"]) {
        await refused(
          update(AccessToken, { [name]: "true" }),
          INVALID,
          `Cannot modify the non-mutable attribute ${name}`,
        );
      }
      assert.notEqual((await attributesOf(jane)).email_verified, "true");
    });

    test("an immutable, a developer-only and an undeclared attribute", async () => {
      const { AccessToken } = await signedIn(server, { pool: { Schema: SCHEMA } });
      await refused(
        update(AccessToken, { "custom:tenant": "t1" }),
        INVALID,
        "user.custom:tenant: Attribute cannot be updated.\n",
      );
      await refused(update(AccessToken, { "dev:custom:origin": "x" }), ...UNAUTHORIZED);
      await refused(
        update(AccessToken, { "custom:a": "1", "custom:b": "2" }),
        INVALID,
        "user.custom:a: Attribute does not exist in the schema.\nuser.custom:b: Attribute does not exist in the schema.\n",
      );
    });

    test("values that do not fit, and an empty one for what is required", async () => {
      const { AccessToken } = await signedIn(server, {
        pool: { Schema: [{ Name: "email", Required: true, Mutable: true }] },
        attributes: OLD,
      });
      await refused(update(AccessToken, { email: "nonsense" }), INVALID, "Invalid email address format.");
      await refused(update(AccessToken, { phone_number: "0123" }), INVALID, "Invalid phone number format.");
      await refused(update(AccessToken, { birthdate: "yesterday" }), INVALID, /^Attributes did not conform/);
      await refused(
        update(AccessToken, { email: "" }),
        INVALID,
        "Invalid user attributes: email: Required attribute cannot be deleted.",
      );
    });

    test("a missing list", async () => {
      const { AccessToken } = await signedIn(server);
      await refused(
        server.send(new UpdateUserAttributesCommand({ AccessToken })),
        INVALID,
        violation("userAttributes", "Member must not be null", null),
      );
    });

    test("to send a code past a trigger that cannot be invoked", async () => {
      const { jane, AccessToken } = await signedIn(server, {
        pool: {
          ...VERIFIES,
          LambdaConfig: { CustomMessage: "arn:aws:lambda:us-east-1:123456789012:function:message" },
        },
        attributes: OLD,
      });
      const unreachable = ["UnexpectedLambdaException", /^CustomMessage invocation failed due to error/];
      await refused(update(AccessToken, { email: "new@example.com" }), ...unreachable);
      await refused(ask(AccessToken), ...unreachable);
      await update(AccessToken, { name: "Jane" });
      assert.deepEqual(await attributesOf(jane), { ...OLD, name: "Jane" });
    });

    refusesBadTokens(server, UpdateUserAttributesCommand, { UserAttributes: [] });
  });
});

describe("DeleteUserAttributes", () => {
  test("deletes what it names, an address with its mark", async () => {
    const { jane, AccessToken } = await signedIn(server, { attributes: { ...OLD, name: "Jane", locale: "en" } });
    const { $metadata: _, ...answer } = await remove(AccessToken, "email", "name", "nickname");
    assert.deepEqual(answer, {});
    assert.deepEqual(await attributesOf(jane), { locale: "en" });
  });

  test("refuses what must stay", async () => {
    const { jane, AccessToken } = await signedIn(server, {
      pool: { Schema: [...SCHEMA, { Name: "phone_number", Required: true, Mutable: true }] },
      attributes: { phone_number: "+12065551234", "custom:tenant": "t1" },
    });
    for (const [name, message] of [
      ["phone_number", "Invalid user attributes: phone_number: Required attribute cannot be deleted."],
      ["sub", "Cannot modify the non-mutable attribute sub"],
      ["email_verified", "Cannot modify the non-mutable attribute email_verified"],
      ["custom:tenant", "user.custom:tenant: Attribute cannot be updated.\n"],
      ["custom:foo", "Invalid user attributes: user.custom:foo: Attribute does not exist in the schema.\n"],
    ]) {
      await refused(remove(AccessToken, name), INVALID, message);
    }
    await refused(remove(AccessToken, "dev:custom:origin"), ...UNAUTHORIZED);
    assert.deepEqual(await attributesOf(jane), { phone_number: "+12065551234", "custom:tenant": "t1" });
  });

  refusesBadTokens(server, DeleteUserAttributesCommand, { UserAttributeNames: ["name"] });
});

describe("GetUserAttributeVerificationCode", () => {
  test("sends a code that verifies the address, and tells where, masked", async () => {
    const { jane, AccessToken } = await signedIn(server, { attributes: { email: "jane@example.com" } });
    const { CodeDeliveryDetails } = await ask(AccessToken);
    assert.deepEqual(CodeDeliveryDetails, {
      Destination: "j***@e***",
      DeliveryMedium: "EMAIL",
      AttributeName: "email",
    });
    const [message] = await jane.outbox();
    assert.equal(message.destination, "jane@example.com");
    assert.match(message.code, /^\d{6}$/);
    assert.ok(message.body.includes(message.code));
    const { $metadata: _, ...answer } = await verify(AccessToken, message.code);
    assert.deepEqual(answer, {});
    assert.deepEqual(await attributesOf(jane), verified("jane@example.com"));
  });

  test("replaces the earlier code for the same address only", async () => {
    const { jane, AccessToken } = await signedIn(server, {
      pool: SMS,
      attributes: { email: "jane@example.com", phone_number: "+12065551234" },
    });
    await ask(AccessToken);
    const first = await lastCode(jane);
    const { CodeDeliveryDetails } = await ask(AccessToken, "phone_number");
    assert.equal(CodeDeliveryDetails.Destination, "+*******1234");
    const phones = await lastCode(jane);
    await ask(AccessToken);
    const second = await lastCode(jane);
    if (first !== second) await refused(verify(AccessToken, first), ...MISMATCH);
    if (phones !== second) await refused(verify(AccessToken, phones), ...MISMATCH);
    await verify(AccessToken, second);
    await verify(AccessToken, phones, "phone_number");
  });

  test("sends to the address that waits", async () => {
    const { jane, AccessToken } = await signedIn(server, { pool: WAITS, attributes: OLD });
    await update(AccessToken, { email: "new@example.com" });
    assert.equal((await ask(AccessToken)).CodeDeliveryDetails.Destination, "n***@e***");
    const [message] = await jane.outbox();
    assert.equal(message.destination, "new@example.com");
    await verify(AccessToken, message.code);
    assert.deepEqual(await attributesOf(jane), verified("new@example.com"));
  });

  test("refuses another attribute, and an address that is not there", async () => {
    const { AccessToken } = await signedIn(server);
    for (const name of ["given_name", "email_verified", "EMAIL"]) await refused(ask(AccessToken, name), ...NOT_AN_ADDRESS);
    await refused(ask(AccessToken), INVALID, "User does not have a valid registered email");
    await refused(ask(AccessToken, "phone_number"), INVALID, "User does not have a valid registered phone number");
  });

  refusesBadTokens(server, GetUserAttributeVerificationCodeCommand, { AttributeName: "email" });
});

describe("VerifyUserAttribute", () => {
  test("refuses a wrong code, a used one and one that nobody asked for", async () => {
    const { jane, AccessToken } = await signedIn(server, { attributes: { email: "jane@example.com" } });
    await refused(verify(AccessToken, "123456"), ...NO_CODE);
    await refused(verify(AccessToken, "123456", "phone_number"), ...NO_CODE);
    await ask(AccessToken);
    const code = await lastCode(jane);
    await refused(verify(AccessToken, anotherCode(code)), ...MISMATCH);
    await refused(verify(AccessToken, "x".repeat(2_000)), ...MISMATCH);
    await verify(AccessToken, code);
    await refused(verify(AccessToken, code), ...NO_CODE);
  });

  test("refuses a code after a day", async () => {
    const { client, jane, AccessToken } = await signedIn(server, { attributes: { email: "jane@example.com" } });
    await ask(AccessToken);
    const code = await lastCode(jane);
    await server.advance(86_400);
    await refused(verify((await client.tokens("jane")).AccessToken, code), ...NO_CODE);
  });

  test("hears ten wrong codes an hour, and the right one no more", async () => {
    const { jane, AccessToken } = await signedIn(server, { attributes: { email: "jane@example.com" } });
    await ask(AccessToken);
    const code = await lastCode(jane);
    const guesses = Array.from({ length: 60 }, () => verify(AccessToken, anotherCode(code)).catch((error) => error));
    const names = (await Promise.all(guesses)).map(({ name }) => name);
    assert.equal(names.filter((name) => name === "CodeMismatchException").length, 10);
    assert.equal(names.filter((name) => name === "LimitExceededException").length, 50);
    await refused(verify(AccessToken, code), "LimitExceededException", TOO_MANY);
    await ask(AccessToken);
    await refused(verify(AccessToken, await lastCode(jane)), "LimitExceededException", TOO_MANY);
    assert.notEqual((await attributesOf(jane)).email_verified, "true");
  });

  test("verifies the address that the code went to, and no later one", async () => {
    const { jane, AccessToken } = await signedIn(server, { attributes: { email: "mine@example.com" } });
    await ask(AccessToken);
    const code = await lastCode(jane);
    await update(AccessToken, { email: "somebody.elses@example.com" });
    await refused(verify(AccessToken, code), ...MISMATCH);
    assert.deepEqual(await attributesOf(jane), { email: "somebody.elses@example.com", email_verified: "false" });
    await update(AccessToken, { email: "mine@example.com" });
    await verify(AccessToken, code);
    assert.deepEqual(await attributesOf(jane), verified("mine@example.com"));
  });

  test("takes no address that is another user's alias", async () => {
    for (const settings of [VERIFIES, WAITS]) {
      const { pool, jane, AccessToken } = await signedIn(server, {
        pool: { AliasAttributes: ["email"], ...settings },
        attributes: OLD,
      });
      const john = await pool.user("john", { attributes: verified("shared@example.com") });
      await update(AccessToken, { email: "shared@example.com" });
      await refused(verify(AccessToken, await lastCode(jane)), ...EMAIL_TAKEN);
      assert.deepEqual(await attributesOf(john), verified("shared@example.com"));
      assert.equal((await pool.send(AdminGetUserCommand, { Username: "shared@example.com" })).Username, "john");
    }
  });

  test("makes the address an alias", async () => {
    const { client, jane, AccessToken } = await signedIn(server, {
      pool: { AliasAttributes: ["email"] },
      attributes: { email: "jane@example.com" },
    });
    await refused(client.signIn("jane@example.com"), "UserNotFoundException");
    await ask(AccessToken);
    await verify(AccessToken, await lastCode(jane));
    assert.ok((await client.tokens("jane@example.com")).AccessToken);
  });

  test("refuses another attribute and a code with spaces", async () => {
    const { AccessToken } = await signedIn(server);
    await refused(verify(AccessToken, "123456", "name"), ...NOT_AN_ADDRESS);
    await refused(verify(AccessToken, "12 34"), INVALID, /failed to satisfy constraint/);
  });

  refusesBadTokens(server, VerifyUserAttributeCommand, { AttributeName: "email", Code: "123456" });
});
