import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminAddUserToGroupCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  AdminUserGlobalSignOutCommand,
  ConfirmForgotPasswordCommand,
  DeleteUserPoolClientCommand,
  DeleteUserPoolCommand,
  ForgotPasswordCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  ListUserSessionsCommand,
  RevokeTokenCommand,
  RevokeUserSessionCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, attributeMap, createPool, PASSWORD, verified } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { refusesStrangers } from "../strangers.mjs";
import { claimsOf, verifierOf } from "../tokens.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID_REFRESH = ["NotAuthorizedException", /^Invalid Refresh Token\.?$/];
const REVOKED_REFRESH = ["NotAuthorizedException", "Refresh Token has been revoked"];
const REVOKED_ACCESS = ["NotAuthorizedException", "Access Token has been revoked"];
const INVALID_ACCESS = ["NotAuthorizedException", "Invalid Access Token"];

/** A pool with a client and jane, signed in. */
async function signedIn({ client: clientConfig, attributes } = {}) {
  const pool = await createPool(server);
  const client = await pool.client(clientConfig);
  const jane = await pool.user("jane", { password: PASSWORD, attributes });
  return { pool, client, jane, ...(await client.tokens("jane")) };
}

const revoke = (client, Token, input = {}) =>
  server.send(new RevokeTokenCommand({ Token, ClientId: client.id, ...input }));

describe("A refresh", () => {
  test("answers new tokens of the same sign-in and no refresh token", async () => {
    const { client, IdToken, AccessToken, RefreshToken } = await signedIn();
    await server.advance(60);
    const answer = await client.refresh(RefreshToken);
    assert.deepEqual(answer.ChallengeParameters, {});
    const result = answer.AuthenticationResult;
    assert.equal(result.RefreshToken, undefined);
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
  });

  test("has two names, in both APIs", async () => {
    const { client, RefreshToken } = await signedIn();
    for (const way of ["adminAuth", "publicAuth"]) {
      for (const flow of ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"]) {
        const { AuthenticationResult } = await client[way](flow, { REFRESH_TOKEN: RefreshToken });
        assert.equal((await client.whoIs(AuthenticationResult.AccessToken)).Username, "jane");
      }
    }
  });

  test("reads attributes and groups anew", async () => {
    const { pool, client, jane, RefreshToken } = await signedIn({ attributes: { name: "Jane" } });
    await pool.group("admins");
    await jane.send(AdminAddUserToGroupCommand, { GroupName: "admins" });
    await jane.send(AdminUpdateUserAttributesCommand, { UserAttributes: attributeList({ name: "Janet" }) });
    const { IdToken } = (await client.refresh(RefreshToken)).AuthenticationResult;
    assert.equal(claimsOf(IdToken).name, "Janet");
    assert.deepEqual(claimsOf(IdToken)["cognito:groups"], ["admins"]);
  });

  test("is refused for garbage, for a changed token and for another client's", async () => {
    const { pool, client, RefreshToken, AccessToken } = await signedIn();
    const other = await pool.client();
    const at = RefreshToken.length - 30;
    const changed = RefreshToken.slice(0, at) + (RefreshToken[at] === "A" ? "B" : "A") + RefreshToken.slice(at + 1);
    for (const token of ["garbage", changed, AccessToken]) await refused(client.refresh(token), ...INVALID_REFRESH);
    await refused(other.refresh(RefreshToken), ...INVALID_REFRESH);
    await refused((await signedIn()).client.refresh(RefreshToken), ...INVALID_REFRESH);
  });

  test("is refused to a disabled user", async () => {
    const { client, jane, RefreshToken } = await signedIn();
    await jane.send(AdminDisableUserCommand);
    await refused(
      client.refresh(RefreshToken),
      "NotAuthorizedException",
      /^(User is disabled\.|Refresh Token has been revoked)$/,
    );
  });

  test("is refused after the validity of the client", async () => {
    const { client, RefreshToken } = await signedIn({
      client: { RefreshTokenValidity: 2, TokenValidityUnits: { RefreshToken: "hours" } },
    });
    await server.advance(7_100);
    assert.ok((await client.refresh(RefreshToken)).AuthenticationResult);
    await server.advance(160);
    await refused(client.refresh(RefreshToken), "NotAuthorizedException", "Refresh Token has expired");
  });

  test("is refused to a client that may not", async () => {
    const { client, pool } = await signedIn();
    const strict = await pool.client({ ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH"] });
    const { RefreshToken } = await strict.tokens("jane");
    await refused(strict.refresh(RefreshToken), "InvalidParameterException");
    assert.notEqual(strict.id, client.id);
  });
});

describe("GetUser", () => {
  test("answers name and attributes, and nothing about MFA when there is none", async () => {
    const { client, jane, AccessToken } = await signedIn({ attributes: verified("jane@example.com") });
    const { $metadata: _, ...user } = await client.whoIs(AccessToken);
    assert.deepEqual(Object.keys(user).sort(), ["UserAttributes", "Username"]);
    assert.equal(user.Username, "jane");
    assert.equal(user.UserAttributes[0].Name, "sub");
    assert.deepEqual(attributeMap(user.UserAttributes), { sub: jane.sub, ...verified("jane@example.com") });
  });

  test("shows what the client may read", async () => {
    const { client, AccessToken } = await signedIn({
      client: { ReadAttributes: ["email"] },
      attributes: { email: "jane@example.com", name: "Jane" },
    });
    const { UserAttributes } = await client.whoIs(AccessToken);
    assert.equal(attributeMap(UserAttributes).email, "jane@example.com");
    assert.equal(attributeMap(UserAttributes).name, undefined);
  });

  test("refuses garbage, an ID token and a changed token", async () => {
    const { client, IdToken, AccessToken } = await signedIn();
    const [header, body, signature] = AccessToken.split(".");
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(AccessToken), username: "admin" })).toString("base64url");
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    for (const token of [
      "garbage",
      IdToken,
      [header, forged, signature].join("."),
      [none, body, ""].join("."),
      [header, body, signature.replace(/^./, (c) => (c === "A" ? "B" : "A"))].join("."),
    ]) {
      await refused(client.whoIs(token), ...INVALID_ACCESS);
    }
  });

  test("refuses a token that has expired", async () => {
    const { client, AccessToken } = await signedIn();
    await server.advance(3_601);
    await refused(client.whoIs(AccessToken), "NotAuthorizedException", "Access Token has expired");
  });
});

