// Sessions one by one: listed, revoked, limited.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminListUserSessionsCommand,
  AdminRevokeUserSessionCommand,
  AdminUserGlobalSignOutCommand,
  DeleteUserPoolClientCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserPoolClientSessionConfigurationCommand,
  GetUserPoolSessionConfigurationCommand,
  ListUserSessionsCommand,
  RevokeTokenCommand,
  RevokeUserSessionCommand,
  SetUserPoolClientSessionConfigurationCommand,
  SetUserPoolSessionConfigurationCommand,
  UpdateUserPoolClientCommand,
  UpdateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { NO_POOL, refused } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { refusesStrangers } from "../strangers.mjs";
import { claimsOf } from "../tokens.mjs";

const server = await startServer();
after(() => server.stop());

const SESSION_ID = /^tkn[a-z0-9]{25}$/;
const UNKNOWN_ID = `tkn${"0".repeat(25)}`;
const REVOKED_REFRESH = ["NotAuthorizedException", "Refresh Token has been revoked"];
const REVOKED_ACCESS = ["NotAuthorizedException", "Access Token has been revoked"];

const track = (pool, MaxPerUser = 20, UserSessionTracking = "ENABLED") =>
  pool.send(SetUserPoolSessionConfigurationCommand, { UserSessionTracking, TokenSession: { MaxPerUser } });

/** A pool that tracks sessions, with a client and jane. */
async function tracked({ max, client: config } = {}) {
  const pool = await createPool(server);
  await track(pool, max);
  const client = await pool.client(config);
  const jane = await pool.user("jane", { password: PASSWORD });
  return { pool, client, jane };
}

const sessionsOf = async (user, input) => (await user.send(AdminListUserSessionsCommand, input)).Sessions;
const ownSessions = async (AccessToken) => (await server.send(new ListUserSessionsCommand({ AccessToken }))).Sessions;
const revoke = (AccessToken, SessionId, input = {}) =>
  server.send(new RevokeUserSessionCommand({ AccessToken, SessionId, ...input }));

describe("Session configuration of a pool", () => {
  test("is off, with room for twenty, until it is set", async () => {
    const pool = await createPool(server);
    const { $metadata: _, ...config } = await pool.send(GetUserPoolSessionConfigurationCommand);
    assert.deepEqual(config, {
      UserPoolId: pool.id,
      UserSessionTracking: "DISABLED",
      TokenSession: { MaxPerUser: 20 },
    });
  });

  test("answers what it was set to, and survives an update of the pool", async () => {
    const pool = await createPool(server);
    const { $metadata: _, ...set } = await track(pool, 3);
    const expected = { UserPoolId: pool.id, UserSessionTracking: "ENABLED", TokenSession: { MaxPerUser: 3 } };
    assert.deepEqual(set, expected);
    await pool.send(UpdateUserPoolCommand, {});
    const { $metadata: __, ...read } = await pool.send(GetUserPoolSessionConfigurationCommand);
    assert.deepEqual(read, expected);
  });

  test("is refused in the LITE tier", async () => {
    const pool = await createPool(server, { UserPoolTier: "LITE" });
    await refused(track(pool), "FeatureUnavailableInTierException");
    assert.equal((await pool.send(GetUserPoolSessionConfigurationCommand)).UserSessionTracking, "DISABLED");
  });

  test("refuses an unknown pool and numbers out of range", async () => {
    const nowhere = { UserPoolId: NO_POOL };
    for (const call of [
      new GetUserPoolSessionConfigurationCommand(nowhere),
      new SetUserPoolSessionConfigurationCommand({
        ...nowhere,
        UserSessionTracking: "ENABLED",
        TokenSession: { MaxPerUser: 1 },
      }),
    ]) {
      await refused(server.send(call), "ResourceNotFoundException", `User pool ${NO_POOL} does not exist.`);
    }
    const pool = await createPool(server);
    for (const max of [0, 101]) await refused(track(pool, max), "InvalidParameterException", /maxPerUser/);
    await refused(track(pool, 5, "PERHAPS"), "InvalidParameterException", /enum value set/);
  });
});

