// Every trigger through an endpoint that speaks Lambda's Invoke API: what it is told, asserted whole, and what it changes.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminAddUserToGroupCommand,
  AdminConfirmSignUpCommand,
  AdminCreateUserCommand,
  AdminResetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  ForgotPasswordCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserAttributeVerificationCodeCommand,
  ListUsersCommand,
  ResendConfirmationCodeCommand,
  SetUserPoolMfaConfigCommand,
  SignUpCommand,
  UpdateUserAttributesCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { Browser } from "../browser.mjs";
import { attributeList, createPool, PASSWORD, UUID, verified } from "../fixtures.mjs";
import { CALLER, Functions } from "../functions.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { claimsOf, verifierOf } from "../tokens.mjs";

const functions = await Functions.start();
const server = await startServer({ flags: ["--lambda-endpoint", functions.endpoint], env: CALLER });
after(async () => {
  await server.stop();
  functions.stop();
});

const METADATA = { reason: "because" };
const EMAIL = "jane@example.com";

let count = 0;
/** A pool whose triggers are new functions, each with its handler; answers their names too. */
async function triggered(handlers, { pool: config = {}, client: clientConfig = {}, versions } = {}) {
  count += 1;
  const names = {};
  const LambdaConfig = {};
  for (const [trigger, handler] of Object.entries(handlers)) {
    names[trigger] = `${trigger}-${count}`;
    LambdaConfig[trigger] = functions.define(names[trigger], handler);
  }
  if (versions !== undefined) {
    LambdaConfig.PreTokenGenerationConfig = { LambdaVersion: versions, LambdaArn: LambdaConfig.PreTokenGeneration };
    delete LambdaConfig.PreTokenGeneration;
  }
  const pool = await createPool(server, { LambdaConfig, ...config });
  const client = await pool.client(clientConfig);
  const told = (trigger) => functions.events(names[trigger]);
  return { pool, client, told };
}

const same = (event) => event;

/** The event that a trigger was told must be this one, in every member. */
function isEvent(event, { pool, client, version = "1", source, user, request, response }) {
  assert.match(event.callerContext.awsSdkVersion, /^aws-sdk-js-\d/);
  assert.deepEqual(event, {
    version,
    triggerSource: source,
    region: "us-east-1",
    userPoolId: pool.id,
    userName: user,
    callerContext: {
      awsSdkVersion: event.callerContext.awsSdkVersion,
      clientId: client?.id ?? "CLIENT_ID_NOT_APPLICABLE",
    },
    request,
    response,
  });
}

const signUp = (client, Username = "jane", input = {}) =>
  server.send(
    new SignUpCommand({
      ClientId: client.id,
      Username,
      Password: PASSWORD,
      UserAttributes: attributeList({ email: EMAIL }),
      ...input,
    }),
  );

const NOT_DECIDED = { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false };
const NO_TEXTS = { smsMessage: null, emailMessage: null, emailSubject: null };

