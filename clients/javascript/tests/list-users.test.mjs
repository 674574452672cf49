import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminUpdateUserAttributesCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, attributeMap, createPool, PASSWORD } from "../fixtures.mjs";
import { NO_POOL, POOL_PATTERN, refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const list = (pool, input = {}) => pool.send(ListUsersCommand, input);
const names = ({ Users }) => Users.map(({ Username }) => Username).sort();

/** The names that a filter finds. */
const found = async (pool, Filter) => names(await list(pool, { Filter }));

/** The users of every page; `between` runs after each page that has a successor. */
async function everyPage(pool, input, between = async () => {}) {
  const users = [];
  let PaginationToken;
  do {
    const page = await list(pool, { ...input, PaginationToken });
    assert.ok(page.Users.length <= (input.Limit ?? 60));
    users.push(...page.Users);
    PaginationToken = page.PaginationToken;
    if (PaginationToken !== undefined) await between();
  } while (PaginationToken !== undefined);
  return users;
}

/** A pool with `count` users named user-000, user-001, … */
async function crowd(count) {
  const pool = await createPool(server);
  const made = Array.from({ length: count }, (_, i) => `user-${String(i).padStart(3, "0")}`);
  await Promise.all(made.map((name) => pool.user(name, { attributes: { email: `${name}@example.com` } })));
  return { pool, made };
}

describe("ListUsers", () => {
  test("answers users as AdminCreateUser answered them", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { attributes: { email: "jane@example.com", name: "Jane" } });
    const { Users, PaginationToken } = await list(pool);
    assert.deepEqual(Users, [jane.created]);
    assert.equal(PaginationToken, undefined);
  });

  test("answers an empty list for an empty pool", async () => {
    const page = await list(await createPool(server));
    assert.deepEqual(page.Users, []);
    assert.equal(page.PaginationToken, undefined);
  });

  test("shows what changed since", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { attributes: { name: "Jane" } });
    const john = await pool.user("john");
    await jane.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList({ name: "Janet" }) });
    await jane.send(AdminDisableUserCommand);
    await john.send(AdminDeleteUserCommand);
    const { Users } = await list(pool);
    assert.equal(Users.length, 1);
    assert.equal(Users[0].Enabled, false);
    assert.equal(attributeMap(Users[0].Attributes).name, "Janet");
  });

  test("keeps pools apart", async () => {
    const [one, other] = await Promise.all([createPool(server), createPool(server)]);
    await one.user("jane");
    await other.user("john");
    assert.deepEqual(names(await list(one)), ["jane"]);
  });

  test("refuses an unknown pool", () =>
    refused(
      server.send(new ListUsersCommand({ UserPoolId: NO_POOL })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    ));

  test("refuses a malformed pool id", () =>
    refused(
      server.send(new ListUsersCommand({ UserPoolId: "nonsense" })),
      INVALID,
      violation("userPoolId", POOL_PATTERN, "nonsense"),
    ));
});

describe("AttributesToGet", () => {
  test("restricts the attributes and nothing else, leaving out what is not set", async () => {
    const pool = await createPool(server);
    await pool.user("jane", { attributes: { email: "jane@example.com", name: "Jane" } });
    await pool.user("john", { attributes: { name: "John" } });
    const { Users } = await list(pool, { AttributesToGet: ["email"] });
    const byName = Object.fromEntries(Users.map((user) => [user.Username, user]));
    assert.deepEqual(attributeMap(byName.jane.Attributes), { email: "jane@example.com" });
    assert.deepEqual(attributeMap(byName.john.Attributes), {});
    assert.equal(byName.john.UserStatus, "FORCE_CHANGE_PASSWORD");
    assert.equal(byName.john.Enabled, true);
    assert.ok(byName.john.UserCreateDate instanceof Date);
  });

  test("may name sub and custom attributes", async () => {
    const pool = await createPool(server, { Schema: [{ Name: "team", AttributeDataType: "String" }] });
    const jane = await pool.user("jane", { attributes: { "custom:team": "red", name: "Jane" } });
    const { Users } = await list(pool, { AttributesToGet: ["sub", "custom:team"] });
    assert.deepEqual(attributeMap(Users[0].Attributes), { sub: jane.sub, "custom:team": "red" });
  });

  test("refuses an attribute that the schema does not declare", async () => {
    const pool = await createPool(server);
    await pool.user("jane");
    await refused(
      list(pool, { AttributesToGet: ["custom:team"] }),
      INVALID,
      "One or more requested attributes do not exist.",
    );
  });
});