describe("Session configuration of a client", () => {
  const set = (pool, ClientId, MaxValidityMinutes) =>
    pool.send(SetUserPoolClientSessionConfigurationCommand, { ClientId, SSOSession: { MaxValidityMinutes } });
  const get = async (pool, ClientId) => {
    const { $metadata: _, ...config } = await pool.send(GetUserPoolClientSessionConfigurationCommand, { ClientId });
    return config;
  };

  test("is an hour until it is set, and survives an update of the client", async () => {
    const { pool, client } = await tracked();
    const config = (minutes) => ({
      UserPoolId: pool.id,
      ClientId: client.id,
      SSOSession: { MaxValidityMinutes: minutes },
    });
    assert.deepEqual(await get(pool, client.id), config(60));
    const { $metadata: _, ...answer } = await set(pool, client.id, 0);
    assert.deepEqual(answer, config(0));
    await pool.send(UpdateUserPoolClientCommand, { ClientId: client.id });
    assert.deepEqual(await get(pool, client.id), config(0));
  });

  test("needs a pool that tracks sessions, of a tier that may", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    await refused(set(pool, client.id, 5), "InvalidParameterException");
    const lite = await createPool(server, { UserPoolTier: "LITE" });
    await refused(set(lite, (await lite.client()).id, 5), "FeatureUnavailableInTierException");
  });

  test("refuses unknown pools and clients and numbers out of range", async () => {
    const { pool, client } = await tracked();
    const unknown = "1a2b3c4d5e6f7g8h9i0j1k2l3m";
    const noClient = ["ResourceNotFoundException", `User pool client ${unknown} does not exist.`];
    await refused(get(pool, unknown), ...noClient);
    await refused(set(pool, unknown, 5), ...noClient);
    const elsewhere = await createPool(server);
    await refused(get(elsewhere, client.id), "ResourceNotFoundException");
    for (const minutes of [-1, 129_601]) {
      await refused(set(pool, client.id, minutes), "InvalidParameterException", /maxValidityMinutes/);
    }
  });
});

