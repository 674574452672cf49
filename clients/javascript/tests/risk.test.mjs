import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";

import {
  AdminListUserAuthEventsCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateAuthEventFeedbackCommand,
  ChangePasswordCommand,
  ConfirmForgotPasswordCommand,
  ForgotPasswordCommand,
  SetRiskConfigurationCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { Browser } from "../browser.mjs";
import { createPool, PASSWORD, TEMPORARY, verified } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { run, startServer, temporaryFolder } from "../server.mjs";

const STOLEN = "Stolen-one1!";
const BLOCKED = ["NotAuthorizedException", "Request not allowed due to security reasons."];
const BAD_CHOICE = ["InvalidPasswordException", "Password not allowed due to security reasons."];
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const [BERLIN, MUNICH, SEOUL, NOWHERE] = ["203.0.113.7", "192.0.2.7", "198.51.100.7", "10.0.0.7"];

const folder = temporaryFolder();
const places = path.join(folder, "places.csv");
writeFileSync(
  places,
  [
    "network,country,city,latitude,longitude",
    "203.0.113.0/24,Germany,Berlin,52.52,13.405",
    "192.0.2.0/24,Germany,Munich,48.137,11.575",
    '198.51.100.0/24,"Korea, Republic of",Seoul,37.57,126.98',
    "127.0.0.0/8,Home,,,",
  ].join("\n"),
);
const stolen = path.join(folder, "stolen.txt");
const hash = (password) => createHash("sha1").update(password).digest("hex").toUpperCase();
writeFileSync(stolen, `${hash("unused")}:12\n${hash(STOLEN)}:3\n`);

const server = await startServer({ flags: ["--places", places, "--compromised-passwords", stolen] });
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const EVERY_FLOW = ["ADMIN_USER_PASSWORD", "USER_PASSWORD", "USER_SRP", "USER", "REFRESH_TOKEN"].map(
  (flow) => `ALLOW_${flow}_AUTH`,
);

/** A watched pool with a client and the confirmed user jane. */
async function watched(AdvancedSecurityMode, { on = server, password = PASSWORD, ...config } = {}) {
  const pool = await createPool(on, {
    UserPoolTier: "PLUS",
    UserPoolAddOns: { AdvancedSecurityMode },
    ...config,
  });
  const client = await pool.client({ ExplicitAuthFlows: EVERY_FLOW });
  const jane = await pool.user("jane", { password, attributes: verified("jane@example.com") });
  return { pool, client, jane };
}

const from = (IpAddress, agent = FIREFOX) => ({
  ContextData: {
    IpAddress,
    ServerName: "app",
    ServerPath: "/",
    HttpHeaders: [{ headerName: "User-Agent", headerValue: agent }],
  },
});
const signIn = (client, address, agent) => client.signIn("jane", PASSWORD, from(address, agent));
const events = async (user) => (await user.send(AdminListUserAuthEventsCommand)).AuthEvents;
const newest = async (user) => (await events(user))[0];
const level = async (user) => (await newest(user)).EventRisk.RiskLevel;
const configure = (pool, input) => pool.send(SetRiskConfigurationCommand, input);
const always = (EventAction) => {
  const action = { EventAction, Notify: false };
  return {
    AccountTakeoverRiskConfiguration: {
      Actions: { LowAction: action, MediumAction: action, HighAction: action },
    },
  };
};
const compromised = (EventAction, ...EventFilter) => ({
  CompromisedCredentialsRiskConfiguration: {
    Actions: { EventAction },
    ...(EventFilter.length === 0 ? {} : { EventFilter }),
  },
});

describe("Places", () => {
  test("are shown where the table knows them", async () => {
    const { client, jane } = await watched("AUDIT");
    await signIn(client, SEOUL);
    const { City, Country, IpAddress, DeviceName } = (await newest(jane)).EventContextData;
    assert.deepEqual([City, Country], ["Seoul", "Korea, Republic of"]);
    assert.deepEqual([IpAddress, DeviceName], [SEOUL, "Firefox, Linux"]);
    await signIn(client, NOWHERE);
    const unknown = (await newest(jane)).EventContextData;
    assert.deepEqual([unknown.City, unknown.Country], ["null", "null"]);
    await client.signInPublicly("jane");
    const here = (await newest(jane)).EventContextData;
    assert.deepEqual([here.City, here.Country, here.DeviceName], ["null", "Home", "Other, Other"]);
  });

  test("that are new make a risk, and more so where nobody can be that fast", async () => {
    const { client, jane } = await watched("AUDIT");
    await signIn(client, BERLIN);
    await server.advance(12 * 3_600);
    await signIn(client, MUNICH);
    assert.equal(await level(jane), "Low", "a new address of a known country");
    await server.advance(12 * 3_600);
    await signIn(client, SEOUL);
    assert.equal(await level(jane), "Medium", "a new address of a new country");
    await server.advance(3_600);
    await signIn(client, "203.0.113.8");
    assert.equal(await level(jane), "High", "Berlin, an hour after Seoul");
  });

  test("are travelled between freely once they are known", async () => {
    const { client, jane } = await watched("AUDIT");
    await signIn(client, BERLIN);
    await server.advance(24 * 3_600);
    await signIn(client, SEOUL);
    await signIn(client, BERLIN);
    assert.equal(await level(jane), undefined);
  });

  test("count with feedback: what was called one's own is no journey", async () => {
    const { pool, client, jane } = await watched("ENFORCED");
    await configure(pool, always("BLOCK"));
    await signIn(client, BERLIN);
    await refused(signIn(client, SEOUL), ...BLOCKED);
    assert.equal(await level(jane), "High");
    const { EventId } = await newest(jane);
    await jane.send(AdminUpdateAuthEventFeedbackCommand, { EventId, FeedbackValue: "Valid" });
    await signIn(client, SEOUL);
    assert.deepEqual((await newest(jane)).EventRisk, {
      RiskDecision: "NoRisk",
      CompromisedCredentialsDetected: false,
    });
  });
});

describe("The browser of a user", () => {
  /** InitiateAuth as a browser sends it. */
  const asBrowser = async (client, agent) => {
    const body = {
      ClientId: client.id,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: "jane", PASSWORD },
    };
    const response = await server.post("InitiateAuth", body, { "user-agent": agent });
    return response.json();
  };

  test("is named by its own header, and known again after an update", async () => {
    const { client, jane } = await watched("AUDIT");
    assert.ok((await asBrowser(client, FIREFOX)).AuthenticationResult);
    assert.equal((await newest(jane)).EventContextData.DeviceName, "Firefox, Linux");
    await asBrowser(client, FIREFOX.replaceAll("145", "146"));
    assert.equal(await level(jane), undefined);
    await asBrowser(client, FIREFOX.replace("X11; Linux x86_64", "Macintosh"));
    assert.equal((await newest(jane)).EventContextData.DeviceName, "Firefox, Mac OS X");
    assert.equal(await level(jane), "Low");
  });
});

