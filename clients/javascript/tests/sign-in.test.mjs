import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { AdminInitiateAuthCommand, InitiateAuthCommand } from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD, Pool, UUID, verified } from "../fixtures.mjs";
import { NO_POOL, refused } from "../refused.mjs";
import { REPOSITORY, startServer } from "../server.mjs";
import { claimsOf, headerOf, verifierOf } from "../tokens.mjs";

const server = await startServer({ pools: `${REPOSITORY}clients/javascript/pools.toml` });
after(() => server.stop());

const INVALID = "InvalidParameterException";
const WRONG = ["NotAuthorizedException", "Incorrect username or password."];

/** A pool with a client and the confirmed user jane. */
async function signUpJane({ pool: poolConfig, client: clientConfig, attributes } = {}) {
  const pool = await createPool(server, poolConfig);
  const client = await pool.client(clientConfig);
  const jane = await pool.user("jane", { password: PASSWORD, attributes });
  return { pool, client, jane };
}

describe("A sign-in", () => {
  for (const way of ["signIn", "signInPublicly"]) {
    test(`answers tokens that aws-jwt-verify accepts (${way})`, async () => {
      const { client, jane } = await signUpJane({ attributes: verified("jane@example.com") });
      const answer = await client[way]("jane");
      const { AccessToken, IdToken, RefreshToken, ExpiresIn, TokenType } = answer.AuthenticationResult;
      assert.equal(ExpiresIn, 3600);
      assert.equal(TokenType, "Bearer");
      assert.deepEqual(answer.ChallengeParameters, {});
      assert.equal(answer.ChallengeName, undefined);
      assert.equal(answer.Session, undefined);
      assert.equal(RefreshToken.split(".").length, 5);

      const verifier = await verifierOf(client);
      const id = await verifier.id(IdToken);
      const access = await verifier.access(AccessToken);
      assert.equal(id.sub, jane.sub);
      assert.equal(access.sub, jane.sub);
      await assert.rejects(verifier.id(AccessToken));
      await assert.rejects(verifier.access(IdToken));
      const [header, body, signature] = IdToken.split(".");
      const forged = Buffer.from(JSON.stringify({ ...id, "cognito:groups": ["admins"] })).toString("base64url");
      await assert.rejects(verifier.id([header, forged, signature].join(".")));
      assert.notEqual(forged, body);
    });
  }

  test("puts exactly the documented claims into the access token", async () => {
    const { client, jane } = await signUpJane({ attributes: verified("jane@example.com") });
    const { AccessToken } = await client.tokens("jane");
    const { issuer } = await verifierOf(client);
    const { auth_time, iat, exp, jti, origin_jti, event_id, ...claims } = claimsOf(AccessToken);
    assert.deepEqual(claims, {
      sub: jane.sub,
      iss: issuer,
      client_id: client.id,
      token_use: "access",
      scope: "aws.cognito.signin.user.admin",
      username: "jane",
    });
    for (const time of [auth_time, iat, exp]) assert.ok(Number.isInteger(time));
    for (const id of [jti, origin_jti, event_id]) assert.match(id, UUID);
    assert.equal(exp - iat, 3600);
  });

  test("puts attributes into the ID token with their types", async () => {
    const { client, jane } = await signUpJane({
      pool: {
        Schema: [
          { Name: "team", AttributeDataType: "String" },
          { Name: "level", AttributeDataType: "Number" },
        ],
      },
      attributes: {
        ...verified("jane@example.com"),
        phone_number: "+12065550100",
        phone_number_verified: "false",
        name: "Jane",
        "custom:team": "red",
        "custom:level": "7",
      },
    });
    const { issuer } = await verifierOf(client);
    const { auth_time, iat, exp, jti, origin_jti, event_id, ...claims } = claimsOf(
      (await client.tokens("jane")).IdToken,
    );
    assert.deepEqual(claims, {
      sub: jane.sub,
      iss: issuer,
      aud: client.id,
      token_use: "id",
      "cognito:username": "jane",
      email: "jane@example.com",
      email_verified: true,
      phone_number: "+12065550100",
      phone_number_verified: false,
      name: "Jane",
      "custom:team": "red",
      "custom:level": "7",
    });
    assert.ok(Number.isInteger(auth_time) && Number.isInteger(iat) && exp - iat === 3600);
    for (const id of [jti, origin_jti, event_id]) assert.match(id, UUID);
  });

  test("shares origin_jti and event_id between its tokens, never jti, and signs them with two keys", async () => {
    const { client } = await signUpJane();
    const one = await client.tokens("jane");
    const other = await client.tokens("jane");
    const [id, access, later] = [one.IdToken, one.AccessToken, other.AccessToken].map(claimsOf);
    assert.equal(id.origin_jti, access.origin_jti);
    assert.equal(id.event_id, access.event_id);
    assert.notEqual(id.jti, access.jti);
    assert.notEqual(later.origin_jti, access.origin_jti);
    assert.notEqual(later.jti, access.jti);
    for (const token of [one.IdToken, one.AccessToken]) {
      assert.deepEqual(Object.keys(headerOf(token)).sort(), ["alg", "kid"]);
      assert.equal(headerOf(token).alg, "RS256");
    }
    assert.notEqual(headerOf(one.IdToken).kid, headerOf(one.AccessToken).kid);
  });

  test("names the user by their sub in a pool of addresses", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["email"] });
    const client = await pool.client();
    const jane = await pool.user("jane@example.com", { password: PASSWORD });
    const { IdToken, AccessToken } = await client.tokens("jane@example.com");
    assert.equal(claimsOf(IdToken)["cognito:username"], jane.sub);
    assert.equal(claimsOf(AccessToken).username, jane.sub);
  });

  test("takes a verified alias for the name", async () => {
    const { client } = await signUpJane({
      pool: { AliasAttributes: ["email"] },
      attributes: verified("jane@example.com"),
    });
    assert.equal(claimsOf((await client.tokens("jane@example.com")).AccessToken).username, "jane");
  });

  test("accepts the old name of the administrator's flow", async () => {
    const { client } = await signUpJane();
    const answer = await client.adminAuth("ADMIN_NO_SRP_AUTH", { USERNAME: "jane", PASSWORD });
    assert.ok(answer.AuthenticationResult.AccessToken);
  });

  test("accepts client metadata, analytics metadata and context data", async () => {
    const { client } = await signUpJane();
    const answer = await client.signIn("jane", PASSWORD, {
      ClientMetadata: { source: "test" },
      AnalyticsMetadata: { AnalyticsEndpointId: "endpoint" },
      ContextData: { IpAddress: "192.0.2.1", ServerName: "app", ServerPath: "/", HttpHeaders: [] },
    });
    assert.ok(answer.AuthenticationResult.AccessToken);
  });

  test("leaves the keys where OpenID Connect looks for them", async () => {
    const { pool } = await signUpJane();
    const { keys } = await server.jwks(pool.id);
    assert.equal(keys.length, 2);
    for (const key of keys) {
      assert.deepEqual(Object.keys(key).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
      assert.deepEqual([key.alg, key.e, key.kty, key.use], ["RS256", "AQAB", "RSA", "sig"]);
    }
    const { issuer, jwks_uri, id_token_signing_alg_values_supported } = await server.discovery(pool.id);
    assert.ok(issuer.endsWith(`/${pool.id}`));
    assert.deepEqual(await (await fetch(jwks_uri)).json(), { keys });
    assert.deepEqual(id_token_signing_alg_values_supported, ["RS256"]);
  });
});

