import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDeleteUserAttributesCommand,
  AdminGetUserCommand,
  AdminUpdateUserAttributesCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, createPool, verified } from "../fixtures.mjs";
import { NO_USER, refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { refusesStrangers } from "../strangers.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
// Two recordings of the same refusal; the live service has been seen to say either.
const UNDECLARED =
  /^(Attributes did not conform to the schema: Type for attribute \{custom:role\} could not be determined|Invalid user attributes: user\.custom:role: Attribute does not exist in the schema\.\n)$/;
const update = (user, attributes) =>
  user.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList(attributes) });

describe("AdminUpdateUserAttributes", () => {
  test("sets what it names, deletes what it empties, leaves the rest", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { attributes: { name: "Jane", nickname: "jj", locale: "en" } });
    await server.advance(60);
    await update(jane, { name: "Jane Doe", nickname: "", zoneinfo: "Europe/Paris" });
    const { sub: _, ...attributes } = await jane.attributes();
    assert.deepEqual(attributes, { name: "Jane Doe", locale: "en", zoneinfo: "Europe/Paris" });
    const { UserCreateDate, UserLastModifiedDate } = await jane.read();
    assert.deepEqual(UserCreateDate, jane.created.UserCreateDate);
    assert.ok(UserLastModifiedDate - UserCreateDate >= 60_000);
  });

  test("takes the verified mark from a changed address", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { attributes: verified("old@example.com") });
    await update(jane, { email: "new@example.com" });
    const attributes = await jane.attributes();
    assert.equal(attributes.email, "new@example.com");
    assert.equal(attributes.email_verified, "false");
  });

  test("keeps the mark that comes with the address and sends nothing", async () => {
    const pool = await createPool(server, { AutoVerifiedAttributes: ["email"] });
    const jane = await pool.user("jane", { attributes: verified("old@example.com") });
    await update(jane, verified("new@example.com"));
    const { sub: _, ...attributes } = await jane.attributes();
    assert.deepEqual(attributes, verified("new@example.com"));
    assert.deepEqual(await jane.outbox(), []);
  });

  test("waits for the code where the pool says so", async () => {
    const pool = await createPool(server, {
      AutoVerifiedAttributes: ["email"],
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ["email"] },
    });
    const jane = await pool.user("jane", { attributes: verified("old@example.com") });
    await update(jane, { email: "new@example.com" });
    const { sub: _, ...before } = await jane.attributes();
    assert.deepEqual(before, verified("old@example.com"));
    const [message] = await jane.outbox();
    assert.equal(message.destination, "new@example.com");
    assert.match(message.code, /^\d{6}$/);
    await update(jane, verified("newest@example.com"));
    assert.equal((await jane.attributes()).email, "newest@example.com");
  });

  test("refuses an address that another user signs in with", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["email"] });
    await pool.user("jane@example.com");
    const john = await pool.user("john@example.com");
    await refused(
      update(john, { email: "jane@example.com" }),
      "AliasExistsException",
      "An account with the given email already exists.",
    );
    assert.equal((await john.attributes()).email, "john@example.com");
  });

  test("lets the user sign in with a changed address and frees the old one", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["email"] });
    const jane = await pool.user("old@example.com");
    await update(jane, verified("new@example.com"));
    assert.equal((await pool.send(AdminGetUserCommand, { Username: "new@example.com" })).Username, jane.username);
    await refused(pool.send(AdminGetUserCommand, { Username: "old@example.com" }), ...NO_USER);
    await pool.user("old@example.com");
  });

  test("moves an alias to whom it is verified for last", async () => {
    const pool = await createPool(server, { AliasAttributes: ["email"] });
    const jane = await pool.user("jane", { attributes: verified("shared@example.com") });
    const john = await pool.user("john");
    await update(john, verified("shared@example.com"));
    assert.equal((await pool.send(AdminGetUserCommand, { Username: "shared@example.com" })).Username, "john");
    assert.equal((await jane.attributes()).email_verified, "false");
  });

  test("accepts an unverified duplicate of an alias", async () => {
    const pool = await createPool(server, { AliasAttributes: ["email"] });
    await pool.user("jane", { attributes: verified("shared@example.com") });
    const john = await pool.user("john");
    await update(john, { email: "shared@example.com" });
    assert.equal((await pool.send(AdminGetUserCommand, { Username: "shared@example.com" })).Username, "jane");
  });

  test("writes developer-only attributes", async () => {
    const pool = await createPool(server, {
      Schema: [{ Name: "origin", AttributeDataType: "String", DeveloperOnlyAttribute: true }],
    });
    const jane = await pool.user("jane");
    await update(jane, { "dev:custom:origin": "import" });
    assert.equal((await jane.attributes())["dev:custom:origin"], "import");
  });

  describe("refuses", () => {
    test("an immutable attribute, even one that was never set", async () => {
      const pool = await createPool(server, {
        Schema: [{ Name: "badge", AttributeDataType: "String", Mutable: false }],
      });
      const jane = await pool.user("jane", { attributes: { "custom:badge": "7" } });
      const john = await pool.user("john");
      for (const user of [jane, john]) {
        await refused(
          update(user, { "custom:badge": "8" }),
          INVALID,
          /^user\.custom:badge: Attribute cannot be updated\.( \(changing an immutable attribute\)|\n)$/,
        );
      }
      assert.equal((await jane.attributes())["custom:badge"], "7");
    });

    test("sub", async () => {
      const jane = await (await createPool(server)).user("jane");
      await refused(
        update(jane, { sub: "d16b4aa8-8633-4abd-93b3-5062a8e1b5f8" }),
        [INVALID, "NotAuthorizedException"],
        "Cannot modify the non-mutable attribute sub",
      );
    });

    test("an undeclared attribute, changing nothing", async () => {
      const jane = await (await createPool(server)).user("jane", { attributes: { name: "Jane" } });
      await refused(update(jane, { name: "Changed", "custom:role": "admin" }), INVALID, UNDECLARED);
      assert.equal((await jane.attributes()).name, "Jane");
    });

    test("malformed addresses and numbers", async () => {
      const jane = await (await createPool(server)).user("jane");
      await refused(update(jane, { email: "jane" }), INVALID, "Invalid email address format.");
      await refused(update(jane, { phone_number: "12065550100" }), INVALID, "Invalid phone number format.");
    });

    test("a verified flag without what it is about", async () => {
      const jane = await (await createPool(server)).user("jane");
      await refused(update(jane, { email_verified: "true" }), INVALID);
    });

    test("to empty a required attribute", async () => {
      const pool = await createPool(server, {
        Schema: [{ Name: "name", AttributeDataType: "String", Required: true }],
      });
      const jane = await pool.user("jane", { attributes: { name: "Jane" } });
      await refused(update(jane, { name: "" }), INVALID);
      assert.equal((await jane.attributes()).name, "Jane");
    });

    test("a value of 2049 characters", async () => {
      const jane = await (await createPool(server)).user("jane");
      await refused(update(jane, { name: "x".repeat(2049) }), INVALID);
    });

    test("a missing list of attributes", async () => {
      const jane = await (await createPool(server)).user("jane");
      await refused(
        jane.send(AdminUpdateUserAttributesCommand),
        INVALID,
        violation("userAttributes", "Member must not be null", null),
      );
    });

    refusesStrangers(server, AdminUpdateUserAttributesCommand, { UserAttributes: attributeList({ name: "Jane" }) });
  });
});