describe("PreSignUp", () => {
  test("is told of a sign-up, and lets it pass", async () => {
    const { pool, client, told } = await triggered({ PreSignUp: same });
    const answer = await signUp(client, "jane", {
      ValidationData: attributeList({ captcha: "seven" }),
      ClientMetadata: METADATA,
    });
    assert.equal(answer.UserConfirmed, false);
    const [event] = told("PreSignUp");
    isEvent(event, {
      pool,
      client,
      source: "PreSignUp_SignUp",
      user: "jane",
      request: { userAttributes: { email: EMAIL }, validationData: { captcha: "seven" }, clientMetadata: METADATA },
      response: NOT_DECIDED,
    });
  });

  test("is told of a user whom an administrator creates, and cannot confirm them", async () => {
    const decide = (event) => ({ ...event, response: { autoConfirmUser: true, autoVerifyEmail: true } });
    const { pool, told } = await triggered({ PreSignUp: decide });
    const jane = await pool.user("jane", { attributes: { email: EMAIL } });
    const [event] = told("PreSignUp");
    isEvent(event, {
      pool,
      source: "PreSignUp_AdminCreateUser",
      user: "jane",
      request: { userAttributes: { email: EMAIL } },
      response: NOT_DECIDED,
    });
    assert.equal(await jane.status(), "FORCE_CHANGE_PASSWORD");
    assert.equal((await jane.attributes()).email_verified, undefined);
  });

  test("confirms and verifies; then the confirmation is told, and no code is sent", async () => {
    const decide = (event) => ({
      ...event,
      response: { autoConfirmUser: true, autoVerifyEmail: true, autoVerifyPhone: null },
    });
    const { pool, client, told } = await triggered(
      { PreSignUp: decide, PostConfirmation: same },
      { pool: { AutoVerifiedAttributes: ["email"] } },
    );
    const answer = await signUp(client, "jane", { ClientMetadata: METADATA });
    assert.equal(answer.UserConfirmed, true);
    assert.equal(answer.CodeDeliveryDetails, undefined);
    assert.deepEqual(await pool.outbox("jane"), []);
    const jane = pool.existingUser("jane");
    assert.equal(await jane.status(), "CONFIRMED");
    assert.equal((await jane.attributes()).email_verified, "true");
    assert.ok((await client.tokens("jane")).AccessToken);
    const [event] = told("PostConfirmation");
    isEvent(event, {
      pool,
      client,
      source: "PostConfirmation_ConfirmSignUp",
      user: "jane",
      request: {
        userAttributes: {
          sub: answer.UserSub,
          email: EMAIL,
          email_verified: "true",
          "cognito:user_status": "CONFIRMED",
        },
        clientMetadata: METADATA,
      },
      response: {},
    });
  });

  test("moves an address that it verifies to the new user", async () => {
    const decide = (event) => ({ ...event, response: { autoConfirmUser: true, autoVerifyEmail: true } });
    const { pool, client } = await triggered({ PreSignUp: decide }, { pool: { AliasAttributes: ["email"] } });
    const former = await pool.user("former", { attributes: verified(EMAIL) });
    await signUp(client, "jane");
    assert.equal((await pool.existingUser(EMAIL).read()).Username, "jane");
    assert.equal((await former.attributes()).email_verified, "false");
  });

  test("cannot verify an address that is not there", async () => {
    const decide = (event) => ({ ...event, response: { autoVerifyPhone: true } });
    const { pool, client } = await triggered({ PreSignUp: decide });
    await refused(signUp(client), "InvalidLambdaResponseException");
    assert.deepEqual((await pool.send(ListUsersCommand)).Users, []);
  });

  test("vetoes, and leaves no user behind", async () => {
    const veto = () => {
      throw new Error("boom");
    };
    const { pool, client } = await triggered({ PreSignUp: veto });
    const said = ["UserLambdaValidationException", "PreSignUp failed with error boom."];
    await refused(signUp(client), ...said);
    await refused(pool.user("jane"), ...said);
    assert.deepEqual((await pool.send(ListUsersCommand)).Users, []);
  });
});

describe("PostConfirmation", () => {
  const veto = () => {
    throw new TypeError("Cannot read property 'done' of undefined");
  };
  const SAID = [
    "UserLambdaValidationException",
    "PostConfirmation failed with error Cannot read property 'done' of undefined.",
  ];

  test("is told by a code, by an administrator, and after a new password", async () => {
    const { pool, client, told } = await triggered(
      { PostConfirmation: same },
      { pool: { AutoVerifiedAttributes: ["email"] } },
    );
    const { UserSub } = await signUp(client);
    const [{ code }] = await pool.outbox("jane");
    const input = { ClientId: client.id, Username: "jane", ConfirmationCode: code, ClientMetadata: METADATA };
    await server.send(new ConfirmSignUpCommand(input));
    const userAttributes = {
      sub: UserSub,
      email: EMAIL,
      email_verified: "true",
      "cognito:user_status": "CONFIRMED",
    };
    const confirmed = { pool, client, source: "PostConfirmation_ConfirmSignUp", user: "jane", response: {} };
    isEvent(told("PostConfirmation")[0], { ...confirmed, request: { userAttributes, clientMetadata: METADATA } });

    await server.send(new ForgotPasswordCommand({ ClientId: client.id, Username: "jane" }));
    const [reset] = await pool.outbox("jane");
    const chosen = { ClientId: client.id, Username: "jane", ConfirmationCode: reset.code, Password: PASSWORD };
    await server.send(new ConfirmForgotPasswordCommand({ ...chosen, ClientMetadata: METADATA }));
    isEvent(told("PostConfirmation")[1], {
      ...confirmed,
      source: "PostConfirmation_ConfirmForgotPassword",
      request: { userAttributes, clientMetadata: METADATA },
    });

    const other = await signUp(client, "other", { UserAttributes: [] });
    await pool.existingUser("other").send(AdminConfirmSignUpCommand, { ClientMetadata: METADATA });
    isEvent(told("PostConfirmation")[2], {
      ...confirmed,
      client: undefined,
      user: "other",
      request: {
        userAttributes: { sub: other.UserSub, "cognito:user_status": "CONFIRMED" },
        clientMetadata: METADATA,
      },
    });
  });

  test("leaves the user confirmed when it fails", async () => {
    const { pool, client } = await triggered({ PostConfirmation: veto });
    await signUp(client);
    await refused(pool.existingUser("jane").send(AdminConfirmSignUpCommand), ...SAID);
    assert.equal(await pool.existingUser("jane").status(), "CONFIRMED");
  });

  test("is not told of users whom an administrator creates", async () => {
    const { pool, told } = await triggered({ PostConfirmation: veto });
    await pool.user("jane", { password: PASSWORD });
    assert.deepEqual(told("PostConfirmation"), []);
  });
});