describe("A session", () => {
  test("is described from the sign-in on", async () => {
    const { client, jane } = await tracked();
    const before = Date.now();
    const { AccessToken } = await client.tokens("jane");
    const [session, ...others] = await ownSessions(AccessToken);
    assert.deepEqual(others, []);
    assert.match(session.SessionId, SESSION_ID);
    assert.equal(session.SessionType, "TOKEN");
    assert.equal(session.ClientId, client.id);
    assert.ok(Math.abs(session.CreateDate - before) < 60_000);
    assert.ok(Math.abs(session.LastActiveDate - session.CreateDate) < 1_000);
    assert.equal(session.LastIPAddress, "127.0.0.1");
    assert.match(session.DeviceType, /aws-sdk-js/);
    assert.equal(session.OriginSessionId, undefined);
    assert.equal(session.IsCurrentSession, true);
    const [asTheAdministratorSees] = await sessionsOf(jane);
    assert.deepEqual(asTheAdministratorSees, { ...session, IsCurrentSession: false });
  });

  test("takes the address that a trusted server states", async () => {
    const { client, jane } = await tracked();
    const ContextData = { IpAddress: "203.0.113.7", ServerName: "app", ServerPath: "/", HttpHeaders: [] };
    await client.signIn("jane", PASSWORD, { ContextData });
    assert.equal((await sessionsOf(jane))[0].LastIPAddress, "203.0.113.7");
  });

  test("moves with every refresh, and keeps its id", async () => {
    const { client, jane } = await tracked();
    const { RefreshToken } = await client.tokens("jane");
    const [before] = await sessionsOf(jane);
    await server.advance(600);
    await client.refresh(RefreshToken);
    const [after, ...others] = await sessionsOf(jane);
    assert.deepEqual(others, []);
    assert.equal(after.SessionId, before.SessionId);
    assert.deepEqual(after.CreateDate, before.CreateDate);
    assert.ok(after.LastActiveDate - before.LastActiveDate >= 600_000);
  });

  test("is one for all the tokens of a rotation", async () => {
    const rotation = {
      ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
      RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 0 },
    };
    const { client, jane } = await tracked({ client: rotation });
    let { RefreshToken } = await client.tokens("jane");
    for (let round = 0; round < 3; round += 1) {
      const command = new GetTokensFromRefreshTokenCommand({ RefreshToken, ClientId: client.id });
      ({ RefreshToken } = (await server.send(command)).AuthenticationResult);
    }
    const sessions = await sessionsOf(jane);
    assert.equal(sessions.length, 1);
    await jane.send(AdminRevokeUserSessionCommand, { SessionId: sessions[0].SessionId });
    const command = new GetTokensFromRefreshTokenCommand({ RefreshToken, ClientId: client.id });
    await refused(server.send(command), ...REVOKED_REFRESH);
  });

  test("is not listed once it is revoked, signed out, expired or without its client", async () => {
    const { pool, client, jane } = await tracked();
    const short = await pool.client({ RefreshTokenValidity: 1, TokenValidityUnits: { RefreshToken: "hours" } });
    const gone = await pool.client();
    await short.tokens("jane");
    await gone.tokens("jane");
    const { RefreshToken } = await client.tokens("jane");
    await client.tokens("jane");
    assert.equal((await sessionsOf(jane)).length, 4);
    await server.send(new RevokeTokenCommand({ Token: RefreshToken, ClientId: client.id }));
    assert.equal((await sessionsOf(jane)).length, 3);
    await pool.send(DeleteUserPoolClientCommand, { ClientId: gone.id });
    assert.equal((await sessionsOf(jane)).length, 2);
    await server.advance(3_601);
    assert.equal((await sessionsOf(jane)).length, 1);
    await jane.send(AdminUserGlobalSignOutCommand);
    assert.deepEqual(await sessionsOf(jane), []);
  });

  test("exists only where they are tracked", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    const jane = await pool.user("jane", { password: PASSWORD });
    const early = await client.tokens("jane");
    assert.deepEqual(await sessionsOf(jane), []);
    assert.deepEqual(await ownSessions(early.AccessToken), []);
    await track(pool);
    assert.deepEqual(await sessionsOf(jane), []);
    await client.refresh(early.RefreshToken);
    const [session] = await sessionsOf(jane);
    await track(pool, 20, "DISABLED");
    assert.deepEqual(await sessionsOf(jane), []);
    const { SessionId } = session;
    await refused(jane.send(AdminRevokeUserSessionCommand, { SessionId }), "ResourceNotFoundException");
    assert.equal((await client.whoIs(early.AccessToken)).Username, "jane");
  });
});

describe("AdminListUserSessions", () => {
  test("lists newest first, page by page, without a gap", async () => {
    const { pool, client, jane } = await tracked();
    // More than a page holds: sign-ins of before they were counted, which are sessions from their next refresh on.
    await track(pool, 100, "DISABLED");
    const tokens = [];
    for (let round = 0; round < 10; round += 1) {
      tokens.push(...(await Promise.all(Array.from({ length: 13 }, () => client.tokens("jane")))));
    }
    await track(pool, 100);
    await Promise.all(tokens.map(({ RefreshToken }) => client.refresh(RefreshToken)));
    const first = await jane.send(AdminListUserSessionsCommand);
    assert.equal(first.Sessions.length, 125);
    const NextToken = first.NextToken;
    const second = await jane.send(AdminListUserSessionsCommand, { NextToken });
    assert.equal(second.Sessions.length, 5);
    assert.equal(second.NextToken, undefined);
    const all = [...first.Sessions, ...second.Sessions];
    assert.equal(new Set(all.map(({ SessionId }) => SessionId)).size, 130);
    const dates = all.map(({ CreateDate }) => CreateDate.getTime());
    assert.ok(dates.every((date, place) => place === 0 || dates[place - 1] >= date));
    const own = new ListUserSessionsCommand({ AccessToken: tokens[0].AccessToken, NextToken });
    await refused(server.send(own), "InvalidParameterException");
    const john = await pool.user("john");
    await refused(john.send(AdminListUserSessionsCommand, { NextToken }), "InvalidParameterException");
    await server.advance(3_700);
    await refused(jane.send(AdminListUserSessionsCommand, { NextToken }), "InvalidParameterException");
  });

  test("refuses a token that it did not give", async () => {
    const { jane } = await tracked();
    await refused(jane.send(AdminListUserSessionsCommand, { NextToken: "made-up" }), "InvalidParameterException");
  });

  refusesStrangers(server, AdminListUserSessionsCommand);
});

