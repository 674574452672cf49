import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AddCustomAttributesCommand,
  AdminGetUserCommand,
  DeleteUserPoolCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  GetUserPoolMfaConfigCommand,
  ListUserPoolsCommand,
  SetUserPoolMfaConfigCommand,
  UpdateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool } from "../fixtures.mjs";
import { NO_POOL, POOL_PATTERN, refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const describePool = async (pool) => (await pool.send(DescribeUserPoolCommand)).UserPool;
const SMS = { SnsCallerArn: "arn:aws:iam::123456789012:role/service-role/sms", ExternalId: "external" };
const SMS_MFA_POOL = { SmsConfiguration: SMS, AutoVerifiedAttributes: ["phone_number"] };
const INVALID = "InvalidParameterException";

describe("DescribeUserPool", () => {
  test("answers what was created", async () => {
    const pool = await createPool(server, { PoolName: "described", UserPoolTags: { team: "identity" } });
    const described = await describePool(pool);
    assert.equal(described.Id, pool.id);
    assert.equal(described.Name, "described");
    assert.deepEqual(described.Policies, pool.described.Policies);
    assert.deepEqual(described.CreationDate, pool.described.CreationDate);
    assert.deepEqual(described.UserPoolTags, { team: "identity" });
  });

  test("counts the users", async () => {
    const pool = await createPool(server);
    await Promise.all(["ann", "ben", "cat"].map((name) => pool.user(name)));
    assert.equal((await describePool(pool)).EstimatedNumberOfUsers, 3);
  });

  test("refuses an unknown pool", () =>
    refused(
      server.send(new DescribeUserPoolCommand({ UserPoolId: NO_POOL })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    ));

  test("refuses a malformed id", () =>
    refused(
      server.send(new DescribeUserPoolCommand({ UserPoolId: "YOUR_USER_POOL_ID!" })),
      INVALID,
      violation("userPoolId", POOL_PATTERN, "YOUR_USER_POOL_ID!"),
    ));
});

describe("UpdateUserPool", () => {
  const STRICT = { PasswordPolicy: { MinimumLength: 12, RequireUppercase: true } };

  test("changes what it names and puts the rest back to its default", async () => {
    const pool = await createPool(server, { Policies: STRICT, AutoVerifiedAttributes: ["email"] });
    await pool.send(UpdateUserPoolCommand, { DeletionProtection: "ACTIVE" });
    const described = await describePool(pool);
    assert.equal(described.DeletionProtection, "ACTIVE");
    assert.equal(described.Policies.PasswordPolicy.MinimumLength, 8);
    assert.equal(described.Policies.PasswordPolicy.RequireSymbols, true);
    assert.equal(described.AutoVerifiedAttributes, undefined);
    await pool.send(UpdateUserPoolCommand);
    assert.equal((await describePool(pool)).DeletionProtection, "INACTIVE");
  });

  test("keeps name, schema, sign-in attributes, case rule and tags", async () => {
    const pool = await createPool(server, {
      PoolName: "kept",
      UsernameAttributes: ["email"],
      UsernameConfiguration: { CaseSensitive: false },
      Schema: [{ Name: "team", AttributeDataType: "String" }],
      UserPoolTags: { team: "identity" },
    });
    await pool.send(UpdateUserPoolCommand, { Policies: STRICT });
    const described = await describePool(pool);
    assert.equal(described.Name, "kept");
    assert.equal(described.Policies.PasswordPolicy.MinimumLength, 12);
    assert.deepEqual(described.UsernameAttributes, ["email"]);
    assert.deepEqual(described.UsernameConfiguration, { CaseSensitive: false });
    assert.ok(described.SchemaAttributes.some(({ Name }) => Name === "custom:team"));
    assert.deepEqual(described.UserPoolTags, { team: "identity" });
  });

  test("renames the pool and moves LastModifiedDate only", async () => {
    const pool = await createPool(server);
    await server.advance(60);
    await pool.send(UpdateUserPoolCommand, { PoolName: "renamed" });
    const described = await describePool(pool);
    assert.equal(described.Name, "renamed");
    assert.deepEqual(described.CreationDate, pool.described.CreationDate);
    assert.ok(described.LastModifiedDate - pool.described.LastModifiedDate >= 60_000);
  });

  test("makes a new password policy count at once", async () => {
    const pool = await createPool(server);
    await pool.send(UpdateUserPoolCommand, { Policies: { PasswordPolicy: { MinimumLength: 20 } } });
    await refused(
      pool.user("jane"),
      "InvalidPasswordException",
      "Password did not conform with policy: Password not long enough",
    );
  });

  test("refuses what CreateUserPool refuses", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(UpdateUserPoolCommand, { MfaConfiguration: "OPTIONAL" }),
      INVALID,
      "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
    );
    await refused(
      pool.send(UpdateUserPoolCommand, {
        UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ["email"] },
      }),
      INVALID,
      "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes",
    );
  });

  test("refuses an unknown pool", () =>
    refused(
      server.send(new UpdateUserPoolCommand({ UserPoolId: NO_POOL })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    ));
});

