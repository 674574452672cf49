// The front door of `serve`: signatures and policies.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  DescribeUserPoolCommand,
  ListUserPoolsCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { run, startServer, temporaryFolder } from "../server.mjs";
import { sign } from "../sigv4.mjs";

const ROOT = { accessKeyId: "AKIDROOTROOTROOTROOT", secretAccessKey: "the+root/secret/of+this+test+server/0000" };
const ENVIRONMENT = {
  COGNATE_ROOT_ACCESS_KEY_ID: ROOT.accessKeyId,
  COGNATE_ROOT_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
};
const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

const data = temporaryFolder();
let server;
let pool;
let client;
const keys = {};

/** Makes an access key with a policy; the server must not be running. */
function accessKey(...statements) {
  const file = path.join(data, `policy-${Object.keys(keys).length}.json`);
  writeFileSync(file, JSON.stringify({ Version: "2012-10-17", Statement: statements }));
  const { AccessKeyId, SecretAccessKey } = JSON.parse(run("access-key", "create", "--policy", file, "--data", data));
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
}

const allow = (Action, Resource = "*") => ({ Effect: "Allow", Action, Resource });
const deny = (Action, Resource = "*") => ({ Effect: "Deny", Action, Resource });
const start = () => startServer({ mode: "serve", data, env: ENVIRONMENT, credentials: ROOT });

before(async () => {
  // The keys are made while the server is down, which shows besides that pool, client and user outlive a restart.
  server = await start();
  const created = await createPool(server);
  const application = await created.client();
  await created.user("jane", { password: PASSWORD });
  await server.stop();
  const arn = created.described.Arn;
  keys.reader = accessKey(allow(["cognito-idp:AdminGetUser", "cognito-idp:List*"]));
  keys.ownPool = accessKey(allow("cognito-idp:*", arn));
  keys.otherPool = accessKey(allow("cognito-idp:*", arn.replace(/[^/]*$/, "us-east-1_otherpool")));
  keys.almost = accessKey(allow("cognito-idp:*"), deny("cognito-idp:AdminDelete*"));
  keys.somethingElse = accessKey(allow("cognito-idp:DescribeUserPool"));
  server = await start();
  pool = Object.assign(created, { server });
  client = Object.assign(application, { pool });
});
after(async () => {
  await server?.stop();
  rmSync(data, { recursive: true, force: true });
});

/** Sends AdminGetUser about jane, signed with what is wrong about it. */
async function signed(wrong = {}, tamper = {}) {
  const body = JSON.stringify({ UserPoolId: pool.id, Username: "jane" });
  const headers = sign({ endpoint: server.endpoint, operation: "AdminGetUser", body, ...ROOT, ...wrong });
  const response = await fetch(server.endpoint, {
    method: "POST",
    headers: { ...headers, ...tamper.headers },
    body: tamper.body ?? body,
  });
  return { status: response.status, headers: response.headers, ...(await response.json()) };
}

async function refusedAs(call, type, message) {
  const answer = await call;
  assert.equal(answer.__type, type);
  if (message instanceof RegExp) assert.match(answer.message, message);
  else assert.equal(answer.message, message);
  assert.ok([400, 403].includes(answer.status), String(answer.status));
  assert.equal(answer.headers.get("x-amzn-errortype"), `${type}:`);
  assert.equal(answer.Username, undefined);
}

const minutesFromNow = (minutes) => new Date(Date.now() + minutes * 60_000);

