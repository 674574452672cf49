// GetTokensFromRefreshToken, with refresh tokens that rotate and with those that do not.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminUserGlobalSignOutCommand,
  GetTokensFromRefreshTokenCommand,
  RevokeTokenCommand,
  UpdateUserPoolClientCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { claimsOf, headerOf, verifierOf } from "../tokens.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = ["NotAuthorizedException", /^Invalid Refresh Token\.?$/];
const REVOKED = ["NotAuthorizedException", "Refresh Token has been revoked"];
const REVOKED_ACCESS = ["NotAuthorizedException", "Access Token has been revoked"];
const REUSED = ["RefreshTokenReuseException"];
const FLOWS = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"];

const rotating = (RetryGracePeriodSeconds) => ({
  ExplicitAuthFlows: FLOWS,
  RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds },
});

/** A pool with a client of this configuration and jane, signed in. */
async function signedIn(config) {
  const pool = await createPool(server);
  const client = await pool.client(config);
  const jane = await pool.user("jane", { password: PASSWORD });
  return { pool, client, jane, ...(await client.tokens("jane")) };
}

const exchange = async (client, RefreshToken, input = {}) => {
  const command = new GetTokensFromRefreshTokenCommand({ RefreshToken, ClientId: client.id, ...input });
  const { $metadata: _, ...answer } = await server.send(command);
  assert.deepEqual(Object.keys(answer), ["AuthenticationResult"]);
  return answer.AuthenticationResult;
};

describe("An exchange of a rotating refresh token", () => {
  test("answers tokens of the same sign-in and another refresh token", async () => {
    const { client, IdToken, AccessToken, RefreshToken } = await signedIn(rotating(0));
    await server.advance(60);
    const result = await exchange(client, RefreshToken);
    assert.notEqual(result.RefreshToken, RefreshToken);
    assert.match(result.RefreshToken, /^eyJjdHkiOiJKV1Qi([^.]*\.){4}[^.]*$/);
    assert.equal(result.ExpiresIn, 3600);
    assert.equal(result.TokenType, "Bearer");
    const verifier = await verifierOf(client);
    await verifier.id(result.IdToken);
    await verifier.access(result.AccessToken);
    for (const [before, now] of [
      [claimsOf(IdToken), claimsOf(result.IdToken)],
      [claimsOf(AccessToken), claimsOf(result.AccessToken)],
    ]) {
      for (const claim of ["auth_time", "origin_jti", "event_id", "sub"])
        assert.equal(now[claim], before[claim], claim);
      assert.notEqual(now.jti, before.jti);
      assert.ok(now.iat - before.iat >= 60);
    }
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
  });

  test("can be repeated with each new token", async () => {
    const { client, RefreshToken } = await signedIn(rotating(0));
    let token = RefreshToken;
    const seen = new Set([token]);
    for (let round = 0; round < 5; round += 1) {
      token = (await exchange(client, token)).RefreshToken;
      seen.add(token);
    }
    assert.equal(seen.size, 6);
  });

  test("makes no token live longer than the first", async () => {
    const { client, RefreshToken } = await signedIn({
      ...rotating(0),
      RefreshTokenValidity: 2,
      TokenValidityUnits: { RefreshToken: "hours" },
    });
    await server.advance(7_100);
    const { RefreshToken: next } = await exchange(client, RefreshToken);
    await server.advance(160);
    await refused(exchange(client, next), "NotAuthorizedException", "Refresh Token has expired");
  });

  test("is the only way: the flow is refused", async () => {
    const { client, RefreshToken } = await signedIn(rotating(0));
    await refused(
      client.refresh(RefreshToken),
      "InvalidParameterException",
      "REFRESH_TOKEN_AUTH is not enabled for the client.",
    );
    assert.ok((await exchange(client, RefreshToken)).RefreshToken);
  });

  test("names the sign-in in its tokens even where the client switched revocation off", async () => {
    const { AccessToken, IdToken } = await signedIn({ ...rotating(0), EnableTokenRevocation: false });
    assert.ok(claimsOf(AccessToken).origin_jti);
    assert.equal(claimsOf(IdToken).origin_jti, claimsOf(AccessToken).origin_jti);
  });
});