describe("A second factor for a risk", () => {
  test("stays due over the challenges of a sign-in", async () => {
    const { pool, client, jane } = await watched("ENFORCED");
    await configure(pool, always("MFA_REQUIRED"));
    await signIn(client, BERLIN);
    await refused(signIn(client, SEOUL), ...BLOCKED);
    await jane.send(AdminSetUserPasswordCommand, { Password: TEMPORARY, Permanent: false });
    const challenge = await client.signIn("jane", TEMPORARY, from(SEOUL));
    assert.equal(challenge.ChallengeName, "NEW_PASSWORD_REQUIRED");
    await refused(client.answer(challenge, { USERNAME: "jane", NEW_PASSWORD: PASSWORD }), ...BLOCKED);
    const event = await newest(jane);
    assert.deepEqual([event.EventResponse, event.EventRisk.RiskDecision], ["Fail", "Block"]);
  });

  test("is weighed with SRP and choices too", async () => {
    const { pool, client, jane } = await watched("ENFORCED");
    await configure(pool, always("BLOCK"));
    await signIn(client, BERLIN);
    await assert.rejects(new Browser(client).signIn("jane"), { code: BLOCKED[0], message: BLOCKED[1] });
    const choice = { USERNAME: "jane", PREFERRED_CHALLENGE: "PASSWORD", PASSWORD };
    await refused(client.publicAuth("USER_AUTH", choice), ...BLOCKED);
    const select = await client.publicAuth("USER_AUTH", { USERNAME: "jane" });
    await refused(client.answerPublicly(select, { USERNAME: "jane", ANSWER: "PASSWORD", PASSWORD }), ...BLOCKED);
    for (const event of (await events(jane)).slice(0, 3)) {
      assert.deepEqual([event.EventResponse, event.EventRisk.RiskDecision], ["Fail", "Block"]);
    }
  });
});

describe("An address that a confidential client states", () => {
  test("is the one that is weighed", async () => {
    const { pool, jane } = await watched("AUDIT");
    const client = await pool.client({ GenerateSecret: true, EnablePropagateAdditionalUserContextData: true });
    const stated = (IpAddress) => client.signInPublicly("jane", PASSWORD, { UserContextData: { IpAddress } });
    await stated(BERLIN);
    await stated(SEOUL);
    const { EventContextData, EventRisk } = await newest(jane);
    assert.deepEqual([EventContextData.IpAddress, EventContextData.City], [SEOUL, "Seoul"]);
    assert.equal(EventRisk.RiskLevel, "High");
  });
});

