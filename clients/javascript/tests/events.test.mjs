import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminListUserAuthEventsCommand,
  AdminUpdateAuthEventFeedbackCommand,
  ForgotPasswordCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD, TEMPORARY, UUID, verified } from "../fixtures.mjs";
import { NO_POOL, NO_USER, refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";
import { refusesMalformed } from "../strangers.mjs";
import { claimsOf } from "../tokens.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const ADD_ON = [
  "UserPoolAddOnNotEnabledException",
  "This is an add on feature. Please update AdvancedSecurityMode for your user pool to access this API.",
];
const CONTEXT = {
  IpAddress: "192.0.2.1",
  ServerName: "app.example.com",
  ServerPath: "/sign-in",
  HttpHeaders: [{ headerName: "User-Agent", headerValue: "test" }],
};

/** A watched pool with a client and the confirmed user jane. */
async function watched(AdvancedSecurityMode = "AUDIT") {
  const pool = await createPool(server, { UserPoolTier: "PLUS", UserPoolAddOns: { AdvancedSecurityMode } });
  const client = await pool.client();
  const jane = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
  return { pool, client, jane };
}

const page = (user, input = {}) => user.send(AdminListUserAuthEventsCommand, input);
const events = async (user) => (await page(user)).AuthEvents;
const feedback = (user, EventId, FeedbackValue) =>
  user.send(AdminUpdateAuthEventFeedbackCommand, { EventId, FeedbackValue });
const fail = (client) => refused(client.signIn("jane", "Wrong-one1"), "NotAuthorizedException");

describe("AdminListUserAuthEvents", () => {
  for (const mode of ["AUDIT", "ENFORCED"]) {
    test(`shows a sign-in that passed (${mode})`, async () => {
      const { client, jane } = await watched(mode);
      assert.deepEqual(await events(jane), []);
      const { AuthenticationResult } = await client.signIn("jane", PASSWORD, { ContextData: CONTEXT });
      const [event, ...others] = await events(jane);
      assert.deepEqual(others, []);
      assert.match(event.EventId, UUID);
      assert.equal(event.EventId, claimsOf(AuthenticationResult.AccessToken).event_id);
      assert.equal(event.EventType, "SignIn");
      assert.equal(event.EventResponse, "Pass");
      assert.ok(event.CreationDate instanceof Date);
      assert.deepEqual(event.ChallengeResponses, [{ ChallengeName: "Password", ChallengeResponse: "Success" }]);
      assert.ok(["NoRisk", "AccountTakeover"].includes(event.EventRisk.RiskDecision));
      assert.equal(event.EventContextData.IpAddress, "192.0.2.1");
      assert.equal(event.EventContextData.City, "null");
      assert.equal(event.EventContextData.Country, "null");
      assert.equal(event.EventFeedback, undefined);
    });
  }

  test("shows a sign-in that failed", async () => {
    const { client, jane } = await watched();
    await fail(client);
    const [event] = await events(jane);
    assert.equal(event.EventResponse, "Fail");
    assert.deepEqual(event.ChallengeResponses, [{ ChallengeName: "Password", ChallengeResponse: "Failure" }]);
  });

  test("shows a challenged sign-in in progress, then passed, as one event", async () => {
    const { pool, client } = await watched();
    const john = await pool.user("john");
    const challenge = await client.signIn("john", TEMPORARY);
    const [begun] = await events(john);
    assert.equal(begun.EventResponse, "InProgress");
    await client.answer(challenge, { USERNAME: "john", NEW_PASSWORD: PASSWORD });
    const [done, ...others] = await events(john);
    assert.deepEqual(others, []);
    assert.equal(done.EventId, begun.EventId);
    assert.equal(done.EventResponse, "Pass");
    assert.ok(
      done.ChallengeResponses.some(
        ({ ChallengeName, ChallengeResponse }) => ChallengeName === "Password" && ChallengeResponse === "Success",
      ),
    );
  });

  test("shows attempts through the public API, and requests for a new password", async () => {
    const { client, jane } = await watched();
    await client.signInPublicly("jane");
    await server.advance(1);
    await server.send(new ForgotPasswordCommand({ ClientId: client.id, Username: "jane" }));
    assert.deepEqual(
      (await events(jane)).map(({ EventType }) => EventType),
      ["ForgotPassword", "SignIn"],
    );
  });

  test("does not count a refresh", async () => {
    const { client, jane } = await watched();
    const { RefreshToken } = await client.tokens("jane");
    await client.refresh(RefreshToken);
    assert.equal((await events(jane)).length, 1);
  });

  test("shows the newest first, page by page", async () => {
    const { client, jane } = await watched();
    for (let n = 0; n < 5; n += 1) {
      await client.tokens("jane");
      await server.advance(1);
    }
    const all = await events(jane);
    assert.equal(all.length, 5);
    const times = all.map(({ CreationDate }) => CreationDate.getTime());
    assert.deepEqual(
      times,
      [...times].sort((a, b) => b - a),
    );

    const seen = [];
    let NextToken;
    do {
      const { AuthEvents, NextToken: next } = await page(jane, { MaxResults: 2, NextToken });
      seen.push(...AuthEvents);
      const last = seen.at(-1);
      if (next !== undefined) assert.equal(next, `${last.EventId}#${last.CreationDate.toISOString()}`);
      // An attempt in between must not move the pages.
      if (NextToken === undefined) await client.tokens("jane");
      NextToken = next;
    } while (NextToken !== undefined);
    assert.deepEqual(seen, all);
  });

  test("takes zero for sixty", async () => {
    const { client, jane } = await watched();
    await client.tokens("jane");
    assert.equal((await page(jane, { MaxResults: 0 })).AuthEvents.length, 1);
  });

  test("is kept per user and ends with the user", async () => {
    const { pool, client, jane } = await watched();
    await client.tokens("jane");
    const john = await pool.user("john");
    assert.deepEqual(await events(john), []);
    assert.equal((await page(jane, { Username: jane.sub })).AuthEvents.length, 1);
  });

  describe("refuses in this order", () => {
    const call = (input) => server.send(new AdminListUserAuthEventsCommand({ Username: "nobody", ...input }));

    test("a range, before the pool", () =>
      refused(
        call({ UserPoolId: NO_POOL, MaxResults: 61 }),
        INVALID,
        violation("maxResults", "Member must have value less than or equal to 60", "61"),
      ));

    test("a pool, before the add-on", () =>
      refused(call({ UserPoolId: NO_POOL }), "ResourceNotFoundException", `User pool ${NO_POOL} does not exist.`));

    test("a pool without the add-on, before the user", async () => {
      const plain = await createPool(server);
      await refused(call({ UserPoolId: plain.id }), ...ADD_ON);
    });

    test("a user", async () => {
      const { pool } = await watched();
      await refused(call({ UserPoolId: pool.id }), ...NO_USER);
    });

    test("a token that it did not give", async () => {
      const { jane } = await watched();
      await refused(page(jane, { NextToken: "made-up" }), INVALID);
    });

    refusesMalformed(server, AdminListUserAuthEventsCommand);
  });
});

