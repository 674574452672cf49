// Tests that every operation with an access token has in common.

import { test } from "node:test";

import {
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminUserGlobalSignOutCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "./fixtures.mjs";
import { refused, violation } from "./refused.mjs";

const NOT_AUTHORIZED = "NotAuthorizedException";
export const REVOKED = [NOT_AUTHORIZED, "Access Token has been revoked"];

/** A pool with a client and jane, signed in. */
export async function signedIn(server, { pool: poolConfig, client: clientConfig, attributes } = {}) {
  const pool = await createPool(server, poolConfig);
  const client = await pool.client(clientConfig);
  const jane = await pool.user("jane", { password: PASSWORD, attributes });
  const { AccessToken, IdToken, RefreshToken } = await client.tokens("jane");
  return { pool, client, jane, AccessToken, IdToken, RefreshToken };
}

/**
 * What every such operation refuses in the same way.
 * `gone` is what it says when the user was deleted: not every operation models UserNotFoundException.
 */
export function refusesBadTokens(
  server,
  Command,
  input = {},
  { gone = ["UserNotFoundException", "User does not exist."], isRequired = true } = {},
) {
  const call = (AccessToken) => server.send(new Command({ AccessToken, ...input }));

  test("refuses what is not an access token", async () => {
    const { AccessToken, IdToken } = await signedIn(server);
    const forged = `${AccessToken.slice(0, -8)}AAAAAAAA`;
    for (const token of ["nonsense", "a.b.c", IdToken, forged]) {
      await refused(call(token), NOT_AUTHORIZED, "Invalid Access Token");
    }
  });

  test("refuses a token whose time is over", async () => {
    const { AccessToken } = await signedIn(server);
    await server.advance(3_600);
    await refused(call(AccessToken), NOT_AUTHORIZED, "Access Token has expired");
  });

  test("refuses a token of a session that ended", async () => {
    const { jane, AccessToken } = await signedIn(server);
    await jane.send(AdminUserGlobalSignOutCommand);
    await refused(call(AccessToken), ...REVOKED);
  });

  test("refuses a user who is disabled or gone", async () => {
    const { jane, AccessToken } = await signedIn(server);
    await jane.send(AdminDisableUserCommand);
    await refused(call(AccessToken), NOT_AUTHORIZED);
    await jane.send(AdminDeleteUserCommand);
    await refused(call(AccessToken), ...gone);
  });

  if (isRequired) {
    test("refuses a missing token", () =>
      refused(call(undefined), "InvalidParameterException", violation("accessToken", "Member must not be null")));
  }
}