describe("A sign-in is refused", () => {
  for (const way of ["signIn", "signInPublicly"]) {
    test(`with a wrong password (${way})`, async () => {
      const { client } = await signUpJane();
      await refused(client[way]("jane", "Wrong-one1"), ...WRONG);
    });

    test(`for an unknown user, who is told apart unless the client hides it (${way})`, async () => {
      const { client, pool } = await signUpJane();
      await refused(client[way]("nobody"), "UserNotFoundException", "User does not exist.");
      const discreet = await pool.client({ PreventUserExistenceErrors: "ENABLED" });
      await refused(discreet[way]("nobody"), ...WRONG);
    });
  }

  test("for a user who was never confirmed, whatever the password", async () => {
    const pool = new Pool(server, "us-east-1_declared1");
    const client = await pool.client();
    for (const password of [PASSWORD, "Wrong-one1"]) {
      await refused(client.signIn("unconfirmed", password), "UserNotConfirmedException", "User is not confirmed.");
    }
  });

  test("without a user name or a password", async () => {
    const { client } = await signUpJane();
    await refused(
      client.adminAuth("ADMIN_USER_PASSWORD_AUTH", { PASSWORD }),
      INVALID,
      "Missing required parameter USERNAME",
    );
    await refused(
      client.adminAuth("ADMIN_USER_PASSWORD_AUTH", undefined),
      INVALID,
      "Missing required parameter USERNAME",
    );
    await refused(
      client.adminAuth("ADMIN_USER_PASSWORD_AUTH", { USERNAME: "jane" }),
      INVALID,
      "Missing required parameter PASSWORD",
    );
    await refused(
      client.publicAuth("USER_PASSWORD_AUTH", { PASSWORD }),
      INVALID,
      "Missing required parameter USERNAME",
    );
    await refused(
      client.publicAuth("USER_PASSWORD_AUTH", { USERNAME: "jane" }),
      INVALID,
      "Missing required parameter PASSWORD",
    );
    await refused(client.adminAuth("REFRESH_TOKEN_AUTH", {}), INVALID, "Missing required parameter REFRESH_TOKEN");
  });

  test("by a flow that the client may not use", async () => {
    const { pool } = await signUpJane();
    const client = await pool.client({ ExplicitAuthFlows: undefined });
    await refused(client.signIn("jane"), INVALID, "Auth flow not enabled for this client");
    await refused(client.signInPublicly("jane"), INVALID, "USER_PASSWORD_AUTH flow not enabled for this client");
  });

  test("by a flow of the other API", async () => {
    const { client } = await signUpJane();
    const parameters = { USERNAME: "jane", PASSWORD };
    for (const flow of ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"]) {
      await refused(client.publicAuth(flow, parameters), INVALID, "Initiate Auth method not supported.");
    }
    await refused(client.adminAuth("USER_PASSWORD_AUTH", parameters), INVALID, "Initiate Auth method not supported.");
  });

  test("by a flow that does not exist", async () => {
    const { client } = await signUpJane();
    await refused(
      client.publicAuth("TELEPATHY", { USERNAME: "jane" }),
      INVALID,
      /^1 validation error detected: Value 'TELEPATHY' at 'authFlow' failed to satisfy constraint: Member must satisfy enum value set: \[[A-Z_, ]+\]$/,
    );
  });

  test("with an unknown client, another pool's client, or in an unknown pool", async () => {
    const { client } = await signUpJane();
    const { pool: other } = await signUpJane();
    const input = { AuthFlow: "ADMIN_USER_PASSWORD_AUTH", AuthParameters: { USERNAME: "jane", PASSWORD } };
    const unknown = "1a2b3c4d5e6f7g8h9i0j1k2l3m";
    await refused(
      other.send(AdminInitiateAuthCommand, { ...input, ClientId: unknown }),
      "ResourceNotFoundException",
      `User pool client ${unknown} does not exist.`,
    );
    await refused(
      other.send(AdminInitiateAuthCommand, { ...input, ClientId: client.id }),
      "ResourceNotFoundException",
      `User pool client ${client.id} does not exist.`,
    );
    await refused(
      server.send(new InitiateAuthCommand({ ...input, AuthFlow: "USER_PASSWORD_AUTH", ClientId: unknown })),
      "ResourceNotFoundException",
      `User pool client ${unknown} does not exist.`,
    );
    await refused(
      server.send(new AdminInitiateAuthCommand({ ...input, UserPoolId: NO_POOL, ClientId: client.id })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    );
  });
});

describe("A client with a secret", () => {
  const withSecret = () => signUpJane({ client: { GenerateSecret: true } });
  const WAYS = [
    ["adminAuth", "ADMIN_USER_PASSWORD_AUTH"],
    ["publicAuth", "USER_PASSWORD_AUTH"],
  ];

  for (const [way, flow] of WAYS) {
    test(`must prove it (${way})`, async () => {
      const { client } = await withSecret();
      const signIn = (extra) => client[way](flow, { USERNAME: "jane", PASSWORD, ...extra });
      assert.ok((await signIn({})).AuthenticationResult.AccessToken);
      await refused(
        signIn({ SECRET_HASH: undefined }),
        ["NotAuthorizedException", INVALID],
        `Client ${client.id} is configured with secret but SECRET_HASH was not received`,
      );
      await refused(
        signIn({ SECRET_HASH: client.secretHash("john") }),
        "NotAuthorizedException",
        `Unable to verify secret hash for client ${client.id}`,
      );
    });
  }

  test("proves it with the alias that is sent", async () => {
    const { client } = await signUpJane({
      pool: { AliasAttributes: ["email"] },
      client: { GenerateSecret: true },
      attributes: verified("jane@example.com"),
    });
    assert.ok((await client.tokens("jane@example.com")).AccessToken);
  });

  test("proves it with the real name when it refreshes", async () => {
    const { client } = await withSecret();
    const { RefreshToken } = await client.tokens("jane");
    const refreshed = await client.refresh(RefreshToken, { SECRET_HASH: client.secretHash("jane") });
    assert.ok(refreshed.AuthenticationResult.AccessToken);
    await refused(
      client.refresh(RefreshToken, { SECRET_HASH: client.secretHash("john") }),
      "NotAuthorizedException",
      `Unable to verify secret hash for client ${client.id}`,
    );
    await refused(client.refresh(RefreshToken), ["NotAuthorizedException", INVALID]);
    await refused(
      client.refresh("garbage", { SECRET_HASH: client.secretHash("john") }),
      "NotAuthorizedException",
      /^Invalid Refresh Token\.?$/,
    );
  });

  test("is not what a client without a secret pretends to be", async () => {
    const { client } = await signUpJane();
    const hash = "bm90IGEgc2VjcmV0IGhhc2gsIG5vdCBldmVuIGNsb3NlIQ==";
    await refused(
      client.adminAuth("ADMIN_USER_PASSWORD_AUTH", { USERNAME: "jane", PASSWORD, SECRET_HASH: hash }),
      "NotAuthorizedException",
    );
  });
});