describe("PreAuthentication and PostAuthentication", () => {
  test("are told of a sign-in, each with what was passed to it", async () => {
    const { pool, client, told } = await triggered({ PreAuthentication: same, PostAuthentication: same });
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified(EMAIL) });
    await client.signIn("jane", PASSWORD, { ClientMetadata: METADATA });
    const userAttributes = { sub: jane.sub, email: EMAIL, email_verified: "true", "cognito:user_status": "CONFIRMED" };
    isEvent(told("PreAuthentication")[0], {
      pool,
      client,
      source: "PreAuthentication_Authentication",
      user: "jane",
      request: { userAttributes, validationData: METADATA },
      response: {},
    });
    isEvent(told("PostAuthentication")[0], {
      pool,
      client,
      source: "PostAuthentication_Authentication",
      user: "jane",
      request: { userAttributes, newDeviceUsed: false },
      response: {},
    });
  });

  test("PreAuthentication runs before the password is known to be wrong, PostAuthentication does not", async () => {
    const { pool, client, told } = await triggered({ PreAuthentication: same, PostAuthentication: same });
    await pool.user("jane", { password: PASSWORD });
    const wrong = ["NotAuthorizedException", "Incorrect username or password."];
    await refused(client.signIn("jane", "Wrong-Passw0rd"), ...wrong);
    await refused(client.signIn("nobody"), "UserNotFoundException");
    assert.equal(told("PreAuthentication").length, 1);
    assert.equal(told("PostAuthentication").length, 0);
  });

  test("PreAuthentication hears that there is no such user where the client hides it", async () => {
    const { pool, client, told } = await triggered(
      { PreAuthentication: same },
      { client: { PreventUserExistenceErrors: "ENABLED" } },
    );
    const jane = await pool.user("jane", { password: PASSWORD });
    const expected = { pool, client, source: "PreAuthentication_Authentication", response: {} };
    await refused(client.signIn("nobody"), "NotAuthorizedException", "Incorrect username or password.");
    await client.signIn("jane");
    isEvent(told("PreAuthentication")[0], {
      ...expected,
      user: "nobody",
      request: { userAttributes: {}, userNotFound: true },
    });
    const userAttributes = { sub: jane.sub, "cognito:user_status": "CONFIRMED" };
    isEvent(told("PreAuthentication")[1], {
      ...expected,
      user: "jane",
      request: { userAttributes, userNotFound: false },
    });
  });

  test("PreAuthentication vetoes every flow", async () => {
    const veto = () => {
      throw new Error("not today");
    };
    const flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"];
    const { pool, client } = await triggered(
      { PreAuthentication: veto },
      { client: { ExplicitAuthFlows: [...flows, "ALLOW_REFRESH_TOKEN_AUTH"] } },
    );
    await pool.user("jane", { password: PASSWORD });
    const said = ["UserLambdaValidationException", "PreAuthentication failed with error not today."];
    await refused(client.signIn("jane"), ...said);
    await refused(client.publicAuth("USER_SRP_AUTH", { USERNAME: "jane", SRP_A: "a5" }), ...said);
    await refused(client.publicAuth("USER_AUTH", { USERNAME: "jane" }), ...said);
  });

  test("PostAuthentication keeps the tokens back when it fails, and is not asked on refresh", async () => {
    let fails = false;
    const maybe = (event) => {
      if (fails) throw new Error("no");
      return event;
    };
    const { pool, client, told } = await triggered({ PostAuthentication: maybe });
    await pool.user("jane", { password: PASSWORD });
    const { RefreshToken } = await client.tokens("jane");
    fails = true;
    await refused(client.signIn("jane"), "UserLambdaValidationException", "PostAuthentication failed with error no.");
    assert.ok((await client.refresh(RefreshToken)).AuthenticationResult.AccessToken);
    assert.equal(told("PostAuthentication").length, 2);
  });

  test("PostAuthentication hears of a new device", async () => {
    const { pool, client, told } = await triggered(
      { PostAuthentication: same },
      { pool: { DeviceConfiguration: { DeviceOnlyRememberedOnUserPrompt: false } } },
    );
    await pool.user("jane", { password: PASSWORD });
    await client.signInPublicly("jane");
    assert.equal(told("PostAuthentication")[0].request.newDeviceUsed, true);
  });
});

