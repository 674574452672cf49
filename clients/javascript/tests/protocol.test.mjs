// What goes over the wire, seen with fetch and without an SDK.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createPool, PASSWORD, verified } from "../fixtures.mjs";
import { REPOSITORY, startServer } from "../server.mjs";

const server = await startServer({ pools: `${REPOSITORY}clients/javascript/pools.toml` });
after(() => server.stop());

const JSON_TYPE = "application/x-amz-json-1.1";
const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Posts and answers status, headers and the text of the body. */
async function post(operation, body, headers) {
  const response = await server.post(operation, body, headers);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Holds when the call answers exactly this error. */
async function answersError(call, type, message, status = 400) {
  const answer = await call;
  assert.deepEqual(JSON.parse(answer.text), { __type: type, message });
  assert.equal(answer.status, status);
}

describe("A success", () => {
  test("carries the headers of the live service", async () => {
    const pool = await createPool(server);
    const { status, headers, text } = await post("DescribeUserPool", { UserPoolId: pool.id });
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), JSON_TYPE);
    assert.match(headers.get("x-amzn-requestid"), REQUEST_ID);
    assert.equal(Number(headers.get("content-length")), Buffer.byteLength(text));
    assert.ok(!Number.isNaN(Date.parse(headers.get("date"))));
    assert.equal(headers.get("x-amzn-errortype"), null);
  });

  test("gives every request an id of its own", async () => {
    const calls = await Promise.all([1, 2, 3].map(() => post("ListUserPools", { MaxResults: 1 })));
    assert.equal(new Set(calls.map(({ headers }) => headers.get("x-amzn-requestid"))).size, 3);
  });

  test("writes times as plain seconds with at most three decimals", async () => {
    const pool = await createPool(server);
    const { text } = await post("AdminCreateUser", {
      UserPoolId: pool.id,
      Username: "jane",
      MessageAction: "SUPPRESS",
    });
    const [created, modified] = ["UserCreateDate", "UserLastModifiedDate"].map(
      (member) => new RegExp(`"${member}":([^,}]+)[,}]`).exec(text)[1],
    );
    assert.match(created, /^\d{10}(\.\d{1,3})?$/);
    assert.equal(created, modified);
    assert.ok(Math.abs(Number(created) - Date.now() / 1000) < 60);
  });

  test("leaves out what has no value", async () => {
    const pool = await createPool(server);
    await pool.user("jane");
    for (const [operation, body] of [
      ["DescribeUserPool", { UserPoolId: pool.id }],
      ["AdminGetUser", { UserPoolId: pool.id, Username: "jane" }],
      ["ListUsers", { UserPoolId: pool.id }],
    ]) {
      const { text } = await post(operation, body);
      assert.ok(!/:\s*null/.test(text), text);
    }
  });

  test("ignores members that the model does not know, and nulls", async () => {
    const pool = await createPool(server);
    const { status } = await post("ListUsers", {
      UserPoolId: pool.id,
      Filter: null,
      AttributesToGet: null,
      Surprise: { a: [1, 2, 3] },
    });
    assert.equal(status, 200);
  });

  test("cuts the fraction off an integer", async () => {
    const { status, text } = await post("ListUserPools", { MaxResults: 1.5 });
    assert.equal(status, 200);
    assert.ok(JSON.parse(text).UserPools.length <= 1);
  });

  describe("without an output shape has an empty body", () => {
    let pool;
    let client;
    before(async () => {
      pool = await createPool(server);
      client = await pool.client();
      await pool.group("admins");
      await pool.user("jane");
    });
    const membership = () => ({ UserPoolId: pool.id, Username: "jane", GroupName: "admins" });
    const calls = [
      ["AdminAddUserToGroup", membership],
      ["AdminRemoveUserFromGroup", membership],
      ["DeleteGroup", () => ({ UserPoolId: pool.id, GroupName: "admins" })],
      ["AdminDeleteUser", () => ({ UserPoolId: pool.id, Username: "jane" })],
      ["DeleteUserPoolClient", () => ({ UserPoolId: pool.id, ClientId: client.id })],
      ["DeleteUserPool", () => ({ UserPoolId: pool.id })],
    ];
    for (const [operation, body] of calls) {
      test(operation, async () => {
        const { status, text, headers } = await post(operation, body());
        assert.equal(status, 200);
        assert.equal(text, "");
        assert.equal(headers.get("content-length"), "0");
      });
    }
  });

  describe("with an empty output shape has an empty object", () => {
    const watched = { UserPoolTier: "PLUS", UserPoolAddOns: { AdvancedSecurityMode: "AUDIT" } };
    let pool;
    let client;
    let tokens;
    let code;
    let eventId;
    let secretId;
    before(async () => {
      pool = await createPool(server, watched);
      client = await pool.client({ GenerateSecret: true });
      const publicClient = await pool.client();
      await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
      await pool.user("john", { password: PASSWORD, attributes: verified("john@example.com") });
      tokens = { client: publicClient, ...(await publicClient.tokens("jane")) };
      await post("ForgotPassword", { ClientId: publicClient.id, Username: "john" });
      code = (await pool.outbox("john"))[0].code;
      eventId = JSON.parse((await post("AdminListUserAuthEvents", jane())).text).AuthEvents[0].EventId;
      await server.advance(1);
      await post("AddUserPoolClientSecret", { UserPoolId: pool.id, ClientId: client.id });
      const secrets = await post("ListUserPoolClientSecrets", { UserPoolId: pool.id, ClientId: client.id });
      secretId = JSON.parse(secrets.text).ClientSecrets[0].ClientSecretId;
    });
    const jane = (input = {}) => ({ UserPoolId: pool.id, Username: "jane", ...input });
    const calls = [
      [
        "AddCustomAttributes",
        () => ({ UserPoolId: pool.id, CustomAttributes: [{ Name: "a", AttributeDataType: "String" }] }),
      ],
      ["AdminUpdateUserAttributes", () => jane({ UserAttributes: [{ Name: "name", Value: "Jane" }] })],
      ["AdminDeleteUserAttributes", () => jane({ UserAttributeNames: ["name"] })],
      ["AdminSetUserMFAPreference", () => jane({ SMSMfaSettings: { Enabled: false } })],
      ["AdminSetUserSettings", () => jane({ MFAOptions: [] })],
      ["AdminUpdateAuthEventFeedback", () => jane({ EventId: eventId, FeedbackValue: "Valid" })],
      ["RevokeToken", () => ({ Token: tokens.RefreshToken, ClientId: tokens.client.id })],
      ["AdminSetUserPassword", () => jane({ Password: PASSWORD, Permanent: true })],
      ["AdminResetUserPassword", () => jane()],
      ["AdminUserGlobalSignOut", () => jane()],
      ["AdminDisableUser", () => jane()],
      ["AdminEnableUser", () => jane()],
      ["AdminConfirmSignUp", () => ({ UserPoolId: "us-east-1_declared1", Username: "unconfirmed" })],
      [
        "ConfirmForgotPassword",
        () => ({ ClientId: tokens.client.id, Username: "john", ConfirmationCode: code, Password: PASSWORD }),
      ],
      ["TagResource", () => ({ ResourceArn: pool.described.Arn, Tags: { a: "b" } })],
      ["UntagResource", () => ({ ResourceArn: pool.described.Arn, TagKeys: ["a"] })],
      ["DeleteUserPoolClientSecret", () => ({ UserPoolId: pool.id, ClientId: client.id, ClientSecretId: secretId })],
      ["UpdateUserPool", () => ({ UserPoolId: pool.id })],
    ];
    for (const [operation, body] of calls) {
      test(operation, async () => {
        const { status, text } = await post(operation, body());
        assert.equal(text, "{}");
        assert.equal(status, 200);
      });
    }

    test("GlobalSignOut", async () => {
      const elsewhere = await createPool(server);
      const application = await elsewhere.client();
      await elsewhere.user("jane", { password: PASSWORD });
      const { AccessToken } = await application.tokens("jane");
      const { status, text } = await post("GlobalSignOut", { AccessToken });
      assert.equal(text, "{}");
      assert.equal(status, 200);
    });
  });
});