/** Both ways out end every session at once and let the user in again. */
function endsEverySession(signOut) {
  test("ends every session at once and lets the user in again", async () => {
    const { pool, client, jane, AccessToken, RefreshToken } = await signedIn();
    const other = await pool.client();
    const elsewhere = await other.tokens("jane");
    const refreshed = (await client.refresh(RefreshToken)).AuthenticationResult;

    await signOut({ jane, AccessToken });
    for (const token of [AccessToken, refreshed.AccessToken, elsewhere.AccessToken]) {
      await refused(client.whoIs(token), ...REVOKED_ACCESS);
    }
    await refused(client.refresh(RefreshToken), ...REVOKED_REFRESH);
    await refused(other.refresh(elsewhere.RefreshToken), ...REVOKED_REFRESH);

    const fresh = await client.tokens("jane");
    assert.equal((await client.whoIs(fresh.AccessToken)).Username, "jane");
    assert.ok((await client.refresh(fresh.RefreshToken)).AuthenticationResult.AccessToken);
    assert.equal(await jane.status(), "CONFIRMED");
  });

  test("leaves other users alone", async () => {
    const { pool, client, jane, AccessToken } = await signedIn();
    await pool.user("john", { password: PASSWORD });
    const john = await client.tokens("john");
    await signOut({ jane, AccessToken });
    assert.equal((await client.whoIs(john.AccessToken)).Username, "john");
  });
}

describe("AdminUserGlobalSignOut", () => {
  endsEverySession(({ jane }) => jane.send(AdminUserGlobalSignOutCommand));

  test("may be repeated", async () => {
    const { client, jane, AccessToken } = await signedIn();
    await jane.send(AdminUserGlobalSignOutCommand);
    await jane.send(AdminUserGlobalSignOutCommand);
    await refused(client.whoIs(AccessToken), ...REVOKED_ACCESS);
  });

  refusesStrangers(server, AdminUserGlobalSignOutCommand);
});

