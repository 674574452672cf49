// CUSTOM_AUTH with its three functions, with and without SRP before, through the SDK and the browser library.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { RespondToAuthChallengeCommand } from "@aws-sdk/client-cognito-identity-provider";
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from "amazon-cognito-identity-js";

import { createPool, PASSWORD } from "../fixtures.mjs";
import { CALLER, Functions } from "../functions.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const functions = await Functions.start();
const server = await startServer({ flags: ["--lambda-endpoint", functions.endpoint], env: CALLER });
after(async () => {
  await server.stop();
  functions.stop();
});

const WRONG = ["NotAuthorizedException", "Incorrect username or password."];
const NONSENSE = ["InvalidLambdaResponseException", "Unrecognizable lambda output"];
const METADATA = { reason: "because" };

/** The functions of the developer guide: a riddle, and after SRP a riddle as well. */
const define = (event) => {
  const { session } = event.request;
  const last = session.at(-1);
  const answer = (response) => ({ ...event, response: { issueTokens: false, failAuthentication: false, ...response } });
  if (last?.challengeName === "SRP_A") return answer({ challengeName: "PASSWORD_VERIFIER" });
  if (last?.challengeName === "PASSWORD_VERIFIER" && !last.challengeResult) return answer({ failAuthentication: true });
  if (last?.challengeName === "CUSTOM_CHALLENGE" && last.challengeResult) return answer({ issueTokens: true });
  if (session.filter(({ challengeName }) => challengeName === "CUSTOM_CHALLENGE").length >= 3) {
    return answer({ failAuthentication: true });
  }
  return answer({ challengeName: "CUSTOM_CHALLENGE" });
};
const create = (event) => ({
  ...event,
  response: {
    publicChallengeParameters: { riddle: "2 + 3" },
    privateChallengeParameters: { answer: "5" },
    challengeMetadata: `RIDDLE-${event.request.session.length}`,
  },
});
const verify = (event) => ({
  ...event,
  response: { answerCorrect: event.request.challengeAnswer === event.request.privateChallengeParameters.answer },
});

let count = 0;
async function riddles(handlers = {}, clientConfig = {}) {
  count += 1;
  const all = { DefineAuthChallenge: define, CreateAuthChallenge: create, VerifyAuthChallengeResponse: verify, ...handlers };
  const LambdaConfig = {};
  for (const [trigger, handler] of Object.entries(all)) {
    if (handler) LambdaConfig[trigger] = functions.define(`${trigger}-${count}`, handler);
  }
  const told = ((number) => (trigger) => functions.events(`${trigger}-${number}`))(count);
  const pool = await createPool(server, { LambdaConfig });
  const client = await pool.client({ ExplicitAuthFlows: ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], ...clientConfig });
  const jane = await pool.user("jane", { password: PASSWORD });
  const begin = (USERNAME = "jane", input = {}) => client.publicAuth("CUSTOM_AUTH", { USERNAME }, input);
  const answer = ({ Session }, ANSWER, USERNAME = "jane") =>
    server.send(
      new RespondToAuthChallengeCommand({
        ClientId: client.id,
        ChallengeName: "CUSTOM_CHALLENGE",
        Session,
        ChallengeResponses: { USERNAME, ANSWER },
        ClientMetadata: METADATA,
      }),
    );
  return { pool, client, jane, told, begin, answer };
}