describe("An error", () => {
  test("names its exception bare in the body and with a colon in the header", async () => {
    const pool = await createPool(server);
    const { status, headers, text } = await post("AdminGetUser", { UserPoolId: pool.id, Username: "nobody" });
    assert.equal(status, 400);
    assert.equal(headers.get("content-type"), JSON_TYPE);
    assert.match(headers.get("x-amzn-requestid"), REQUEST_ID);
    assert.equal(headers.get("x-amzn-errortype"), "UserNotFoundException:");
    assert.equal(headers.get("x-amzn-errormessage"), "User does not exist.");
    assert.equal(text, '{"__type":"UserNotFoundException","message":"User does not exist."}');
  });

  test("keeps line breaks and foreign letters in the body without breaking the headers", async () => {
    const pool = await createPool(server);
    const { status, headers, text } = await post("CreateGroup", {
      UserPoolId: pool.id,
      GroupName: "zwei\nWörter \u{1F600}",
    });
    assert.equal(status, 400);
    assert.equal(headers.get("x-amzn-errortype"), "InvalidParameterException:");
    assert.ok(JSON.parse(text).message.includes("zwei\nWörter \u{1F600}"));
  });
});

describe("A body that cannot be read", () => {
  const bodies = {
    truncated: '{"UserPoolId":"us-east-1_a',
    empty: "",
    "a bare string": '"us-east-1_a"',
    "a number": "7",
    null: "null",
    "one with a trailing comma": '{"UserPoolId":"us-east-1_a",}',
    "a form": "UserPoolId=us-east-1_a&Username=jane",
    "followed by something": '{"UserPoolId":"us-east-1_a","Username":"jane"} extra',
  };
  for (const [what, body] of Object.entries(bodies)) {
    test(`is refused without a message: ${what}`, async () => {
      const { status, text, headers } = await post("AdminGetUser", body);
      assert.equal(text, '{"__type":"SerializationException"}');
      assert.equal(status, 400);
      assert.match(headers.get("x-amzn-errortype"), /^SerializationException:?$/);
    });
  }

  test("is refused when it nests without end, and the server lives on", async () => {
    const { status, text } = await post("AdminGetUser", `{"UserPoolId":${"[".repeat(200_000)}`);
    assert.equal(status, 400);
    assert.equal(JSON.parse(text).__type, "SerializationException");
    assert.equal((await fetch(`${server.endpoint}/ready`)).status, 200);
  });
});

