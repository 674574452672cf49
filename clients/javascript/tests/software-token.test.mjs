import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDeleteSoftwareTokenCommand,
  AdminGetUserAuthFactorsCommand,
  AdminSetUserMFAPreferenceCommand,
  AssociateSoftwareTokenCommand,
  GetUserAuthFactorsCommand,
  SetUserMFAPreferenceCommand,
  SetUserPoolMfaConfigCommand,
  VerifySoftwareTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { Authenticator } from "../authenticator.mjs";
import { refusesBadTokens, REVOKED, signedIn } from "../bearers.mjs";
import { refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { refusesStrangers } from "../strangers.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const MISMATCH = ["EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA"];
const USED = ["EnableSoftwareTokenMFAException", "Your software token has already been used once."];
const NOT_OFFERED = ["SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool"];
const NO_SESSION = ["NotAuthorizedException", "Invalid session for the user."];
const SESSION = "s".repeat(40);
const ON = { Enabled: true, PreferredMfa: true };

/** Jane, signed in, in a pool whose users may have software tokens. */
async function janeWithTokens(config = {}) {
  const jane = await signedIn(server, config);
  await jane.pool.send(SetUserPoolMfaConfigCommand, {
    MfaConfiguration: "OPTIONAL",
    SoftwareTokenMfaConfiguration: { Enabled: true },
  });
  return jane;
}

const associate = (AccessToken) => server.send(new AssociateSoftwareTokenCommand({ AccessToken }));
const verify = (AccessToken, UserCode, input = {}) =>
  server.send(new VerifySoftwareTokenCommand({ AccessToken, UserCode, ...input }));
const prefer = (AccessToken, input) => server.send(new SetUserMFAPreferenceCommand({ AccessToken, ...input }));

/** A new secret in a new authenticator. */
async function authenticatorOf(AccessToken) {
  return new Authenticator(server, (await associate(AccessToken)).SecretCode);
}

async function enrolled(config) {
  const jane = await janeWithTokens(config);
  const authenticator = await authenticatorOf(jane.AccessToken);
  await authenticator.waitForStep();
  await verify(jane.AccessToken, await authenticator.code());
  return { ...jane, authenticator };
}

describe("AssociateSoftwareToken", () => {
  test("answers a secret as authenticators take it, another at every call", async () => {
    const { AccessToken } = await janeWithTokens();
    const { $metadata: _, ...first } = await associate(AccessToken);
    assert.deepEqual(Object.keys(first), ["SecretCode"]);
    assert.match(first.SecretCode, /^[A-Z2-7]{52}$/);
    assert.notEqual((await associate(AccessToken)).SecretCode, first.SecretCode);
  });

  test("leaves the user as they are until the first code", async () => {
    const { jane, AccessToken } = await janeWithTokens();
    await associate(AccessToken);
    const { UserMFASettingList, PreferredMfaSetting } = await jane.read();
    assert.deepEqual([UserMFASettingList, PreferredMfaSetting], [undefined, undefined]);
    await refused(
      prefer(AccessToken, { SoftwareTokenMfaSettings: ON }),
      INVALID,
      "User has not verified software token mfa",
    );
    await refused(
      jane.send(AdminSetUserMFAPreferenceCommand, { SoftwareTokenMfaSettings: ON }),
      INVALID,
      "User has not verified software token mfa",
    );
  });

  test("refuses where the pool has no software tokens", async () => {
    const { pool, AccessToken } = await signedIn(server);
    await refused(associate(AccessToken), ...NOT_OFFERED);
    await refused(verify(AccessToken, "123456"), ...NOT_OFFERED);
    await pool.send(SetUserPoolMfaConfigCommand, {
      MfaConfiguration: "OFF",
      SoftwareTokenMfaConfiguration: { Enabled: false },
    });
    await refused(associate(AccessToken), ...NOT_OFFERED);
  });

  test("wants an access token or a session of a sign-in", async () => {
    const associateWith = (input) => server.send(new AssociateSoftwareTokenCommand(input));
    await refused(associateWith({}), INVALID);
    await refused(associateWith({ Session: SESSION }), ...NO_SESSION);
    await refused(associateWith({ Session: "short" }), INVALID, /Member must have length greater than or equal to 20/);
  });

  refusesBadTokens(server, AssociateSoftwareTokenCommand, {}, { gone: REVOKED, isRequired: false });
});

describe("VerifySoftwareToken", () => {
  test("enrols the token with its first code", async () => {
    const { AccessToken } = await janeWithTokens();
    const authenticator = await authenticatorOf(AccessToken);
    const { $metadata: _, ...answer } = await verify(AccessToken, await authenticator.code(), {
      FriendlyDeviceName: "telephone",
    });
    assert.deepEqual(answer, { Status: "SUCCESS" });
    await prefer(AccessToken, { SoftwareTokenMfaSettings: ON });
  });

  test("does not turn the factor on by itself", async () => {
    const { client, jane } = await enrolled();
    const { UserMFASettingList, PreferredMfaSetting } = await jane.read();
    assert.deepEqual([UserMFASettingList, PreferredMfaSetting], [undefined, undefined]);
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("takes a clock that is one step off, and no more", async () => {
    for (const steps of [-1, 1]) {
      const { AccessToken } = await janeWithTokens();
      const authenticator = await authenticatorOf(AccessToken);
      await authenticator.waitForStep();
      await refused(verify(AccessToken, await authenticator.code(3 * steps)), ...MISMATCH);
      await refused(verify(AccessToken, await authenticator.code(2 * steps)), ...MISMATCH);
      assert.equal((await verify(AccessToken, await authenticator.code(steps))).Status, "SUCCESS");
    }
  });

  test("refuses a wrong code and the code of an earlier secret", async () => {
    const { AccessToken } = await janeWithTokens();
    const first = await authenticatorOf(AccessToken);
    await refused(verify(AccessToken, await first.wrongCode()), ...MISMATCH);
    const second = await authenticatorOf(AccessToken);
    await refused(verify(AccessToken, await first.code()), ...MISMATCH);
    assert.equal((await verify(AccessToken, await second.code())).Status, "SUCCESS");
  });

  test("takes no code twice", async () => {
    const { AccessToken, authenticator } = await enrolled();
    await refused(verify(AccessToken, await authenticator.code()), ...USED);
    await refused(verify(AccessToken, await authenticator.code(-1)), ...USED);
    await server.advance(60);
    assert.equal((await verify(AccessToken, await authenticator.code())).Status, "SUCCESS");
  });

  test("keeps the enrolled token until another one is verified", async () => {
    const { AccessToken, authenticator } = await enrolled();
    const next = await authenticatorOf(AccessToken);
    await refused(verify(AccessToken, await next.wrongCode()), ...MISMATCH);
    await prefer(AccessToken, { SoftwareTokenMfaSettings: ON });
    await verify(AccessToken, await next.code());
    await server.advance(60);
    await refused(verify(AccessToken, await authenticator.code()), ...MISMATCH);
    assert.equal((await verify(AccessToken, await next.code())).Status, "SUCCESS");
  });

  test("hears ten wrong codes an hour, also at once, and the right one no more", async () => {
    const { client, AccessToken } = await janeWithTokens();
    const authenticator = await authenticatorOf(AccessToken);
    const wrong = await authenticator.wrongCode();
    const guesses = Array.from({ length: 60 }, () => verify(AccessToken, wrong).catch((error) => error));
    const names = (await Promise.all(guesses)).map(({ name }) => name);
    assert.equal(names.filter((name) => name === "EnableSoftwareTokenMFAException").length, 10);
    assert.equal(names.filter((name) => name === "TooManyRequestsException").length, 50);
    const tooMany = ["TooManyRequestsException", "Attempt limit exceeded, please try after some time."];
    await refused(verify(AccessToken, await authenticator.code()), ...tooMany);
    const another = await authenticatorOf(AccessToken);
    await refused(verify(AccessToken, await another.code()), ...tooMany);
    await server.advance(3_600);
    const { AccessToken: fresh } = await client.tokens("jane");
    assert.equal((await verify(fresh, await another.code())).Status, "SUCCESS");
  });

  test("lets one of many answers with the same code win", async () => {
    const { AccessToken } = await janeWithTokens();
    const authenticator = await authenticatorOf(AccessToken);
    const code = await authenticator.code();
    const answers = Array.from({ length: 8 }, () => verify(AccessToken, code).catch((error) => error));
    const outcomes = (await Promise.all(answers)).map(({ Status, message }) => Status ?? message);
    assert.equal(outcomes.filter((outcome) => outcome === "SUCCESS").length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === USED[1]).length, 7);
  });

  test("refuses a user who asked for no secret", async () => {
    const { AccessToken } = await janeWithTokens();
    await refused(verify(AccessToken, "123456"), "SoftwareTokenMFANotFoundException");
  });

  test("refuses a code of another form, without echoing it", async () => {
    const { AccessToken } = await janeWithTokens();
    await refused(
      verify(AccessToken, "12345"),
      INVALID,
      violation("userCode", "Member must have length greater than or equal to 6"),
    );
    await refused(
      verify(AccessToken, "Aaaaaa"),
      INVALID,
      violation("userCode", "Member must satisfy regular expression pattern: [0-9]+"),
    );
    await refused(verify(AccessToken, "1234567"), INVALID);
    await refused(
      verify(AccessToken, "123456", { FriendlyDeviceName: "x".repeat(2_049) }),
      INVALID,
      "FriendlyDeviceName must be no longer than 2048 characters",
    );
  });

  test("wants an access token or a session of a sign-in", async () => {
    await refused(verify(undefined, "123456"), INVALID);
    await refused(verify(undefined, "123456", { Session: SESSION }), ...NO_SESSION);
  });

  refusesBadTokens(server, VerifySoftwareTokenCommand, { UserCode: "123456" }, { isRequired: false });
});

describe("AdminDeleteSoftwareToken", () => {
  const remove = (user) => user.send(AdminDeleteSoftwareTokenCommand);

  test("takes the token and the preference for it", async () => {
    const { client, jane, AccessToken, authenticator } = await enrolled();
    await prefer(AccessToken, { SoftwareTokenMfaSettings: ON });
    assert.deepEqual((await jane.read()).UserMFASettingList, ["SOFTWARE_TOKEN_MFA"]);
    const { $metadata: _, ...answer } = await remove(jane);
    assert.deepEqual(answer, {});
    const { UserMFASettingList, PreferredMfaSetting } = await jane.read();
    assert.deepEqual([UserMFASettingList, PreferredMfaSetting], [undefined, undefined]);
    assert.ok((await client.tokens("jane")).AccessToken);
    await server.advance(60);
    await refused(verify(AccessToken, await authenticator.code()), "SoftwareTokenMFANotFoundException");
    await refused(
      prefer(AccessToken, { SoftwareTokenMfaSettings: ON }),
      INVALID,
      "User has not set up software token mfa",
    );
  });

  test("takes a secret that waits, too, and finds nothing the second time", async () => {
    const { jane, AccessToken } = await janeWithTokens();
    const authenticator = await authenticatorOf(AccessToken);
    await remove(jane);
    await remove(jane);
    await refused(verify(AccessToken, await authenticator.code()), "SoftwareTokenMFANotFoundException");
  });

  refusesStrangers(server, AdminDeleteSoftwareTokenCommand);
});

describe("GetUserAuthFactors and AdminGetUserAuthFactors", () => {
  const own = async (AccessToken) => strip(await server.send(new GetUserAuthFactorsCommand({ AccessToken })));
  const admins = async (user) => strip(await user.send(AdminGetUserAuthFactorsCommand));
  const strip = ({ $metadata: _, ...answer }) => answer;

  test("show a password", async () => {
    const { jane, AccessToken } = await signedIn(server, { attributes: { email: "jane@example.com" } });
    const factors = { Username: "jane", ConfiguredUserAuthFactors: ["PASSWORD"] };
    assert.deepEqual(await own(AccessToken), factors);
    assert.deepEqual(await admins(jane), factors);
  });

  test("show codes where the pool takes them and the address is verified", async () => {
    const { jane, AccessToken } = await signedIn(server, {
      pool: { Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP", "SMS_OTP"] } } },
      attributes: { email: "jane@example.com", email_verified: "true", phone_number: "+12065551234" },
    });
    const { ConfiguredUserAuthFactors } = await own(AccessToken);
    assert.deepEqual(ConfiguredUserAuthFactors, ["PASSWORD", "EMAIL_OTP"]);
    assert.deepEqual((await admins(jane)).ConfiguredUserAuthFactors, ["PASSWORD", "EMAIL_OTP"]);
  });

  test("show an enrolled token and what is preferred", async () => {
    const { jane, AccessToken } = await enrolled();
    assert.deepEqual((await own(AccessToken)).ConfiguredUserAuthFactors, ["PASSWORD", "SOFTWARE_TOKEN"]);
    await prefer(AccessToken, { SoftwareTokenMfaSettings: ON });
    const factors = {
      Username: "jane",
      PreferredMfaSetting: "SOFTWARE_TOKEN_MFA",
      UserMFASettingList: ["SOFTWARE_TOKEN_MFA"],
      ConfiguredUserAuthFactors: ["PASSWORD", "SOFTWARE_TOKEN"],
    };
    assert.deepEqual(await own(AccessToken), factors);
    assert.deepEqual(await admins(jane), factors);
  });

  refusesBadTokens(server, GetUserAuthFactorsCommand);
  refusesStrangers(server, AdminGetUserAuthFactorsCommand);
});