describe("PreTokenGeneration", () => {
  const NOTHING = { claimsOverrideDetails: null };
  const ROLE = "arn:aws:iam::123456789012:role/reader";

  test("is told of groups, and changes the ID token by its first version", async () => {
    const change = (event) => ({
      ...event,
      response: {
        claimsOverrideDetails: {
          claimsToAddOrOverride: { tier: "gold", email: "masked" },
          claimsToSuppress: ["email_verified"],
          groupOverrideDetails: { groupsToOverride: ["a", "b"], iamRolesToOverride: [], preferredRole: null },
        },
      },
    });
    const { pool, client, told } = await triggered({ PreTokenGeneration: change });
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified(EMAIL) });
    await pool.group("readers", { RoleArn: ROLE, Precedence: 1 });
    await jane.send(AdminAddUserToGroupCommand, { GroupName: "readers" });
    const tokens = await client.tokens("jane");
    const userAttributes = { sub: jane.sub, email: EMAIL, email_verified: "true", "cognito:user_status": "CONFIRMED" };
    const groupConfiguration = { groupsToOverride: ["readers"], iamRolesToOverride: [ROLE], preferredRole: ROLE };
    isEvent(told("PreTokenGeneration")[0], {
      pool,
      client,
      source: "TokenGeneration_Authentication",
      user: "jane",
      request: { userAttributes, groupConfiguration },
      response: NOTHING,
    });
    const verifier = await verifierOf(client);
    const id = await verifier.id(tokens.IdToken);
    const access = await verifier.access(tokens.AccessToken);
    assert.deepEqual([id.tier, id.email, id.email_verified], ["gold", "masked", undefined]);
    assert.deepEqual([id["cognito:groups"], id["cognito:roles"]], [["a", "b"], undefined]);
    assert.deepEqual([access["cognito:groups"], access.tier], [["a", "b"], undefined]);
  });

  for (const [version, number] of [
    ["V2_0", "2"],
    ["V3_0", "3"],
  ]) {
    test(`changes both tokens by ${version}`, async () => {
      const change = (event) => ({
        ...event,
        response: {
          claimsAndScopeOverrideDetails: {
            idTokenGeneration: { claimsToAddOrOverride: { numbers: [1, 2], nested: { deep: true } } },
            accessTokenGeneration: {
              claimsToAddOrOverride: { plan: 7, sub: "forged", iss: "forged" },
              scopesToAdd: ["read:all"],
              scopesToSuppress: ["aws.cognito.signin.user.admin"],
            },
          },
        },
      });
      const { pool, client, told } = await triggered({ PreTokenGeneration: change }, { versions: version });
      const jane = await pool.user("jane", { password: PASSWORD });
      const tokens = await client.tokens("jane");
      isEvent(told("PreTokenGeneration")[0], {
        pool,
        client,
        version: number,
        source: "TokenGeneration_Authentication",
        user: "jane",
        request: {
          userAttributes: { sub: jane.sub, "cognito:user_status": "CONFIRMED" },
          groupConfiguration: { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null },
          scopes: ["aws.cognito.signin.user.admin"],
        },
        response: { claimsAndScopeOverrideDetails: null },
      });
      const id = claimsOf(tokens.IdToken);
      const access = await (await verifierOf(client)).access(tokens.AccessToken);
      assert.deepEqual([id.numbers, id.nested], [[1, 2], { deep: true }]);
      assert.deepEqual([access.plan, access.scope, access.sub], [7, "read:all", jane.sub]);
      // A token without the scope is no good for the user's own operations.
      await refused(client.whoIs(tokens.AccessToken), "NotAuthorizedException");
    });
  }

  test("tells refreshing, new passwords and later exchanges apart", async () => {
    const { pool, client, told } = await triggered({ PreTokenGeneration: same });
    await pool.user("jane");
    const challenge = await client.signIn("jane", "Temporary1!");
    const answered = await client.answer(challenge, { USERNAME: "jane", NEW_PASSWORD: PASSWORD });
    const token = answered.AuthenticationResult.RefreshToken;
    await client.refresh(token);
    const input = { ClientId: client.id, RefreshToken: token, ClientMetadata: METADATA };
    await server.send(new GetTokensFromRefreshTokenCommand(input));
    const jane = pool.existingUser("jane");
    const userAttributes = { sub: (await jane.attributes()).sub, "cognito:user_status": "CONFIRMED" };
    const groupConfiguration = { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null };
    const events = told("PreTokenGeneration");
    for (const [number, source, more] of [
      [0, "NewPasswordChallenge", {}],
      [1, "RefreshTokens", {}],
      [2, "Authentication", { clientMetadata: METADATA }],
    ]) {
      isEvent(events[number], {
        pool,
        client,
        source: `TokenGeneration_${source}`,
        user: "jane",
        request: { userAttributes, groupConfiguration, ...more },
        response: NOTHING,
      });
    }
    assert.equal(events.length, 3);
  });

  test("is told of devices that prove themselves", async () => {
    const { pool, client, told } = await triggered(
      { PreTokenGeneration: same },
      {
        pool: { DeviceConfiguration: { DeviceOnlyRememberedOnUserPrompt: false, ChallengeRequiredOnNewDevice: true } },
        client: { ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] },
      },
    );
    await pool.user("jane", { password: PASSWORD });
    const browser = new Browser(client);
    await browser.signIn("jane");
    await browser.signIn("jane");
    const [first, second] = told("PreTokenGeneration");
    assert.equal(first.triggerSource, "TokenGeneration_Authentication");
    const callerContext = { awsSdkVersion: "aws-sdk-unknown-unknown", clientId: client.id };
    // The library passes an empty map with the password's proof, and none with the device's.
    const { clientMetadata, ...request } = first.request;
    assert.deepEqual(clientMetadata, {});
    assert.deepEqual(second, { ...first, triggerSource: "TokenGeneration_AuthenticateDevice", callerContext, request });
  });

  test("keeps the tokens back when it fails or answers nonsense", async () => {
    let answer;
    const { pool, client } = await triggered({ PreTokenGeneration: (event) => answer(event) });
    await pool.user("jane", { password: PASSWORD });
    answer = () => {
      throw new Error("no");
    };
    await refused(client.signIn("jane"), "UserLambdaValidationException", "PreTokenGeneration failed with error no.");
    const claims = (claimsToAddOrOverride) => (event) => ({
      ...event,
      response: { claimsOverrideDetails: { claimsToAddOrOverride } },
    });
    answer = claims({ age: 7 });
    await refused(client.signIn("jane"), "InvalidLambdaResponseException", "Unrecognizable lambda output");
    answer = claims({ age: "7" });
    assert.equal(claimsOf((await client.tokens("jane")).IdToken).age, "7");
  });
});