describe("GlobalSignOut", () => {
  const signOut = ({ AccessToken }) => server.send(new GlobalSignOutCommand({ AccessToken }));
  endsEverySession(signOut);

  test("refuses a token that was revoked, and one that never was one", async () => {
    const { AccessToken, IdToken } = await signedIn();
    await refused(signOut({ AccessToken: IdToken }), ...INVALID_ACCESS);
    await signOut({ AccessToken });
    await refused(signOut({ AccessToken }), ...REVOKED_ACCESS);
  });
});

describe("RevokeToken", () => {
  test("ends the one session", async () => {
    const { client, AccessToken, RefreshToken } = await signedIn();
    const refreshed = (await client.refresh(RefreshToken)).AuthenticationResult;
    const other = await client.tokens("jane");
    await revoke(client, RefreshToken);
    await refused(client.refresh(RefreshToken), ...REVOKED_REFRESH);
    await refused(client.whoIs(AccessToken), ...REVOKED_ACCESS);
    await refused(client.whoIs(refreshed.AccessToken), ...REVOKED_ACCESS);
    assert.equal((await client.whoIs(other.AccessToken)).Username, "jane");
    assert.ok((await client.refresh(other.RefreshToken)).AuthenticationResult);
  });

  test("succeeds for a token that is revoked already", async () => {
    const { client, RefreshToken } = await signedIn();
    await revoke(client, RefreshToken);
    await revoke(client, RefreshToken);
    await refused(client.refresh(RefreshToken), ...REVOKED_REFRESH);
  });

  test("refuses access and ID tokens", async () => {
    const { client, AccessToken, IdToken } = await signedIn();
    for (const token of [AccessToken, IdToken]) await refused(revoke(client, token), "UnsupportedTokenTypeException");
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
  });

  test("refuses another client's token and an unknown client", async () => {
    const { pool, client, RefreshToken } = await signedIn();
    await refused(revoke(await pool.client(), RefreshToken), "UnauthorizedException");
    await refused(revoke({ id: "1a2b3c4d5e6f7g8h9i0j1k2l3m" }, RefreshToken), [
      "UnauthorizedException",
      "InvalidParameterException",
    ]);
    assert.ok((await client.refresh(RefreshToken)).AuthenticationResult);
  });

  test("asks a client with a secret for it", async () => {
    const { client, RefreshToken } = await signedIn({ client: { GenerateSecret: true } });
    const hash = { SECRET_HASH: client.secretHash("jane") };
    await refused(revoke(client, RefreshToken), "UnauthorizedException");
    await refused(
      revoke(client, RefreshToken, { ClientSecret: "not_the_secret_of_this_client" }),
      "UnauthorizedException",
    );
    assert.ok((await client.refresh(RefreshToken, hash)).AuthenticationResult);
    await revoke(client, RefreshToken, { ClientSecret: client.secret });
    await refused(client.refresh(RefreshToken, hash), ...REVOKED_REFRESH);
  });

  test("is refused where the client switched it off, whose tokens name no origin", async () => {
    const { client, AccessToken, RefreshToken } = await signedIn({ client: { EnableTokenRevocation: false } });
    assert.equal(claimsOf(AccessToken).origin_jti, undefined);
    await refused(revoke(client, RefreshToken), "UnsupportedOperationException");
  });
});

/** Every operation that an access token opens, with what else it asks for. */
const BY_ACCESS_TOKEN = [
  [GetUserCommand, {}],
  [ListUserSessionsCommand, {}],
  [RevokeUserSessionCommand, { SessionId: `tkn${"0".repeat(25)}` }],
  [GlobalSignOutCommand, {}],
];

/** Holds when no operation takes this access token any more. */
async function isRefused(AccessToken, ...expected) {
  for (const [Command, input] of BY_ACCESS_TOKEN) {
    await refused(server.send(new Command({ AccessToken, ...input })), ...expected);
  }
}