describe("Filter", () => {
  let pool;
  let ann;
  before(async () => {
    pool = await createPool(server);
    ann = await pool.user("ann", {
      password: PASSWORD,
      attributes: {
        email: "Ann.Smith@example.com",
        name: "Ann Smith",
        given_name: "Ann",
        family_name: "Smith",
        preferred_username: "annie",
        phone_number: "+12065550101",
      },
    });
    const ben = await pool.user("ben", {
      attributes: {
        email: "ben@example.com",
        name: 'Ben "Bo" Smithers',
        given_name: "Ben",
        family_name: "Smithers",
        preferred_username: "benny",
        phone_number: "+12065550202",
      },
    });
    await ben.send(AdminDisableUserCommand);
    await pool.user("Annabel", { attributes: { email: "annabel@other.example", address: "1 Main St" } });
  });

  const cases = [
    ['email = "ben@example.com"', ["ben"]],
    ['email = "ben@example"', []],
    ['email ^= "ben@"', ["ben"]],
    ['email = "ann.smith@EXAMPLE.com"', ["ann"]],
    ['email ^= "ANN"', ["Annabel", "ann"]],
    ['phone_number = "+12065550101"', ["ann"]],
    ['phone_number ^= "+1206"', ["ann", "ben"]],
    ['name = "Ann Smith"', ["ann"]],
    ['name ^= "ann"', ["ann"]],
    ['given_name = "Ben"', ["ben"]],
    ['family_name ^= "Smith"', ["ann", "ben"]],
    ['family_name = "Smith"', ["ann"]],
    ['preferred_username ^= "ann"', ["ann"]],
    ['preferred_username = "benny"', ["ben"]],
    ['username = "ann"', ["ann"]],
    ['username ^= "ann"', ["ann"]],
    ['username ^= "Ann"', ["Annabel"]],
    ['username = "ANN"', []],
    ['status = "Enabled"', ["Annabel", "ann"]],
    ['status = "Disabled"', ["ben"]],
    ['cognito:user_status = "CONFIRMED"', ["ann"]],
    ['cognito:user_status = "confirmed"', ["ann"]],
    ['cognito:user_status = "FORCE_CHANGE_PASSWORD"', ["Annabel", "ben"]],
    ['cognito:user_status ^= "FORCE"', ["Annabel", "ben"]],
    ['email="ben@example.com"', ["ben"]],
    ['email   ^=   "ben"', ["ben"]],
    ['"email" ^= "ben"', ["ben"]],
    ['"email"="ben@example.com"', ["ben"]],
    [String.raw`name = "Ben \"Bo\" Smithers"`, ["ben"]],
    ['email ^= "%"', []],
    ['email ^= "b_n"', []],
    ["", ["Annabel", "ann", "ben"]],
  ];
  for (const [filter, expected] of cases) {
    test(`finds [${expected}] with ${filter || "an empty filter"}`, async () => {
      assert.deepEqual(await found(pool, filter), expected);
    });
  }

  test("finds by sub", async () => {
    assert.deepEqual(await found(pool, `sub = "${ann.sub}"`), ["ann"]);
  });

  test("finds by sub, not by address, under username in a pool of addresses", async () => {
    const addresses = await createPool(server, { UsernameAttributes: ["email"] });
    const jane = await addresses.user("jane@example.com");
    assert.deepEqual(await found(addresses, `username = "${jane.sub}"`), [jane.sub]);
    assert.deepEqual(await found(addresses, 'username = "jane@example.com"'), []);
    assert.deepEqual(await found(addresses, 'email = "jane@example.com"'), [jane.sub]);
  });

  test("follows a change of the value that it looks for", async () => {
    const changing = await createPool(server);
    const jane = await changing.user("jane", { attributes: { email: "old@example.com" } });
    await jane.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList({ email: "new@example.com" }) });
    assert.deepEqual(await found(changing, 'email = "old@example.com"'), []);
    assert.deepEqual(await found(changing, 'email = "new@example.com"'), ["jane"]);
    await jane.send(AdminDeleteUserCommand);
    assert.deepEqual(await found(changing, 'email ^= "new"'), []);
  });

  const broken = [
    "email",
    'email "ben"',
    'email = "ben',
    "email = ben",
    "email = 'ben'",
    'email = "b"n"',
    'email >= "ben"',
    '= "ben"',
    'email = "ben" and name = "Ben"',
    'email = "ben" trailing',
  ];
  for (const filter of broken) {
    test(`refuses ${filter}`, () => refused(list(pool, { Filter: filter }), INVALID, "Error while parsing filter."));
  }

  test("refuses attributes that cannot be searched", async () => {
    for (const attribute of ["address", "custom:team", "nosuch"]) {
      await refused(list(pool, { Filter: `${attribute} = "x"` }), INVALID);
    }
  });

  test("refuses more than 256 characters", () => {
    const filter = `email = "${"x".repeat(250)}"`;
    return refused(
      list(pool, { Filter: filter }),
      INVALID,
      violation("filter", "Member must have length less than or equal to 256", filter),
    );
  });
});