describe("ListUserSessions", () => {
  test("tells the own session from the others, of every client", async () => {
    const { pool, client } = await tracked();
    const other = await pool.client();
    const own = await client.tokens("jane");
    await other.tokens("jane");
    await client.tokens("jane");
    const sessions = await ownSessions(own.AccessToken);
    assert.deepEqual(sessions.map(({ IsCurrentSession }) => IsCurrentSession), [false, false, true]);
    assert.deepEqual(
      sessions.map(({ ClientId }) => ClientId),
      [client.id, other.id, client.id],
    );
  });

  test("knows the own session after a refresh", async () => {
    const { client } = await tracked({ client: { EnableTokenRevocation: false } });
    const { RefreshToken } = await client.tokens("jane");
    await client.tokens("jane");
    const { AccessToken } = (await client.refresh(RefreshToken)).AuthenticationResult;
    const sessions = await ownSessions(AccessToken);
    assert.deepEqual(sessions.map(({ IsCurrentSession }) => IsCurrentSession), [false, true]);
  });

  test("does not show the sessions of others", async () => {
    const { pool, client } = await tracked();
    await pool.user("john", { password: PASSWORD });
    const { AccessToken } = await client.tokens("jane");
    await client.tokens("john");
    assert.equal((await ownSessions(AccessToken)).length, 1);
  });

  test("refuses what is no access token", () =>
    refused(ownSessions("garbage"), "NotAuthorizedException", "Invalid Access Token"));
});

describe("RevokeUserSession", () => {
  test("ends another session at once, and only it", async () => {
    const { client } = await tracked();
    const own = await client.tokens("jane");
    const other = await client.tokens("jane");
    const third = await client.tokens("jane");
    const [, { SessionId }] = await ownSessions(own.AccessToken);
    const { $metadata: _, ...answer } = await revoke(own.AccessToken, SessionId, { RevokeAssociatedSessions: "LINKED" });
    assert.deepEqual(answer, {});
    await refused(client.whoIs(other.AccessToken), ...REVOKED_ACCESS);
    await refused(client.refresh(other.RefreshToken), ...REVOKED_REFRESH);
    for (const { AccessToken } of [own, third]) assert.equal((await client.whoIs(AccessToken)).Username, "jane");
    assert.equal((await ownSessions(own.AccessToken)).length, 2);
    await refused(revoke(own.AccessToken, SessionId), "ResourceNotFoundException");
  });

  test("ends access tokens even where the client switched revocation off", async () => {
    const { client } = await tracked({ client: { EnableTokenRevocation: false } });
    const [own, other] = [await client.tokens("jane"), await client.tokens("jane")];
    const [{ SessionId }] = await ownSessions(own.AccessToken);
    await revoke(own.AccessToken, SessionId);
    await refused(client.whoIs(other.AccessToken), ...REVOKED_ACCESS);
  });

  test("does not end the own session", async () => {
    const { client } = await tracked();
    const { AccessToken } = await client.tokens("jane");
    const [{ SessionId }] = await ownSessions(AccessToken);
    await refused(revoke(AccessToken, SessionId), "InvalidParameterException");
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
  });

  test("does not end the sessions of others", async () => {
    const { pool, client } = await tracked();
    const john = await pool.user("john", { password: PASSWORD });
    const { AccessToken } = await client.tokens("jane");
    const ofJohn = await client.tokens("john");
    const [{ SessionId }] = await sessionsOf(john);
    await refused(revoke(AccessToken, SessionId), "ResourceNotFoundException");
    assert.equal((await client.whoIs(ofJohn.AccessToken)).Username, "john");
  });

  test("refuses unknown and malformed ids and tokens", async () => {
    const { client } = await tracked();
    const { AccessToken } = await client.tokens("jane");
    for (const unknown of [UNKNOWN_ID, `sso${"0".repeat(25)}`, `tkn${"z".repeat(25)}`]) {
      await refused(revoke(AccessToken, unknown), "ResourceNotFoundException");
    }
    for (const malformed of ["tkn", `tkn${"A".repeat(25)}`, `abc${"0".repeat(25)}`]) {
      await refused(revoke(AccessToken, malformed), "InvalidParameterException", /sessionId/);
    }
    await refused(revoke("garbage", UNKNOWN_ID), "NotAuthorizedException", "Invalid Access Token");
  });
});

