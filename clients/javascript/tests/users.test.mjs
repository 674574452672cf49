import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminAddUserToGroupCommand,
  AdminConfirmSignUpCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminListGroupsForUserCommand,
  AdminUpdateUserAttributesCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, attributeMap, createPool, PASSWORD, Pool, verified } from "../fixtures.mjs";
import { NO_USER, refused } from "../refused.mjs";
import { REPOSITORY, startServer } from "../server.mjs";
import { refusesStrangers } from "../strangers.mjs";

const server = await startServer({ pools: `${REPOSITORY}clients/javascript/pools.toml` });
after(() => server.stop());

const update = (user, attributes) =>
  user.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList(attributes) });
const withoutMetadata = ({ $metadata: _, ...rest }) => rest;

describe("AdminGetUser", () => {
  test("answers everything about the user and nothing that is not set", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { attributes: verified("jane@example.com") });
    const read = withoutMetadata(await jane.read());
    assert.deepEqual(Object.keys(read).sort(), [
      "Enabled",
      "UserAttributes",
      "UserCreateDate",
      "UserLastModifiedDate",
      "UserStatus",
      "Username",
    ]);
    assert.deepEqual(attributeMap(read.UserAttributes), { sub: jane.sub, ...verified("jane@example.com") });
    assert.deepEqual(read.UserCreateDate, jane.created.UserCreateDate);
    assert.equal(read.UserStatus, "FORCE_CHANGE_PASSWORD");
    assert.equal(read.Enabled, true);
  });

  test("finds the user by sub and answers the name", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane");
    assert.equal((await pool.send(AdminGetUserCommand, { Username: jane.sub })).Username, "jane");
  });

  test("finds the user by an address only once it is verified, by a preferred name at once", async () => {
    const pool = await createPool(server, { AliasAttributes: ["email", "phone_number", "preferred_username"] });
    const jane = await pool.user("jane", {
      attributes: {
        email: "jane@example.com",
        phone_number: "+12065550100",
        phone_number_verified: "true",
        preferred_username: "jj",
      },
    });
    const find = async (Username) => (await pool.send(AdminGetUserCommand, { Username })).Username;
    assert.equal(await find("jj"), "jane");
    assert.equal(await find("+12065550100"), "jane");
    await refused(find("jane@example.com"), ...NO_USER);
    await update(jane, { email_verified: "true" });
    assert.equal(await find("jane@example.com"), "jane");
  });

  test("does not take an address for a name in a pool without aliases", async () => {
    const pool = await createPool(server);
    await pool.user("jane", { attributes: verified("jane@example.com") });
    await refused(pool.send(AdminGetUserCommand, { Username: "jane@example.com" }), ...NO_USER);
  });

  refusesStrangers(server, AdminGetUserCommand);
});

describe("AdminDeleteUser", () => {
  test("leaves nothing behind", async () => {
    const pool = await createPool(server, { AliasAttributes: ["email"] });
    const client = await pool.client();
    await pool.group("admins");
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
    await jane.send(AdminAddUserToGroupCommand, { GroupName: "admins" });
    const { AccessToken, RefreshToken } = await client.tokens("jane");

    await jane.send(AdminDeleteUserCommand);
    await refused(jane.read(), ...NO_USER);
    await refused(pool.send(AdminGetUserCommand, { Username: jane.sub }), ...NO_USER);
    await refused(pool.send(AdminGetUserCommand, { Username: "jane@example.com" }), ...NO_USER);
    await refused(client.signIn("jane"), ...NO_USER);
    await refused(client.whoIs(AccessToken), ["UserNotFoundException", "NotAuthorizedException"]);
    await refused(client.refresh(RefreshToken), ["UserNotFoundException", "NotAuthorizedException"]);

    const again = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
    assert.notEqual(again.sub, jane.sub);
    assert.deepEqual((await again.send(AdminListGroupsForUserCommand)).Groups, []);
    await refused(client.whoIs(AccessToken), ["UserNotFoundException", "NotAuthorizedException"]);
    await refused(client.refresh(RefreshToken), ["UserNotFoundException", "NotAuthorizedException"]);
  });

  test("refuses to delete twice", async () => {
    const jane = await (await createPool(server)).user("jane");
    await jane.send(AdminDeleteUserCommand);
    await refused(jane.send(AdminDeleteUserCommand), ...NO_USER);
  });

  refusesStrangers(server, AdminDeleteUserCommand);
});

