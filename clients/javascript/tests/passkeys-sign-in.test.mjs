// Signing in with the passkeys of a software authenticator. passkeys-chromium.test.mjs does it with a real browser's.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import {
  AdminDisableUserCommand,
  AdminGetUserAuthFactorsCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminSetUserPasswordCommand,
  GetUserAuthFactorsCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { Authenticator, BACKUP_ELIGIBLE, PRESENT, VERIFIED } from "../passkey-authenticator.mjs";
import {
  choosingClient,
  passkeyPool,
  requestOptions,
  requireTwoFactors,
  RP,
  setRelyingParty,
  signedIn,
} from "../passkeys.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

const WRONG = ["NotAuthorizedException", "Incorrect username or password."];
const NOT_AUTHORIZED = "NotAuthorizedException";

/** Jane, who has registered a passkey of `authenticator`. */
async function holder({ authenticator = new Authenticator(), register = {}, ...settings } = {}) {
  const pool = await passkeyPool(server, settings);
  const jane = await signedIn(pool, "jane", await choosingClient(pool));
  await jane.register(authenticator, register);
  return Object.assign(jane, { authenticator });
}

/** Begins a sign-in and answers with the passkey, as the test wants it to be used. */
async function use(jane, overrides = {}, authenticator = jane.authenticator) {
  const challenge = await jane.begin();
  return jane.answer(challenge, authenticator.get(requestOptions(challenge), overrides));
}

describe("The factors of a user", () => {
  test("count a passkey", async () => {
    const jane = await holder();
    const own = await server.send(new GetUserAuthFactorsCommand({ AccessToken: jane.token }));
    assert.deepEqual(own.ConfiguredUserAuthFactors, ["PASSWORD", "WEB_AUTHN"]);
    const administrators = await jane.user.send(AdminGetUserAuthFactorsCommand);
    assert.deepEqual(administrators.ConfiguredUserAuthFactors, ["PASSWORD", "WEB_AUTHN"]);
    await jane.delete(jane.authenticator.id.toString("base64url"));
    const after = await jane.user.send(AdminGetUserAuthFactorsCommand);
    assert.deepEqual(after.ConfiguredUserAuthFactors, ["PASSWORD"]);
  });
});