describe("A member of the wrong type", () => {
  const user = { UserPoolId: "us-east-1_a", Username: "jane" };
  const cases = [
    ["AdminGetUser", { ...user, Username: true }, "TRUE_VALUE can not be converted to a String"],
    ["AdminGetUser", { ...user, Username: 7 }, "NUMBER_VALUE can not be converted to a String"],
    ["AdminGetUser", { ...user, Username: ["jane"] }, "Start of list found where not expected"],
    ["AdminGetUser", { ...user, Username: { a: "b" } }, "Start of structure or map found where not expected."],
    ["AdminGetUser", [], "Start of list found where not expected"],
    ["ListUsers", { UserPoolId: "us-east-1_a", Limit: "10" }, "STRING_VALUE can not be converted to an Integer"],
    ["ListUsers", { UserPoolId: "us-east-1_a", Limit: false }, "FALSE_VALUE can not be converted to an Integer"],
    ["AdminListUserAuthEvents", { ...user, MaxResults: "many" }, "STRING_VALUE can not be converted to an Integer"],
    ["AdminSetUserPassword", { ...user, Permanent: "true" }, "STRING_VALUE can not be converted to a Boolean"],
    ["AdminCreateUser", { ...user, UserAttributes: "name" }, "Expected list or null"],
    ["AdminCreateUser", { ...user, ClientMetadata: "name" }, "Expected map or null"],
    [
      "AdminCreateUser",
      { ...user, UserAttributes: [{ Name: "email_verified", Value: true }] },
      "TRUE_VALUE can not be converted to a String",
    ],
  ];
  for (const [operation, body, message] of cases) {
    test(`is refused with the live service's text: ${JSON.stringify(body)}`, async () => {
      const { status, text } = await post(operation, body);
      assert.deepEqual(JSON.parse(text), { __type: "SerializationException", Message: message });
      assert.equal(status, 400);
    });
  }

  test("is reported before any violated constraint", async () => {
    const { text } = await post("AdminGetUser", { UserPoolId: "nonsense", Username: 7 });
    assert.equal(JSON.parse(text).__type, "SerializationException");
  });
});

