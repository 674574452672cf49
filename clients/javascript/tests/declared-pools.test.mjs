// Pools that a file declares: there after every start, changed by none.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import {
  AdminListGroupsForUserCommand,
  AdminUpdateUserAttributesCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  GetGroupCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { AppClient, attributeList, PASSWORD, Pool, TEMPORARY } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { REPOSITORY, startServer, temporaryFolder } from "../server.mjs";

const POOL_ID = "us-east-1_declared1";
const SECRET = "declared_secret_of_the_client_1";
const data = temporaryFolder();
const start = () => startServer({ data, pools: `${REPOSITORY}clients/javascript/pools.toml` });

let server;
let pool;
let client;
let member;

function meet(running) {
  server = running;
  pool = new Pool(server, POOL_ID);
  client = new AppClient(pool, "declaredclient000000000001", SECRET);
  member = pool.existingUser("member");
}

before(async () => meet(await start()));
after(async () => {
  await server?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("A declared pool", () => {
  test("has its id, name, schema and groups", async () => {
    const { UserPool } = await pool.send(DescribeUserPoolCommand);
    assert.equal(UserPool.Name, "declared");
    assert.deepEqual(UserPool.AutoVerifiedAttributes, ["email"]);
    assert.ok(UserPool.SchemaAttributes.some(({ Name }) => Name === "custom:department"));
    const { Group } = await pool.send(GetGroupCommand, { GroupName: "Employees" });
    assert.equal(Group.Precedence, 7);
  });

  test("has its client with the fixed id and secret", async () => {
    const { UserPoolClient } = await pool.send(DescribeUserPoolClientCommand, { ClientId: client.id });
    assert.equal(UserPoolClient.ClientName, "declared application");
    assert.equal(UserPoolClient.ClientSecret, SECRET);
    const open = await pool.send(DescribeUserPoolClientCommand, { ClientId: "declaredclient000000000002" });
    assert.equal(open.UserPoolClient.ClientSecret, undefined);
  });

  test("has its users with the fixed sub, password, attributes and groups", async () => {
    assert.deepEqual(await member.attributes(), {
      sub: "0d9a4c1e-52b7-7f03-9c6e-3b8f1a2d4e50",
      email: "member@example.com",
      email_verified: "true",
      "custom:department": "Sales",
    });
    assert.equal(await member.status(), "CONFIRMED");
    const { Groups } = await member.send(AdminListGroupsForUserCommand);
    assert.deepEqual(
      Groups.map(({ GroupName }) => GroupName),
      ["Employees"],
    );
    assert.ok((await client.tokens("member", PASSWORD)).AccessToken);
    assert.equal((await client.signIn("newcomer", TEMPORARY)).ChallengeName, "NEW_PASSWORD_REQUIRED");
    assert.equal(await pool.existingUser("unconfirmed").status(), "UNCONFIRMED");
    assert.deepEqual(await pool.outbox(), []);
  });

  test("takes the bare name of a declared attribute for the prefixed one, and of no other", async () => {
    const write = (attributes) =>
      member.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList(attributes) });
    await write({ department: "Engineering" });
    const attributes = await member.attributes();
    assert.equal(attributes["custom:department"], "Engineering");
    assert.equal(attributes.department, undefined);
    await refused(write({ division: "North" }), "InvalidParameterException");
  });

  test("is the same after a restart, with what happened in between", async () => {
    const users = async () => (await pool.send(ListUsersCommand)).Users.map(({ Username }) => Username).sort();
    const before = await users();
    const jwks = await server.jwks(POOL_ID);
    await pool.user("later");
    await server.stop();
    meet(await start());
    assert.deepEqual(await users(), [...before, "later"].sort());
    assert.equal((await member.attributes()).sub, "0d9a4c1e-52b7-7f03-9c6e-3b8f1a2d4e50");
    assert.equal((await pool.existingUser("later").read()).Username, "later");
    assert.deepEqual(await server.jwks(POOL_ID), jwks);
    assert.ok((await client.tokens("member", PASSWORD)).AccessToken);
  });
});
