import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminAddUserToGroupCommand,
  AdminDeleteUserCommand,
  AdminListGroupsForUserCommand,
  AdminRemoveUserFromGroupCommand,
  CreateGroupCommand,
  DeleteGroupCommand,
  GetGroupCommand,
  ListGroupsCommand,
  ListUsersInGroupCommand,
  UpdateGroupCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { NO_POOL, NO_USER, refused, TEXT_PATTERN, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { claimsOf } from "../tokens.mjs";

const server = await startServer();
after(() => server.stop());

const NO_GROUP = ["ResourceNotFoundException", /^Group not found\.?$/];
const ROLE = "arn:aws:iam::123456789012:role/admins";

const groupsOf = async (user, input = {}) => (await user.send(AdminListGroupsForUserCommand, input)).Groups;
const names = (groups) => groups.map(({ GroupName }) => GroupName).sort();

/** Every item of a paged answer. */
async function everyPage(send, member) {
  const items = [];
  let NextToken;
  do {
    const page = await send(NextToken);
    items.push(...page[member]);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return items;
}

describe("CreateGroup", () => {
  test("answers the group, without what was not set", async () => {
    const pool = await createPool(server);
    const group = await pool.group("admins");
    assert.deepEqual(Object.keys(group).sort(), ["CreationDate", "GroupName", "LastModifiedDate", "UserPoolId"]);
    assert.equal(group.GroupName, "admins");
    assert.equal(group.UserPoolId, pool.id);
    assert.deepEqual(group.CreationDate, group.LastModifiedDate);
  });

  test("keeps description, role and precedence, zero included", async () => {
    const pool = await createPool(server);
    const group = await pool.group("admins", { Description: "They may", RoleArn: ROLE, Precedence: 0 });
    assert.equal(group.Description, "They may");
    assert.equal(group.RoleArn, ROLE);
    assert.equal(group.Precedence, 0);
  });

  test("refuses a name that is taken", async () => {
    const pool = await createPool(server);
    await pool.group("admins");
    await refused(pool.group("admins"), "GroupExistsException", /^A group with the name already exists\.?$/);
  });

  test("lets two pools use one name", async () => {
    const [one, other] = await Promise.all([createPool(server), createPool(server)]);
    await one.group("admins");
    assert.equal((await other.group("admins")).UserPoolId, other.id);
  });

  test("refuses a name with a space", async () => {
    const pool = await createPool(server);
    await refused(
      pool.group("two words"),
      "InvalidParameterException",
      violation("groupName", TEXT_PATTERN, "two words"),
    );
  });

  test("refuses a negative precedence", async () => {
    const pool = await createPool(server);
    await refused(
      pool.group("admins", { Precedence: -1 }),
      "InvalidParameterException",
      violation("precedence", "Member must have value greater than or equal to 0", "-1"),
    );
  });
});

describe("GetGroup", () => {
  test("answers what was created", async () => {
    const pool = await createPool(server);
    const created = await pool.group("admins", { Description: "They may", Precedence: 3 });
    const { Group } = await pool.send(GetGroupCommand, { GroupName: "admins" });
    assert.deepEqual(Group, created);
  });
});

describe("UpdateGroup", () => {
  test("changes what it names and moves LastModifiedDate only", async () => {
    const pool = await createPool(server);
    const created = await pool.group("admins", { Description: "before", Precedence: 3 });
    await server.advance(60);
    const input = { GroupName: "admins", Description: "after", Precedence: 1, RoleArn: ROLE };
    const { Group } = await pool.send(UpdateGroupCommand, input);
    assert.equal(Group.Description, "after");
    assert.equal(Group.Precedence, 1);
    assert.equal(Group.RoleArn, ROLE);
    assert.deepEqual(Group.CreationDate, created.CreationDate);
    assert.ok(Group.LastModifiedDate - created.LastModifiedDate >= 60_000);
    assert.deepEqual((await pool.send(GetGroupCommand, { GroupName: "admins" })).Group, Group);
  });
});

describe("DeleteGroup", () => {
  test("takes the memberships with it", async () => {
    const pool = await createPool(server);
    await pool.group("admins");
    const jane = await pool.user("jane");
    await jane.send(AdminAddUserToGroupCommand, { GroupName: "admins" });
    await pool.send(DeleteGroupCommand, { GroupName: "admins" });
    await refused(pool.send(GetGroupCommand, { GroupName: "admins" }), ...NO_GROUP);
    assert.deepEqual(await groupsOf(jane), []);
    await pool.group("admins");
    assert.deepEqual(await groupsOf(jane), []);
  });
});

describe("ListGroups", () => {
  test("pages through every group once", async () => {
    const pool = await createPool(server);
    const made = Array.from({ length: 7 }, (_, i) => `group-${i}`);
    await Promise.all(made.map((name) => pool.group(name)));
    const groups = await everyPage((NextToken) => pool.send(ListGroupsCommand, { Limit: 3, NextToken }), "Groups");
    assert.deepEqual(names(groups), made);
  });

  test("answers an empty list for a pool without groups", async () => {
    const page = await (await createPool(server)).send(ListGroupsCommand);
    assert.deepEqual(page.Groups, []);
    assert.equal(page.NextToken, undefined);
  });

  test("refuses a limit above 60", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(ListGroupsCommand, { Limit: 61 }),
      "InvalidParameterException",
      violation("limit", "Member must have value less than or equal to 60", "61"),
    );
  });

  test("refuses a token that it did not give", async () => {
    const pool = await createPool(server);
    await refused(pool.send(ListGroupsCommand, { NextToken: "made-up" }), "InvalidParameterException");
  });
});

