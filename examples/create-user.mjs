// Creates one user as an administrator.
//
//   cargo run -- dev --pools examples/pools.toml        # in one terminal
//   cd examples && npm install && node create-user.mjs  # in another
//
// Only the next three lines know about Cognate; with a real endpoint and real keys in the environment they do nothing.
process.env.AWS_ENDPOINT_URL ??= "http://127.0.0.1:9229";
process.env.AWS_ACCESS_KEY_ID ??= "AKIDLOCALDEVELOPMENT";
process.env.AWS_SECRET_ACCESS_KEY ??= "any secret will do in dev";

import { AdminCreateUserCommand, CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";

const client = new CognitoIdentityProviderClient({ region: "us-east-1" });

const { User } = await client.send(
  new AdminCreateUserCommand({
    UserPoolId: "us-east-1_example123",
    Username: "newuser@example.com",
    UserAttributes: [
      { Name: "email", Value: "newuser@example.com" },
      { Name: "name", Value: "New User" },
      { Name: "email_verified", Value: "true" },
    ],
    TemporaryPassword: "TempPass123!",
    MessageAction: "SUPPRESS", // no welcome message
  }),
);

console.log("Created user:", User?.Username);