describe("CustomMessage", () => {
  const write = (event) => ({
    ...event,
    response: {
      smsMessage: `sms ${event.triggerSource} ${event.request.codeParameter} ${event.request.usernameParameter ?? ""}`,
      emailMessage: `<p>${event.request.codeParameter} ${event.request.usernameParameter ?? ""}</p>`,
      emailSubject: event.triggerSource,
    },
  });
  const SMS = { SmsConfiguration: { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "x" } };

  /** The event of a message without anything particular. */
  const eventOf = (pool, client, source, userAttributes, more = {}) => ({
    pool,
    client,
    source: `CustomMessage_${source}`,
    user: "jane",
    request: {
      userAttributes,
      codeParameter: "{####}",
      usernameParameter: null,
      clientMetadata: METADATA,
      ...more,
    },
    response: NO_TEXTS,
  });

  test("writes what a sign-up is told, first and again", async () => {
    const { pool, client, told } = await triggered(
      { CustomMessage: write },
      { pool: { AutoVerifiedAttributes: ["email"] } },
    );
    const { UserSub } = await signUp(client, "jane", { ClientMetadata: METADATA });
    const userAttributes = { sub: UserSub, email: EMAIL, "cognito:user_status": "UNCONFIRMED" };
    isEvent(told("CustomMessage")[0], eventOf(pool, client, "SignUp", userAttributes));
    const input = { ClientId: client.id, Username: "jane", ClientMetadata: METADATA };
    await server.send(new ResendConfirmationCodeCommand(input));
    isEvent(told("CustomMessage")[1], eventOf(pool, client, "ResendCode", userAttributes));
    const [again, first] = await pool.outbox("jane");
    assert.equal(first.subject, "CustomMessage_SignUp");
    assert.equal(first.body, `<p>${first.code} </p>`);
    assert.equal(again.subject, "CustomMessage_ResendCode");
    await server.send(new ConfirmSignUpCommand({ ...input, ConfirmationCode: again.code }));
  });

  test("writes invitations, which tell the name", async () => {
    const { pool, told } = await triggered({ CustomMessage: write });
    const { User } = await pool.send(AdminCreateUserCommand, {
      Username: "jane",
      UserAttributes: attributeList({ email: EMAIL, phone_number: "+12065550100" }),
      DesiredDeliveryMediums: ["EMAIL", "SMS"],
      ClientMetadata: METADATA,
    });
    const { sub } = Object.fromEntries(User.Attributes.map(({ Name, Value }) => [Name, Value]));
    const userAttributes = {
      sub,
      email: EMAIL,
      phone_number: "+12065550100",
      "cognito:user_status": "FORCE_CHANGE_PASSWORD",
    };
    assert.equal(told("CustomMessage").length, 1, "asked once for both");
    const invitation = { usernameParameter: "{username}" };
    isEvent(
      told("CustomMessage")[0],
      eventOf(pool, undefined, "AdminCreateUser", userAttributes, invitation),
    );
    const messages = await pool.outbox("jane");
    const bodies = Object.fromEntries(messages.map(({ medium, body }) => [medium, body]));
    const [{ temporaryPassword }] = messages;
    assert.equal(bodies.SMS, `sms CustomMessage_AdminCreateUser ${temporaryPassword} jane`);
    assert.equal(bodies.EMAIL, `<p>${temporaryPassword} jane</p>`);
  });

  test("writes codes for new passwords, by users and administrators", async () => {
    const { pool, client, told } = await triggered({ CustomMessage: write });
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified(EMAIL) });
    const input = { ClientId: client.id, Username: "jane", ClientMetadata: METADATA };
    await server.send(new ForgotPasswordCommand(input));
    await jane.send(AdminResetUserPasswordCommand, { ClientMetadata: METADATA });
    const userAttributes = { sub: jane.sub, email: EMAIL, email_verified: "true", "cognito:user_status": "CONFIRMED" };
    isEvent(told("CustomMessage")[0], eventOf(pool, client, "ForgotPassword", userAttributes));
    isEvent(told("CustomMessage")[1], eventOf(pool, undefined, "ForgotPassword", userAttributes));
    const [{ code }] = await jane.outbox();
    const chosen = { ...input, ConfirmationCode: code, Password: PASSWORD };
    await server.send(new ConfirmForgotPasswordCommand(chosen));
  });

  test("writes codes for changed addresses", async () => {
    const { pool, client, told } = await triggered(
      { CustomMessage: write },
      { pool: { AutoVerifiedAttributes: ["email"] } },
    );
    const jane = await pool.user("jane", { password: PASSWORD, attributes: verified(EMAIL) });
    const { AccessToken } = await client.tokens("jane");
    const own = { AccessToken, ClientMetadata: METADATA };
    const attributesWith = (email) => ({
      sub: jane.sub,
      email,
      email_verified: "false",
      "cognito:user_status": "CONFIRMED",
    });
    const change = (email) => ({ UserAttributes: attributeList({ email }) });
    await server.send(new UpdateUserAttributesCommand({ ...own, ...change("second@example.com") }));
    isEvent(
      told("CustomMessage")[0],
      eventOf(pool, client, "UpdateUserAttribute", attributesWith("second@example.com")),
    );
    await server.send(new GetUserAttributeVerificationCodeCommand({ ...own, AttributeName: "email" }));
    isEvent(
      told("CustomMessage")[1],
      eventOf(pool, client, "VerifyUserAttribute", attributesWith("second@example.com")),
    );
    await jane.send(AdminUpdateUserAttributesCommand, { ...change("third@example.com"), ClientMetadata: METADATA });
    isEvent(
      told("CustomMessage")[2],
      eventOf(pool, undefined, "UpdateUserAttribute", attributesWith("third@example.com")),
    );
  });

  test("writes codes to sign in with; what was passed with the beginning does not reach it", async () => {
    const { pool, client, told } = await triggered({ CustomMessage: write }, { pool: SMS });
    await pool.send(SetUserPoolMfaConfigCommand, {
      MfaConfiguration: "ON",
      SmsMfaConfiguration: SMS,
    });
    const phone = { phone_number: "+12065550100", phone_number_verified: "true" };
    const jane = await pool.user("jane", { password: PASSWORD, attributes: phone });
    const challenge = await client.signIn("jane", PASSWORD, { ClientMetadata: METADATA });
    assert.equal(challenge.ChallengeName, "SMS_MFA");
    isEvent(told("CustomMessage")[0], {
      pool,
      client,
      source: "CustomMessage_Authentication",
      user: "jane",
      request: {
        userAttributes: { sub: jane.sub, ...phone, "cognito:user_status": "CONFIRMED" },
        codeParameter: "{####}",
        usernameParameter: null,
      },
      response: NO_TEXTS,
    });
    const [{ code, body }] = await jane.outbox();
    assert.equal(body, `sms CustomMessage_Authentication ${code} `);
    const { AuthenticationResult } = await client.answer(challenge, { USERNAME: "jane", SMS_MFA_CODE: code });
    assert.ok(AuthenticationResult.AccessToken);
  });

  test("leaves the pool's texts where it says nothing", async () => {
    const { pool, client } = await triggered({ CustomMessage: same }, { pool: { AutoVerifiedAttributes: ["email"] } });
    await signUp(client);
    const [{ body, code }] = await pool.outbox("jane");
    assert.equal(body, `Your verification code is ${code}. `);
  });

  const texts = (response) => (event) => ({ ...event, response: { ...event.response, ...response } });
  for (const [what, response] of [
    ["an e-mail without the code", { emailMessage: "hello" }],
    ["a text that is no text", { emailMessage: 7 }],
    ["a subject that is too long", { emailMessage: "{####}", emailSubject: "x".repeat(141) }],
    ["an e-mail that is too long", { emailMessage: `{####}${"x".repeat(20_000)}` }],
  ]) {
    test(`may not answer ${what}`, async () => {
      const { pool, client } = await triggered(
        { CustomMessage: texts(response) },
        { pool: { AutoVerifiedAttributes: ["email"] } },
      );
      await refused(signUp(client), "InvalidLambdaResponseException");
      assert.deepEqual(await pool.outbox("jane"), []);
    });
  }

  test("may not forget the name in an invitation", async () => {
    const { pool } = await triggered({ CustomMessage: texts({ emailMessage: "{####}" }) });
    const invited = pool.send(AdminCreateUserCommand, {
      Username: "jane",
      UserAttributes: attributeList({ email: EMAIL }),
      DesiredDeliveryMediums: ["EMAIL"],
    });
    await refused(invited, "InvalidLambdaResponseException");
    assert.deepEqual((await pool.send(ListUsersCommand)).Users, []);
  });
});