describe("AdminAddUserToGroup", () => {
  test("shows in lists and in new tokens, and may be repeated", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    await pool.group("admins", { Precedence: 2 });
    const jane = await pool.user("jane", { password: PASSWORD });
    assert.equal(claimsOf((await client.tokens("jane")).IdToken)["cognito:groups"], undefined);
    await jane.send(AdminAddUserToGroupCommand, { GroupName: "admins" });
    await jane.send(AdminAddUserToGroupCommand, { GroupName: "admins" });
    assert.deepEqual(names(await groupsOf(jane)), ["admins"]);
    const { IdToken, AccessToken } = await client.tokens("jane");
    assert.deepEqual(claimsOf(IdToken)["cognito:groups"], ["admins"]);
    assert.deepEqual(claimsOf(AccessToken)["cognito:groups"], ["admins"]);
  });

  test("does not touch the user's LastModifiedDate", async () => {
    const pool = await createPool(server);
    await pool.group("admins");
    const jane = await pool.user("jane");
    const before = await jane.read();
    await server.advance(60);
    await jane.send(AdminAddUserToGroupCommand, { GroupName: "admins" });
    assert.deepEqual((await jane.read()).UserLastModifiedDate, before.UserLastModifiedDate);
  });

  test("puts roles into the ID token and prefers the lowest precedence", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const other = "arn:aws:iam::123456789012:role/readers";
    await pool.group("readers", { Precedence: 5, RoleArn: other });
    await pool.group("admins", { Precedence: 0, RoleArn: ROLE });
    const jane = await pool.user("jane", { password: PASSWORD });
    for (const GroupName of ["readers", "admins"]) await jane.send(AdminAddUserToGroupCommand, { GroupName });
    const claims = claimsOf((await client.tokens("jane")).IdToken);
    assert.deepEqual([...claims["cognito:roles"]].sort(), [ROLE, other]);
    assert.equal(claims["cognito:preferred_role"], ROLE);
  });

  test("finds the user by sub", async () => {
    const pool = await createPool(server);
    await pool.group("admins");
    const jane = await pool.user("jane");
    await pool.send(AdminAddUserToGroupCommand, { Username: jane.sub, GroupName: "admins" });
    assert.deepEqual(names(await groupsOf(jane)), ["admins"]);
  });
});

describe("AdminRemoveUserFromGroup", () => {
  test("leaves lists and new tokens", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    await pool.group("admins");
    await pool.group("readers");
    const jane = await pool.user("jane", { password: PASSWORD });
    for (const GroupName of ["admins", "readers"]) await jane.send(AdminAddUserToGroupCommand, { GroupName });
    await jane.send(AdminRemoveUserFromGroupCommand, { GroupName: "admins" });
    assert.deepEqual(names(await groupsOf(jane)), ["readers"]);
    assert.deepEqual(claimsOf((await client.tokens("jane")).AccessToken)["cognito:groups"], ["readers"]);
  });

  test("accepts somebody who is not a member", async () => {
    const pool = await createPool(server);
    await pool.group("admins");
    const jane = await pool.user("jane");
    await jane.send(AdminRemoveUserFromGroupCommand, { GroupName: "admins" });
    assert.deepEqual(await groupsOf(jane), []);
  });
});

