import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  DescribeUserPoolCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool } from "../fixtures.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const arnOf = (pool) => pool.described.Arn;
const tags = async (pool) => (await server.send(new ListTagsForResourceCommand({ ResourceArn: arnOf(pool) }))).Tags;
const tag = (pool, Tags) => server.send(new TagResourceCommand({ ResourceArn: arnOf(pool), Tags }));

describe("TagResource", () => {
  test("adds to the tags that are there and replaces values", async () => {
    const pool = await createPool(server, { UserPoolTags: { team: "identity", stage: "test" } });
    await tag(pool, { stage: "live", cost: "42" });
    assert.deepEqual(await tags(pool), { team: "identity", stage: "live", cost: "42" });
    const { UserPool } = await pool.send(DescribeUserPoolCommand);
    assert.deepEqual(UserPool.UserPoolTags, { team: "identity", stage: "live", cost: "42" });
  });

  test("refuses a fifty-first tag and keeps the fifty", async () => {
    const pool = await createPool(server);
    await tag(pool, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${i}`, "value"])));
    await refused(tag(pool, { another: "value" }), ["InvalidParameterException", "LimitExceededException"]);
    assert.equal(Object.keys(await tags(pool)).length, 50);
  });
});

describe("UntagResource", () => {
  test("removes what it names and ignores what is not there", async () => {
    const pool = await createPool(server, { UserPoolTags: { team: "identity", stage: "test" } });
    await server.send(new UntagResourceCommand({ ResourceArn: arnOf(pool), TagKeys: ["stage", "absent"] }));
    assert.deepEqual(await tags(pool), { team: "identity" });
  });
});

describe("ListTagsForResource", () => {
  test("answers an empty map for a pool without tags", async () => {
    assert.deepEqual(await tags(await createPool(server)), {});
  });
});

describe("Every tag operation", () => {
  const calls = [
    (ResourceArn) => new TagResourceCommand({ ResourceArn, Tags: { team: "identity" } }),
    (ResourceArn) => new UntagResourceCommand({ ResourceArn, TagKeys: ["team"] }),
    (ResourceArn) => new ListTagsForResourceCommand({ ResourceArn }),
  ];
  for (const call of calls) {
    const { name } = call("").constructor;

    test(`refuses an unknown pool (${name})`, async () => {
      const pool = await createPool(server);
      const elsewhere = arnOf(pool).replace(/[^/]*$/, "us-east-1_nosuchpool");
      await refused(server.send(call(elsewhere)), "ResourceNotFoundException");
    });

    test(`refuses what is not an ARN (${name})`, () =>
      refused(
        server.send(call("this is no resource name")),
        "InvalidParameterException",
        /^1 validation error detected: Value 'this is no resource name' at 'resourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:/,
      ));

    test(`refuses the ARN of something else (${name})`, () =>
      refused(server.send(call("arn:aws:iam::123456789012:role/somebody")), "InvalidParameterException"));
  }
});
