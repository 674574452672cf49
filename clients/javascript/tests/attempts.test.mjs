// Every attempt of every flow is an event: a script of thirty reads back as the thirty that it should.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import {
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminListUserAuthEventsCommand,
  AdminResetUserPasswordCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  ChangePasswordCommand,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  ForgotPasswordCommand,
  ResendConfirmationCodeCommand,
  SetUserPoolMfaConfigCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { Browser } from "../browser.mjs";
import { attributeList, createPool, PASSWORD, TEMPORARY } from "../fixtures.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "external" };
const FLOWS = [
  "ALLOW_ADMIN_USER_PASSWORD_AUTH",
  "ALLOW_USER_PASSWORD_AUTH",
  "ALLOW_USER_SRP_AUTH",
  "ALLOW_USER_AUTH",
  "ALLOW_REFRESH_TOKEN_AUTH",
];
const OTHER = "Another-one1!";
const WRONG = "Wrong-one1!";

/** Password and code as events name them: `p` and `m`, capital when they were right. */
const NAMES = {
  P: { ChallengeName: "Password", ChallengeResponse: "Success" },
  p: { ChallengeName: "Password", ChallengeResponse: "Failure" },
  M: { ChallengeName: "Mfa", ChallengeResponse: "Success" },
  m: { ChallengeName: "Mfa", ChallengeResponse: "Failure" },
};

const pool = await createPool(server, {
  UserPoolTier: "PLUS",
  UserPoolAddOns: { AdvancedSecurityMode: "AUDIT" },
  AutoVerifiedAttributes: ["email"],
  SmsConfiguration: SMS,
  Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } },
});
await pool.send(SetUserPoolMfaConfigCommand, {
  MfaConfiguration: "OPTIONAL",
  SmsMfaConfiguration: { SmsConfiguration: SMS },
});
const client = await pool.client({ ExplicitAuthFlows: FLOWS });
const jane = pool.existingUser("jane");
let password = PASSWORD;

const own = (Command, input) => server.send(new Command({ ClientId: client.id, Username: "jane", ...input }));
const newestCode = async () => (await jane.outbox())[0].code;
const fails = (call, name = "NotAuthorizedException", message = "Incorrect username or password.") =>
  assert.rejects(call, { name, ...(message === undefined ? {} : { message }) });
const mismatches = (call) => fails(call, "CodeMismatchException", "Invalid code or auth state for the user.");
const srp = (given = password, code) => new Browser(client).signIn("jane", { password: given, code });
const byChoice = (parameters) => client.publicAuth("USER_AUTH", { USERNAME: "jane", ...parameters });
const answer = (challenge, responses) => client.answerPublicly(challenge, { USERNAME: "jane", ...responses });
const from = (IpAddress) => ({
  ContextData: {
    IpAddress,
    ServerName: "app",
    ServerPath: "/",
    HttpHeaders: [{ headerName: "User-Agent", headerValue: "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0" }],
  },
});
const setPassword = (Password, Permanent) => jane.send(AdminSetUserPasswordCommand, { Password, Permanent });

async function signUp() {
  await own(SignUpCommand, { Password: password, UserAttributes: attributeList({ email: "jane@example.com" }) });
}

async function temporary() {
  await setPassword(TEMPORARY, false);
  return client.signInPublicly("jane", TEMPORARY);
}

async function changePassword(PreviousPassword, ProposedPassword) {
  const { AccessToken } = tokens;
  await server.send(new ChangePasswordCommand({ AccessToken, PreviousPassword, ProposedPassword }));
}

let tokens;