describe("AdminListGroupsForUser", () => {
  test("answers whole groups, page by page", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane");
    const made = Array.from({ length: 5 }, (_, i) => `group-${i}`);
    for (const [i, GroupName] of made.entries()) {
      await pool.group(GroupName, { Description: `number ${i}`, Precedence: i });
      await jane.send(AdminAddUserToGroupCommand, { GroupName });
    }
    const first = await jane.send(AdminListGroupsForUserCommand, { Limit: 2 });
    assert.equal(first.Groups.length, 2);
    assert.ok(first.NextToken);
    const all = await everyPage(
      (NextToken) => jane.send(AdminListGroupsForUserCommand, { Limit: 2, NextToken }),
      "Groups",
    );
    assert.deepEqual(names(all), made);
    const third = all.find(({ GroupName }) => GroupName === "group-3");
    assert.deepEqual(third, (await pool.send(GetGroupCommand, { GroupName: "group-3" })).Group);
  });

  test("refuses a limit above 60", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(
      groupsOf(jane, { Limit: 61 }),
      "InvalidParameterException",
      violation("limit", "Member must have value less than or equal to 60", "61"),
    );
  });

  test("refuses a token that it did not give", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(groupsOf(jane, { NextToken: "made-up" }), "InvalidParameterException");
  });
});

describe("ListUsersInGroup", () => {
  test("answers whole users, page by page, and forgets the deleted", async () => {
    const pool = await createPool(server);
    await pool.group("admins");
    const made = ["ann", "ben", "cat", "dan", "eve"];
    const users = await Promise.all(
      made.map((name) => pool.user(name, { attributes: { email: `${name}@example.com` } })),
    );
    for (const user of users) await user.send(AdminAddUserToGroupCommand, { GroupName: "admins" });
    await users[4].send(AdminDeleteUserCommand);
    await pool.user("outsider");
    const list = (NextToken) => pool.send(ListUsersInGroupCommand, { GroupName: "admins", Limit: 2, NextToken });
    const members = await everyPage(list, "Users");
    assert.deepEqual(members.map(({ Username }) => Username).sort(), made.slice(0, 4));
    const ann = members.find(({ Username }) => Username === "ann");
    assert.deepEqual(ann, users[0].created);
  });
});

describe("Every group operation", () => {
  const ofGroup = [
    CreateGroupCommand,
    GetGroupCommand,
    UpdateGroupCommand,
    DeleteGroupCommand,
    ListUsersInGroupCommand,
  ];
  for (const Command of [...ofGroup, ListGroupsCommand]) {
    test(`refuses an unknown pool (${Command.name})`, () =>
      refused(
        server.send(new Command({ UserPoolId: NO_POOL, GroupName: "admins" })),
        "ResourceNotFoundException",
        `User pool ${NO_POOL} does not exist.`,
      ));
  }
  for (const Command of ofGroup.slice(1)) {
    test(`refuses an unknown group (${Command.name})`, async () => {
      const pool = await createPool(server);
      await refused(pool.send(Command, { GroupName: "nobody" }), ...NO_GROUP);
    });
  }
  for (const Command of [AdminAddUserToGroupCommand, AdminRemoveUserFromGroupCommand]) {
    test(`refuses an unknown group, user or pool (${Command.name})`, async () => {
      const pool = await createPool(server);
      await pool.group("admins");
      const jane = await pool.user("jane");
      await refused(jane.send(Command, { GroupName: "nobody" }), ...NO_GROUP);
      await refused(pool.send(Command, { Username: "nobody", GroupName: "admins" }), ...NO_USER);
      await refused(
        jane.send(Command, { UserPoolId: NO_POOL, GroupName: "admins" }),
        "ResourceNotFoundException",
        `User pool ${NO_POOL} does not exist.`,
      );
    });
  }

  test("refuses an unknown user or pool (AdminListGroupsForUserCommand)", async () => {
    const pool = await createPool(server);
    await refused(pool.send(AdminListGroupsForUserCommand, { Username: "nobody" }), ...NO_USER);
    await refused(
      server.send(new AdminListGroupsForUserCommand({ UserPoolId: NO_POOL, Username: "nobody" })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    );
  });
});
