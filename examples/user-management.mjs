// The life of an administrator's user: created, given a permanent password, put into groups, asked for a second
// factor, read back. How to run it: see create-user.mjs.
//
// Two of these steps need the leniencies of pools.toml. With strict-pools.toml they fail as the live service fails.
process.env.AWS_ENDPOINT_URL ??= "http://127.0.0.1:9229";
process.env.AWS_ACCESS_KEY_ID ??= "AKIDLOCALDEVELOPMENT";
process.env.AWS_SECRET_ACCESS_KEY ??= "any secret will do in dev";

import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";

const client = new CognitoIdentityProviderClient({ region: "us-east-1" });
const employee = { UserPoolId: "us-east-1_example123", Username: "employee@company.com" };

// 1. Create the user.
await client.send(
  new AdminCreateUserCommand({
    ...employee,
    UserAttributes: [
      { Name: "email", Value: "employee@company.com" },
      { Name: "name", Value: "New Employee" },
      { Name: "department", Value: "Engineering" }, // lenient: declared as custom:department
      { Name: "email_verified", Value: "true" },
    ],
    TemporaryPassword: "TempPass123!",
    MessageAction: "SUPPRESS",
  }),
);

// 2. Give a permanent password.
await client.send(new AdminSetUserPasswordCommand({ ...employee, Password: "SecurePassword123!", Permanent: true }));

// 3. Put the user into their groups.
await client.send(new AdminAddUserToGroupCommand({ ...employee, GroupName: "Employees" }));
await client.send(new AdminAddUserToGroupCommand({ ...employee, GroupName: "Engineering" }));

// 4. Prefer a software token as the second factor.
await client.send(
  new AdminSetUserMFAPreferenceCommand({
    ...employee,
    SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true }, // lenient: no token is enrolled yet
  }),
);

// 5. Read the user back.
const details = await client.send(new AdminGetUserCommand(employee));

console.log("User created successfully:", details.Username);
console.log("User status:", details.UserStatus);
console.log("MFA enabled:", details.UserMFASettingList);