describe("DeleteUserPool", () => {
  test("takes users and clients with it", async () => {
    const pool = await createPool(server);
    await pool.user("jane");
    const client = await pool.client();
    await pool.send(DeleteUserPoolCommand);
    const gone = ["ResourceNotFoundException", `User pool ${pool.id} does not exist.`];
    await refused(pool.send(DescribeUserPoolCommand), ...gone);
    await refused(pool.send(AdminGetUserCommand, { Username: "jane" }), ...gone);
    await refused(pool.send(DescribeUserPoolClientCommand, { ClientId: client.id }), ...gone);
    await refused(
      client.signInPublicly("jane"),
      "ResourceNotFoundException",
      `User pool client ${client.id} does not exist.`,
    );
    await refused(pool.send(DeleteUserPoolCommand), ...gone);
  });

  test("refuses a protected pool until the protection is off", async () => {
    const pool = await createPool(server, { DeletionProtection: "ACTIVE" });
    await refused(
      pool.send(DeleteUserPoolCommand),
      INVALID,
      "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
    );
    await pool.send(UpdateUserPoolCommand, { DeletionProtection: "INACTIVE" });
    await pool.send(DeleteUserPoolCommand);
    await refused(pool.send(DescribeUserPoolCommand), "ResourceNotFoundException");
  });
});

describe("ListUserPools", () => {
  test("pages through every pool once, with five members each", async () => {
    const made = await Promise.all([1, 2, 3, 4, 5].map((n) => createPool(server, { PoolName: `listed-${n}` })));
    const seen = [];
    let NextToken;
    do {
      const page = await server.send(new ListUserPoolsCommand({ MaxResults: 2, NextToken }));
      assert.ok(page.UserPools.length <= 2);
      seen.push(...page.UserPools);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    const ids = seen.map(({ Id }) => Id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id } of made) assert.ok(ids.includes(id));
    const one = seen.find(({ Id }) => Id === made[0].id);
    assert.deepEqual(Object.keys(one).sort(), ["CreationDate", "Id", "LambdaConfig", "LastModifiedDate", "Name"]);
    assert.deepEqual(one.LambdaConfig, {});
  });

  test("takes a missing MaxResults for zero, as the live service does", () =>
    refused(
      server.send(new ListUserPoolsCommand({})),
      INVALID,
      violation("maxResults", "Member must have value greater than or equal to 1", "0"),
    ));

  test("refuses more than 60 at once", () =>
    refused(
      server.send(new ListUserPoolsCommand({ MaxResults: 61 })),
      INVALID,
      violation("maxResults", "Member must have value less than or equal to 60", "61"),
    ));

  test("refuses a token that it did not give", () =>
    refused(server.send(new ListUserPoolsCommand({ MaxResults: 1, NextToken: "made-up" })), INVALID));
});

