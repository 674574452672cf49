import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { CreateUserPoolCommand } from "@aws-sdk/client-cognito-identity-provider";

import { refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const create = (config) => server.send(new CreateUserPoolCommand({ PoolName: "people", ...config }));
const INVALID = "InvalidParameterException";

const TEXT_ATTRIBUTES =
  "name given_name family_name middle_name nickname preferred_username profile picture website email gender zoneinfo " +
  "locale phone_number address";

describe("CreateUserPool", () => {
  test("fills in the defaults of the live service and leaves out what it leaves out", async () => {
    const { UserPool } = await create();
    const { Id, Arn, CreationDate, LastModifiedDate, SchemaAttributes, AccountRecoverySetting, ...rest } = UserPool;
    assert.match(Id, /^us-east-1_[0-9A-Za-z]{9}$/);
    assert.match(Arn, new RegExp(`^arn:aws:cognito-idp:us-east-1:\\d{12}:userpool/${Id}$`));
    assert.deepEqual(CreationDate, LastModifiedDate);
    assert.ok(SchemaAttributes.length >= 20);
    // Younger members whose defaults the live service may or may not show.
    for (const member of ["AcrConfiguration", "KeyConfiguration", "IssuerConfiguration", "DcrConfiguration"]) {
      delete rest[member];
    }
    assert.deepEqual(rest, {
      Name: "people",
      Policies: {
        PasswordPolicy: {
          MinimumLength: 8,
          RequireUppercase: true,
          RequireLowercase: true,
          RequireNumbers: true,
          RequireSymbols: true,
          TemporaryPasswordValidityDays: 7,
        },
        SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD"] },
      },
      DeletionProtection: "INACTIVE",
      LambdaConfig: {},
      VerificationMessageTemplate: { DefaultEmailOption: "CONFIRM_WITH_CODE" },
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: [] },
      MfaConfiguration: "OFF",
      EstimatedNumberOfUsers: 0,
      EmailConfiguration: { EmailSendingAccount: "COGNITO_DEFAULT" },
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: false, UnusedAccountValidityDays: 7 },
      UserPoolTier: "ESSENTIALS",
    });
  });

  test("declares the twenty standard attributes with their limits", async () => {
    const { UserPool } = await create();
    const byName = Object.fromEntries(UserPool.SchemaAttributes.map((attribute) => [attribute.Name, attribute]));
    const text = (Name, limits) => ({
      Name,
      AttributeDataType: "String",
      DeveloperOnlyAttribute: false,
      Mutable: true,
      Required: false,
      StringAttributeConstraints: limits,
    });
    for (const name of TEXT_ATTRIBUTES.split(" ")) {
      assert.deepEqual(byName[name], text(name, { MinLength: "0", MaxLength: "2048" }));
    }
    assert.deepEqual(byName.birthdate, text("birthdate", { MinLength: "10", MaxLength: "10" }));
    assert.deepEqual(byName.sub, {
      ...text("sub", { MinLength: "1", MaxLength: "2048" }),
      Mutable: false,
      Required: true,
    });
    for (const name of ["email_verified", "phone_number_verified"]) {
      assert.equal(byName[name].AttributeDataType, "Boolean");
      assert.equal(byName[name].StringAttributeConstraints, undefined);
    }
    assert.equal(byName.updated_at.AttributeDataType, "Number");
    assert.deepEqual(byName.updated_at.NumberAttributeConstraints, { MinValue: "0" });
  });

  test("names custom and developer-only attributes with their prefixes", async () => {
    const { UserPool } = await create({
      Schema: [
        { Name: "team", AttributeDataType: "String" },
        { Name: "level", AttributeDataType: "Number", NumberAttributeConstraints: { MinValue: "1", MaxValue: "9" } },
        { Name: "origin", AttributeDataType: "String", DeveloperOnlyAttribute: true },
      ],
    });
    const byName = Object.fromEntries(UserPool.SchemaAttributes.map((attribute) => [attribute.Name, attribute]));
    assert.deepEqual(byName["custom:team"], {
      Name: "custom:team",
      AttributeDataType: "String",
      DeveloperOnlyAttribute: false,
      Mutable: true,
      Required: false,
      StringAttributeConstraints: {},
    });
    assert.deepEqual(byName["custom:level"].NumberAttributeConstraints, { MinValue: "1", MaxValue: "9" });
    assert.equal(byName["dev:custom:origin"].DeveloperOnlyAttribute, true);
  });

  test("lets a standard attribute be declared again as required", async () => {
    const { UserPool } = await create({ Schema: [{ Name: "email", AttributeDataType: "String", Required: true }] });
    const emails = UserPool.SchemaAttributes.filter(({ Name }) => Name === "email");
    assert.equal(emails.length, 1);
    assert.equal(emails[0].Required, true);
  });

  test("keeps what it is told about sign-in, recovery and tags", async () => {
    const { UserPool } = await create({
      AliasAttributes: ["email", "preferred_username"],
      UsernameConfiguration: { CaseSensitive: false },
      AccountRecoverySetting: { RecoveryMechanisms: [{ Priority: 1, Name: "verified_email" }] },
      UserPoolTags: { team: "identity" },
      DeletionProtection: "INACTIVE",
    });
    assert.deepEqual([...UserPool.AliasAttributes].sort(), ["email", "preferred_username"]);
    assert.deepEqual(UserPool.UsernameConfiguration, { CaseSensitive: false });
    assert.deepEqual(UserPool.AccountRecoverySetting, {
      RecoveryMechanisms: [{ Priority: 1, Name: "verified_email" }],
    });
    assert.deepEqual(UserPool.UserPoolTags, { team: "identity" });
  });

  test("gives two pools of one name two ids", async () => {
    const [one, other] = await Promise.all([create(), create()]);
    assert.notEqual(one.UserPool.Id, other.UserPool.Id);
  });

  test("mirrors the validity of temporary passwords in UnusedAccountValidityDays", async () => {
    const { UserPool } = await create({
      Policies: { PasswordPolicy: { MinimumLength: 10, TemporaryPasswordValidityDays: 3 } },
    });
    assert.equal(UserPool.AdminCreateUserConfig.UnusedAccountValidityDays, 3);
    assert.equal(UserPool.Policies.PasswordPolicy.MinimumLength, 10);
    assert.equal(UserPool.Policies.PasswordPolicy.RequireSymbols, false);
  });

  const attribute = (config) => ({ AttributeDataType: "String", Name: "team", ...config });
  const refusals = [
    [
      "aliases beside user-name attributes",
      { AliasAttributes: ["email"], UsernameAttributes: ["email"] },
      "Only one of the aliasAttributes or usernameAttributes can be set in a User pool.",
    ],
    [
      "two validities of temporary passwords",
      {
        AdminCreateUserConfig: { UnusedAccountValidityDays: 5 },
        Policies: { PasswordPolicy: { MinimumLength: 8, TemporaryPasswordValidityDays: 5 } },
      },
      "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
    ],
    [
      "verifying phone numbers without SMS",
      { AutoVerifiedAttributes: ["phone_number"] },
      "SMS configuration is required when phone_number is selected for auto verification",
    ],
    [
      "verifying phone numbers with an SMS configuration that names no role",
      { AutoVerifiedAttributes: ["phone_number"], SmsConfiguration: {} },
      "SMS configuration is required when phone_number is selected for auto verification",
    ],
    ...["ON", "OPTIONAL"].map((MfaConfiguration) => [
      `MFA ${MfaConfiguration} without SMS`,
      { MfaConfiguration },
      "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
    ]),
    [
      "verification before update of what is not verified",
      { UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ["email"] } },
      "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes",
    ],
    [
      "first factors without the password",
      { Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["EMAIL_OTP"] } } },
      "Password should be configured as one of the allowed first auth factors.",
    ],
    [
      "admin_only beside another recovery",
      {
        AccountRecoverySetting: {
          RecoveryMechanisms: [
            { Priority: 1, Name: "admin_only" },
            { Priority: 2, Name: "verified_email" },
          ],
        },
      },
      "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
    ],
    [
      "one priority twice",
      {
        AccountRecoverySetting: {
          RecoveryMechanisms: [
            { Priority: 1, Name: "verified_phone_number" },
            { Priority: 1, Name: "verified_email" },
          ],
        },
      },
      "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.",
    ],
    [
      "developer sending without a source",
      { EmailConfiguration: { EmailSendingAccount: "DEVELOPER" } },
      "Source ARN is required to use DEVELOPER email sending owner",
    ],
    [
      "a required custom attribute",
      { Schema: [attribute({ Required: true })] },
      "Required custom attributes are not supported currently.",
    ],
    [
      "a standard attribute of another type",
      { Schema: [attribute({ Name: "email", AttributeDataType: "Number" })] },
      "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
    ],
    [
      "a custom attribute twice",
      { Schema: [attribute(), attribute()] },
      "Duplicate custom attribute names custom:team are not allowed in a user pool schema.",
    ],
    [
      "lengths that cross",
      { Schema: [attribute({ StringAttributeConstraints: { MinLength: "5", MaxLength: "4" } })] },
      "Attribute custom:team cannot have a max length shorter than it's min length",
    ],
    [
      "values that cross",
      {
        Schema: [
          attribute({ AttributeDataType: "Number", NumberAttributeConstraints: { MinValue: "5", MaxValue: "4" } }),
        ],
      },
      "Attribute custom:team cannot have a max value smaller than it's min value",
    ],
    [
      "an attribute of an unknown type",
      { Schema: [attribute({ AttributeDataType: "Text" })] },
      "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
    ],
    [
      "an attribute without a type",
      { Schema: [{ Name: "team" }] },
      "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
    ],
  ];
  for (const [what, config, message] of refusals) {
    test(`refuses ${what}`, () => refused(create(config), INVALID, message));
  }

  test("refuses a pool without a name", () =>
    refused(create({ PoolName: undefined }), INVALID, violation("poolName", "Member must not be null", null)));

  test("refuses a policy that allows passwords of four characters", () =>
    refused(
      create({ Policies: { PasswordPolicy: { MinimumLength: 4 } } }),
      INVALID,
      violation("policies.passwordPolicy.minimumLength", "Member must have value greater than or equal to 6", "4"),
    ));

  test("refuses an attribute name of 21 characters", () =>
    refused(
      create({ Schema: [attribute({ Name: "a".repeat(21) })] }),
      INVALID,
      violation("schema.1.member.name", "Member must have length less than or equal to 20", "a".repeat(21)),
    ));

  test("refuses an invitation without its placeholder, naming the member as the live service does", () =>
    refused(
      create({ AdminCreateUserConfig: { InviteMessageTemplate: { EmailMessage: "Welcome aboard." } } }),
      INVALID,
      String.raw`1 validation error detected: Value 'Welcome aboard.' at 'adminCreateUserConfig.inviteMessage.emailMessage' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`,
    ));

  test("refuses an invitation by SMS without its placeholder", () =>
    refused(
      create({ AdminCreateUserConfig: { InviteMessageTemplate: { SMSMessage: "Welcome aboard." } } }),
      INVALID,
      violation(
        "adminCreateUserConfig.inviteMessage.sMSMessage",
        String.raw`Member must satisfy regular expression pattern: (?s).*\{####\}.*`,
        "Welcome aboard.",
      ),
    ));

  test("refuses to verify an attribute that cannot be verified", () =>
    refused(
      create({ AutoVerifiedAttributes: ["given_name"] }),
      INVALID,
      /^1 validation error detected: Value '\[given_name\]' at 'autoVerifiedAttributes' failed to satisfy constraint: Member must satisfy constraint: \[Member must satisfy enum value set: \[(phone_number, email|email, phone_number)\]\]$/,
    ));

  test("refuses an unknown MFA setting", () =>
    refused(
      create({ MfaConfiguration: "MAYBE" }),
      INVALID,
      /^1 validation error detected: Value 'MAYBE' at 'mfaConfiguration' failed to satisfy constraint: Member must satisfy enum value set: \[(ON|OFF|OPTIONAL)(, (ON|OFF|OPTIONAL)){2}\]$/,
    ));

  test("refuses threat protection below the PLUS tier", () =>
    refused(create({ UserPoolAddOns: { AdvancedSecurityMode: "AUDIT" } }), "FeatureUnavailableInTierException"));

  test("refuses a password history in the LITE tier", () =>
    refused(
      create({ UserPoolTier: "LITE", Policies: { PasswordPolicy: { MinimumLength: 8, PasswordHistorySize: 3 } } }),
      ["FeatureUnavailableInTierException", INVALID],
    ));
});
