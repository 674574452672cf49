// How a function can fail, what is said of it, and webhooks in the place of functions.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";

import { AdminGetUserCommand, DescribeUserPoolCommand, SignUpCommand } from "@aws-sdk/client-cognito-identity-provider";

import { AppClient, createPool, PASSWORD, Pool } from "../fixtures.mjs";
import { CALLER, Functions, HANG, Raw, SECRET } from "../functions.mjs";
import { refused } from "../refused.mjs";
import { startServer, temporaryFolder } from "../server.mjs";
import { claimsOf } from "../tokens.mjs";

const functions = await Functions.start();
const folder = temporaryFolder();
const config = path.join(folder, "cognate.toml");
const gone = "arn:aws:lambda:us-east-1:123456789012:function:gone";
writeFileSync(
  config,
  `[aws]
access_key_id = "${CALLER.AWS_ACCESS_KEY_ID}"
secret_access_key = "${CALLER.AWS_SECRET_ACCESS_KEY}"

[triggers]
lambda_endpoint = "${functions.endpoint}"
timeout_milliseconds = 300

[triggers.functions."${gone}"]
endpoint = "http://127.0.0.1:1"

[triggers.functions."arn:aws:lambda:us-east-1:123456789012:function:hooked"]
webhook = "${functions.webhook("hooked")}"
secret = "${SECRET}"
`,
);
const server = await startServer({ flags: ["--config", config] });
const bare = await startServer();
after(async () => {
  await Promise.all([server.stop(), bare.stop()]);
  functions.stop();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
const define = (handler) => functions.define(`failing-${(count += 1)}`, handler);

async function signUpWith(PreSignUp, on = server) {
  const pool = await createPool(on, { LambdaConfig: { PreSignUp } });
  const client = await pool.client();
  const signUp = on.send(new SignUpCommand({ ClientId: client.id, Username: "jane", Password: PASSWORD }));
  return { pool, signUp };
}

const FUNCTION = "UserLambdaValidationException";
const UNREACHED = "UnexpectedLambdaException";
const NONSENSE = ["InvalidLambdaResponseException", "Unrecognizable lambda output"];
const without = (name) => (event) => {
  const { [name]: _gone, ...rest } = event;
  return rest;
};

describe("A function that fails", () => {
  for (const [what, handler, name, message] of [
    [
      "throws",
      () => {
        throw new Error("boom");
      },
      FUNCTION,
      "PreSignUp failed with error boom.",
    ],
    [
      "reports an object",
      () => new Raw('{"errorMessage":"[object Object]"}', { headers: { "x-amz-function-error": "Handled" } }),
      FUNCTION,
      "PreSignUp failed with error [object Object].",
    ],
    [
      "runs out of its own time",
      () =>
        new Raw('{"errorMessage":"2026-11-26T00:00:00Z 1-2 Task timed out after 3.00 seconds"}', {
          headers: { "x-amz-function-error": "Unhandled" },
        }),
      FUNCTION,
      "PreSignUp failed with error 2026-11-26T00:00:00Z 1-2 Task timed out after 3.00 seconds.",
    ],
    ["never answers", HANG, UNREACHED, "PreSignUp invocation failed due to error SocketTimeoutException."],
    [
      "may not be invoked",
      () => new Raw("{}", { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } }),
      UNREACHED,
      "PreSignUp invocation failed due to error AccessDeniedException.",
    ],
    [
      "is throttled",
      () => new Raw("{}", { status: 429, headers: { "x-amzn-errortype": "TooManyRequestsException:http://x/" } }),
      UNREACHED,
      "PreSignUp invocation failed due to error TooManyRequestsException.",
    ],
    ["answers nothing", () => undefined, ...NONSENSE],
    ["answers null", () => null, ...NONSENSE],
    ["answers a text", () => "ok", ...NONSENSE],
    ["answers a list", () => [], ...NONSENSE],
    ["answers half a text", () => new Raw('{"version":'), ...NONSENSE],
    ["answers too much", (event) => ({ ...event, more: "x".repeat(2_000_000) }), ...NONSENSE],
    ["forgets the response", without("response"), ...NONSENSE],
    ["forgets the request", without("request"), ...NONSENSE],
    ["forgets the caller", without("callerContext"), ...NONSENSE],
    ["answers another user's event", (event) => ({ ...event, userName: "other" }), ...NONSENSE],
    ["answers a text for a switch", (event) => ({ ...event, response: { autoConfirmUser: "true" } }), ...NONSENSE],
  ]) {
    test(`${what}: the sign-up is refused, and nobody was created`, async () => {
      const { pool, signUp } = await signUpWith(define(handler));
      await refused(signUp, name, message);
      await refused(pool.send(AdminGetUserCommand, { Username: "jane" }), "UserNotFoundException");
    });
  }

  test("cannot be reached", async () => {
    const { signUp } = await signUpWith(gone);
    await refused(signUp, UNREACHED, "PreSignUp invocation failed due to error ConnectException.");
  });

  test("is not there", async () => {
    const { signUp } = await signUpWith("arn:aws:lambda:us-east-1:123456789012:function:nowhere");
    await refused(signUp, UNREACHED, "PreSignUp invocation failed due to error ResourceNotFoundException.");
  });

  test("is nowhere at all: that is told at once, and logged", async () => {
    const { signUp } = await signUpWith("arn:aws:lambda:us-east-1:123456789012:function:unmapped", bare);
    await refused(signUp, UNREACHED, "PreSignUp invocation failed due to error ResourceNotFoundException.");
    // The log comes by a way of its own, and on a busy machine later than the answer.
    const told = /this function is nowhere: give it a place under \[triggers\]/;
    const text = () => String(Buffer.concat(bare.log));
    for (let n = 0; n < 500 && !told.test(text()); n += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.match(text(), told);
  });

  test("is asked again when it was not reached, three times in all", async () => {
    let calls = 0;
    const flaky = (event) => {
      calls += 1;
      return calls < 3 ? new Raw("", { status: 500 }) : event;
    };
    const { signUp } = await signUpWith(define(flaky));
    assert.equal((await signUp).UserConfirmed, false);
    assert.equal(calls, 3);
  });

  test("does not hold up others", async () => {
    const { pool, signUp } = await signUpWith(define(HANG));
    const outcome = signUp.catch((error) => error.name);
    const begun = Date.now();
    for (let round = 0; round < 20; round += 1) await pool.send(DescribeUserPoolCommand);
    // Writes go on as well: no transaction waits for the function.
    await createPool(server);
    assert.ok(Date.now() - begun < 800, "others were answered meanwhile");
    assert.equal(await outcome, UNREACHED);
  });

  test("adds members of its own without harm", async () => {
    const { signUp } = await signUpWith(define((event) => ({ ...event, mine: 1, response: { other: 2 } })));
    assert.equal((await signUp).UserConfirmed, false);
  });
});

describe("A webhook", () => {
  test("stands in for a function by its ARN", async () => {
    functions.define("hooked", (event) => ({ ...event, response: { autoConfirmUser: true } }));
    const { signUp } = await signUpWith("arn:aws:lambda:us-east-1:123456789012:function:hooked");
    assert.equal((await signUp).UserConfirmed, true);
  });

  test("is named by a declared pool, from its first start and at every later one", async () => {
    const data = temporaryFolder();
    const pools = path.join(folder, "pools.toml");
    const declare = (webhooks) =>
      writeFileSync(
        pools,
        `[[pools]]
id = "us-east-1_hooked001"

[[pools.clients]]
id = "hookedclient0000000000001"
[pools.clients.config]
ExplicitAuthFlows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

[[pools.users]]
username = "jane"
password = "${PASSWORD}"
${webhooks}`,
      );
    const hook = (name, more = "") =>
      `[pools.webhooks.${name}]\nurl = "${functions.webhook(name)}"\nsecret = "${SECRET}"\n${more}`;
    functions.define("PreTokenGeneration", (event) => ({
      ...event,
      response: {
        claimsAndScopeOverrideDetails: { accessTokenGeneration: { claimsToAddOrOverride: { plan: ["gold"] } } },
      },
    }));
    functions.define("PreAuthentication", () => {
      throw new Error("closed");
    });
    const signIn = async (running) => {
      const pool = new Pool(running, "us-east-1_hooked001");
      const client = new AppClient(pool, "hookedclient0000000000001");
      return { pool, call: client.signIn("jane") };
    };
    declare(hook("PreTokenGeneration", 'version = "V2_0"\n'));
    const first = await startServer({ data, pools });
    const { pool, call } = await signIn(first);
    assert.deepEqual(claimsOf((await call).AuthenticationResult.AccessToken).plan, ["gold"]);
    const { UserPool } = await pool.send(DescribeUserPoolCommand);
    assert.deepEqual(UserPool.LambdaConfig.PreTokenGenerationConfig, {
      LambdaVersion: "V2_0",
      LambdaArn: "arn:cognate:webhook:us-east-1:000000000000:us-east-1_hooked001/PreTokenGeneration",
    });
    await first.stop();

    declare(hook("PreTokenGeneration", 'version = "V2_0"\n') + hook("PreAuthentication"));
    const second = await startServer({ data, pools });
    await refused((await signIn(second)).call, FUNCTION, "PreAuthentication failed with error closed.");
    await second.stop();

    // Without the file nobody knows where the webhook is: it guards all the same.
    const third = await startServer({ data });
    const said = "PreAuthentication invocation failed due to error ResourceNotFoundException.";
    await refused((await signIn(third)).call, UNREACHED, said);
    await third.stop();
    rmSync(data, { recursive: true, force: true });
  });
});
