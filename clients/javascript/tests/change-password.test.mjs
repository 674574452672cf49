import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminListUserAuthEventsCommand,
  AdminResetUserPasswordCommand,
  AdminSetUserPasswordCommand,
  AdminUserGlobalSignOutCommand,
  ChangePasswordCommand,
  DeleteUserCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { refusesBadTokens, REVOKED, signedIn } from "../bearers.mjs";
import { createPool, PASSWORD, TEMPORARY, verified } from "../fixtures.mjs";
import { NO_USER, POLICY, refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const NEW = "Chosen-one1";
const WRONG = ["NotAuthorizedException", "Incorrect username or password."];
const TOO_MANY = ["LimitExceededException", "Attempt limit exceeded, please try after some time."];

const change = (AccessToken, PreviousPassword = PASSWORD, ProposedPassword = NEW) =>
  server.send(new ChangePasswordCommand({ AccessToken, PreviousPassword, ProposedPassword }));

/** Fails so often; the clock moves between the attempts, so that none comes during a lock. */
async function failTimes(AccessToken, times) {
  for (let n = 1; n <= times; n += 1) {
    await refused(change(AccessToken, "Wrong-one1"), ...WRONG);
    if (n >= 5) await server.advance(2 ** (n - 5));
  }
}

describe("ChangePassword", () => {
  test("replaces the password and keeps what is signed in", async () => {
    const { client, AccessToken, RefreshToken } = await signedIn(server);
    const { $metadata: _, ...answer } = await change(AccessToken);
    assert.deepEqual(answer, {});
    await refused(client.signIn("jane"), ...WRONG);
    assert.ok((await client.tokens("jane", NEW)).AccessToken);
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
    assert.ok((await client.refresh(RefreshToken)).AuthenticationResult.AccessToken);
  });

  test("is recorded, right or wrong", async () => {
    const { jane, AccessToken } = await signedIn(server, {
      pool: { UserPoolTier: "PLUS", UserPoolAddOns: { AdvancedSecurityMode: "AUDIT" } },
    });
    await refused(change(AccessToken, "Wrong-one1"), ...WRONG);
    await server.advance(1);
    await change(AccessToken);
    const { AuthEvents } = await jane.send(AdminListUserAuthEventsCommand);
    assert.deepEqual(
      AuthEvents.map(({ EventType, EventResponse }) => [EventType, EventResponse]),
      [
        ["PasswordChange", "Pass"],
        ["PasswordChange", "Fail"],
        ["SignIn", "Pass"],
      ],
    );
  });

  test("looks at the previous password before the policy", async () => {
    const { client, AccessToken } = await signedIn(server);
    await refused(change(AccessToken, "Wrong-one1", "short"), ...WRONG);
    for (const [password, message] of POLICY) {
      await refused(
        change(AccessToken, PASSWORD, password),
        "InvalidPasswordException",
        `Password did not conform with policy: ${message}`,
      );
    }
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("refuses what the history remembers", async () => {
    const { AccessToken } = await signedIn(server, {
      pool: { Policies: { PasswordPolicy: { MinimumLength: 8, PasswordHistorySize: 2 } } },
    });
    const used = ["PasswordHistoryPolicyViolationException", "Password has previously been used"];
    await refused(change(AccessToken, PASSWORD, PASSWORD), ...used);
    await change(AccessToken, PASSWORD, NEW);
    await refused(change(AccessToken, NEW, PASSWORD), ...used);
    await change(AccessToken, NEW, "Another-one1");
    await change(AccessToken, "Another-one1", PASSWORD);
  });

  test("needs the previous password, by its old name", async () => {
    const { AccessToken } = await signedIn(server);
    await refused(
      server.send(new ChangePasswordCommand({ AccessToken, ProposedPassword: "short" })),
      "InvalidParameterException",
      "Missing required parameter OldPassword",
    );
  });


  test("counts wrong ones towards the lock of sign-ins, and those of sign-ins here", async () => {
    const { client, AccessToken } = await signedIn(server);
    await failTimes(AccessToken, 7);
    await refused(change(AccessToken, "Wrong-one1"), ...WRONG);
    await refused(client.signIn("jane"), "NotAuthorizedException", "Password attempts exceeded");
    await refused(change(AccessToken), ...TOO_MANY);
    await server.advance(8);
    await change(AccessToken);
    assert.ok((await client.tokens("jane", NEW)).AccessToken);
  });

  test("hears ten guesses an hour, and a right one forgets them", async () => {
    const { client, AccessToken } = await signedIn(server);
    await failTimes(AccessToken, 5);
    await change(AccessToken);
    await failTimes(AccessToken, 10);
    await refused(change(AccessToken, NEW, PASSWORD), ...TOO_MANY);
    assert.ok((await client.tokens("jane", NEW)).AccessToken, "nobody is kept from signing in");
    await server.advance(3_600);
    const { AccessToken: fresh } = await client.tokens("jane", NEW);
    await change(fresh, NEW, PASSWORD);
  });

  test("does not count what the policy refused", async () => {
    const { AccessToken } = await signedIn(server);
    for (let n = 0; n < 12; n += 1) {
      await refused(change(AccessToken, PASSWORD, "short"), "InvalidPasswordException");
    }
    await change(AccessToken);
  });

  test("looks at no more than ten of sixty guesses at once", async () => {
    const { client, AccessToken } = await signedIn(server);
    const guesses = Array.from({ length: 60 }, (_, n) => change(AccessToken, `Wrong-one${n}`).catch((error) => error));
    const names = (await Promise.all(guesses)).map(({ name }) => name);
    const looked = names.filter((name) => name === "NotAuthorizedException").length;
    assert.ok(looked >= 1 && looked <= 10, `${looked} were looked at`);
    assert.equal(names.filter((name) => name === "LimitExceededException").length, 60 - looked);
    await refused(change(AccessToken), ...TOO_MANY);
    await server.advance(16 * 60);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("refuses a user who must reset their password", async () => {
    const { jane, AccessToken } = await signedIn(server, { attributes: verified("jane@example.com") });
    await jane.send(AdminResetUserPasswordCommand);
    await refused(change(AccessToken, "Wrong-one1"), ...WRONG);
    await refused(change(AccessToken), "PasswordResetRequiredException", "Password reset required for the user");
  });

  test("makes a temporary password permanent, until its time is over", async () => {
    const pool = { Policies: { PasswordPolicy: { MinimumLength: 8, TemporaryPasswordValidityDays: 1 } } };
    const { jane, AccessToken } = await signedIn(server, { pool });
    await jane.send(AdminSetUserPasswordCommand, { Password: TEMPORARY });
    await change(AccessToken, TEMPORARY);
    assert.equal(await jane.status(), "CONFIRMED");
    const late = await signedIn(server, { pool });
    await late.jane.send(AdminSetUserPasswordCommand, { Password: TEMPORARY });
    await server.advance(86_400);
    const { AuthenticationResult } = await late.client.refresh(late.RefreshToken);
    await refused(
      change(AuthenticationResult.AccessToken, TEMPORARY),
      "NotAuthorizedException",
      "Temporary password has expired and must be reset by an administrator.",
    );
    assert.equal(await late.jane.status(), "FORCE_CHANGE_PASSWORD");
  });

  test("refuses a missing proposed password without echoing anything", async () => {
    const { AccessToken } = await signedIn(server);
    await refused(
      server.send(new ChangePasswordCommand({ AccessToken, PreviousPassword: PASSWORD })),
      "InvalidParameterException",
      violation("proposedPassword", "Member must not be null"),
    );
  });

  refusesBadTokens(server, ChangePasswordCommand, { PreviousPassword: PASSWORD, ProposedPassword: NEW });
});

describe("DeleteUser", () => {
  const remove = (AccessToken) => server.send(new DeleteUserCommand({ AccessToken }));

  test("removes the user, their tokens and their name", async () => {
    const { pool, client, jane, AccessToken, RefreshToken } = await signedIn(server);
    const { $metadata, ...answer } = await remove(AccessToken);
    assert.equal($metadata.httpStatusCode, 200);
    assert.deepEqual(answer, {});
    await refused(jane.read(), ...NO_USER);
    await refused(remove(AccessToken), ...NO_USER);
    await refused(client.refresh(RefreshToken), "NotAuthorizedException");
    await refused(client.signIn("jane"), ...NO_USER);
    await pool.user("jane", { password: PASSWORD });
    assert.ok((await client.tokens("jane")).AccessToken);
    await refused(client.whoIs(AccessToken), ...NO_USER);
  });

  test("frees the address that was the user's name", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["email"] });
    const client = await pool.client();
    await pool.user("jane@example.com", { password: PASSWORD });
    await remove((await client.tokens("jane@example.com")).AccessToken);
    await pool.user("jane@example.com");
  });

  test("spares other users", async () => {
    const { pool, client, AccessToken } = await signedIn(server);
    await pool.user("john", { password: PASSWORD });
    const { AccessToken: other } = await client.tokens("john");
    await remove(AccessToken);
    assert.equal((await client.whoIs(other)).Username, "john");
  });

  test("answers no body", async () => {
    const { AccessToken } = await signedIn(server);
    const response = await server.post("DeleteUser", { AccessToken });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
  });

  test("is refused after a sign-out and removes nobody", async () => {
    const { jane, AccessToken } = await signedIn(server);
    await jane.send(AdminUserGlobalSignOutCommand);
    await refused(remove(AccessToken), ...REVOKED);
    assert.equal(await jane.status(), "CONFIRMED");
  });

  refusesBadTokens(server, DeleteUserCommand);
});