describe("A signed request", () => {
  test("is let in, by hand and by the SDK", async () => {
    const answer = await signed();
    assert.equal(answer.status, 200);
    assert.equal(answer.Username, "jane");
    assert.equal((await pool.send(AdminGetUserCommand, { Username: "jane" })).Username, "jane");
  });

  test("is let in with a clock that is four minutes wrong", async () => {
    assert.equal((await signed({ date: minutesFromNow(-4) })).status, 200);
    assert.equal((await signed({ date: minutesFromNow(4) })).status, 200);
  });

  test("is refused with another secret", async () => {
    await refusedAs(signed({ secretAccessKey: "another secret" }), "InvalidSignatureException", MISMATCH);
    const impostor = server.client({ credentials: { ...ROOT, secretAccessKey: "another secret" } });
    await refused(
      impostor.send(new DescribeUserPoolCommand({ UserPoolId: pool.id })),
      "InvalidSignatureException",
      MISMATCH,
    );
  });

  test("is refused with an unknown key", () =>
    refusedAs(
      signed({ accessKeyId: "AKIDNOBODYNOBODYNOBO" }),
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
    ));

  test("is refused when the body was changed on the way", () =>
    refusedAs(
      signed({}, { body: JSON.stringify({ UserPoolId: pool.id, Username: "john" }) }),
      "InvalidSignatureException",
      MISMATCH,
    ));

  test("is refused when the operation was changed on the way", () =>
    refusedAs(
      signed({}, { headers: { "x-amz-target": "AWSCognitoIdentityProviderService.AdminDeleteUser" } }),
      "InvalidSignatureException",
      MISMATCH,
    ));

  test("is refused when the signature does not cover the host", async () => {
    const answer = await signed({ signedHeaders: ["content-type", "x-amz-date", "x-amz-target"] });
    assert.notEqual(answer.status, 200);
    assert.match(answer.__type, /^(InvalidSignatureException|IncompleteSignatureException|AccessDeniedException)$/);
    assert.equal(answer.Username, undefined);
  });

  test("is refused when the signature does not cover the operation", async () => {
    const answer = await signed({ signedHeaders: ["content-type", "host", "x-amz-date"] });
    assert.notEqual(answer.status, 200);
    assert.match(answer.__type, /^(InvalidSignatureException|IncompleteSignatureException|AccessDeniedException)$/);
    assert.equal(answer.Username, undefined);
  });

  test("is refused when it is old", () =>
    refusedAs(
      signed({ date: minutesFromNow(-20) }),
      "InvalidSignatureException",
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    ));

  test("is refused when it is of the future", () =>
    refusedAs(
      signed({ date: minutesFromNow(20) }),
      "InvalidSignatureException",
      /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/,
    ));

  test("is refused when it is meant for another region", async () => {
    const message = /^Credential should be scoped to a valid region\b/;
    await refusedAs(signed({ region: "eu-west-1" }), "InvalidSignatureException", message);
    const abroad = server.client({ region: "eu-west-1" });
    await refused(
      abroad.send(new DescribeUserPoolCommand({ UserPoolId: pool.id })),
      "InvalidSignatureException",
      message,
    );
  });

  test("is refused when it is meant for another service", () =>
    refusedAs(
      signed({ service: "s3" }),
      "InvalidSignatureException",
      "Credential should be scoped to correct service: 'cognito-idp'.",
    ));

  test("is refused when the signature is malformed", async () => {
    const scheme = "AWS4-HMAC-SHA256";
    for (const authorization of [scheme, `${scheme} Credential=`, `${scheme} nonsense`, "Basic cm9vdDpyb290"]) {
      const answer = await signed({}, { headers: { authorization } });
      assert.match(
        answer.__type,
        /^(IncompleteSignatureException|MissingAuthenticationTokenException)$/,
        authorization,
      );
    }
  });
});

describe("An unsigned request", () => {
  const post = (operation, body) =>
    fetch(server.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(body),
    });

  test("is refused for an administrator's operation, before its body is looked at", async () => {
    for (const body of [{ UserPoolId: pool.id, Username: "jane" }, { UserPoolId: "nonsense" }]) {
      const response = await post("AdminGetUser", body);
      const answer = { status: response.status, headers: response.headers, ...(await response.json()) };
      await refusedAs(answer, "MissingAuthenticationTokenException", "Missing Authentication Token");
    }
  });

  test("is enough for public and for token-authorised operations", async () => {
    const parameters = { USERNAME: "jane", PASSWORD };
    const signIn = await post("InitiateAuth", {
      ClientId: client.id,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: parameters,
    });
    assert.equal(signIn.status, 200);
    const { AccessToken, RefreshToken } = (await signIn.json()).AuthenticationResult;
    const whoIs = await post("GetUser", { AccessToken });
    assert.equal((await whoIs.json()).Username, "jane");
    assert.equal((await post("RevokeToken", { Token: RefreshToken, ClientId: client.id })).status, 200);
    assert.equal((await post("GetUser", { AccessToken })).status, 400);
  });

  test("reaches no dev control", async () => {
    for (const [method, where] of [
      ["GET", "/_cognate/outbox"],
      ["POST", "/_cognate/clock"],
      ["POST", "/_cognate/reset"],
    ]) {
      const response = await fetch(`${server.endpoint}${where}`, {
        method,
        headers: { "content-type": "application/json" },
        body: method === "POST" ? '{"advanceSeconds":600}' : undefined,
      });
      assert.ok(response.status >= 400, `${where} answered ${response.status}`);
    }
    assert.equal((await pool.send(AdminGetUserCommand, { Username: "jane" })).Username, "jane");
  });

  test("reaches the keys of a pool", async () => {
    assert.equal((await server.jwks(pool.id)).keys.length, 2);
  });
});

