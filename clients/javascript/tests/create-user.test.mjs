import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { AdminCreateUserCommand, AdminGetUserCommand } from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, attributeMap, createPool, PASSWORD, TEMPORARY, UUID, verified } from "../fixtures.mjs";
import { NO_POOL, NO_USER, POLICY, refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { refusesMalformed } from "../strangers.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "external" };
const undeclared = (name) =>
  `Attributes did not conform to the schema: Type for attribute {${name}} could not be determined`;

describe("AdminCreateUser", () => {
  const create = (pool, Username, input = {}) => pool.send(AdminCreateUserCommand, { Username, ...input });

  test("answers the user, who must change the password", async () => {
    const pool = await createPool(server);
    const { User } = await create(pool, "jane", {
      UserAttributes: attributeList({ email: "jane@example.com", name: "Jane" }),
      TemporaryPassword: TEMPORARY,
      MessageAction: "SUPPRESS",
    });
    assert.deepEqual(Object.keys(User).sort(), [
      "Attributes",
      "Enabled",
      "UserCreateDate",
      "UserLastModifiedDate",
      "UserStatus",
      "Username",
    ]);
    const { sub, ...attributes } = attributeMap(User.Attributes);
    assert.match(sub, UUID);
    assert.deepEqual(attributes, { email: "jane@example.com", name: "Jane" });
    assert.equal(User.Username, "jane");
    assert.equal(User.Enabled, true);
    assert.equal(User.UserStatus, "FORCE_CHANGE_PASSWORD");
    assert.deepEqual(User.UserCreateDate, User.UserLastModifiedDate);
  });

  test("accepts an e-mail address as the name of a user in a plain pool", async () => {
    const pool = await createPool(server);
    assert.equal((await pool.user("newuser@example.com")).username, "newuser@example.com");
  });

  test("makes the given temporary password the one that is asked for", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    await pool.user("jane", { temporaryPassword: "Given-one1" });
    assert.equal((await client.signIn("jane", "Given-one1")).ChallengeName, "NEW_PASSWORD_REQUIRED");
    await refused(client.signIn("jane", TEMPORARY), "NotAuthorizedException", "Incorrect username or password.");
  });

  test("makes up a password that only the invitation tells", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const answer = await create(pool, "jane", {
      UserAttributes: attributeList(verified("jane@example.com")),
      DesiredDeliveryMediums: ["EMAIL"],
    });
    const [invitation, ...others] = await pool.outbox("jane");
    assert.deepEqual(others, []);
    assert.equal(invitation.poolId, pool.id);
    assert.equal(invitation.username, "jane");
    assert.equal(invitation.medium, "EMAIL");
    assert.equal(invitation.destination, "jane@example.com");
    assert.equal(invitation.subject, "Your temporary password");
    const { temporaryPassword } = invitation;
    assert.equal(invitation.body.trim(), `Your username is jane and temporary password is ${temporaryPassword}.`);
    assert.ok(!JSON.stringify(answer).includes(temporaryPassword));
    assert.equal((await client.signIn("jane", temporaryPassword)).ChallengeName, "NEW_PASSWORD_REQUIRED");
  });

  test("uses the pool's own invitation", async () => {
    const pool = await createPool(server, {
      AdminCreateUserConfig: {
        InviteMessageTemplate: { EmailSubject: "Welcome", EmailMessage: "{username}, take {####}" },
      },
    });
    await create(pool, "jane", {
      TemporaryPassword: TEMPORARY,
      UserAttributes: attributeList({ email: "jane@example.com" }),
      DesiredDeliveryMediums: ["EMAIL"],
    });
    const [invitation] = await pool.outbox("jane");
    assert.equal(invitation.subject, "Welcome");
    assert.equal(invitation.body, `jane, take ${TEMPORARY}`);
  });

  test("invites by text message, and by both", async () => {
    const pool = await createPool(server, { SmsConfiguration: SMS });
    const UserAttributes = attributeList({ phone_number: "+12065550100", email: "jane@example.com" });
    await create(pool, "jane", { UserAttributes, DesiredDeliveryMediums: ["SMS"] });
    const messages = await pool.outbox("jane");
    assert.deepEqual(
      messages.map(({ medium, destination }) => [medium, destination]),
      [["SMS", "+12065550100"]],
    );
    await create(pool, "john", { UserAttributes, DesiredDeliveryMediums: ["SMS", "EMAIL"] });
    assert.deepEqual((await pool.outbox("john")).map(({ medium }) => medium).sort(), ["EMAIL", "SMS"]);
  });

  test("sends nothing when suppressed, or when there is nowhere to send it", async () => {
    const pool = await createPool(server);
    await create(pool, "jane", {
      UserAttributes: attributeList({ email: "jane@example.com" }),
      DesiredDeliveryMediums: ["EMAIL"],
      MessageAction: "SUPPRESS",
    });
    await create(pool, "john");
    assert.deepEqual(await pool.outbox(), []);
  });

  test("refuses a medium for which the user has no address", async () => {
    const pool = await createPool(server);
    await refused(create(pool, "jane", { DesiredDeliveryMediums: ["EMAIL"] }), INVALID);
    await refused(pool.send(AdminGetUserCommand, { Username: "jane" }), ...NO_USER);
  });

  test("takes validation data and client metadata without keeping them", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", {
      ValidationData: attributeList({ invitedBy: "john" }),
      ClientMetadata: { source: "import" },
    });
    assert.deepEqual(Object.keys(await jane.attributes()), ["sub"]);
  });

  test("stores verified flags in lower case", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { attributes: { email: "jane@example.com", email_verified: "True" } });
    assert.equal((await jane.attributes()).email_verified, "true");
  });

  test("sets immutable and developer-only attributes", async () => {
    const pool = await createPool(server, {
      Schema: [
        { Name: "badge", AttributeDataType: "String", Mutable: false },
        { Name: "origin", AttributeDataType: "String", DeveloperOnlyAttribute: true },
      ],
    });
    const jane = await pool.user("jane", { attributes: { "custom:badge": "7", "dev:custom:origin": "import" } });
    const { sub: _, ...attributes } = await jane.attributes();
    assert.deepEqual(attributes, { "custom:badge": "7", "dev:custom:origin": "import" });
  });

  test("leaves an empty value out", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { attributes: { name: "Jane", nickname: "" } });
    assert.deepEqual(Object.keys(await jane.attributes()).sort(), ["name", "sub"]);
  });

  test("does not insist on required attributes", async () => {
    const pool = await createPool(server, {
      Schema: [{ Name: "name", AttributeDataType: "String", Required: true }],
    });
    assert.equal(await (await pool.user("jane")).status(), "FORCE_CHANGE_PASSWORD");
  });

  describe("with RESEND", () => {
    const invited = async (pool) =>
      create(pool, "jane", {
        UserAttributes: attributeList(verified("jane@example.com")),
        DesiredDeliveryMediums: ["EMAIL"],
      });

    test("sends a new password and drops the old one", async () => {
      const pool = await createPool(server);
      const client = await pool.client();
      const { User } = await invited(pool);
      const [first] = await pool.outbox("jane");
      const again = await create(pool, "jane", {
        MessageAction: "RESEND",
        DesiredDeliveryMediums: ["EMAIL"],
        UserAttributes: attributeList({ name: "Ignored" }),
      });
      assert.equal(again.User.UserStatus, "FORCE_CHANGE_PASSWORD");
      assert.equal(attributeMap(again.User.Attributes).sub, attributeMap(User.Attributes).sub);
      assert.equal(attributeMap(again.User.Attributes).name, undefined);
      const [second, ...older] = await pool.outbox("jane");
      assert.equal(older.length, 1);
      assert.notEqual(second.temporaryPassword, first.temporaryPassword);
      await refused(
        client.signIn("jane", first.temporaryPassword),
        "NotAuthorizedException",
        "Incorrect username or password.",
      );
      assert.equal((await client.signIn("jane", second.temporaryPassword)).ChallengeName, "NEW_PASSWORD_REQUIRED");
    });

    test("takes a given password and lets it live anew", async () => {
      const pool = await createPool(server);
      const client = await pool.client();
      await invited(pool);
      await server.advance(8 * 86_400);
      await create(pool, "jane", {
        MessageAction: "RESEND",
        TemporaryPassword: "Another-1x",
        DesiredDeliveryMediums: ["EMAIL"],
      });
      assert.equal((await client.signIn("jane", "Another-1x")).ChallengeName, "NEW_PASSWORD_REQUIRED");
    });

    test("refuses an unknown user", async () => {
      const pool = await createPool(server);
      await refused(create(pool, "jane", { MessageAction: "RESEND" }), ...NO_USER);
    });

    test("refuses a user who chose a password already", async () => {
      const pool = await createPool(server);
      await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
      await refused(
        create(pool, "jane", { MessageAction: "RESEND" }),
        "UnsupportedUserStateException",
        /^Resend not possible\. jane status is not FORCE_CHANGE_PASSWORD\.?$/,
      );
    });
  });

  describe("refuses", () => {
    test("a name that is taken", async () => {
      const pool = await createPool(server);
      await pool.user("jane");
      await refused(pool.user("jane"), "UsernameExistsException", "User account already exists");
    });

    test("an attribute that the schema does not declare, prefixed or bare", async () => {
      const pool = await createPool(server, { Schema: [{ Name: "department", AttributeDataType: "String" }] });
      for (const name of ["custom:role", "role", "department"]) {
        await refused(pool.user("jane", { attributes: { [name]: "x" } }), INVALID, undeclared(name));
      }
      await refused(pool.send(AdminGetUserCommand, { Username: "jane" }), ...NO_USER);
    });

    test("a malformed phone number", async () => {
      const pool = await createPool(server);
      for (const phone_number of ["12065550100", "+1 206 555", "phone"]) {
        await refused(pool.user("jane", { attributes: { phone_number } }), INVALID, "Invalid phone number format.");
      }
    });

    test("a malformed e-mail address", async () => {
      const pool = await createPool(server);
      for (const email of ["jane", "jane@", "@example.com"]) {
        await refused(pool.user("jane", { attributes: { email } }), INVALID, "Invalid email address format.");
      }
    });

    test("a given sub", async () => {
      const pool = await createPool(server);
      await refused(
        pool.user("jane", { attributes: { sub: "d16b4aa8-8633-4abd-93b3-5062a8e1b5f8" } }),
        [INVALID, "NotAuthorizedException"],
        "Cannot modify the non-mutable attribute sub",
      );
    });

    test("a verified flag without what it is about", async () => {
      const pool = await createPool(server);
      await refused(pool.user("jane", { attributes: { email_verified: "true" } }), INVALID);
      await refused(pool.user("jane", { attributes: { phone_number_verified: "true" } }), INVALID);
    });

    test("values outside the declared limits", async () => {
      const pool = await createPool(server, {
        Schema: [
          {
            Name: "team",
            AttributeDataType: "String",
            StringAttributeConstraints: { MinLength: "2", MaxLength: "4" },
          },
          { Name: "level", AttributeDataType: "Number", NumberAttributeConstraints: { MinValue: "1", MaxValue: "9" } },
        ],
      });
      const wrong = [
        { "custom:team": "x" },
        { "custom:team": "xxxxx" },
        { "custom:level": "0" },
        { "custom:level": "10" },
        { "custom:level": "many" },
        { birthdate: "1990-1-1" },
      ];
      for (const attributes of wrong) await refused(pool.user("jane", { attributes }), INVALID);
      await pool.user("jane", { attributes: { "custom:team": "xx", "custom:level": "9", birthdate: "1990-01-31" } });
    });

    for (const [temporaryPassword, reason] of POLICY) {
      test(`a temporary password that breaks the policy: ${reason}`, async () => {
        const pool = await createPool(server);
        await refused(
          pool.user("jane", { temporaryPassword }),
          "InvalidPasswordException",
          `Password did not conform with policy: ${reason}`,
        );
      });
    }

    test("a temporary password of 257 characters without echoing it", async () => {
      const pool = await createPool(server);
      await refused(
        pool.user("jane", { temporaryPassword: `Aa1!${"x".repeat(253)}` }),
        INVALID,
        violation("temporaryPassword", "Member must have length less than or equal to 256"),
      );
    });

    test("an unknown message action", async () => {
      const pool = await createPool(server);
      await refused(
        create(pool, "jane", { MessageAction: "MAYBE" }),
        INVALID,
        /^1 validation error detected: Value 'MAYBE' at 'messageAction' failed to satisfy constraint: Member must satisfy enum value set: \[(RESEND, SUPPRESS|SUPPRESS, RESEND)\]$/,
      );
    });

    test("an empty name with two violations in one message", async () => {
      const pool = await createPool(server);
      await refused(
        create(pool, ""),
        INVALID,
        /^2 validation errors detected: Value at 'username' failed .*; Value at 'username' failed/,
      );
    });

    test("an unknown pool", () =>
      refused(
        server.send(new AdminCreateUserCommand({ UserPoolId: NO_POOL, Username: "jane" })),
        "ResourceNotFoundException",
        `User pool ${NO_POOL} does not exist.`,
      ));

    refusesMalformed(server, AdminCreateUserCommand);
  });

  describe("in a pool whose users sign in with their e-mail address", () => {
    const emailPool = () => createPool(server, { UsernameAttributes: ["email"] });

    test("names the user by their sub and copies the address", async () => {
      const pool = await emailPool();
      const jane = await pool.user("jane@example.com", { attributes: { name: "Jane" } });
      assert.equal(jane.username, jane.sub);
      assert.equal((await jane.attributes()).email, "jane@example.com");
      const byAddress = await pool.send(AdminGetUserCommand, { Username: "jane@example.com" });
      assert.equal(byAddress.Username, jane.sub);
    });

    test("refuses an address that is taken, verified or not", async () => {
      const pool = await emailPool();
      await pool.user("jane@example.com");
      await refused(
        pool.user("jane@example.com"),
        "UsernameExistsException",
        "An account with the given email already exists.",
      );
    });

    test("refuses what is no address", async () => {
      await refused((await emailPool()).user("jane"), INVALID, "Username should be an email.");
    });
  });

  test("refuses what is no phone number in a pool of phone numbers, and a number that is taken", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["phone_number"] });
    await refused(pool.user("jane@example.com"), INVALID, "Username should be a phone number.");
    const jane = await pool.user("+12065550100");
    assert.equal((await jane.attributes()).phone_number, "+12065550100");
    await refused(
      pool.user("+12065550100"),
      "UsernameExistsException",
      "An account with the given phone_number already exists.",
    );
  });

  test("refuses what is neither in a pool of both", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["phone_number", "email"] });
    await refused(pool.user("jane"), INVALID, "Username should be either an email or a phone number.");
    await pool.user("jane@example.com");
    await pool.user("+12065550100");
  });

  describe("in a pool with e-mail aliases", () => {
    const aliasPool = () => createPool(server, { AliasAttributes: ["email", "phone_number"] });

    test("refuses names that look like aliases", async () => {
      const pool = await aliasPool();
      await refused(
        pool.user("jane@example.com"),
        INVALID,
        "Username cannot be of email format, since user pool is configured for email alias.",
      );
      await refused(
        pool.user("+12065550100"),
        INVALID,
        "Username cannot be of phone number format, since user pool is configured for phone number alias.",
      );
    });

    test("refuses a verified address that another user owns", async () => {
      const pool = await aliasPool();
      await pool.user("jane", { attributes: verified("shared@example.com") });
      await refused(
        pool.user("john", { attributes: verified("shared@example.com") }),
        ["UsernameExistsException", "AliasExistsException"],
        "An account with the email already exists.",
      );
      await refused(pool.send(AdminGetUserCommand, { Username: "john" }), ...NO_USER);
    });

    test("moves the alias when forced", async () => {
      const pool = await aliasPool();
      const jane = await pool.user("jane", { attributes: verified("shared@example.com") });
      await pool.user("john", { attributes: verified("shared@example.com"), ForceAliasCreation: true });
      assert.equal((await pool.send(AdminGetUserCommand, { Username: "shared@example.com" })).Username, "john");
      assert.equal((await jane.attributes()).email_verified, "false");
    });

    test("accepts an address twice while it is not verified", async () => {
      const pool = await aliasPool();
      await pool.user("jane", { attributes: { email: "shared@example.com" } });
      await pool.user("john", { attributes: { email: "shared@example.com" } });
      await refused(pool.send(AdminGetUserCommand, { Username: "shared@example.com" }), ...NO_USER);
    });
  });

  test("tells names apart by case unless the pool says otherwise", async () => {
    const sensitive = await createPool(server);
    await sensitive.user("Jane");
    await sensitive.user("jane");
    const insensitive = await createPool(server, { UsernameConfiguration: { CaseSensitive: false } });
    const jane = await insensitive.user("Jane");
    await refused(insensitive.user("jANE"), "UsernameExistsException", "User account already exists");
    const found = await insensitive.send(AdminGetUserCommand, { Username: "JANE" });
    assert.equal(attributeMap(found.UserAttributes).sub, jane.sub);
  });
});
