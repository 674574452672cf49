// Tests that every operation on a user has in common.

import { test } from "node:test";

import { createPool } from "./fixtures.mjs";
import { NO_POOL, NO_USER, POOL_PATTERN, refused, TEXT_PATTERN, violation } from "./refused.mjs";

const INVALID = "InvalidParameterException";

/** What every operation on a user refuses in the same way. */
export function refusesStrangers(server, Command, input = {}) {
  const call = (overrides) =>
    server.send(new Command({ UserPoolId: NO_POOL, Username: "nobody", ...input, ...overrides }));

  test("refuses an unknown pool", () =>
    refused(call(), "ResourceNotFoundException", `User pool ${NO_POOL} does not exist.`));

  test("refuses an unknown user", async () => {
    const pool = await createPool(server);
    await refused(call({ UserPoolId: pool.id }), ...NO_USER);
  });

  refusesMalformed(server, Command, input);
}

export function refusesMalformed(server, Command, input = {}) {
  const call = (overrides) =>
    server.send(new Command({ UserPoolId: NO_POOL, Username: "nobody", ...input, ...overrides }));

  test("refuses a malformed pool id", () =>
    refused(call({ UserPoolId: "nonsense" }), INVALID, violation("userPoolId", POOL_PATTERN, "nonsense")));

  test("refuses a missing pool id", () =>
    refused(call({ UserPoolId: undefined }), INVALID, violation("userPoolId", "Member must not be null", null)));

  test("refuses a missing user name without echoing it", () =>
    refused(call({ Username: undefined }), INVALID, violation("username", "Member must not be null")));

  test("refuses a user name with a space without echoing it", () =>
    refused(call({ Username: "two words" }), INVALID, violation("username", TEXT_PATTERN)));
}