describe("CUSTOM_AUTH", () => {
  test("asks, judges and lets in; the functions hear all of it", async () => {
    const { pool, client, jane, told, begin, answer } = await riddles();
    const asked = await begin("jane", { ClientMetadata: { not: "passed on" } });
    assert.equal(asked.ChallengeName, "CUSTOM_CHALLENGE");
    assert.deepEqual(asked.ChallengeParameters, { riddle: "2 + 3", USERNAME: "jane" });
    const again = await answer(asked, "4");
    assert.equal(again.ChallengeName, "CUSTOM_CHALLENGE");
    await refused(answer(asked, "5"), "NotAuthorizedException");
    const done = await answer(again, "5");
    assert.ok(done.AuthenticationResult.AccessToken);

    const userAttributes = { sub: jane.sub, "cognito:user_status": "CONFIRMED" };
    const event = (source, request, response) => ({
      version: "1",
      triggerSource: `${source}_Authentication`,
      region: "us-east-1",
      userPoolId: pool.id,
      userName: "jane",
      callerContext: {
        awsSdkVersion: told("DefineAuthChallenge")[0].callerContext.awsSdkVersion,
        clientId: client.id,
      },
      request: { userAttributes, ...request },
      response,
    });
    const undecided = { challengeName: null, issueTokens: null, failAuthentication: null };
    const round = (challengeResult, number) => ({
      challengeName: "CUSTOM_CHALLENGE",
      challengeResult,
      challengeMetadata: `RIDDLE-${number}`,
    });
    assert.deepEqual(told("DefineAuthChallenge"), [
      event("DefineAuthChallenge", { session: [] }, undecided),
      event("DefineAuthChallenge", { session: [round(false, 0)], clientMetadata: METADATA }, undecided),
      event("DefineAuthChallenge", { session: [round(false, 0), round(true, 1)], clientMetadata: METADATA }, undecided),
    ]);
    const empty = { publicChallengeParameters: null, privateChallengeParameters: null, challengeMetadata: null };
    const question = { challengeName: "CUSTOM_CHALLENGE" };
    assert.deepEqual(told("CreateAuthChallenge"), [
      event("CreateAuthChallenge", { ...question, session: [] }, empty),
      event("CreateAuthChallenge", { ...question, session: [round(false, 0)], clientMetadata: METADATA }, empty),
    ]);
    const privateChallengeParameters = { answer: "5" };
    assert.deepEqual(
      told("VerifyAuthChallengeResponse"),
      ["4", "5"].map((challengeAnswer) =>
        event(
          "VerifyAuthChallengeResponse",
          { privateChallengeParameters, challengeAnswer, clientMetadata: METADATA },
          { answerCorrect: null },
        ),
      ),
    );
  });

  test("fails when the function says so", async () => {
    const { begin, answer } = await riddles();
    let asked = await begin();
    asked = await answer(asked, "1");
    asked = await answer(asked, "2");
    await refused(answer(asked, "3"), ...WRONG);
  });

  test("needs all three functions", async () => {
    for (const missing of ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"]) {
      const { begin } = await riddles({ [missing]: undefined });
      const said = "Custom auth lambda trigger is not configured for the user pool.";
      await refused(begin(), "InvalidParameterException", said);
    }
  });

  const respond = (response) => (event) => ({ ...event, response });
  for (const [what, handlers] of [
    ["decides nothing", { DefineAuthChallenge: respond({}) }],
    ["decides in words", { DefineAuthChallenge: respond({ issueTokens: "true", failAuthentication: false }) }],
    ["names no challenge", { DefineAuthChallenge: respond({ challengeName: "RIDDLE" }) }],
    ["asks with numbers", { CreateAuthChallenge: respond({ publicChallengeParameters: { riddle: 7 } }) }],
  ]) {
    test(`is refused where the function ${what}`, async () => {
      const { begin } = await riddles(handlers);
      await refused(begin(), ...NONSENSE);
    });
  }

  test("burns the session where the judge fails", async () => {
    const { begin, answer } = await riddles({
      VerifyAuthChallengeResponse: () => {
        throw new Error("no idea");
      },
    });
    const asked = await begin();
    const said = "VerifyAuthChallengeResponse failed with error no idea.";
    await refused(answer(asked, "5"), "UserLambdaValidationException", said);
    await refused(answer(asked, "5"), "NotAuthorizedException");
  });

  test("lets the functions pretend for names that nobody has", async () => {
    const { told, begin, answer } = await riddles({}, { PreventUserExistenceErrors: "ENABLED" });
    const asked = await begin("nobody");
    assert.deepEqual(asked.ChallengeParameters, { riddle: "2 + 3", USERNAME: "nobody" });
    await refused(answer(asked, "5", "nobody"), ...WRONG);
    const [first] = told("DefineAuthChallenge");
    assert.equal(first.userName, "nobody");
    assert.deepEqual(first.request, { userAttributes: {}, userNotFound: true, session: [] });
    const known = await begin("jane");
    assert.equal(told("DefineAuthChallenge").at(-1).request.userNotFound, false);
    assert.ok((await answer(known, "5")).AuthenticationResult);
  });

  /** The browser library: SRP first, then the riddle. */
  const signInByLibrary = (client, password, reply) => {
    const pool = new CognitoUserPool({ UserPoolId: client.pool.id, ClientId: client.id, endpoint: server.endpoint });
    const user = new CognitoUser({ Username: "jane", Pool: pool });
    user.setAuthenticationFlowType("CUSTOM_AUTH");
    return new Promise((resolve, reject) => {
      const callbacks = {
        onSuccess: resolve,
        onFailure: reject,
        customChallenge: () => user.sendCustomChallengeAnswer(reply, callbacks),
      };
      user.authenticateUser(new AuthenticationDetails({ Username: "jane", Password: password }), callbacks);
    });
  };

  test("proves the password first where the client begins with it", async () => {
    const { client, told } = await riddles();
    const session = await signInByLibrary(client, PASSWORD, "5");
    assert.equal(session.getIdToken().payload["cognito:username"], "jane");
    assert.deepEqual(
      told("DefineAuthChallenge").map(({ request }) => request.session),
      [
        [{ challengeName: "SRP_A", challengeResult: true, challengeMetadata: null }],
        [
          { challengeName: "SRP_A", challengeResult: true, challengeMetadata: null },
          { challengeName: "PASSWORD_VERIFIER", challengeResult: true, challengeMetadata: null },
        ],
        [
          { challengeName: "SRP_A", challengeResult: true, challengeMetadata: null },
          { challengeName: "PASSWORD_VERIFIER", challengeResult: true, challengeMetadata: null },
          { challengeName: "CUSTOM_CHALLENGE", challengeResult: true, challengeMetadata: "RIDDLE-2" },
        ],
      ],
    );
    await refused(signInByLibrary(client, "Wrong-Passw0rd", "5"), ...WRONG);
    assert.equal(told("DefineAuthChallenge").at(-1).request.session.at(-1).challengeResult, false);
  });
});