describe("A refresh token that was exchanged", () => {
  test("is reused at once without a grace period, and ends the family", async () => {
    const { client, AccessToken, RefreshToken } = await signedIn(rotating(0));
    const next = await exchange(client, RefreshToken);
    await refused(exchange(client, RefreshToken), ...REUSED);
    await refused(exchange(client, next.RefreshToken), ...REVOKED);
    for (const token of [AccessToken, next.AccessToken]) await refused(client.whoIs(token), ...REVOKED_ACCESS);
    await refused(exchange(client, RefreshToken), ...REUSED);
  });

  test("answers again within the grace period, and is reused after it", async () => {
    const { client, RefreshToken } = await signedIn(rotating(30));
    const first = await exchange(client, RefreshToken);
    await server.advance(25);
    const again = await exchange(client, RefreshToken);
    assert.notEqual(again.RefreshToken, RefreshToken);
    for (const { AccessToken } of [first, again]) assert.equal((await client.whoIs(AccessToken)).Username, "jane");
    await server.advance(6);
    await refused(exchange(client, RefreshToken), ...REUSED);
    await refused(exchange(client, again.RefreshToken), ...REVOKED);
  });

  test("does not have its grace period prolonged by answering", async () => {
    const { client, RefreshToken } = await signedIn(rotating(30));
    await exchange(client, RefreshToken);
    for (let round = 0; round < 2; round += 1) {
      await server.advance(14);
      await exchange(client, RefreshToken);
    }
    await server.advance(3);
    await refused(exchange(client, RefreshToken), ...REUSED);
  });

  test("has a grace period of its own, whatever came after it", async () => {
    const { client, RefreshToken } = await signedIn(rotating(60));
    const second = await exchange(client, RefreshToken);
    const third = await exchange(client, second.RefreshToken);
    for (const token of [RefreshToken, second.RefreshToken, third.RefreshToken]) {
      assert.ok((await exchange(client, token)).RefreshToken);
    }
  });

  test("gives a thief and a client who both hold the next one away", async () => {
    const { client, RefreshToken } = await signedIn(rotating(10));
    const ofTheClient = await exchange(client, RefreshToken);
    const ofTheThief = await exchange(client, RefreshToken);
    const next = await exchange(client, ofTheThief.RefreshToken);
    await server.advance(11);
    await refused(exchange(client, ofTheClient.RefreshToken), ...REUSED);
    await refused(exchange(client, next.RefreshToken), ...REVOKED);
  });

  test("ends no other sign-in of the user", async () => {
    const { client, RefreshToken } = await signedIn(rotating(0));
    const other = await client.tokens("jane");
    await exchange(client, RefreshToken);
    await refused(exchange(client, RefreshToken), ...REUSED);
    assert.ok((await exchange(client, other.RefreshToken)).RefreshToken);
  });

  test("stays a stale one after the client stopped rotating", async () => {
    const { pool, client, RefreshToken } = await signedIn(rotating(0));
    const next = await exchange(client, RefreshToken);
    await pool.send(UpdateUserPoolClientCommand, {
      ClientId: client.id,
      ExplicitAuthFlows: [...FLOWS, "ALLOW_REFRESH_TOKEN_AUTH"],
      RefreshTokenRotation: { Feature: "DISABLED" },
    });
    assert.equal((await exchange(client, next.RefreshToken)).RefreshToken, undefined);
    assert.ok((await client.refresh(next.RefreshToken)).AuthenticationResult);
    await refused(client.refresh(RefreshToken), ...REVOKED);
    await refused(client.refresh(next.RefreshToken), ...REVOKED);
  });

  test("can be revoked like any other of its family", async () => {
    const { client, RefreshToken } = await signedIn(rotating(60));
    const next = await exchange(client, RefreshToken);
    await server.send(new RevokeTokenCommand({ Token: RefreshToken, ClientId: client.id }));
    await refused(exchange(client, next.RefreshToken), ...REVOKED);
    await refused(client.whoIs(next.AccessToken), ...REVOKED_ACCESS);
  });
});