describe("AddCustomAttributes", () => {
  const team = { Name: "team", AttributeDataType: "String" };

  test("adds attributes that users may have from then on", async () => {
    const pool = await createPool(server);
    await pool.send(AddCustomAttributesCommand, {
      CustomAttributes: [team, { Name: "badge", AttributeDataType: "String", Mutable: false }],
    });
    const names = (await describePool(pool)).SchemaAttributes.map(({ Name }) => Name);
    assert.ok(names.includes("custom:team") && names.includes("custom:badge"));
    const jane = await pool.user("jane", { attributes: { "custom:team": "red" } });
    assert.equal((await jane.attributes())["custom:team"], "red");
  });

  test("refuses a name that exists", async () => {
    const pool = await createPool(server, { Schema: [team] });
    await refused(
      pool.send(AddCustomAttributesCommand, { CustomAttributes: [team] }),
      INVALID,
      "custom:team: Existing attribute already has name custom:team.",
    );
  });

  test("refuses a required attribute", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(AddCustomAttributesCommand, { CustomAttributes: [{ ...team, Required: true }] }),
      INVALID,
      "Required custom attributes are not supported currently.",
    );
  });

  test("refuses more than fifty", async () => {
    const pool = await createPool(server);
    const batch = (from) =>
      Array.from({ length: 25 }, (_, i) => ({ Name: `a${from + i}`, AttributeDataType: "String" }));
    await pool.send(AddCustomAttributesCommand, { CustomAttributes: batch(0) });
    await pool.send(AddCustomAttributesCommand, { CustomAttributes: batch(25) });
    await refused(pool.send(AddCustomAttributesCommand, { CustomAttributes: [team] }), INVALID);
  });

  test("refuses an empty list", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(AddCustomAttributesCommand, { CustomAttributes: [] }),
      INVALID,
      violation("customAttributes", "Member must have length greater than or equal to 1", "[]"),
    );
  });

  test("refuses an unknown pool", () =>
    refused(
      server.send(new AddCustomAttributesCommand({ UserPoolId: NO_POOL, CustomAttributes: [team] })),
      "ResourceNotFoundException",
      `User pool ${NO_POOL} does not exist.`,
    ));
});

describe("GetUserPoolMfaConfig and SetUserPoolMfaConfig", () => {
  const withoutMetadata = ({ $metadata: _, ...rest }) => rest;
  const TOKENS = { MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: { Enabled: true } };

  test("are off in a fresh pool", async () => {
    const pool = await createPool(server);
    assert.deepEqual(withoutMetadata(await pool.send(GetUserPoolMfaConfigCommand)), { MfaConfiguration: "OFF" });
  });

  test("turn on software tokens alone, which CreateUserPool cannot", async () => {
    const pool = await createPool(server);
    assert.deepEqual(withoutMetadata(await pool.send(SetUserPoolMfaConfigCommand, TOKENS)), TOKENS);
    assert.deepEqual(withoutMetadata(await pool.send(GetUserPoolMfaConfigCommand)), TOKENS);
    assert.equal((await describePool(pool)).MfaConfiguration, "OPTIONAL");
  });

  test("turn on text messages", async () => {
    const pool = await createPool(server, SMS_MFA_POOL);
    await pool.send(SetUserPoolMfaConfigCommand, {
      MfaConfiguration: "ON",
      SmsMfaConfiguration: { SmsAuthenticationMessage: "Your code is {####}.", SmsConfiguration: SMS },
    });
    const { MfaConfiguration, SmsMfaConfiguration } = await pool.send(GetUserPoolMfaConfigCommand);
    assert.equal(MfaConfiguration, "ON");
    assert.equal(SmsMfaConfiguration.SmsAuthenticationMessage, "Your code is {####}.");
    assert.equal(SmsMfaConfiguration.SmsConfiguration.SnsCallerArn, SMS.SnsCallerArn);
  });

  test("go off again", async () => {
    const pool = await createPool(server);
    await pool.send(SetUserPoolMfaConfigCommand, TOKENS);
    await pool.send(SetUserPoolMfaConfigCommand, { MfaConfiguration: "OFF" });
    assert.equal((await pool.send(GetUserPoolMfaConfigCommand)).MfaConfiguration, "OFF");
  });

  test("refuse a factor beside OFF", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(SetUserPoolMfaConfigCommand, { ...TOKENS, MfaConfiguration: "OFF" }),
      INVALID,
      "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
    );
  });

  test("refuse ON without a factor", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(SetUserPoolMfaConfigCommand, { MfaConfiguration: "ON" }),
      INVALID,
      "Invalid MFA Configuration given. SMS MFA, Email MFA, or Software Token MFA must be enabled.",
    );
  });

  test("refuse e-mail codes while the built-in sender is in use", async () => {
    const pool = await createPool(server);
    await refused(
      pool.send(SetUserPoolMfaConfigCommand, {
        MfaConfiguration: "OPTIONAL",
        EmailMfaConfiguration: { Message: "Your code is {####}", Subject: "Your code" },
      }),
      INVALID,
      "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of COGNITO_DEFAULT.",
    );
  });

  for (const Command of [GetUserPoolMfaConfigCommand, SetUserPoolMfaConfigCommand]) {
    test(`refuse an unknown pool (${Command.name})`, () =>
      refused(
        server.send(new Command({ UserPoolId: NO_POOL })),
        "ResourceNotFoundException",
        `User pool ${NO_POOL} does not exist.`,
      ));
  }
});
