import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { fetchAuthSession, signIn, signOut } from "@aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "@aws-amplify/auth/cognito";
import { Amplify } from "@aws-amplify/core";
import { sharedInMemoryStorage } from "@aws-amplify/core";
import { AdminDisableUserCommand } from "@aws-sdk/client-cognito-identity-provider";
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from "amazon-cognito-identity-js";

import { createPool, PASSWORD, TEMPORARY, UUID } from "../fixtures.mjs";
import { NO_USER, refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const SRP = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
const INVALID = "InvalidParameterException";
const WRONG = ["NotAuthorizedException", "Incorrect username or password."];
const A = "a5";

async function jane(config = {}) {
  const pool = await createPool(server);
  const client = await pool.client({ ExplicitAuthFlows: SRP, ...config });
  return { pool, client, user: await pool.user("jane", { password: PASSWORD }) };
}

/** A sign-in by the browser library: its session, its error, or the attributes that a new password needs. */
function signInWithLibrary(client, username, password, onNewPassword) {
  const pool = new CognitoUserPool({ UserPoolId: client.pool.id, ClientId: client.id, endpoint: server.endpoint });
  const user = new CognitoUser({ Username: username, Pool: pool });
  return new Promise((resolve, reject) =>
    user.authenticateUser(new AuthenticationDetails({ Username: username, Password: password }), {
      onSuccess: resolve,
      onFailure: reject,
      newPasswordRequired: (attributes) => {
        user.completeNewPasswordChallenge(onNewPassword, {}, { onSuccess: resolve, onFailure: reject });
      },
    }),
  );
}

describe("USER_SRP_AUTH with amazon-cognito-identity-js", () => {
  test("signs in with the right password, however often the numbers fall differently", async () => {
    const { client } = await jane();
    for (let round = 0; round < 25; round += 1) {
      const session = await signInWithLibrary(client, "jane", PASSWORD);
      assert.equal(session.getIdToken().payload["cognito:username"], "jane");
    }
  });

  test("refuses a wrong password", async () => {
    const { client } = await jane();
    await refused(signInWithLibrary(client, "jane", "Wrong-Passw0rd"), ...WRONG);
  });

  test("goes on to a new password, and from there on takes that one", async () => {
    const { pool, client } = await jane();
    await pool.user("invited");
    await signInWithLibrary(client, "invited", TEMPORARY, "Brand-New1!");
    await refused(signInWithLibrary(client, "invited", TEMPORARY), ...WRONG);
    assert.ok((await signInWithLibrary(client, "invited", "Brand-New1!")).isValid());
  });

  test("signs in by an address where names are addresses", async () => {
    const pool = await createPool(server, { UsernameAttributes: ["email"] });
    const client = await pool.client({ ExplicitAuthFlows: SRP });
    const user = await pool.user("otto@example.com", { password: "Pässwörd-1" });
    const session = await signInWithLibrary(client, "otto@example.com", "Pässwörd-1");
    assert.equal(session.getIdToken().payload.sub, user.sub);
  });
});

describe("USER_SRP_AUTH with Amplify", () => {
  test("signs in with the right password and refuses a wrong one", async () => {
    const { client } = await jane();
    const Cognito = { userPoolId: client.pool.id, userPoolClientId: client.id, userPoolEndpoint: server.endpoint };
    cognitoUserPoolsTokenProvider.setAuthConfig({ Cognito });
    cognitoUserPoolsTokenProvider.setKeyValueStorage(sharedInMemoryStorage);
    Amplify.configure({ Auth: { Cognito } }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });
    const { isSignedIn } = await signIn({ username: "jane", password: PASSWORD });
    assert.ok(isSignedIn);
    assert.equal((await fetchAuthSession()).tokens.idToken.payload["cognito:username"], "jane");
    await signOut();
    await refused(signIn({ username: "jane", password: "Wrong-Passw0rd" }), ...WRONG);
  });
});