describe("AdminDeleteUserAttributes", () => {
  const remove = (user, ...UserAttributeNames) => user.send(AdminDeleteUserAttributesCommand, { UserAttributeNames });

  test("removes what it names and ignores what the user lacks", async () => {
    const pool = await createPool(server, { Schema: [{ Name: "team", AttributeDataType: "String" }] });
    const jane = await pool.user("jane", { attributes: { name: "Jane", nickname: "jj", "custom:team": "red" } });
    await remove(jane, "nickname", "custom:team", "locale");
    const { sub: _, ...attributes } = await jane.attributes();
    assert.deepEqual(attributes, { name: "Jane" });
  });

  test("takes the verified mark with the address and frees the alias", async () => {
    const pool = await createPool(server, { AliasAttributes: ["email"] });
    const jane = await pool.user("jane", { attributes: verified("jane@example.com") });
    await remove(jane, "email");
    const attributes = await jane.attributes();
    assert.equal(attributes.email, undefined);
    assert.notEqual(attributes.email_verified, "true");
    await refused(pool.send(AdminGetUserCommand, { Username: "jane@example.com" }), ...NO_USER);
  });

  test("refuses a required attribute and keeps it", async () => {
    const pool = await createPool(server, {
      Schema: [{ Name: "name", AttributeDataType: "String", Required: true }],
    });
    const jane = await pool.user("jane", { attributes: { name: "Jane", nickname: "jj" } });
    await refused(
      remove(jane, "nickname", "name"),
      INVALID,
      "Invalid user attributes: name: Required attribute cannot be deleted.",
    );
    assert.equal((await jane.attributes()).nickname, "jj");
  });

  test("refuses sub", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(
      remove(jane, "sub"),
      [INVALID, "NotAuthorizedException"],
      "Cannot modify the non-mutable attribute sub",
    );
  });

  test("refuses an undeclared attribute", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(remove(jane, "custom:role"), INVALID, UNDECLARED);
  });

  refusesStrangers(server, AdminDeleteUserAttributesCommand, { UserAttributeNames: ["name"] });
});