describe("AdminUpdateAuthEventFeedback", () => {
  test("is stored, shown, and may change", async () => {
    const { client, jane } = await watched();
    await fail(client);
    await server.advance(1);
    await client.tokens("jane");
    const [, failed] = await events(jane);
    for (const value of ["Invalid", "Valid"]) {
      await feedback(jane, failed.EventId, value);
      const [untouched, { EventFeedback }] = await events(jane);
      assert.equal(EventFeedback.FeedbackValue, value);
      assert.equal(EventFeedback.Provider, "Admin");
      assert.ok(EventFeedback.FeedbackDate instanceof Date);
      assert.equal(untouched.EventFeedback, undefined);
    }
  });

  test("refuses an event that is not the user's", async () => {
    const { pool, client, jane } = await watched();
    await client.tokens("jane");
    const [{ EventId }] = await events(jane);
    const john = await pool.user("john");
    await refused(feedback(john, EventId, "Valid"), INVALID, "EventId is invalid");
    await refused(feedback(jane, "7875548a-bd00-490a-93b8-fa36fe42a3e0", "Valid"), INVALID, "EventId is invalid");
  });

  test("refuses an unknown user as a wrong password", async () => {
    const { pool } = await watched();
    await refused(
      feedback(pool.existingUser("nobody"), "7875548a-bd00-490a-93b8-fa36fe42a3e0", "Valid"),
      "NotAuthorizedException",
      "Incorrect username or password.",
    );
  });

  test("refuses a pool without the add-on", async () => {
    const jane = await (await createPool(server)).user("jane");
    await refused(feedback(jane, "7875548a-bd00-490a-93b8-fa36fe42a3e0", "Valid"), "UserPoolAddOnNotEnabledException");
  });

  test("refuses an unknown pool", () =>
    refused(
      server.send(
        new AdminUpdateAuthEventFeedbackCommand({
          UserPoolId: NO_POOL,
          Username: "jane",
          EventId: "7875548a-bd00-490a-93b8-fa36fe42a3e0",
          FeedbackValue: "Valid",
        }),
      ),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    ));

  test("refuses values and ids outside the model", async () => {
    const { jane } = await watched();
    await refused(
      feedback(jane, "7875548a-bd00-490a-93b8-fa36fe42a3e0", "Perhaps"),
      INVALID,
      /^1 validation error detected: Value 'Perhaps' at 'feedbackValue' failed to satisfy constraint: Member must satisfy enum value set: \[(Valid, Invalid|Invalid, Valid)\]$/,
    );
    await refused(
      feedback(jane, "not an id", "Valid"),
      INVALID,
      violation("eventId", String.raw`Member must satisfy regular expression pattern: [\w+-]+`, "not an id"),
    );
  });

  refusesMalformed(server, AdminUpdateAuthEventFeedbackCommand, {
    EventId: "7875548a-bd00-490a-93b8-fa36fe42a3e0",
    FeedbackValue: "Valid",
  });
});
