import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDisableUserCommand,
  AdminResetUserPasswordCommand,
  AdminSetUserPasswordCommand,
  ConfirmForgotPasswordCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD, Pool, TEMPORARY, verified } from "../fixtures.mjs";
import { POLICY, refused, violation } from "../refused.mjs";
import { REPOSITORY, startServer } from "../server.mjs";
import { refusesStrangers } from "../strangers.mjs";

const server = await startServer({ pools: `${REPOSITORY}clients/javascript/pools.toml` });
after(() => server.stop());

const INVALID = "InvalidParameterException";

describe("AdminResetUserPassword", () => {
  const reset = (user) => user.send(AdminResetUserPasswordCommand);

  test("asks for a reset with a code that ConfirmForgotPassword accepts", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
    await reset(jane);
    assert.equal(await jane.status(), "RESET_REQUIRED");
    const [message] = await jane.outbox();
    assert.equal(message.medium, "EMAIL");
    assert.equal(message.destination, "jane@example.com");
    assert.match(message.code, /^\d{6}$/);
    await refused(client.signIn("jane"), "PasswordResetRequiredException", /^Password reset required for the user\.?$/);
    await server.send(
      new ConfirmForgotPasswordCommand({
        ClientId: client.id,
        Username: "jane",
        ConfirmationCode: message.code,
        Password: "Chosen-one1",
      }),
    );
    assert.equal(await jane.status(), "CONFIRMED");
    assert.ok((await client.tokens("jane", "Chosen-one1")).AccessToken);
    await refused(client.signIn("jane"), "NotAuthorizedException", "Incorrect username or password.");
  });

  test("leaves the tokens that were given before", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
    const { AccessToken } = await client.tokens("jane");
    await reset(jane);
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
  });

  test("refuses a user who never chose a password", async () => {
    const jane = await (await createPool(server)).user("jane", { attributes: verified("jane@example.com") });
    await refused(reset(jane), "NotAuthorizedException", "User password cannot be reset in the current state.");
    assert.equal(await jane.status(), "FORCE_CHANGE_PASSWORD");
  });

  test("refuses a disabled user", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
    await jane.send(AdminDisableUserCommand);
    await refused(reset(jane), "NotAuthorizedException", "User is disabled.");
  });

  test("refuses a user who cannot be reached", async () => {
    const pool = await createPool(server);
    const jane = await pool.user("jane", { password: PASSWORD, attributes: { email: "jane@example.com" } });
    await refused(
      reset(jane),
      INVALID,
      "Cannot reset password for the user as there is no registered/verified email or phone_number",
    );
    assert.equal(await jane.status(), "CONFIRMED");
  });

  refusesStrangers(server, AdminResetUserPasswordCommand);
});

describe("AdminSetUserPassword", () => {
  const set = (user, Password, Permanent) => user.send(AdminSetUserPasswordCommand, { Password, Permanent });

  test("confirms the user when permanent", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane");
    await set(jane, PASSWORD, true);
    assert.equal(await jane.status(), "CONFIRMED");
    assert.ok((await client.tokens("jane")).AccessToken);
    await refused(client.signIn("jane", TEMPORARY), "NotAuthorizedException", "Incorrect username or password.");
  });

  test("confirms a user who only signed up, without verifying their address", async () => {
    const user = new Pool(server, "us-east-1_declared1").existingUser("never-confirmed");
    await set(user, "Chosen-one1", true);
    assert.equal(await user.status(), "CONFIRMED");
  });

  for (const Permanent of [false, undefined]) {
    test(`asks for a new one when Permanent is ${Permanent}`, async () => {
      const pool = await createPool(server);
      const client = await pool.client();
      const jane = await pool.user("jane", { password: PASSWORD });
      await set(jane, "Short-lived1", Permanent);
      assert.equal(await jane.status(), "FORCE_CHANGE_PASSWORD");
      assert.equal((await client.signIn("jane", "Short-lived1")).ChallengeName, "NEW_PASSWORD_REQUIRED");
    });
  }

  test("lets a temporary password live anew", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane");
    await server.advance(8 * 86_400);
    await set(jane, "Short-lived1", false);
    assert.equal((await client.signIn("jane", "Short-lived1")).ChallengeName, "NEW_PASSWORD_REQUIRED");
  });

  test("leaves the tokens that were given before and sends nothing", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
    const { AccessToken } = await client.tokens("jane");
    await set(jane, "Chosen-one1", true);
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
    assert.deepEqual(await jane.outbox(), []);
  });

  for (const Permanent of [true, false]) {
    for (const [Password, reason] of POLICY) {
      test(`refuses what breaks the policy (Permanent ${Permanent}): ${reason}`, async () => {
        const jane = await (await createPool(server)).user("jane");
        await refused(
          set(jane, Password, Permanent),
          "InvalidPasswordException",
          `Password did not conform with policy: ${reason}`,
        );
      });
    }
  }

  test("applies the policy of the pool, not more", async () => {
    const pool = await createPool(server, { Policies: { PasswordPolicy: { MinimumLength: 6 } } });
    const jane = await pool.user("jane", { temporaryPassword: "simple" });
    await set(jane, "letters", true);
    await refused(
      set(jane, "short", true),
      "InvalidPasswordException",
      "Password did not conform with policy: Password not long enough",
    );
  });

  test("counts letters of the Basic Latin alphabet only", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(
      set(jane, "Éabcdef1!", true),
      "InvalidPasswordException",
      "Password did not conform with policy: Password must have uppercase characters",
    );
  });

  test("remembers as many passwords as the pool asks for", async () => {
    const pool = await createPool(server, {
      Policies: { PasswordPolicy: { MinimumLength: 8, PasswordHistorySize: 2 } },
    });
    const jane = await pool.user("jane", { temporaryPassword: "password-0" });
    for (const n of [1, 2]) await set(jane, `password-${n}`, true);
    for (const n of [2, 1]) {
      await refused(set(jane, `password-${n}`, true), "PasswordHistoryPolicyViolationException");
    }
    await set(jane, "password-0", true);
  });

  test("refuses white space, without echoing the password", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(
      set(jane, "with a space 1!A", true),
      INVALID,
      violation("password", String.raw`Member must satisfy regular expression pattern: [\S]+`),
    );
  });

  test("refuses a missing password", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(set(jane, undefined, true), INVALID, violation("password", "Member must not be null"));
  });

  refusesStrangers(server, AdminSetUserPasswordCommand, { Password: PASSWORD, Permanent: true });
});