describe("A violated constraint", () => {
  const cases = [
    [
      "AdminGetUser",
      { UserPoolId: "YOUR_USER_POOL_ID!", Username: "jane" },
      String.raw`1 validation error detected: Value 'YOUR_USER_POOL_ID!' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`,
    ],
    [
      "AdminGetUser",
      { UserPoolId: "us-east-1_a", Username: "two words" },
      String.raw`1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`,
    ],
    [
      "AdminGetUser",
      { Username: "jane" },
      "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null",
    ],
    [
      "AdminSetUserPassword",
      { UserPoolId: "us-east-1_a", Username: "jane", Password: "x".repeat(257) },
      "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length less than or equal to 256",
    ],
  ];
  for (const [operation, body, message] of cases) {
    test(`reads as recorded: ${operation} ${JSON.stringify(body).slice(0, 60)}`, () =>
      answersError(post(operation, body), "InvalidParameterException", message));
  }

  test("is joined with the others into one message", async () => {
    const { text } = await post("AdminGetUser", { UserPoolId: "us-east-1_a", Username: "" });
    const { __type, message } = JSON.parse(text);
    assert.equal(__type, "InvalidParameterException");
    const [head, tail] = ["2 validation errors detected: ", message.replace("2 validation errors detected: ", "")];
    assert.equal(message, head + tail);
    assert.deepEqual(tail.split("; ").sort(), [
      "Value at 'username' failed to satisfy constraint: Member must have length greater than or equal to 1",
      String.raw`Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`,
    ]);
  });

  test("names elements of lists by their place", async () => {
    const { text } = await post("AdminCreateUser", {
      UserPoolId: "us-east-1_a",
      Username: "jane",
      UserAttributes: [
        { Name: "name", Value: "Jane" },
        { Name: "x".repeat(33), Value: "y" },
      ],
    });
    assert.equal(
      JSON.parse(text).message,
      `1 validation error detected: Value '${"x".repeat(33)}' at 'userAttributes.2.member.name' failed to satisfy constraint: Member must have length less than or equal to 32`,
    );
  });
});

describe("An operation that does not exist", () => {
  const targets = {
    unknown: { "x-amz-target": "AWSCognitoIdentityProviderService.Teleport" },
    "without its prefix": { "x-amz-target": "ListUserPools" },
    "of another service": { "x-amz-target": "AWSCognitoIdentityService.ListUserPools" },
    "not named": { "x-amz-target": "" },
  };
  for (const [what, headers] of Object.entries(targets)) {
    test(`is refused without a message: ${what}`, async () => {
      const { status, text } = await post("ListUserPools", {}, headers);
      assert.equal(text, '{"__type":"UnknownOperationException"}');
      assert.equal(status, 400);
    });
  }

  test("is refused in XML when the content type is another protocol's", async () => {
    const { status, text } = await post(
      "ListUserPools",
      { MaxResults: 1 },
      { "content-type": "application/x-amz-json-1.0" },
    );
    assert.equal(status, 404);
    assert.ok(text.includes("<UnknownOperationException/>"), text);
  });

  for (const path of ["/authorize", "/oauth2/token", "/us-east-1_declared1/.well-known/openid_configuration"]) {
    test(`is refused for GET ${path}`, async () => {
      const response = await fetch(`${server.endpoint}${path}`);
      assert.equal(response.status, 400);
      assert.deepEqual(await response.json(), {
        code: "BadRequest",
        message: "The server did not understand the operation that was requested.",
        type: "client",
      });
    });
  }
});