describe("A policy", () => {
  const as = (key) => server.client({ credentials: keys[key] });
  const getJane = (key) => as(key).send(new AdminGetUserCommand({ UserPoolId: pool.id, Username: "jane" }));
  const principal = String.raw`arn:aws:iam::\d{12}:\S+`;

  /** The whole text of a denial by default. */
  const unless = (operation, resource) =>
    new RegExp(
      `^User: ${principal} is not authorized to perform: cognito-idp:${operation} on resource: ` +
        `${resource.replaceAll("*", "\\*")} because no identity-based policy allows the cognito-idp:${operation} action$`,
    );

  test("lets in what it allows, with wildcards", async () => {
    assert.equal((await getJane("reader")).Username, "jane");
    const { UserPools } = await as("reader").send(new ListUserPoolsCommand({ MaxResults: 10 }));
    assert.ok(UserPools.some(({ Id }) => Id === pool.id));
  });

  test("refuses what it does not allow, and nothing happens", async () => {
    await refused(
      as("reader").send(new AdminDeleteUserCommand({ UserPoolId: pool.id, Username: "jane" })),
      "AccessDeniedException",
      unless("AdminDeleteUser", pool.described.Arn),
    );
    assert.equal((await getJane("reader")).Username, "jane");
  });

  test("is bound to its resource", async () => {
    assert.equal((await getJane("ownPool")).Username, "jane");
    await refused(getJane("otherPool"), "AccessDeniedException", unless("AdminGetUser", pool.described.Arn));
    await refused(
      as("ownPool").send(new ListUserPoolsCommand({ MaxResults: 10 })),
      "AccessDeniedException",
      unless("ListUserPools", "*"),
    );
  });

  test("denies over everything that it allows", async () => {
    assert.equal((await getJane("almost")).Username, "jane");
    await as("almost").send(
      new AdminCreateUserCommand({ UserPoolId: pool.id, Username: "kept", MessageAction: "SUPPRESS" }),
    );
    await refused(
      as("almost").send(new AdminDeleteUserCommand({ UserPoolId: pool.id, Username: "kept" })),
      "AccessDeniedException",
      /is not authorized to perform: cognito-idp:AdminDeleteUser on resource: \S+ with an explicit deny in an identity-based policy$/,
    );
    assert.equal((await pool.send(AdminGetUserCommand, { Username: "kept" })).Username, "kept");
  });

  test("about something else does not help", () =>
    refused(getJane("somethingElse"), "AccessDeniedException", unless("AdminGetUser", pool.described.Arn)));

  test("does not bind public operations", async () => {
    const answer = await client.signInPublicly("jane");
    assert.ok(answer.AuthenticationResult.AccessToken);
  });
});

describe("dev --verify-signatures", () => {
  test("has the front door of serve and the controls of dev", async () => {
    const guarded = await startServer({ flags: ["--verify-signatures"], env: ENVIRONMENT, credentials: ROOT });
    try {
      const guardedPool = await createPool(guarded);
      await guardedPool.user("jane");
      assert.deepEqual(await guarded.outbox(guardedPool.id), []);
      const impostor = guarded.client({ credentials: { ...ROOT, secretAccessKey: "another secret" } });
      await refused(
        impostor.send(new DescribeUserPoolCommand({ UserPoolId: guardedPool.id })),
        "InvalidSignatureException",
        MISMATCH,
      );
    } finally {
      await guarded.stop();
    }
  });
});