describe("Links", () => {
  const LINKED = {
    AutoVerifiedAttributes: ["email"],
    VerificationMessageTemplate: {
      DefaultEmailOption: "CONFIRM_WITH_LINK",
      EmailMessageByLink: "Welcome. {##Confirm here##}",
      EmailSubjectByLink: "Confirm",
    },
  };
  const linkIn = (body) => /href="([^"]+)"/.exec(body)[1].replaceAll("&amp;", "&");

  test("confirm who signed up, once", async () => {
    const pool = await createPool(server, LINKED);
    const client = await pool.client({ GenerateSecret: true });
    await signUp(client, "jane", { SecretHash: client.secretHash("jane") });
    const [message] = await pool.outbox("jane");
    assert.equal(message.subject, "Confirm");
    assert.match(message.body, /^Welcome\. <a href="[^"]+">Confirm here<\/a>$/);
    const link = linkIn(message.body);
    assert.ok(link.startsWith(`${server.endpoint}/confirmUser?client_id=${client.id}&user_name=jane&confirmation_code=`));
    const wrong = await fetch(link.replace(/\d{6}$/, (code) => String((Number(code) + 1) % 1e6).padStart(6, "0")));
    assert.equal(wrong.status, 400);
    const page = await fetch(link);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.match(await page.text(), /Your registration has been confirmed/);
    assert.equal(await pool.existingUser("jane").status(), "CONFIRMED");
    assert.equal((await pool.existingUser("jane").attributes()).email_verified, "true");
    assert.equal((await fetch(link)).status, 400);
  });

  test("say nothing about who exists", async () => {
    const pool = await createPool(server, LINKED);
    const client = await pool.client();
    const query = new URLSearchParams({ client_id: client.id, user_name: "nobody", confirmation_code: "123456" });
    const unknown = await fetch(`${server.endpoint}/confirmUser?${query}`);
    await signUp(client);
    query.set("user_name", "jane");
    const known = await fetch(`${server.endpoint}/confirmUser?${query}`);
    assert.deepEqual([unknown.status, await unknown.text()], [known.status, await known.text()]);
    for (const path of ["/confirmUser", "/confirmUser?client_id=x", `/confirmUser?${"user_name=a&".repeat(100)}`]) {
      assert.equal((await fetch(server.endpoint + path)).status, 400, path);
    }
  });

  test("are the function's to place", async () => {
    const write = (event) => ({
      ...event,
      response: { emailMessage: `Hello, ${event.request.linkParameter}`, emailSubject: "mine" },
    });
    const { pool, client, told } = await triggered({ CustomMessage: write }, { pool: LINKED });
    await signUp(client);
    assert.equal(told("CustomMessage")[0].request.linkParameter, "{##Click Here##}");
    const [{ body }] = await pool.outbox("jane");
    assert.match(body, /^Hello, <a href="[^"]+">Click Here<\/a>$/);
    assert.equal((await fetch(linkIn(body))).status, 200);
  });
});