describe("AdminDisableUser", () => {
  test("ends every session and refuses new ones, status unchanged", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane", { password: PASSWORD });
    const { AccessToken, RefreshToken } = await client.tokens("jane");
    await jane.send(AdminDisableUserCommand);
    const { Enabled, UserStatus } = await jane.read();
    assert.equal(Enabled, false);
    assert.equal(UserStatus, "CONFIRMED");
    const disabled = ["NotAuthorizedException", "User is disabled."];
    await refused(client.signIn("jane"), ...disabled);
    await refused(client.signInPublicly("jane"), ...disabled);
    await refused(client.signIn("jane", "Wrong-one1"), ...disabled);
    await refused(client.refresh(RefreshToken), "NotAuthorizedException");
    await refused(client.whoIs(AccessToken), "NotAuthorizedException");
  });

  test("may be repeated and moves UserLastModifiedDate", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane");
    await server.advance(60);
    await jane.send(AdminDisableUserCommand);
    await jane.send(AdminDisableUserCommand);
    const { Enabled, UserCreateDate, UserLastModifiedDate } = await jane.read();
    assert.equal(Enabled, false);
    assert.deepEqual(UserCreateDate, jane.created.UserCreateDate);
    assert.ok(UserLastModifiedDate - UserCreateDate >= 60_000);
  });

  refusesStrangers(server, AdminDisableUserCommand);
});

describe("AdminEnableUser", () => {
  test("lets the user sign in again but revives no token", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane", { password: PASSWORD });
    const { AccessToken, RefreshToken } = await client.tokens("jane");
    await jane.send(AdminDisableUserCommand);
    await jane.send(AdminEnableUserCommand);
    assert.equal((await jane.read()).Enabled, true);
    await refused(client.refresh(RefreshToken), "NotAuthorizedException", "Refresh Token has been revoked");
    await refused(client.whoIs(AccessToken), "NotAuthorizedException", "Access Token has been revoked");
    const fresh = await client.tokens("jane");
    assert.equal((await client.whoIs(fresh.AccessToken)).Username, "jane");
  });

  test("may be repeated", async () => {
    const jane = await (await createPool(server)).user("jane");
    await jane.send(AdminEnableUserCommand);
    await jane.send(AdminEnableUserCommand);
    assert.equal((await jane.read()).Enabled, true);
  });

  refusesStrangers(server, AdminEnableUserCommand);
});

describe("AdminConfirmSignUp", () => {
  const declared = new Pool(server, "us-east-1_declared1");

  test("confirms a user who signed up, without a code and without verifying their address", async () => {
    const user = declared.existingUser("unconfirmed");
    assert.equal(await user.status(), "UNCONFIRMED");
    await user.send(AdminConfirmSignUpCommand, { ClientMetadata: { source: "support" } });
    assert.equal(await user.status(), "CONFIRMED");
    assert.notEqual((await user.attributes()).email_verified, "true");
  });

  test("refuses a user in any other state, naming it", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { password: PASSWORD });
    const john = await pool.user("john");
    await refused(
      jane.send(AdminConfirmSignUpCommand),
      "NotAuthorizedException",
      "User cannot be confirmed. Current status is CONFIRMED",
    );
    await refused(
      john.send(AdminConfirmSignUpCommand),
      "NotAuthorizedException",
      "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD",
    );
  });

  refusesStrangers(server, AdminConfirmSignUpCommand);
});