describe("WEB_AUTHN", () => {
  test("asks for one of the user's passkeys", async () => {
    const jane = await holder();
    const challenge = await jane.begin();
    assert.equal(challenge.ChallengeName, "WEB_AUTHN");
    assert.ok(challenge.AvailableChallenges.includes("WEB_AUTHN"));
    const { challenge: random, ...options } = requestOptions(challenge);
    assert.match(random, /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(options, {
      timeout: 180000,
      rpId: RP,
      allowCredentials: [
        { type: "public-key", id: jane.authenticator.id.toString("base64url"), transports: ["internal"] },
      ],
      userVerification: "preferred",
    });
  });

  for (const [name, algorithm] of [
    ["ES256", -7],
    ["RS256", -257],
  ]) {
    test(`lets a passkey with ${name} in, again and again`, async () => {
      const jane = await holder({ authenticator: new Authenticator({ algorithm }) });
      for (let round = 0; round < 3; round += 1) {
        const { AuthenticationResult, ChallengeParameters } = await use(jane);
        assert.deepEqual(ChallengeParameters, {});
        assert.equal((await jane.client.whoIs(AuthenticationResult.AccessToken)).Username, "jane");
      }
    });
  }

  test("takes the handle of the user, and of nobody else", async () => {
    const jane = await holder();
    assert.ok((await use(jane, { userHandle: jane.user.sub })).AuthenticationResult);
    await refused(use(jane, { userHandle: "somebody else" }), ...WRONG);
  });

  test("is offered among the choices and can be chosen", async () => {
    const jane = await holder();
    const choice = await jane.client.publicAuth("USER_AUTH", { USERNAME: "jane" });
    assert.equal(choice.ChallengeName, "SELECT_CHALLENGE");
    assert.ok(choice.AvailableChallenges.includes("WEB_AUTHN"));
    const challenge = await jane.client.answerPublicly(choice, { USERNAME: "jane", ANSWER: "WEB_AUTHN" });
    assert.equal(challenge.ChallengeName, "WEB_AUTHN");
    const credential = jane.authenticator.get(requestOptions(challenge));
    assert.ok((await jane.answer(challenge, credential)).AuthenticationResult);
  });

  test("is not offered to a user without a passkey, or with one of another relying party", async () => {
    const jane = await holder();
    await jane.pool.user("john", { password: "Permanent1!" });
    const john = await jane.client.publicAuth("USER_AUTH", { USERNAME: "john", PREFERRED_CHALLENGE: "WEB_AUTHN" });
    assert.equal(john.ChallengeName, "SELECT_CHALLENGE");
    assert.ok(!john.AvailableChallenges.includes("WEB_AUTHN"));
    await setRelyingParty(jane.pool, "example.org");
    assert.equal((await jane.begin()).ChallengeName, "SELECT_CHALLENGE");
  });

  test("takes an answer once, and one of many at the same time", async () => {
    const jane = await holder();
    const challenge = await jane.begin();
    const credential = jane.authenticator.get(requestOptions(challenge));
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => jane.answer(challenge, credential)));
    assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 1);
    await refused(jane.answer(challenge, credential), NOT_AUTHORIZED);
    await refused(jane.answer(await jane.begin(), credential), ...WRONG);
  });

  test("ends with the session", async () => {
    const jane = await holder();
    const challenge = await jane.begin();
    await server.advance(181);
    await refused(jane.answer(challenge, jane.authenticator.get(requestOptions(challenge))), NOT_AUTHORIZED);
  });

  for (const [what, overrides] of [
    ["a page of somebody else", { origin: "https://example.org" }],
    ["a page without TLS", { origin: "http://example.com" }],
    ["a frame in another page", { clientData: { crossOrigin: true } }],
    ["another relying party", { rpId: "login.example.com" }],
    ["a registration", { clientData: { type: "webauthn.create" } }],
    ["another challenge", { clientData: { challenge: Buffer.alloc(32).toString("base64url") } }],
    ["a user who was not there", { flags: VERIFIED }],
    ["a backup that was impossible before", { flags: PRESENT | BACKUP_ELIGIBLE }],
  ]) {
    test(`refuses ${what}`, async () => {
      const jane = await holder();
      await refused(use(jane, overrides), ...WRONG);
      assert.ok((await use(jane)).AuthenticationResult);
    });
  }

  test("refuses a counter that went back", async () => {
    const jane = await holder();
    assert.ok((await use(jane)).AuthenticationResult);
    jane.authenticator.counter = 0;
    await refused(use(jane), ...WRONG);
  });

  test("refuses another user's passkey and another key's signature", async () => {
    const jane = await holder();
    const john = await signedIn(jane.pool, "john", jane.client);
    const johns = new Authenticator();
    await john.register(johns);
    await refused(use(jane, {}, johns), ...WRONG);
    await refused(use(jane, {}, new Authenticator({ id: jane.authenticator.id })), ...WRONG);
  });

  test("refuses an unverified user where the pool asks for verification", async () => {
    const jane = await holder({ verification: "required" });
    await refused(use(jane, { flags: PRESENT }), ...WRONG);
    assert.ok((await use(jane)).AuthenticationResult);
  });

  test("refuses what is no credential", async () => {
    const jane = await holder();
    const credential = jane.authenticator.get(requestOptions(await jane.begin()));
    const changed = (response) => ({ ...credential, response: { ...credential.response, ...response } });
    for (const nonsense of [
      "nonsense",
      "{}",
      "[]",
      "null",
      "[".repeat(10_000),
      { ...credential, id: "AAAA", rawId: "AAAA" },
      { ...credential, response: null },
      changed({ signature: "" }),
      changed({ signature: "AAAA" }),
      changed({ authenticatorData: "AAAA" }),
      changed({ clientDataJSON: "AAAA" }),
    ]) {
      await refused(jane.answer(await jane.begin(), nonsense), ...WRONG);
    }
  });

  test("refuses a user who was disabled meanwhile", async () => {
    const jane = await holder();
    const challenge = await jane.begin();
    await jane.user.send(AdminDisableUserCommand);
    await refused(jane.answer(challenge, jane.authenticator.get(requestOptions(challenge))), NOT_AUTHORIZED);
  });

  test("stands for two factors where the pool says so and the user wants it", async () => {
    const jane = await holder();
    await requireTwoFactors(jane.pool);
    assert.equal((await jane.begin()).ChallengeName, "SELECT_CHALLENGE");
    const stand = (Enabled) => jane.user.send(AdminSetUserMFAPreferenceCommand, { WebAuthnMfaSettings: { Enabled } });
    await stand(true);
    assert.equal(requestOptions(await jane.begin()).userVerification, "required");
    await refused(use(jane, { flags: PRESENT }), ...WRONG);
    assert.ok((await use(jane)).AuthenticationResult);
    await stand(false);
    assert.equal((await jane.begin()).ChallengeName, "SELECT_CHALLENGE");
  });

  test("ends when the password changes", async () => {
    const jane = await holder();
    const challenge = await jane.begin();
    await jane.user.send(AdminSetUserPasswordCommand, { Password: "Different1!", Permanent: true });
    await refused(jane.answer(challenge, jane.authenticator.get(requestOptions(challenge))), NOT_AUTHORIZED);
  });
});