describe("UserMigration", () => {
  const NOTHING = {
    userAttributes: null,
    forceAliasCreation: null,
    enableSMSMFA: null,
    finalUserStatus: null,
    messageAction: null,
    desiredDeliveryMediums: null,
  };
  const moves = (response) => (event) => {
    if (event.request.password !== undefined && event.request.password !== "old") throw new Error("wrong password");
    return { ...event, response: { ...event.response, ...response } };
  };
  const MOVES_IN = {
    userAttributes: { email: EMAIL, email_verified: "true" },
    finalUserStatus: "CONFIRMED",
    messageAction: "SUPPRESS",
  };

  test("moves a user in who signs in, with the password kept", async () => {
    const { pool, client, told } = await triggered({ UserMigration: moves(MOVES_IN) });
    const signedIn = await client.signIn("jane", "old", { ClientMetadata: METADATA });
    assert.ok(signedIn.AuthenticationResult.AccessToken);
    isEvent(told("UserMigration")[0], {
      pool,
      client,
      source: "UserMigration_Authentication",
      user: "jane",
      request: { password: "old", validationData: METADATA },
      response: NOTHING,
    });
    assert.equal(await pool.existingUser("jane").status(), "CONFIRMED");
    assert.match((await pool.existingUser("jane").attributes()).sub, UUID);
    assert.ok((await client.tokens("jane", "old")).AccessToken);
    assert.equal(told("UserMigration").length, 1, "the user is here now");
    assert.deepEqual(await pool.outbox("jane"), [], "nobody mails a user's own password");
  });

  test("asks for a reset unless the function says otherwise", async () => {
    const { userAttributes } = MOVES_IN;
    const { pool, client } = await triggered({ UserMigration: moves({ userAttributes }) });
    await refused(client.signIn("jane", "old"), "PasswordResetRequiredException");
    assert.equal(await pool.existingUser("jane").status(), "RESET_REQUIRED");
  });

  for (const [hides, name, message] of [
    ["LEGACY", "UserNotFoundException", "User does not exist."],
    ["ENABLED", "NotAuthorizedException", "Incorrect username or password."],
  ]) {
    test(`tells of strangers as the client says: ${hides}`, async () => {
      const { pool, client } = await triggered(
        { UserMigration: moves(MOVES_IN) },
        { client: { PreventUserExistenceErrors: hides } },
      );
      await refused(client.signIn("jane", "wrong"), name, message);
      await refused(client.publicAuth("USER_PASSWORD_AUTH", { USERNAME: "jane", PASSWORD: "wrong" }), name, message);
      assert.deepEqual((await pool.send(ListUsersCommand)).Users, []);
      assert.ok((await client.signIn("jane", "old")).AuthenticationResult);
    });

    test(`is asked no more often than a password may be tried: ${hides}`, async () => {
      const { client, told } = await triggered(
        { UserMigration: moves(MOVES_IN) },
        { client: { PreventUserExistenceErrors: hides } },
      );
      const guesses = Array.from({ length: 30 }, () => client.signIn("jane", "wrong").catch((error) => error));
      await Promise.all(guesses);
      assert.ok(told("UserMigration").length <= 6, `${told("UserMigration").length} guesses were evaluated`);
      await refused(client.signIn("jane", "old"), "NotAuthorizedException", "Password attempts exceeded");
    });
  }

  test("moves a user in who forgot the password", async () => {
    const { pool, client, told } = await triggered({ UserMigration: moves(MOVES_IN) });
    const input = { ClientId: client.id, Username: "jane", ClientMetadata: METADATA };
    const { CodeDeliveryDetails } = await server.send(new ForgotPasswordCommand(input));
    assert.equal(CodeDeliveryDetails.DeliveryMedium, "EMAIL");
    isEvent(told("UserMigration")[0], {
      pool,
      client,
      source: "UserMigration_ForgotPassword",
      user: "jane",
      request: { clientMetadata: METADATA },
      response: NOTHING,
    });
    const [{ code }] = await pool.outbox("jane");
    const chosen = { ClientId: client.id, Username: "jane", ConfirmationCode: code, Password: PASSWORD };
    await server.send(new ConfirmForgotPasswordCommand(chosen));
    assert.ok((await client.tokens("jane")).AccessToken);
  });

  test("finds a user by an address that is not the name", async () => {
    const { pool, client } = await triggered(
      { UserMigration: moves({ ...MOVES_IN, userAttributes: { ...MOVES_IN.userAttributes, username: "jane" } }) },
      { pool: { AliasAttributes: ["email"] } },
    );
    assert.ok((await client.signIn(EMAIL, "old")).AuthenticationResult);
    assert.equal((await pool.existingUser(EMAIL).read()).Username, "jane");
  });

  test("of many sign-ins at once, all find the one user", async () => {
    const { pool, client } = await triggered({ UserMigration: moves(MOVES_IN) });
    const all = await Promise.all(Array.from({ length: 8 }, () => client.signIn("jane", "old")));
    assert.equal(all.filter(({ AuthenticationResult }) => AuthenticationResult).length, 8);
    assert.equal((await pool.send(ListUsersCommand)).Users.length, 1);
  });

  test("is not asked by SRP, nor for users who are here", async () => {
    const { pool, client, told } = await triggered(
      { UserMigration: moves(MOVES_IN) },
      { client: { ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] } },
    );
    await pool.user("here", { password: PASSWORD });
    await refused(client.publicAuth("USER_SRP_AUTH", { USERNAME: "jane", SRP_A: "a5" }), "UserNotFoundException");
    await refused(client.signIn("here", "old"), "NotAuthorizedException");
    assert.deepEqual(told("UserMigration"), []);
  });

  test("cannot bring a user whom the pool does not take", async () => {
    const { client } = await triggered({ UserMigration: moves({ userAttributes: { "custom:unknown": "x" } }) });
    await refused(
      client.signIn("jane", "old"),
      "UserNotFoundException",
      `Exception migrating user in app client ${client.id}`,
    );
    const nonsense = await triggered({ UserMigration: moves({ ...MOVES_IN, finalUserStatus: "UNCONFIRMED" }) });
    await refused(nonsense.client.signIn("jane", "old"), "InvalidLambdaResponseException", "Unrecognizable lambda output");
  });
});