describe("An exchange without rotation", () => {
  test("answers tokens and no refresh token, as often as one likes", async () => {
    const { client, RefreshToken } = await signedIn();
    for (let round = 0; round < 3; round += 1) {
      const result = await exchange(client, RefreshToken);
      assert.equal(result.RefreshToken, undefined);
      assert.equal((await client.whoIs(result.AccessToken)).Username, "jane");
    }
    assert.ok((await client.refresh(RefreshToken)).AuthenticationResult);
  });

  test("is refused to a client that may not refresh", async () => {
    const { client, RefreshToken } = await signedIn({ ExplicitAuthFlows: FLOWS });
    await refused(exchange(client, RefreshToken), "InvalidParameterException");
  });
});

describe("GetTokensFromRefreshToken", () => {
  test("refuses garbage, a changed token, another client's and another pool's", async () => {
    const { pool, client, AccessToken, RefreshToken } = await signedIn(rotating(0));
    const at = RefreshToken.length - 30;
    const changed = RefreshToken.slice(0, at) + (RefreshToken[at] === "A" ? "B" : "A") + RefreshToken.slice(at + 1);
    for (const token of ["garbage", changed, AccessToken]) await refused(exchange(client, token), ...INVALID);
    await refused(exchange(await pool.client(rotating(0)), RefreshToken), ...INVALID);
    await refused(exchange((await signedIn(rotating(0))).client, RefreshToken), ...INVALID);
    assert.ok((await exchange(client, RefreshToken)).RefreshToken, "and none of them used the token up");
  });

  test("refuses an unknown client", () =>
    refused(
      exchange({ id: "1a2b3c4d5e6f7g8h9i0j1k2l3m" }, "token"),
      "ResourceNotFoundException",
      "User pool client 1a2b3c4d5e6f7g8h9i0j1k2l3m does not exist.",
    ));

  test("asks a client with a secret for it, before anything happens to the token", async () => {
    const { client, RefreshToken } = await signedIn({ ...rotating(0), GenerateSecret: true });
    await refused(
      exchange(client, RefreshToken),
      "NotAuthorizedException",
      `Client ${client.id} is configured for secret but secret was not received`,
    );
    await refused(
      exchange(client, RefreshToken, { ClientSecret: "not_the_secret_of_this_client" }),
      "NotAuthorizedException",
      `Unable to verify secret hash for client ${client.id}`,
    );
    const next = await exchange(client, RefreshToken, { ClientSecret: client.secret });
    await refused(exchange(client, RefreshToken), "NotAuthorizedException");
    assert.ok((await exchange(client, next.RefreshToken, { ClientSecret: client.secret })).RefreshToken);
  });

  test("refuses a secret of a client that has none", async () => {
    const { client, RefreshToken } = await signedIn(rotating(0));
    await refused(
      exchange(client, RefreshToken, { ClientSecret: "not_the_secret_of_this_client" }),
      "NotAuthorizedException",
      `Client ${client.id} is not configured with secret but secret was received`,
    );
  });

  test("refuses what a sign-out, a disabled or a deleted user ended", async () => {
    const signedOut = await signedIn(rotating(60));
    await signedOut.jane.send(AdminUserGlobalSignOutCommand);
    await refused(exchange(signedOut.client, signedOut.RefreshToken), ...REVOKED);
    const disabled = await signedIn(rotating(60));
    await disabled.jane.send(AdminDisableUserCommand);
    await refused(exchange(disabled.client, disabled.RefreshToken), "NotAuthorizedException", "User is disabled.");
    const deleted = await signedIn(rotating(60));
    await deleted.jane.send(AdminDeleteUserCommand);
    await refused(exchange(deleted.client, deleted.RefreshToken), ...INVALID);
  });

  test("needs no signature", async () => {
    const { client, RefreshToken } = await signedIn(rotating(0));
    const answer = await server.post(
      "GetTokensFromRefreshToken",
      { RefreshToken, ClientId: client.id },
      { authorization: undefined },
    );
    assert.equal(answer.status, 200);
    const { AuthenticationResult } = await answer.json();
    assert.equal(typeof headerOf(AuthenticationResult.AccessToken).kid, "string");
  });
});