/** What is done, and the event that it leaves: type, outcome, what was shown; and where from, if not from here. */
const SCRIPT = [
  ["SignUp", "InProgress", "", () => signUp()],
  ["ResendCode", "Pass", "", () => own(ResendConfirmationCodeCommand)],
  [
    "SignIn",
    "Fail",
    "",
    () => fails(client.signInPublicly("jane", password), "UserNotConfirmedException", "User is not confirmed."),
  ],
  [
    "SignIn",
    "Pass",
    "P",
    async () => {
      await own(ConfirmSignUpCommand, { ConfirmationCode: await newestCode() });
      await client.signIn("jane", password, from("192.0.2.1"));
    },
    "192.0.2.1",
  ],
  ["SignIn", "Fail", "p", () => fails(client.signIn("jane", WRONG, from("198.51.100.9"))), "198.51.100.9"],
  ["SignIn", "Pass", "P", () => client.signInPublicly("jane", password)],
  ["SignIn", "Fail", "p", () => fails(client.signInPublicly("jane", WRONG))],
  ["SignIn", "Pass", "P", () => srp()],
  ["SignIn", "Fail", "p", () => fails(srp(WRONG))],
  ["SignIn", "Pass", "P", () => byChoice({ PREFERRED_CHALLENGE: "PASSWORD", PASSWORD: password })],
  ["SignIn", "Fail", "p", () => fails(byChoice({ PREFERRED_CHALLENGE: "PASSWORD", PASSWORD: WRONG }))],
  ["SignIn", "InProgress", "", () => byChoice({})],
  [
    "SignIn",
    "Pass",
    "M",
    async () => answer(await byChoice({ PREFERRED_CHALLENGE: "EMAIL_OTP" }), { EMAIL_OTP_CODE: await newestCode() }),
  ],
  [
    "SignIn",
    "Fail",
    "m",
    async () => mismatches(answer(await byChoice({ PREFERRED_CHALLENGE: "EMAIL_OTP" }), { EMAIL_OTP_CODE: "0" })),
  ],
  [
    "SignIn",
    "Fail",
    "",
    async () => {
      await jane.send(AdminDisableUserCommand);
      await fails(client.signInPublicly("jane", password), "NotAuthorizedException", "User is disabled.");
      await jane.send(AdminEnableUserCommand);
    },
  ],
  [
    "SignIn",
    "Fail",
    "P",
    async () => {
      await jane.send(AdminResetUserPasswordCommand);
      const text = "Password reset required for the user";
      await fails(client.signIn("jane", password), "PasswordResetRequiredException", text);
    },
  ],
  ["ForgotPassword", "Pass", "", () => own(ForgotPasswordCommand)],
  [
    "PasswordChange",
    "Pass",
    "",
    async () => {
      password = OTHER;
      await own(ConfirmForgotPasswordCommand, { ConfirmationCode: await newestCode(), Password: password });
    },
  ],
  ["SignIn", "InProgress", "P", () => temporary()],
  [
    "SignIn",
    "Pass",
    "P",
    async () => {
      tokens = (await answer(await temporary(), { NEW_PASSWORD: password })).AuthenticationResult;
    },
  ],
  ["PasswordChange", "Fail", "p", () => fails(changePassword(WRONG, PASSWORD))],
  [
    "PasswordChange",
    "Pass",
    "",
    async () => {
      await changePassword(password, PASSWORD);
      password = PASSWORD;
    },
  ],
  [
    "SignIn",
    "Pass",
    "PM",
    async () => {
      await jane.send(AdminUpdateUserAttributesCommand, {
        UserAttributes: attributeList({ phone_number: "+12065550100", phone_number_verified: "true" }),
      });
      const SMSMfaSettings = { Enabled: true, PreferredMfa: true };
      await jane.send(AdminSetUserMFAPreferenceCommand, { SMSMfaSettings });
      await answer(await client.signInPublicly("jane", password), { SMS_MFA_CODE: await newestCode() });
    },
  ],
  [
    "SignIn",
    "Fail",
    "Pm",
    async () => mismatches(answer(await client.signInPublicly("jane", password), { SMS_MFA_CODE: "0" })),
  ],
  [
    "SignIn",
    "Pass",
    "PmM",
    async () => {
      const challenge = await client.signInPublicly("jane", password);
      await mismatches(answer(challenge, { SMS_MFA_CODE: "0" }));
      await answer(challenge, { SMS_MFA_CODE: await newestCode() });
    },
  ],
  ["SignIn", "Pass", "PM", () => srp(password, newestCode)],
  ["SignIn", "InProgress", "P", () => client.signIn("jane", password)],
  ["SignIn", "Fail", "p", () => fails(client.signInPublicly("jane", WRONG))],
  [
    "SignIn",
    "Fail",
    "",
    async () => {
      // Locked: the fifth failure in a row is the last that is looked at.
      await fails(client.signInPublicly("jane", password), "NotAuthorizedException", "Password attempts exceeded");
    },
  ],
  ["SignIn", "InProgress", "P", () => client.signInPublicly("jane", password)],
];

/** Four wrong passwords that lead to the lock, which leave events of their own. */
const BEFORE_THE_LOCK = 28;

test("thirty attempts read back as their thirty events, in order, page by page", async () => {
  assert.equal(SCRIPT.length, 30);
  for (const [index, [, , , attempt]] of SCRIPT.entries()) {
    // The lock of a second that the fifth failure starts is still on for the attempt behind it, and over for the last.
    if (index === BEFORE_THE_LOCK) await lock();
    else await server.advance(60);
    await attempt();
    if (index === BEFORE_THE_LOCK) await forgetLock();
  }
  const events = [];
  let NextToken;
  do {
    const page = await jane.send(AdminListUserAuthEventsCommand, { MaxResults: 7, NextToken });
    assert.ok(page.AuthEvents.length <= 7);
    events.unshift(...page.AuthEvents.toReversed());
    NextToken = page.NextToken;
    if (NextToken !== undefined) assert.equal(page.AuthEvents.length, 7);
  } while (NextToken !== undefined);
  const seen = events.filter(({ EventId }) => !ofTheLock.has(EventId));
  assert.deepEqual(
    seen.map(summary),
    SCRIPT.map(([type, response, shown, , address = "127.0.0.1"]) => ({ type, response, shown, address })),
  );
  const dates = events.map(({ CreationDate }) => CreationDate.getTime());
  assert.deepEqual(dates, [...dates].sort((a, b) => a - b));
  assert.equal(new Set(events.map(({ EventId }) => EventId)).size, events.length);
  const byHand = seen[3].EventContextData;
  assert.equal(byHand.DeviceName, "Firefox, Linux");
});

/** The events of the failures that start the lock. */
const ofTheLock = new Set();

async function lock() {
  await server.advance(60);
  const before = new Set(await ids());
  for (let i = 0; i < 4; i += 1) await fails(client.signInPublicly("jane", WRONG));
  for (const id of await ids()) if (!before.has(id)) ofTheLock.add(id);
  assert.equal(ofTheLock.size, 4);
}

async function forgetLock() {
  await server.advance(60);
}

async function ids() {
  return (await jane.send(AdminListUserAuthEventsCommand)).AuthEvents.map(({ EventId }) => EventId);
}

function summary({ EventType, EventResponse, ChallengeResponses, EventContextData }) {
  const letter = (shown) =>
    Object.keys(NAMES).find(
      (name) =>
        NAMES[name].ChallengeName === shown.ChallengeName &&
        NAMES[name].ChallengeResponse === shown.ChallengeResponse,
    );
  return {
    type: EventType,
    response: EventResponse,
    shown: ChallengeResponses.map(letter).join(""),
    address: EventContextData.IpAddress,
  };
}