describe("Limit and PaginationToken", () => {
  test("page through every user once", async () => {
    const { pool, made } = await crowd(10);
    const first = await list(pool, { Limit: 3 });
    assert.equal(first.Users.length, 3);
    assert.ok(first.PaginationToken);
    assert.deepEqual(names({ Users: await everyPage(pool, { Limit: 3 }) }), made);
  });

  test("page through what a filter finds", async () => {
    const { pool, made } = await crowd(8);
    await pool.user("outsider", { attributes: { email: "outsider@example.com" } });
    const users = await everyPage(pool, { Limit: 2, Filter: 'email ^= "user-"' });
    assert.deepEqual(names({ Users: users }), made);
  });

  for (const Filter of [undefined, 'email ^= "user-"', 'status = "Enabled"']) {
    test(`stay stable while users come and go (${Filter ?? "no filter"})`, async () => {
      const { pool, made } = await crowd(9);
      let round = 0;
      const users = await everyPage(pool, { Limit: 2, Filter }, async () => {
        round += 1;
        for (const name of [`user-000-${round}`, `user-999-${round}`]) {
          await pool.user(name, { attributes: { email: `${name}@example.com` } });
        }
        await pool.existingUser(`user-000-${round}`).send(AdminDeleteUserCommand);
      });
      const seen = users.map(({ Username }) => Username);
      assert.equal(new Set(seen).size, seen.length, "a user was seen twice");
      for (const name of made) assert.ok(seen.includes(name), `${name} was not seen`);
      assert.ok(round >= 4);
    });
  }

  test("give sixty when nothing or zero is asked for", async () => {
    const { pool } = await crowd(61);
    for (const input of [{}, { Limit: 0 }]) {
      const page = await list(pool, input);
      assert.equal(page.Users.length, 60);
      assert.ok(page.PaginationToken);
      const last = await list(pool, { ...input, PaginationToken: page.PaginationToken });
      assert.equal(last.Users.length, 1);
      assert.equal(last.PaginationToken, undefined);
    }
  });

  test("refuse more than sixty", async () => {
    const pool = await createPool(server);
    await refused(
      list(pool, { Limit: 61 }),
      INVALID,
      violation("limit", "Member must have value less than or equal to 60", "61"),
    );
  });

  test("refuse a token that was made up, changed, or given for something else", async () => {
    const { pool } = await crowd(3);
    const { pool: other } = await crowd(3);
    const { PaginationToken: token } = await list(pool, { Limit: 1 });
    const flipped = token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");
    await refused(list(pool, { Limit: 1, PaginationToken: "made-up" }), INVALID);
    await refused(list(pool, { Limit: 1, PaginationToken: `${flipped}AAAA` }), INVALID);
    await refused(list(pool, { Limit: 1, PaginationToken: token, Filter: 'email ^= "user"' }), INVALID);
    await refused(list(other, { Limit: 1, PaginationToken: token }), INVALID);
  });

  test("refuse a token after an hour", async () => {
    const { pool } = await crowd(3);
    const { PaginationToken } = await list(pool, { Limit: 1 });
    await server.advance(3_700);
    await refused(list(pool, { Limit: 1, PaginationToken }), INVALID);
  });
});

describe("AdminCreateUser in parallel", () => {
  test("lets exactly one of twenty have the name", async () => {
    const pool = await createPool(server);
    const attempts = Array.from({ length: 20 }, () =>
      pool.send(AdminCreateUserCommand, { Username: "jane", MessageAction: "SUPPRESS" }),
    );
    const outcomes = await Promise.allSettled(attempts);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const { reason } of outcomes)
      assert.equal(reason?.name ?? "UsernameExistsException", "UsernameExistsException");
    assert.deepEqual(names(await list(pool)), ["jane"]);
  });
});