describe("USER_SRP_AUTH", () => {
  test("answers the challenge without a session", async () => {
    const { client } = await jane();
    for (const way of ["publicAuth", "adminAuth"]) {
      const answer = await client[way]("USER_SRP_AUTH", { USERNAME: "jane", SRP_A: A });
      assert.equal(answer.ChallengeName, "PASSWORD_VERIFIER");
      assert.equal(answer.Session, undefined);
      const { SALT, SRP_B, SECRET_BLOCK, ...names } = answer.ChallengeParameters;
      assert.deepEqual(names, { USERNAME: "jane", USER_ID_FOR_SRP: "jane" });
      assert.match(SALT, /^[1-9a-f][0-9a-f]{0,31}$/);
      assert.match(SRP_B, /^[1-9a-f][0-9a-f]{0,767}$/);
      assert.match(SECRET_BLOCK, /^[A-Za-z0-9+/]+=*$/);
    }
  });

  test("refuses a value that proves anything, and one that is no number", async () => {
    const { client } = await jane();
    const N =
      "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD" +
      "3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F" +
      "24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552" +
      "BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF0" +
      "6F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64EC" +
      "FB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A" +
      "0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D1" +
      "20A93AD2CAFFFFFFFFFFFFFFFF";
    for (const SRP_A of ["0", "00", N, N.toLowerCase(), "xyz", "f".repeat(2000)]) {
      await refused(client.publicAuth("USER_SRP_AUTH", { USERNAME: "jane", SRP_A }), INVALID);
    }
  });

  test("refuses missing parameters by name", async () => {
    const { client } = await jane();
    const begin = (parameters) => client.publicAuth("USER_SRP_AUTH", parameters);
    await refused(begin({ SRP_A: A }), INVALID, "Missing required parameter USERNAME");
    await refused(begin({ USERNAME: "jane" }), INVALID, "Missing required parameter SRP_A");
  });

  test("is refused where the client does not allow it", async () => {
    const { client } = await jane({ ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH"] });
    const begin = client.publicAuth("USER_SRP_AUTH", { USERNAME: "jane", SRP_A: A });
    await refused(begin, INVALID, "USER_SRP_AUTH is not enabled for the client.");
  });

  test("tells an unknown user, unless the client hides who exists", async () => {
    const { pool, client } = await jane();
    await refused(client.publicAuth("USER_SRP_AUTH", { USERNAME: "nobody", SRP_A: A }), ...NO_USER);
    const discreet = await pool.client({ ExplicitAuthFlows: SRP, PreventUserExistenceErrors: "ENABLED" });
    const ask = () => discreet.publicAuth("USER_SRP_AUTH", { USERNAME: "nobody", SRP_A: A });
    const [first, second] = [await ask(), await ask()].map((answer) => answer.ChallengeParameters);
    assert.match(first.USER_ID_FOR_SRP, UUID);
    assert.equal(first.USER_ID_FOR_SRP, second.USER_ID_FOR_SRP);
    assert.equal(first.SALT, second.SALT);
    assert.notEqual(first.SRP_B, second.SRP_B);
    await refused(signInWithLibrary(discreet, "nobody", PASSWORD), ...WRONG);
  });

  test("tells a disabled user, unless the client hides who exists", async () => {
    const { pool, client, user } = await jane();
    await user.send(AdminDisableUserCommand);
    await refused(signInWithLibrary(client, "jane", PASSWORD), "NotAuthorizedException", "User is disabled.");
    const discreet = await pool.client({ ExplicitAuthFlows: SRP, PreventUserExistenceErrors: "ENABLED" });
    await refused(signInWithLibrary(discreet, "jane", "Wrong-Passw0rd"), ...WRONG);
  });
});

describe("PASSWORD_VERIFIER", () => {
  const RESPONSES = {
    USERNAME: "jane",
    PASSWORD_CLAIM_SIGNATURE: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    TIMESTAMP: "Fri Feb 9 07:05:03 UTC 2024",
  };

  async function challenged(config) {
    const { client, ...rest } = await jane(config);
    const { ChallengeParameters } = await client.publicAuth("USER_SRP_AUTH", { USERNAME: "jane", SRP_A: A });
    const answer = (responses = {}) =>
      client.answerPublicly(
        { ChallengeName: "PASSWORD_VERIFIER" },
        { ...RESPONSES, PASSWORD_CLAIM_SECRET_BLOCK: ChallengeParameters.SECRET_BLOCK, ...responses },
      );
    return { client, answer, ...rest };
  }

  test("refuses a wrong proof, a strange block and an old one", async () => {
    const { answer } = await challenged();
    await refused(answer(), ...WRONG);
    for (const block of ["AAAA", "no base64!", "A".repeat(5000)]) {
      await refused(answer({ PASSWORD_CLAIM_SECRET_BLOCK: block }), ...WRONG);
    }
    await server.advance(200);
    await refused(answer(), ...WRONG);
  });

  test("refuses another user's name and another client's block", async () => {
    const { pool, answer, client } = await challenged();
    await pool.user("john", { password: PASSWORD });
    await refused(answer({ USERNAME: "john" }), ...WRONG);
    const other = await pool.client({ ExplicitAuthFlows: SRP });
    const { ChallengeParameters } = await client.publicAuth("USER_SRP_AUTH", { USERNAME: "jane", SRP_A: A });
    const block = { PASSWORD_CLAIM_SECRET_BLOCK: ChallengeParameters.SECRET_BLOCK };
    await refused(other.answerPublicly({ ChallengeName: "PASSWORD_VERIFIER" }, { ...RESPONSES, ...block }), ...WRONG);
  });

  test("refuses missing responses by name, and a time that is none", async () => {
    const { answer } = await challenged();
    for (const name of ["USERNAME", "PASSWORD_CLAIM_SIGNATURE", "PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP"]) {
      await refused(answer({ [name]: "" }), INVALID, `Missing required parameter ${name}`);
    }
    const message = "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.";
    await refused(answer({ TIMESTAMP: "2024-02-09" }), INVALID, message);
  });

  test("locks after five wrong proofs, and the right one does not get in", async () => {
    const { client } = await jane();
    for (let guess = 0; guess < 5; guess += 1) {
      await refused(signInWithLibrary(client, "jane", `Wrong-Passw0rd${guess}`), ...WRONG);
    }
    const locked = ["NotAuthorizedException", "Password attempts exceeded"];
    await refused(signInWithLibrary(client, "jane", PASSWORD), ...locked);
    await server.advance(2);
    assert.ok((await signInWithLibrary(client, "jane", PASSWORD)).isValid());
  });

  test("a name that nobody has is locked in the same way", async () => {
    const { pool } = await jane();
    const discreet = await pool.client({ ExplicitAuthFlows: SRP, PreventUserExistenceErrors: "ENABLED" });
    const said = async (name) => {
      const texts = [];
      for (let guess = 0; guess < 7; guess += 1) {
        texts.push((await signInWithLibrary(discreet, name, "Wrong-Passw0rd").catch((error) => error)).message);
      }
      return texts;
    };
    assert.deepEqual(await said("nobody"), await said("jane"));
  });
});
