// The programs of examples/ as their readers run them: as processes, against a server with the pool files beside them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";

import {
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminListGroupsForUserCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminUpdateUserAttributesCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeMap, Pool } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { REPOSITORY, startServer } from "../server.mjs";

const [lenient, strict] = await Promise.all([
  startServer({ pools: `${REPOSITORY}examples/pools.toml` }),
  startServer({ pools: `${REPOSITORY}examples/strict-pools.toml` }),
]);
after(() => Promise.all([lenient.stop(), strict.stop()]));

const POOL_ID = "us-east-1_example123";
const LOADER = new URL("../sdk-from-here.mjs", import.meta.url).href;

/** Runs an example against a server; answers its exit code and what it printed. */
async function runExample(name, server) {
  const environment = { PATH: process.env.PATH, HOME: server.data, AWS_ENDPOINT_URL: server.endpoint };
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["--import", LOADER, `${REPOSITORY}examples/${name}`],
      { env: environment },
    );
    return { code: 0, stdout, stderr };
  } catch ({ code, stdout, stderr }) {
    return { code, stdout, stderr };
  }
}

describe("create-user.mjs", () => {
  for (const [kind, server] of [
    ["lenient", lenient],
    ["strict", strict],
  ]) {
    test(`creates its user in the ${kind} pool, once`, async () => {
      const first = await runExample("create-user.mjs", server);
      assert.equal(first.stdout, "Created user: newuser@example.com\n", first.stderr);
      assert.equal(first.code, 0);
      const user = await new Pool(server, POOL_ID).existingUser("newuser@example.com").read();
      assert.equal(user.UserStatus, "FORCE_CHANGE_PASSWORD");
      assert.deepEqual(await server.outbox(POOL_ID, "newuser@example.com"), []);
      const second = await runExample("create-user.mjs", server);
      assert.notEqual(second.code, 0);
      assert.match(second.stderr, /UsernameExistsException: User account already exists/);
    });
  }
});

describe("user-management.mjs", () => {
  const pool = new Pool(lenient, POOL_ID);
  const employee = pool.existingUser("employee@company.com");

  test("runs to its end in the lenient pool and prints what its author expected", async () => {
    const { code, stdout, stderr } = await runExample("user-management.mjs", lenient);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trim().split("\n"), [
      "User created successfully: employee@company.com",
      "User status: CONFIRMED",
      "MFA enabled: [ 'SOFTWARE_TOKEN_MFA' ]",
    ]);
    const { UserAttributes, PreferredMfaSetting } = await employee.read();
    const { sub: _, ...attributes } = attributeMap(UserAttributes);
    assert.deepEqual(attributes, {
      email: "employee@company.com",
      email_verified: "true",
      name: "New Employee",
      "custom:department": "Engineering",
    });
    assert.equal(PreferredMfaSetting, "SOFTWARE_TOKEN_MFA");
    const { Groups } = await employee.send(AdminListGroupsForUserCommand);
    assert.deepEqual(Groups.map(({ GroupName }) => GroupName).sort(), ["Employees", "Engineering"]);
  });

  // Enrolment may be refused as long as it is not built; what may never happen is a sign-in without it.
  test("leaves a user whose next sign-in asks to enrol a token, and gives no tokens before", async () => {
    const answer = await pool
      .send(AdminInitiateAuthCommand, {
        ClientId: "exampleclient0000000000001",
        AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: "employee@company.com", PASSWORD: "SecurePassword123!" },
      })
      .catch((error) => error);
    assert.equal(answer.AuthenticationResult, undefined);
    assert.match(answer.ChallengeName ?? answer.message, /\bMFA_SETUP\b/);
  });

  test("may use the bare name of a declared attribute only", () =>
    refused(
      employee.send(AdminUpdateUserAttributesCommand, { UserAttributes: [{ Name: "division", Value: "x" }] }),
      "InvalidParameterException",
      /\bdivision\b/,
    ));

  test("fails in the strict pool where the live service fails, leaving no user", async () => {
    const { code, stdout, stderr } = await runExample("user-management.mjs", strict);
    assert.notEqual(code, 0);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /InvalidParameterException: Attributes did not conform to the schema: Type for attribute \{department\} could not be determined/,
    );
    const strictPool = new Pool(strict, POOL_ID);
    await refused(
      strictPool.send(AdminGetUserCommand, { Username: "employee@company.com" }),
      "UserNotFoundException",
      "User does not exist.",
    );
  });
});

describe("The strict pool", () => {
  test("refuses a software token that was never enrolled", async () => {
    const sample = new Pool(strict, POOL_ID).existingUser("sample@example.com");
    await refused(
      sample.send(AdminSetUserMFAPreferenceCommand, {
        SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true },
      }),
      "InvalidParameterException",
      "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA",
    );
  });
});