describe("An access token is refused at once", () => {
  test("after its refresh token was revoked", async () => {
    const { client, AccessToken, RefreshToken } = await signedIn();
    await revoke(client, RefreshToken, { RevokeAssociatedSessions: "LINKED" });
    await isRefused(AccessToken, ...REVOKED_ACCESS);
  });

  test("after its user was disabled, and stays so once they are enabled again", async () => {
    const { client, jane, AccessToken, RefreshToken } = await signedIn();
    await jane.send(AdminDisableUserCommand);
    await isRefused(AccessToken, "NotAuthorizedException");
    await jane.send(AdminEnableUserCommand);
    await isRefused(AccessToken, ...REVOKED_ACCESS);
    await refused(client.refresh(RefreshToken), ...REVOKED_REFRESH);
    assert.equal((await client.whoIs((await client.tokens("jane")).AccessToken)).Username, "jane");
  });

  test("after its user was deleted", async () => {
    const { jane, AccessToken } = await signedIn();
    await jane.send(AdminDeleteUserCommand);
    await isRefused(AccessToken, ["UserNotFoundException", "NotAuthorizedException"]);
  });

  test("after its client or its pool was deleted", async () => {
    const first = await signedIn();
    await first.pool.send(DeleteUserPoolClientCommand, { ClientId: first.client.id });
    await isRefused(first.AccessToken, ...INVALID_ACCESS);
    const second = await signedIn();
    await second.pool.send(DeleteUserPoolCommand);
    await isRefused(second.AccessToken, ...INVALID_ACCESS);
  });

  test("when it has expired, was changed, is no access token or none of this server's", async () => {
    const { AccessToken, IdToken } = await signedIn();
    const [header, body, signature] = AccessToken.split(".");
    const claims = (change) =>
      Buffer.from(JSON.stringify({ ...claimsOf(AccessToken), ...change })).toString("base64url");
    for (const token of [
      "garbage",
      IdToken,
      [header, claims({ exp: 9_999_999_999 }), signature].join("."),
      [header, claims({ iss: "https://elsewhere.example.com/us-east-1_abc" }), signature].join("."),
      [header, claims({ origin_jti: undefined }), signature].join("."),
      [header, body, ""].join("."),
    ]) {
      await isRefused(token, ...INVALID_ACCESS);
    }
    await server.advance(3_601);
    await isRefused(AccessToken, "NotAuthorizedException", "Access Token has expired");
  });

  test("even where its client switched revocation off, after a sign-out everywhere", async () => {
    const { client, jane, AccessToken } = await signedIn({ client: { EnableTokenRevocation: false } });
    await jane.send(AdminUserGlobalSignOutCommand);
    await isRefused(AccessToken, ...REVOKED_ACCESS);
    // Within the same second.
    const again = await client.tokens("jane");
    assert.equal((await client.whoIs(again.AccessToken)).Username, "jane");
  });
});

describe("Tokens outlive a new password", () => {
  const stillGood = async ({ client, AccessToken, RefreshToken }) => {
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
    assert.ok((await client.refresh(RefreshToken)).AuthenticationResult);
  };

  test("that an administrator set", async () => {
    const signed = await signedIn();
    await signed.jane.send(AdminSetUserPasswordCommand, { Password: "Different1!", Permanent: true });
    await stillGood(signed);
  });

  test("that the user set with a code", async () => {
    const signed = await signedIn({ attributes: verified("jane@example.com") });
    const { client, jane } = signed;
    const user = { ClientId: client.id, Username: "jane" };
    await server.send(new ForgotPasswordCommand(user));
    const [{ code: ConfirmationCode }] = await jane.outbox();
    await server.send(new ConfirmForgotPasswordCommand({ ...user, ConfirmationCode, Password: "Different1!" }));
    await stillGood(signed);
  });
});

describe("An access token outlives its refresh token", () => {
  test("when that ends by itself and the user signs in anew", async () => {
    const { client, RefreshToken } = await signedIn({
      client: { RefreshTokenValidity: 1, TokenValidityUnits: { RefreshToken: "hours" } },
    });
    await server.advance(3_500);
    const { AccessToken } = (await client.refresh(RefreshToken)).AuthenticationResult;
    await server.advance(200);
    await client.tokens("jane");
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
  });
});