describe("A browser", () => {
  const origin = "https://app.example.com";

  test("may ask whether it may call", async () => {
    const wanted = "content-type,x-amz-target,x-amz-user-agent,amz-sdk-invocation-id,amz-sdk-request,authorization";
    const response = await fetch(server.endpoint, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": wanted,
      },
    });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.match(response.headers.get("access-control-allow-methods"), /\bPOST\b/);
    assert.equal(response.headers.get("access-control-max-age"), "172800");
    const allowed = response.headers.get("access-control-allow-headers").toLowerCase().split(/,\s*/);
    for (const header of wanted.split(",")) assert.ok(allowed.includes(header), header);
    assert.equal(response.headers.get("access-control-allow-credentials"), null);
  });

  test("may read answers and errors", async () => {
    for (const body of [{ MaxResults: 1 }, { MaxResults: 100 }]) {
      const { headers } = await post("ListUserPools", body, { origin });
      assert.equal(headers.get("access-control-allow-origin"), "*");
      const exposed = headers.get("access-control-expose-headers").toLowerCase();
      for (const header of ["x-amzn-requestid", "x-amzn-errortype", "x-amzn-errormessage", "date"]) {
        assert.ok(exposed.includes(header), header);
      }
    }
  });
});

describe("Beside the API", () => {
  test("keys and discovery are public", async () => {
    const pool = await createPool(server);
    for (const document of ["jwks.json", "openid-configuration"]) {
      const response = await fetch(`${server.endpoint}/${pool.id}/.well-known/${document}`);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^application\/json/);
      await response.json();
      const unknown = await fetch(`${server.endpoint}/us-east-1_nosuchpool/.well-known/${document}`);
      assert.equal(unknown.status, 400);
      assert.match(await unknown.text(), /User pool us-east-1_nosuchpool does not exist\./);
    }
  });

  test("the server tells that it lives and is ready", async () => {
    for (const path of ["/health", "/ready"]) {
      assert.equal((await fetch(`${server.endpoint}${path}`)).status, 200, path);
    }
    const metrics = await fetch(`${server.endpoint}/metrics`);
    assert.equal(metrics.status, 200);
    assert.match(await metrics.text(), /^# (HELP|TYPE) \w+/m);
  });

  test("an operation that is not built yet says so as a modelled error", async () => {
    const { status, text } = await post("ListIdentityProviders", { UserPoolId: "us-east-1_declared1" });
    const { __type, message } = JSON.parse(text);
    assert.equal(status, 400);
    assert.match(__type, /Exception$/);
    assert.ok(message.length > 0);
  });
});

describe("The dev controls", () => {
  test("reset to an empty server that works", async () => {
    const other = await startServer();
    try {
      const pool = await createPool(other);
      const reset = await fetch(`${other.endpoint}/_cognate/reset`, { method: "POST" });
      assert.ok(reset.ok);
      const listed = await other.post("ListUserPools", { MaxResults: 60 });
      assert.deepEqual((await listed.json()).UserPools, []);
      const gone = await other.post("DescribeUserPool", { UserPoolId: pool.id });
      assert.equal(gone.status, 400);
      await createPool(other);
    } finally {
      await other.stop();
    }
  });
});