describe("A stolen password", () => {
  test("is noted at a sign-in, and refused only where that is configured", async () => {
    const { pool, client, jane } = await watched("ENFORCED", { password: STOLEN });
    const flag = async () => (await newest(jane)).EventRisk.CompromisedCredentialsDetected;
    for (const config of [{}, compromised("NO_ACTION"), compromised("BLOCK", "SIGN_UP")]) {
      await configure(pool, config);
      assert.ok((await client.signInPublicly("jane", STOLEN)).AuthenticationResult);
      assert.equal(await flag(), true);
    }
    await configure(pool, compromised("BLOCK"));
    for (const way of ["signIn", "signInPublicly"]) {
      await refused(client[way]("jane", STOLEN), ...BLOCKED);
      const { EventResponse, EventRisk, ChallengeResponses } = await newest(jane);
      assert.equal(EventResponse, "Fail");
      assert.deepEqual(EventRisk, { RiskDecision: "Block", CompromisedCredentialsDetected: true });
      assert.deepEqual(ChallengeResponses, [{ ChallengeName: "Password", ChallengeResponse: "Success" }]);
    }
    const choice = { USERNAME: "jane", PREFERRED_CHALLENGE: "PASSWORD", PASSWORD: STOLEN };
    await refused(client.publicAuth("USER_AUTH", choice), ...BLOCKED);
    assert.ok((await new Browser(client).signIn("jane", { password: STOLEN })).session, "SRP shows no password");
    assert.equal(await flag(), false);
  });

  test("that is wrong tells nothing", async () => {
    const { pool, client, jane } = await watched("ENFORCED");
    await configure(pool, compromised("BLOCK"));
    await refused(client.signInPublicly("jane", STOLEN), "NotAuthorizedException", "Incorrect username or password.");
    assert.equal((await newest(jane)).EventRisk.CompromisedCredentialsDetected, false);
  });

  test("is no choice for a new one", async () => {
    const { pool, client, jane } = await watched("ENFORCED", { AutoVerifiedAttributes: ["email"] });
    await configure(pool, compromised("BLOCK"));
    const own = (Command, input) => server.send(new Command({ ClientId: client.id, ...input }));
    await refused(own(SignUpCommand, { Username: "john", Password: STOLEN }), ...BAD_CHOICE);
    const { AccessToken } = await client.tokens("jane");
    const change = { AccessToken, PreviousPassword: PASSWORD, ProposedPassword: STOLEN };
    await refused(server.send(new ChangePasswordCommand(change)), ...BAD_CHOICE);
    await own(ForgotPasswordCommand, { Username: "jane" });
    const [{ code }] = await jane.outbox();
    const reset = { Username: "jane", ConfirmationCode: code };
    await refused(own(ConfirmForgotPasswordCommand, { ...reset, Password: STOLEN }), ...BAD_CHOICE);
    await own(ConfirmForgotPasswordCommand, { ...reset, Password: "Another-one1!" });
    const invited = await pool.user("invited");
    const challenge = await client.signIn("invited", TEMPORARY);
    const answer = (NEW_PASSWORD) => client.answer(challenge, { USERNAME: invited.username, NEW_PASSWORD });
    await refused(answer(STOLEN), ...BAD_CHOICE);
    assert.ok((await answer(PASSWORD)).AuthenticationResult);
  });

  test("is only noted by an audit", async () => {
    const { pool, client } = await watched("AUDIT");
    await configure(pool, compromised("BLOCK"));
    await server.send(new SignUpCommand({ ClientId: client.id, Username: "john", Password: STOLEN }));
    const john = pool.existingUser("john");
    const [event] = await events(john);
    assert.deepEqual([event.EventType, event.EventRisk.CompromisedCredentialsDetected], ["SignUp", true]);
  });

  test("is not looked for without threat protection", async () => {
    const pool = await createPool(server);
    const client = await pool.client();
    await server.send(new SignUpCommand({ ClientId: client.id, Username: "john", Password: STOLEN }));
  });
});

describe("A wrong file", () => {
  test("is told at the start, with its line", () => {
    const wrong = path.join(folder, "wrong.txt");
    writeFileSync(wrong, `${hash("unused")}\npassword\n`);
    const start = (...flags) => run("dev", "--listen", "127.0.0.1:0", "--data", path.join(folder, "data"), ...flags);
    assert.throws(() => start("--compromised-passwords", wrong), /wrong\.txt: line 2: not a SHA-1 hash/);
    assert.throws(() => start("--places", wrong), /wrong\.txt: the table of places has no column country/);
  });
});