describe("AdminRevokeUserSession", () => {
  test("ends one session at once", async () => {
    const { client, jane } = await tracked();
    const [first, second] = [await client.tokens("jane"), await client.tokens("jane")];
    const [{ SessionId }] = await sessionsOf(jane);
    const { $metadata: _, ...answer } = await jane.send(AdminRevokeUserSessionCommand, { SessionId });
    assert.deepEqual(answer, {});
    await refused(client.whoIs(second.AccessToken), ...REVOKED_ACCESS);
    await refused(client.refresh(second.RefreshToken), ...REVOKED_REFRESH);
    assert.equal((await client.whoIs(first.AccessToken)).Username, "jane");
  });

  test("refuses another user's session and an unknown one", async () => {
    const { pool, client, jane } = await tracked();
    const john = await pool.user("john", { password: PASSWORD });
    await client.tokens("jane");
    const [{ SessionId }] = await sessionsOf(jane);
    await refused(john.send(AdminRevokeUserSessionCommand, { SessionId }), "ResourceNotFoundException");
    await refused(jane.send(AdminRevokeUserSessionCommand, { SessionId: UNKNOWN_ID }), "ResourceNotFoundException");
    assert.equal((await sessionsOf(jane)).length, 1);
  });

  refusesStrangers(server, AdminRevokeUserSessionCommand, { SessionId: UNKNOWN_ID });
});

describe("The limit of sessions", () => {
  test("ends the one used least recently at the next sign-in", async () => {
    const { client, jane } = await tracked({ max: 2 });
    const first = await client.tokens("jane");
    await server.advance(10);
    const second = await client.tokens("jane");
    await server.advance(10);
    await client.refresh(first.RefreshToken);
    await server.advance(10);
    const third = await client.tokens("jane");
    assert.equal((await sessionsOf(jane)).length, 2);
    await refused(client.refresh(second.RefreshToken), ...REVOKED_REFRESH);
    await refused(client.whoIs(second.AccessToken), ...REVOKED_ACCESS);
    for (const { AccessToken } of [first, third]) assert.equal((await client.whoIs(AccessToken)).Username, "jane");
  });

  test("that is lowered ends nothing by itself", async () => {
    const { pool, client, jane } = await tracked({ max: 5 });
    for (let round = 0; round < 5; round += 1) await client.tokens("jane");
    await track(pool, 1);
    assert.equal((await sessionsOf(jane)).length, 5);
    const { AccessToken } = await client.tokens("jane");
    assert.equal((await sessionsOf(jane)).length, 1);
    assert.equal((await ownSessions(AccessToken))[0].IsCurrentSession, true);
  });

  test("holds under parallel sign-ins", async () => {
    const { client, jane } = await tracked({ max: 3 });
    await Promise.all(Array.from({ length: 12 }, () => client.tokens("jane")));
    assert.equal((await sessionsOf(jane)).length, 3);
  });

  test("is each user's own, and none where sessions are not tracked", async () => {
    const { pool, client, jane } = await tracked({ max: 1 });
    await pool.user("john", { password: PASSWORD });
    const { AccessToken } = await client.tokens("jane");
    await client.tokens("john");
    assert.equal((await client.whoIs(AccessToken)).Username, "jane");
    await track(pool, 1, "DISABLED");
    const untracked = await client.tokens("jane");
    await client.tokens("jane");
    for (const token of [AccessToken, untracked.AccessToken]) {
      assert.equal(claimsOf(token).username, "jane");
      assert.equal((await client.whoIs(token)).Username, "jane");
    }
    assert.deepEqual(await sessionsOf(jane), []);
  });
});
