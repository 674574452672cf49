import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AddCustomAttributesCommand,
  AddUserPoolClientSecretCommand,
  CreateUserPoolClientCommand,
  DeleteUserPoolClientCommand,
  DeleteUserPoolClientSecretCommand,
  DescribeUserPoolClientCommand,
  ListUserPoolClientsCommand,
  ListUserPoolClientSecretsCommand,
  UpdateUserPoolClientCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { NO_POOL, refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { claimsOf } from "../tokens.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const OAUTH = [INVALID, "InvalidOAuthFlowException"];
const NO_CLIENT = "1a2b3c4d5e6f7g8h9i0j1k2l3m";
const create = async (pool, config = {}) =>
  (await pool.send(CreateUserPoolClientCommand, { ClientName: "application", ...config })).UserPoolClient;
const describeClient = async (pool, ClientId) =>
  (await pool.send(DescribeUserPoolClientCommand, { ClientId })).UserPoolClient;
const update = async (pool, ClientId, config = {}) =>
  (await pool.send(UpdateUserPoolClientCommand, { ClientId, ...config })).UserPoolClient;

describe("CreateUserPoolClient", () => {
  test("fills in the defaults of the live service and leaves out what it leaves out", async () => {
    const pool = await createPool(server);
    const { ClientId, CreationDate, LastModifiedDate, ClientType: _young, ...rest } = await create(pool);
    assert.match(ClientId, /^[0-9a-v]{26}$/);
    assert.deepEqual(CreationDate, LastModifiedDate);
    assert.deepEqual(rest, {
      UserPoolId: pool.id,
      ClientName: "application",
      RefreshTokenValidity: 30,
      TokenValidityUnits: {},
      AllowedOAuthFlowsUserPoolClient: false,
      EnableTokenRevocation: true,
      EnablePropagateAdditionalUserContextData: false,
      AuthSessionValidity: 3,
    });
  });

  test("makes a secret when asked", async () => {
    const pool = await createPool(server);
    const { ClientId, ClientSecret } = await create(pool, { GenerateSecret: true });
    assert.match(ClientSecret, /^[0-9a-v]{51,52}$/);
    assert.equal((await describeClient(pool, ClientId)).ClientSecret, ClientSecret);
  });

  test("answers the flows in the service's own order", async () => {
    const pool = await createPool(server);
    const { ExplicitAuthFlows } = await create(pool, {
      ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
    });
    assert.deepEqual(ExplicitAuthFlows, [
      "ALLOW_USER_PASSWORD_AUTH",
      "ALLOW_ADMIN_USER_PASSWORD_AUTH",
      "ALLOW_REFRESH_TOKEN_AUTH",
    ]);
  });

  test("accepts the old names of the flows alone", async () => {
    const pool = await createPool(server);
    const { ClientId } = await create(pool, { ExplicitAuthFlows: ["ADMIN_NO_SRP_AUTH"] });
    assert.deepEqual((await describeClient(pool, ClientId)).ExplicitAuthFlows, ["ADMIN_NO_SRP_AUTH"]);
  });

  test("takes a refresh validity of zero for thirty days", async () => {
    const pool = await createPool(server);
    assert.equal((await create(pool, { RefreshTokenValidity: 0 })).RefreshTokenValidity, 30);
  });

  test("makes tokens live as long as it says", async () => {
    const pool = await createPool(server);
    const client = await pool.client({
      AccessTokenValidity: 10,
      IdTokenValidity: 20,
      TokenValidityUnits: { AccessToken: "minutes", IdToken: "minutes" },
    });
    await pool.user("jane", { password: PASSWORD });
    const { AccessToken, IdToken, ExpiresIn } = await client.tokens("jane");
    const life = ({ iat, exp }) => exp - iat;
    assert.equal(ExpiresIn, 600);
    assert.equal(life(claimsOf(AccessToken)), 600);
    assert.equal(life(claimsOf(IdToken)), 1200);
  });

  test("limits what the ID token tells to what the client may read", async () => {
    const pool = await createPool(server);
    const client = await pool.client({ ReadAttributes: ["given_name"] });
    await pool.user("jane", {
      password: PASSWORD,
      attributes: { given_name: "Jane", email: "jane@example.com" },
    });
    const claims = claimsOf((await client.tokens("jane")).IdToken);
    assert.equal(claims.given_name, "Jane");
    assert.equal(claims.email, undefined);
  });

  const oauth = (config) => ({ AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthScopes: ["openid"], ...config });
  const refusals = [
    [
      "old and new names of flows together",
      { ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"] },
      "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.",
    ],
    [
      "access tokens that live for a minute",
      { AccessTokenValidity: 1, TokenValidityUnits: { AccessToken: "minutes" } },
      "Invalid range for token validity.",
    ],
    [
      "refresh tokens that live for half an hour",
      { RefreshTokenValidity: 30, TokenValidityUnits: { RefreshToken: "minutes" } },
      "Invalid range for token validity.",
    ],
    [
      "access tokens that outlive refresh tokens",
      { AccessTokenValidity: 3, RefreshTokenValidity: 2, TokenValidityUnits: { RefreshToken: "hours" } },
      "Access and Id Token expiration times must be less than or equal to refresh token expiration times.",
    ],
    [
      "reading an unknown attribute",
      { ReadAttributes: ["custom:team"] },
      "Invalid read attributes specified while creating a client",
    ],
    [
      "writing an unknown attribute",
      { WriteAttributes: ["custom:team"] },
      "Invalid write attributes specified while creating a client",
    ],
    ["writing sub", { WriteAttributes: ["sub"] }, "Invalid write attributes specified while creating a client"],
    [
      "writing email_verified",
      { WriteAttributes: ["email", "email_verified"] },
      "Invalid write attributes specified while creating a client",
    ],
    [
      "an unknown provider",
      { SupportedIdentityProviders: ["Nobody"] },
      "The provider Nobody does not exist for User Pool",
    ],
    [
      "client credentials beside codes",
      oauth({
        GenerateSecret: true,
        AllowedOAuthFlows: ["client_credentials", "code"],
        CallbackURLs: ["https://a.example"],
      }),
      "client_credentials flow can not be selected along with code flow or implicit flow.",
      OAUTH,
    ],
    [
      "codes without a callback",
      oauth({ AllowedOAuthFlows: ["code"] }),
      "CallbackUrls can not be empty when code flow or implicit flow is selected",
      OAUTH,
    ],
    [
      "a plain HTTP callback",
      oauth({ AllowedOAuthFlows: ["code"], CallbackURLs: ["http://a.example/back"] }),
      "http://a.example/back cannot use the HTTP protocol.",
    ],
    [
      "a default redirect that is no callback",
      oauth({
        AllowedOAuthFlows: ["code"],
        CallbackURLs: ["https://a.example"],
        DefaultRedirectURI: "https://b.example",
      }),
      "The default redirect URI https://b.example is not in the callback URIs list.",
    ],
    [
      "passing on context data without a secret",
      { EnablePropagateAdditionalUserContextData: true },
      "Client Secret is required to set EnablePropagateAdditionalUserContextData as true",
    ],
  ];
  for (const [what, config, message, name = INVALID] of refusals) {
    test(`refuses ${what}`, async () => {
      const pool = await createPool(server);
      await refused(create(pool, config), name, message);
    });
  }

  test("refuses an unknown scope", async () => {
    const pool = await createPool(server);
    const config = oauth({
      AllowedOAuthFlows: ["code"],
      AllowedOAuthScopes: ["files/read"],
      CallbackURLs: ["https://a.example"],
    });
    await refused(create(pool, config), ["ScopeDoesNotExistException", INVALID]);
  });

  test("refuses a session of two minutes", async () => {
    const pool = await createPool(server);
    await refused(
      create(pool, { AuthSessionValidity: 2 }),
      INVALID,
      violation("authSessionValidity", "Member must have value greater than or equal to 3", "2"),
    );
  });

  test("refuses an unknown pool", () =>
    refused(
      server.send(new CreateUserPoolClientCommand({ UserPoolId: NO_POOL, ClientName: "application" })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    ));
});

describe("DescribeUserPoolClient", () => {
  test("answers what CreateUserPoolClient answered", async () => {
    const pool = await createPool(server);
    const created = await create(pool, { GenerateSecret: true, PreventUserExistenceErrors: "ENABLED" });
    assert.deepEqual(await describeClient(pool, created.ClientId), created);
  });

  test("refuses another pool's client", async () => {
    const [one, other] = await Promise.all([createPool(server), createPool(server)]);
    const { ClientId } = await create(one);
    await refused(
      describeClient(other, ClientId),
      "ResourceNotFoundException",
      `User pool client ${ClientId} does not exist.`,
    );
  });
});

describe("UpdateUserPoolClient", () => {
  test("replaces everything but the secret and the name", async () => {
    const pool = await createPool(server);
    const created = await create(pool, {
      ClientName: "kept",
      GenerateSecret: true,
      ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      AccessTokenValidity: 2,
      ReadAttributes: ["email"],
    });
    await server.advance(60);
    const updated = await update(pool, created.ClientId, { AuthSessionValidity: 10 });
    assert.equal(updated.ClientName, "kept");
    assert.equal(updated.AuthSessionValidity, 10);
    assert.equal(updated.EnableTokenRevocation, true);
    for (const member of ["ExplicitAuthFlows", "AccessTokenValidity", "ReadAttributes"]) {
      assert.equal(updated[member], undefined, member);
    }
    assert.deepEqual(updated.CreationDate, created.CreationDate);
    assert.ok(updated.LastModifiedDate - created.LastModifiedDate >= 60_000);
    assert.equal((await describeClient(pool, created.ClientId)).ClientSecret, created.ClientSecret);
  });

  test("takes a flow away from the next sign-in", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    await pool.user("jane", { password: PASSWORD });
    await client.tokens("jane");
    await update(pool, client.id, { ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"] });
    await refused(client.signIn("jane"), INVALID, "Auth flow not enabled for this client");
  });

  test("names the update in its refusals", async () => {
    const pool = await createPool(server);
    const { ClientId } = await create(pool);
    await refused(
      update(pool, ClientId, { ReadAttributes: ["custom:team"] }),
      INVALID,
      "Invalid read attributes specified while updating a client",
    );
    await refused(
      update(pool, ClientId, { WriteAttributes: ["custom:team"] }),
      INVALID,
      "Invalid write attributes specified while updating a client",
    );
  });

  test("may read an attribute that was added later", async () => {
    const pool = await createPool(server);
    const { ClientId } = await create(pool);
    await pool.send(AddCustomAttributesCommand, {
      CustomAttributes: [{ Name: "team", AttributeDataType: "String" }],
    });
    assert.deepEqual((await update(pool, ClientId, { ReadAttributes: ["custom:team"] })).ReadAttributes, [
      "custom:team",
    ]);
  });
});

describe("DeleteUserPoolClient", () => {
  test("ends the client", async () => {
    const pool = await createPool(server);
    const { ClientId } = await create(pool);
    await pool.send(DeleteUserPoolClientCommand, { ClientId });
    const gone = ["ResourceNotFoundException", `User pool client ${ClientId} does not exist.`];
    await refused(describeClient(pool, ClientId), ...gone);
    await refused(pool.send(DeleteUserPoolClientCommand, { ClientId }), ...gone);
  });
});

describe("ListUserPoolClients", () => {
  test("pages through every client once, with three members each", async () => {
    const pool = await createPool(server);
    const made = await Promise.all([1, 2, 3, 4, 5].map((n) => create(pool, { ClientName: `client-${n}` })));
    const seen = [];
    let NextToken;
    do {
      const page = await pool.send(ListUserPoolClientsCommand, { MaxResults: 2, NextToken });
      assert.ok(page.UserPoolClients.length <= 2);
      seen.push(...page.UserPoolClients);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    const brief = ({ ClientId, ClientName, UserPoolId }) => ({ ClientId, ClientName, UserPoolId });
    const byId = (a, b) => a.ClientId.localeCompare(b.ClientId);
    assert.deepEqual(seen.sort(byId), made.map(brief).sort(byId));
  });

  test("refuses more than 60 at once", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(ListUserPoolClientsCommand, { MaxResults: 61 }),
      INVALID,
      violation("maxResults", "Member must have value less than or equal to 60", "61"),
    );
  });
});

describe("Client secrets", () => {
  const add = async (pool, ClientId, input = {}) =>
    (await pool.send(AddUserPoolClientSecretCommand, { ClientId, ...input })).ClientSecretDescriptor;
  const list = async (pool, ClientId) =>
    (await pool.send(ListUserPoolClientSecretsCommand, { ClientId })).ClientSecrets;

  test("may be two, each good for the secret hash until it is deleted", async () => {
    const pool = await createPool(server);
    const client = await pool.client({ GenerateSecret: true });
    await pool.user("jane", { password: PASSWORD });
    await server.advance(1);
    const added = await add(pool, client.id);
    assert.match(added.ClientSecretId, new RegExp(`^${client.id}--\\d+`));
    assert.match(added.ClientSecretValue, /^[\w+]{24,64}$/);
    assert.ok(added.ClientSecretCreateDate instanceof Date);
    const signInWith = (secret) =>
      client.adminAuth("ADMIN_USER_PASSWORD_AUTH", {
        USERNAME: "jane",
        PASSWORD,
        SECRET_HASH: client.secretHash("jane", secret),
      });
    assert.ok((await signInWith(client.secret)).AuthenticationResult);
    assert.ok((await signInWith(added.ClientSecretValue)).AuthenticationResult);

    const secrets = await list(pool, client.id);
    assert.equal(secrets.length, 2);
    for (const secret of secrets) assert.equal(secret.ClientSecretValue, undefined);
    const first = secrets.find(({ ClientSecretId }) => ClientSecretId !== added.ClientSecretId);
    await pool.send(DeleteUserPoolClientSecretCommand, { ClientId: client.id, ClientSecretId: first.ClientSecretId });
    assert.equal((await list(pool, client.id)).length, 1);
    await refused(
      signInWith(client.secret),
      "NotAuthorizedException",
      `Unable to verify secret hash for client ${client.id}`,
    );
    assert.ok((await signInWith(added.ClientSecretValue)).AuthenticationResult);
  });

  test("may be brought by the caller, who is not told them again", async () => {
    const pool = await createPool(server);
    const client = await pool.client({ GenerateSecret: true });
    await server.advance(1);
    const own = "a_secret_of_the_callers_own_1234";
    const added = await add(pool, client.id, { ClientSecret: own });
    assert.equal(added.ClientSecretValue, undefined);
    await pool.user("jane", { password: PASSWORD });
    const parameters = { USERNAME: "jane", PASSWORD, SECRET_HASH: client.secretHash("jane", own) };
    assert.ok((await client.adminAuth("ADMIN_USER_PASSWORD_AUTH", parameters)).AuthenticationResult);
  });

  test("may not be three", async () => {
    const pool = await createPool(server);
    const client = await pool.client({ GenerateSecret: true });
    await server.advance(1);
    await add(pool, client.id);
    await server.advance(1);
    await refused(add(pool, client.id), "LimitExceededException");
    assert.equal((await list(pool, client.id)).length, 2);
  });

  test("may not all be deleted", async () => {
    const pool = await createPool(server);
    const client = await pool.client({ GenerateSecret: true });
    const [{ ClientSecretId }] = await list(pool, client.id);
    await refused(pool.send(DeleteUserPoolClientSecretCommand, { ClientId: client.id, ClientSecretId }), INVALID);
    assert.equal((await list(pool, client.id)).length, 1);
  });

  test("are refused to be deleted under an unknown id", async () => {
    const pool = await createPool(server);
    const client = await pool.client({ GenerateSecret: true });
    await server.advance(1);
    await add(pool, client.id);
    await refused(
      pool.send(DeleteUserPoolClientSecretCommand, { ClientId: client.id, ClientSecretId: `${client.id}--1` }),
      "ResourceNotFoundException",
    );
  });

  test("are between 24 and 64 characters long", async () => {
    const pool = await createPool(server);
    const client = await pool.client({ GenerateSecret: true });
    await refused(
      add(pool, client.id, { ClientSecret: "short" }),
      INVALID,
      violation("clientSecret", "Member must have length greater than or equal to 24"),
    );
  });
});

describe("Every operation on a client", () => {
  const calls = {
    DescribeUserPoolClient: [DescribeUserPoolClientCommand],
    UpdateUserPoolClient: [UpdateUserPoolClientCommand],
    DeleteUserPoolClient: [DeleteUserPoolClientCommand],
    AddUserPoolClientSecret: [AddUserPoolClientSecretCommand],
    ListUserPoolClientSecrets: [ListUserPoolClientSecretsCommand],
    DeleteUserPoolClientSecret: [DeleteUserPoolClientSecretCommand, { ClientSecretId: `${NO_CLIENT}--1` }],
  };
  for (const [name, [Command, input]] of Object.entries(calls)) {
    test(`refuses an unknown client (${name})`, async () => {
      const pool = await createPool(server);
      await refused(
        pool.send(Command, { ClientId: NO_CLIENT, ...input }),
        "ResourceNotFoundException",
        `User pool client ${NO_CLIENT} does not exist.`,
      );
    });

    test(`refuses an unknown pool (${name})`, () =>
      refused(
        server.send(new Command({ UserPoolId: NO_POOL, ClientId: NO_CLIENT, ...input })),
        "ResourceNotFoundException",
        `User pool ${NO_POOL} does not exist.`,
      ));
  }

  test("refuses an unknown pool (ListUserPoolClients)", () =>
    refused(
      server.send(new ListUserPoolClientsCommand({ UserPoolId: NO_POOL })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    ));
});
