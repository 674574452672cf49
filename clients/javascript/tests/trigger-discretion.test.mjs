// What functions must not make possible: telling who exists, guessing without end, and working for others.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";

import {
  ForgotPasswordCommand,
  ResendConfirmationCodeCommand,
  RespondToAuthChallengeCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { attributeList, createPool, PASSWORD, verified } from "../fixtures.mjs";
import { CALLER, Functions, SECRET } from "../functions.mjs";
import { refused } from "../refused.mjs";
import { startServer, temporaryFolder } from "../server.mjs";

const functions = await Functions.start();
const folder = temporaryFolder();
const pools = path.join(folder, "pools.toml");
writeFileSync(
  pools,
  `[[pools]]
id = "us-east-1_owner0001"
[pools.webhooks.PreSignUp]
url = "${functions.webhook("owners")}"
secret = "${SECRET}"
`,
);
const config = path.join(folder, "cognate.toml");
writeFileSync(
  config,
  `[triggers]
lambda_endpoint = "${functions.endpoint}"
kms_endpoint = "${functions.endpoint}"
timeout_milliseconds = 300
`,
);
const server = await startServer({ pools, flags: ["--config", config], env: CALLER });
after(async () => {
  await server.stop();
  functions.stop();
  rmSync(folder, { recursive: true, force: true });
});

const EXCEEDED = ["NotAuthorizedException", "Password attempts exceeded"];
const FLOWS = ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
const same = (event) => event;
const answering = (response) => (event) => ({ ...event, response });

let count = 0;
/** A discreet client of a pool with these triggers, and jane. */
async function discreet(handlers, { ExplicitAuthFlows = FLOWS, ...poolConfig } = {}) {
  count += 1;
  const number = count;
  const LambdaConfig = {};
  for (const [trigger, handler] of Object.entries(handlers)) {
    LambdaConfig[trigger] = functions.define(`${trigger}-${number}`, handler);
  }
  const pool = await createPool(server, { LambdaConfig, UserPoolTier: "ESSENTIALS", ...poolConfig });
  const client = await pool.client({ ExplicitAuthFlows, PreventUserExistenceErrors: "ENABLED" });
  const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
  return { pool, client, jane, told: (trigger) => functions.events(`${trigger}-${number}`) };
}

const riddle = {
  DefineAuthChallenge: answering({ challengeName: "CUSTOM_CHALLENGE" }),
  CreateAuthChallenge: answering({ publicChallengeParameters: { riddle: "?" }, challengeMetadata: "m".repeat(300) }),
  VerifyAuthChallengeResponse: answering({ answerCorrect: false }),
};

async function locked(client, ...names) {
  for (const name of names) {
    for (let guess = 0; guess < 6; guess += 1) await client.signIn(name, "Wrong-Passw0rd").catch(() => {});
  }
}

describe("Who exists", () => {
  test("is not told by the lock, whatever the flow", async () => {
    const { client } = await discreet(riddle);
    await locked(client, "jane", "nobody");
    for (const name of ["jane", "nobody"]) {
      await refused(client.publicAuth("CUSTOM_AUTH", { USERNAME: name }), ...EXCEEDED);
      await refused(client.publicAuth("USER_AUTH", { USERNAME: name }), ...EXCEEDED);
    }
  });

  test("is not told by how long a session is, whatever is put into it", async () => {
    const { client } = await discreet(riddle);
    const begin = async (USERNAME, digits) => {
      const parameters = { USERNAME, CHALLENGE_NAME: "SRP_A", SRP_A: "a".repeat(digits) };
      return (await client.publicAuth("CUSTOM_AUTH", parameters)).Session.length;
    };
    for (const digits of [2, 400, 446, 452, 462, 470, 474, 600, 768]) {
      assert.equal(await begin("jane", digits), await begin("nobody", digits), `${digits} digits`);
    }
  });

  test("is not told by a wrong proof that is sent again", async () => {
    const define = (event) => {
      const last = event.request.session.at(-1);
      const response = last?.challengeName === "SRP_A" ? { challengeName: "PASSWORD_VERIFIER" } : { failAuthentication: true };
      return { ...event, response };
    };
    const { client } = await discreet({ ...riddle, DefineAuthChallenge: define });
    for (const USERNAME of ["jane", "nobody"]) {
      const begun = await client.publicAuth("CUSTOM_AUTH", { USERNAME, CHALLENGE_NAME: "SRP_A", SRP_A: "a5" });
      const prove = () =>
        server.send(
          new RespondToAuthChallengeCommand({
            ClientId: client.id,
            ChallengeName: "PASSWORD_VERIFIER",
            Session: begun.Session,
            ChallengeResponses: {
              USERNAME: begun.ChallengeParameters.USERNAME,
              PASSWORD_CLAIM_SIGNATURE: "AAAA",
              PASSWORD_CLAIM_SECRET_BLOCK: begun.ChallengeParameters.SECRET_BLOCK,
              TIMESTAMP: "Fri Feb 9 07:05:03 UTC 2024",
            },
          }),
        );
      await refused(prove(), "NotAuthorizedException", "Incorrect username or password.");
      await refused(prove(), "NotAuthorizedException", /session can only be used once/);
    }
  });

  test("is not told by the lock of passwords where users may move in", async () => {
    const { client } = await discreet({ UserMigration: answering({ userAttributes: null }) });
    await locked(client, "jane", "nobody");
    for (const Username of ["jane", "nobody"]) {
      const { CodeDeliveryDetails } = await server.send(new ForgotPasswordCommand({ ClientId: client.id, Username }));
      assert.equal(CodeDeliveryDetails.DeliveryMedium, "EMAIL");
    }
  });

  test("is not told by a message that cannot be written", async () => {
    const { pool, client } = await discreet(
      {
        CustomMessage: (event) => {
          if (event.request.userAttributes["cognito:user_status"] !== "UNCONFIRMED") throw new Error("no");
          if (event.triggerSource === "CustomMessage_ResendCode") throw new Error("no");
          return event;
        },
      },
      { AutoVerifiedAttributes: ["email"] },
    );
    const UserAttributes = attributeList({ email: "new@example.com" });
    await server.send(new SignUpCommand({ ClientId: client.id, Username: "new", Password: PASSWORD, UserAttributes }));
    const sent = (await pool.outbox("new")).length;
    for (const Username of ["jane", "nobody"]) await server.send(new ForgotPasswordCommand({ ClientId: client.id, Username }));
    for (const Username of ["new", "nobody"]) {
      await server.send(new ResendConfirmationCodeCommand({ ClientId: client.id, Username }));
    }
    assert.equal((await pool.outbox("new")).length, sent);
    assert.deepEqual(await pool.outbox("jane"), []);
  });
});

describe("A function", () => {
  test("of another pool's webhook works for that pool alone", async () => {
    functions.define("owners", answering({ autoConfirmUser: true }));
    const PreSignUp = "arn:cognate:webhook:us-east-1:000000000000:us-east-1_owner0001/PreSignUp";
    const pool = await createPool(server, { LambdaConfig: { PreSignUp } });
    const client = await pool.client();
    const signUp = server.send(new SignUpCommand({ ClientId: client.id, Username: "jane", Password: PASSWORD }));
    await refused(signUp, "UnexpectedLambdaException", "PreSignUp invocation failed due to error AccessDeniedException.");
    assert.deepEqual(functions.events("owners"), []);
  });

  test("is not asked for names that nobody could have, nor told a name by its spelling", async () => {
    const { client, told } = await discreet({ UserMigration: answering({ userAttributes: null }) });
    for (const name of ["carol ", " carol", "carol\u200b", "carol\u00a0", "car\tol", "c".repeat(129)]) {
      await assert.rejects(client.signIn(name, "Passw0rd!"));
    }
    assert.deepEqual(told("UserMigration"), []);
  });

  test("is not told of sign-ins that are refused after all", async () => {
    const { client, told } = await discreet({
      ...riddle,
      DefineAuthChallenge: answering({ issueTokens: true }),
      PostAuthentication: same,
      PreTokenGeneration: same,
    });
    await locked(client, "jane");
    await refused(client.publicAuth("CUSTOM_AUTH", { USERNAME: "jane" }), ...EXCEEDED);
    assert.deepEqual([...told("PostAuthentication"), ...told("PreTokenGeneration")], []);
  });

  test("that asks for a challenge of ours sees how it was answered", async () => {
    const define = (event) => {
      const { session } = event.request;
      const response = session.length === 0 ? { challengeName: "CUSTOM_CHALLENGE" } : { challengeName: "EMAIL_OTP" };
      return { ...event, response: session.length === 2 ? { issueTokens: true } : response };
    };
    const { pool, client, jane, told } = await discreet(
      { ...riddle, DefineAuthChallenge: define, VerifyAuthChallengeResponse: answering({ answerCorrect: true }) },
      {
        EmailConfiguration: {
          EmailSendingAccount: "DEVELOPER",
          SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/us@example.com",
        },
      },
    );
    const asked = await client.publicAuth("CUSTOM_AUTH", { USERNAME: "jane" });
    const next = await client.answerPublicly(asked, { USERNAME: "jane", ANSWER: "!" });
    assert.equal(next.ChallengeName, "EMAIL_OTP");
    const [{ code }] = await jane.outbox();
    const done = await client.answerPublicly(next, { USERNAME: "jane", EMAIL_OTP_CODE: code });
    assert.ok(done.AuthenticationResult, pool.id);
    const rounds = told("DefineAuthChallenge").at(-1).request.session;
    assert.deepEqual(rounds.at(-1), { challengeName: "EMAIL_OTP", challengeResult: true, challengeMetadata: null });
  });

  test("that sends messages is handed each once, however slow it is", async () => {
    const LambdaArn = functions.define("slow-sender", () => new Promise(() => {}));
    const KMSKeyID = "arn:aws:kms:us-east-1:123456789012:key/1a2b3c4d-0000-4000-8000-000000000000";
    const CustomEmailSender = { LambdaVersion: "V1_0", LambdaArn };
    const pool = await createPool(server, { LambdaConfig: { KMSKeyID, CustomEmailSender } });
    const client = await pool.client();
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
    await server.send(new ForgotPasswordCommand({ ClientId: client.id, Username: "jane" }));
    const deadline = Date.now() + 10_000;
    const state = async () => (await jane.outbox())[0].state;
    while ((await state()) === "waiting" && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await state(), "sent");
    assert.equal(functions.events("slow-sender").length, 1);
  });
});

test("A link's page confirms nobody in a pool that sends codes", async () => {
  const pool = await createPool(server, { AutoVerifiedAttributes: ["email"] });
  const client = await pool.client({ GenerateSecret: true });
  const UserAttributes = attributeList({ email: "jane@example.com" });
  const SecretHash = client.secretHash("jane");
  await server.send(
    new SignUpCommand({ ClientId: client.id, Username: "jane", Password: PASSWORD, UserAttributes, SecretHash }),
  );
  const [{ code }] = await pool.outbox("jane");
  const query = new URLSearchParams({ client_id: client.id, user_name: "jane", confirmation_code: code });
  assert.equal((await fetch(`${server.endpoint}/confirmUser?${query}`)).status, 400);
  assert.equal(await pool.existingUser("jane").status(), "UNCONFIRMED");
});
