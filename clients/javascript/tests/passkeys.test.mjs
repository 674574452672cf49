import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import {
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminResetUserPasswordCommand,
  AdminUserGlobalSignOutCommand,
  CompleteWebAuthnRegistrationCommand,
  DeleteWebAuthnCredentialCommand,
  ListWebAuthnCredentialsCommand,
  StartWebAuthnRegistrationCommand,
  UpdateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { Authenticator, BACKED_UP, BACKUP_ELIGIBLE, PRESENT, VERIFIED } from "../passkey-authenticator.mjs";
import { createPool, PASSWORD, verified } from "../fixtures.mjs";
import { Holder, passkeyPool, RP, setRelyingParty, signedIn } from "../passkeys.mjs";
import { refused, violation } from "../refused.mjs";
import { startServer } from "../server.mjs";

const server = await startServer();
after(() => server.stop());

const INVALID = "InvalidParameterException";
const NOT_FOUND = "WebAuthnChallengeNotFoundException";
const UNSUPPORTED = "WebAuthnCredentialNotSupportedException";
const ORIGIN = "WebAuthnOriginNotAllowedException";
const MOST = 20;

/** Somebody who may register passkeys. */
async function holder(settings = {}) {
  return signedIn(await passkeyPool(server, settings));
}

describe("StartWebAuthnRegistration", () => {
  test("answers what a browser needs, as a JSON document", async () => {
    const jane = await holder();
    const options = await jane.start();
    const { challenge, ...rest } = options;
    assert.match(challenge, /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(rest, {
      rp: { id: RP, name: RP },
      user: { id: Buffer.from(jane.user.sub).toString("base64url"), name: "jane", displayName: "jane" },
      pubKeyCredParams: [
        { type: "public-key", alg: -7 },
        { type: "public-key", alg: -257 },
      ],
      timeout: 60000,
      excludeCredentials: [],
      authenticatorSelection: { requireResidentKey: true, residentKey: "required", userVerification: "preferred" },
    });
  });

  test("answers a new challenge every time", async () => {
    const jane = await holder();
    assert.notEqual((await jane.start()).challenge, (await jane.start()).challenge);
  });

  test("asks for the verification that the pool wants", async () => {
    const { authenticatorSelection } = await (await holder({ verification: "required" })).start();
    assert.equal(authenticatorSelection.userVerification, "required");
  });

  test("excludes what the user has registered with this relying party", async () => {
    const jane = await holder();
    const authenticator = new Authenticator();
    await jane.register(authenticator);
    const id = authenticator.id.toString("base64url");
    assert.deepEqual((await jane.start()).excludeCredentials, [{ type: "public-key", id }]);
    await setRelyingParty(jane.pool, "example.org");
    assert.deepEqual((await jane.start()).excludeCredentials, []);
  });

  test("is refused where passkeys are no first factor", async () => {
    const pool = await createPool(server);
    await setRelyingParty(pool, RP);
    await refused((await signedIn(pool)).start(), "WebAuthnNotEnabledException");
  });

  test("is refused where the pool has no relying party", async () => {
    const pool = await createPool(server, {
      Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "WEB_AUTHN"] } },
    });
    await refused((await signedIn(pool)).start(), "WebAuthnConfigurationMissingException");
  });
});

describe("CompleteWebAuthnRegistration", () => {
  for (const [name, algorithm] of [
    ["ES256", -7],
    ["RS256", -257],
  ]) {
    test(`keeps a passkey with ${name}`, async () => {
      const jane = await holder();
      const authenticator = new Authenticator({ algorithm });
      const { $metadata: _, ...answer } = await jane.complete(authenticator.create(await jane.start()));
      assert.deepEqual(answer, {});
      const { Credentials } = await jane.list();
      assert.equal(Credentials[0].CredentialId, authenticator.id.toString("base64url"));
    });
  }

  for (const [where, relyingParty, origin] of [
    ["the relying party's own page", "example.com", "https://example.com"],
    ["a page below it", "example.com", "https://login.example.com"],
    ["another port", "example.com", "https://example.com:8443"],
    ["this machine without TLS", "localhost", "http://localhost:3000"],
  ]) {
    test(`accepts ${where}`, async () => {
      const jane = await holder({ relyingParty });
      await jane.register(new Authenticator(), { origin });
      assert.equal((await jane.list()).Credentials.length, 1);
    });
  }

  for (const origin of [
    "https://example.org",
    "https://badexample.com",
    "https://example.com.evil.org",
    "http://example.com",
    "http://localhost:3000",
    "https://evil.org#.example.com",
    "android:apk-key-hash:AAAA",
    "",
  ]) {
    test(`refuses a page of ${origin || "nowhere"}`, async () => {
      const jane = await holder();
      await refused(jane.register(new Authenticator(), { origin }), ORIGIN);
      assert.deepEqual((await jane.list()).Credentials, []);
    });
  }

  test("refuses a frame in a page of another origin", async () => {
    const jane = await holder();
    await refused(jane.register(new Authenticator(), { clientData: { crossOrigin: true } }), ORIGIN);
    const clientData = { topOrigin: "https://example.com" };
    await refused(jane.register(new Authenticator(), { clientData }), ORIGIN);
  });

  test("refuses what was made for another relying party", async () => {
    const jane = await holder();
    const mismatch = "WebAuthnRelyingPartyMismatchException";
    await refused(jane.register(new Authenticator(), { rpId: "login.example.com" }), mismatch);
    const made = new Authenticator().create(await jane.start());
    await setRelyingParty(jane.pool, "example.org");
    await refused(jane.complete(made), [ORIGIN, mismatch]);
  });

  test("refuses a challenge that was never given, or replaced", async () => {
    const jane = await holder();
    const credential = (options) => new Authenticator().create(options);
    const invented = { rp: { id: RP }, challenge: Buffer.alloc(32).toString("base64url") };
    await refused(jane.complete(credential(invented)), NOT_FOUND);
    const first = await jane.start();
    await refused(jane.complete(credential(invented)), NOT_FOUND);
    const second = await jane.start();
    await refused(jane.complete(credential(first)), NOT_FOUND);
    await jane.complete(credential(second));
  });

  test("takes a challenge once", async () => {
    const jane = await holder();
    const options = await jane.start();
    await jane.complete(new Authenticator().create(options));
    await refused(jane.complete(new Authenticator().create(options)), NOT_FOUND);
    assert.equal((await jane.list()).Credentials.length, 1);
  });

  test("takes one of many answers to a challenge", async () => {
    const jane = await holder();
    const options = await jane.start();
    const answers = Array.from({ length: 10 }, () => jane.complete(new Authenticator().create(options)));
    const outcomes = await Promise.allSettled(answers);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const { reason } of outcomes.filter(({ status }) => status === "rejected")) {
      assert.equal(reason.name, NOT_FOUND);
    }
    assert.equal((await jane.list()).Credentials.length, 1);
  });

  test("takes a challenge for five minutes", async () => {
    const jane = await holder();
    const inTime = new Authenticator().create(await jane.start());
    await server.advance(290);
    await jane.complete(inTime);
    const late = new Authenticator().create(await jane.start());
    await server.advance(301);
    await refused(jane.complete(late), NOT_FOUND);
  });

  test("takes the challenge of one user from no other", async () => {
    const jane = await holder();
    const john = await signedIn(jane.pool, "john", jane.client);
    const janes = new Authenticator().create(await jane.start());
    await john.start();
    await refused(john.complete(janes), NOT_FOUND);
    await jane.complete(janes);
    assert.deepEqual((await john.list()).Credentials, []);
  });

  test("refuses a token of another app client, and leaves the registration to its own", async () => {
    const jane = await holder();
    const credential = new Authenticator().create(await jane.start());
    const elsewhere = await jane.through(await jane.pool.client());
    await refused(elsewhere.complete(credential), "WebAuthnClientMismatchException");
    await jane.complete(credential);
  });

  test("refuses a credential that is registered already, to its user and to others", async () => {
    const jane = await holder();
    const john = await signedIn(jane.pool, "john", jane.client);
    const authenticator = new Authenticator();
    await jane.register(authenticator);
    await refused(jane.register(authenticator), INVALID, "The credential is registered already.");
    await refused(john.register(authenticator), INVALID, "The credential is registered already.");
    assert.equal((await jane.list()).Credentials.length, 1);
    assert.equal((await john.list()).Credentials.length, 0);
  });

  test("refuses a user who was not there", async () => {
    await refused((await holder()).register(new Authenticator(), { flags: VERIFIED }), UNSUPPORTED);
  });

  test("refuses an unverified user where the pool asks for verification", async () => {
    const strict = await holder({ verification: "required" });
    await refused(strict.register(new Authenticator(), { flags: PRESENT }), UNSUPPORTED);
    await strict.register(new Authenticator());
    await (await holder()).register(new Authenticator(), { flags: PRESENT });
  });

  test("refuses an impossible state of backup", async () => {
    const jane = await holder();
    await refused(jane.register(new Authenticator(), { flags: PRESENT | BACKED_UP }), INVALID);
    await jane.register(new Authenticator(), { flags: PRESENT | BACKUP_ELIGIBLE | BACKED_UP });
  });

  test("refuses an algorithm that was not offered", async () => {
    await refused((await holder()).register(new Authenticator({ algorithm: -8 })), UNSUPPORTED);
  });

  test("refuses a credential that is not discoverable", async () => {
    const jane = await holder();
    const credential = new Authenticator().create(await jane.start());
    const clientExtensionResults = { credProps: { rk: false } };
    await refused(jane.complete({ ...credential, clientExtensionResults }), UNSUPPORTED);
  });

  test("accepts attestations as what they are worth, and checks a credential's own", async () => {
    const jane = await holder();
    const x5c = { x5c: [Buffer.from("certificate")] };
    await jane.register(new Authenticator(), { format: "packed", statement: "self" });
    for (const format of ["packed", "tpm", "apple"]) {
      await jane.register(new Authenticator(), { format, statement: x5c });
    }
    const forged = { format: "packed", statement: { alg: -7, sig: Buffer.alloc(70) } };
    await refused(jane.register(new Authenticator(), forged), INVALID);
    await refused(jane.register(new Authenticator(), { statement: x5c }), INVALID);
    await refused(jane.register(new Authenticator(), { format: "homemade" }), UNSUPPORTED);
    assert.equal((await jane.list()).Credentials.length, 4);
  });

  test("refuses the answer of a sign-in", async () => {
    const jane = await holder();
    await refused(jane.register(new Authenticator(), { clientData: { type: "webauthn.get" } }), INVALID);
    const options = await jane.start();
    await refused(jane.complete(new Authenticator().get({ rpId: RP, challenge: options.challenge })), INVALID);
  });

  test("refuses nonsense without a trace", async () => {
    const jane = await holder();
    const credential = new Authenticator().create(await jane.start());
    const changed = (response) => ({ ...credential, response: { ...credential.response, ...response } });
    for (const nonsense of [
      {},
      [],
      [[[[[[]]]]]],
      "text",
      JSON.stringify(credential),
      5,
      1e300,
      false,
      { ...credential, id: undefined },
      { ...credential, id: "AAAA" },
      { ...credential, rawId: "AAAA" },
      { ...credential, type: "password" },
      { ...credential, response: null },
      changed({ clientDataJSON: undefined }),
      changed({ clientDataJSON: "!" }),
      changed({ clientDataJSON: Buffer.from("[]").toString("base64url") }),
      changed({ attestationObject: "!" }),
      changed({ attestationObject: "" }),
      changed({ attestationObject: Buffer.alloc(100_000, 0x81).toString("base64url") }),
      changed({ attestationObject: credential.response.attestationObject.slice(0, -4) }),
      changed({ transports: "internal" }),
      changed({ transports: [1] }),
    ]) {
      await refused(jane.complete(nonsense), INVALID);
    }
    await jane.complete(credential);
  });

  test("refuses a missing credential", async () => {
    const jane = await holder();
    const message = violation("credential", "Member must not be null", null);
    const answer = await server.post("CompleteWebAuthnRegistration", { AccessToken: jane.token, Credential: null });
    assert.equal(answer.status, 400);
    assert.deepEqual(await answer.json(), { __type: INVALID, message });
  });

  test("is refused where passkeys are no first factor any more", async () => {
    const jane = await holder();
    const credential = new Authenticator().create(await jane.start());
    await jane.pool.send(UpdateUserPoolCommand, {
      Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD"] } },
    });
    await refused(jane.complete(credential), "WebAuthnNotEnabledException");
  });

  test(`refuses more than ${MOST} passkeys, already at the start`, async () => {
    const jane = await holder();
    for (let number = 1; number < MOST; number += 1) await jane.register(new Authenticator());
    const other = await jane.through(await jane.pool.client());
    const credential = new Authenticator().create(await jane.start());
    await jane.complete(credential);
    await refused(other.start(), "LimitExceededException");
    await refused(jane.start(), "LimitExceededException");
    assert.equal((await jane.list()).Credentials.length, MOST);
    await jane.delete(credential.id);
    await jane.start();
  });
});

describe("ListWebAuthnCredentials", () => {
  test("shows what was registered, oldest first", async () => {
    const jane = await holder();
    const before = Date.now();
    const [laptop, key, bare] = [
      new Authenticator(),
      new Authenticator({ transports: ["usb", "nfc"], attachment: "cross-platform" }),
      new Authenticator({ transports: null, attachment: null }),
    ];
    for (const authenticator of [laptop, key, bare]) await jane.register(authenticator);
    const { Credentials, NextToken } = await jane.list();
    assert.equal(NextToken, undefined);
    for (const { CreatedAt } of Credentials) {
      assert.ok(CreatedAt instanceof Date);
      // The clock of this server was moved forward by other tests.
      assert.ok(CreatedAt.getTime() >= before - 1000);
    }
    assert.deepEqual(
      Credentials.map(({ CreatedAt: _, ...rest }) => rest),
      [
        {
          CredentialId: laptop.id.toString("base64url"),
          FriendlyCredentialName: "Platform passkey",
          RelyingPartyId: RP,
          AuthenticatorAttachment: "platform",
          AuthenticatorTransports: ["internal"],
        },
        {
          CredentialId: key.id.toString("base64url"),
          FriendlyCredentialName: "Roaming passkey",
          RelyingPartyId: RP,
          AuthenticatorAttachment: "cross-platform",
          AuthenticatorTransports: ["usb", "nfc"],
        },
        {
          CredentialId: bare.id.toString("base64url"),
          FriendlyCredentialName: "Passkey",
          RelyingPartyId: RP,
          AuthenticatorTransports: [],
        },
      ],
    );
  });

  test("answers an empty list, and only one's own", async () => {
    const jane = await holder();
    const john = await signedIn(jane.pool, "john", jane.client);
    await jane.register(new Authenticator());
    assert.deepEqual((await john.list()).Credentials, []);
  });

  test("comes page by page", async () => {
    const jane = await holder();
    const registered = [];
    for (let number = 0; number < 5; number += 1) {
      const authenticator = new Authenticator();
      await jane.register(authenticator);
      registered.push(authenticator.id.toString("base64url"));
    }
    const listed = [];
    let NextToken;
    do {
      const page = await jane.list({ MaxResults: 2, NextToken });
      assert.ok(page.Credentials.length <= 2);
      listed.push(...page.Credentials.map(({ CredentialId }) => CredentialId));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    assert.deepEqual(listed, registered);
    assert.equal((await jane.list({ MaxResults: 0 })).Credentials.length, 5);
  });

  test("refuses a token of another question, and nonsense", async () => {
    const jane = await holder();
    const john = await signedIn(jane.pool, "john", jane.client);
    for (let number = 0; number < 2; number += 1) await jane.register(new Authenticator());
    const { NextToken } = await jane.list({ MaxResults: 1 });
    await refused(john.list({ NextToken }), INVALID, "Invalid pagination token given.");
    await refused(jane.list({ NextToken: "nonsense" }), INVALID, "Invalid pagination token given.");
  });

  test("refuses a page of more than twenty", async () => {
    const constraint = "Member must have value less than or equal to 20";
    await refused((await holder()).list({ MaxResults: 21 }), INVALID, violation("maxResults", constraint, 21));
  });
});

describe("DeleteWebAuthnCredential", () => {
  test("removes the one passkey, which may be registered again", async () => {
    const jane = await holder();
    const [kept, given] = [new Authenticator(), new Authenticator()];
    for (const authenticator of [kept, given]) await jane.register(authenticator);
    const { $metadata: _, ...answer } = await jane.delete(given.id.toString("base64url"));
    assert.deepEqual(answer, {});
    const { Credentials } = await jane.list();
    assert.deepEqual(Credentials.map(({ CredentialId }) => CredentialId), [kept.id.toString("base64url")]);
    await jane.register(given);
  });

  test("refuses a passkey that the user does not have", async () => {
    const jane = await holder();
    const john = await signedIn(jane.pool, "john", jane.client);
    const janes = new Authenticator();
    await jane.register(janes);
    for (const id of [janes.id.toString("base64url"), "AAAA", "", "!", "A".repeat(5000)]) {
      await refused(john.delete(id), "ResourceNotFoundException", "Passkey does not exist.");
    }
    assert.equal((await jane.list()).Credentials.length, 1);
  });
});

describe("Passkeys of a user who is deleted", () => {
  test("are gone, and free for the next", async () => {
    const jane = await holder();
    const authenticator = new Authenticator();
    await jane.register(authenticator);
    await jane.start();
    await jane.user.send(AdminDeleteUserCommand);
    const again = await signedIn(jane.pool, "jane", jane.client);
    assert.deepEqual((await again.list()).Credentials, []);
    await again.register(authenticator);
  });
});

describe("Every operation on passkeys", () => {
  const OPERATIONS = [
    ["StartWebAuthnRegistration", StartWebAuthnRegistrationCommand, {}],
    ["CompleteWebAuthnRegistration", CompleteWebAuthnRegistrationCommand, { Credential: {} }],
    ["ListWebAuthnCredentials", ListWebAuthnCredentialsCommand, {}],
    ["DeleteWebAuthnCredential", DeleteWebAuthnCredentialCommand, { CredentialId: "AAAA" }],
  ];
  const NOT_AUTHORIZED = "NotAuthorizedException";

  for (const [name, Command, input] of OPERATIONS) {
    const call = (AccessToken) => server.send(new Command({ AccessToken, ...input }));

    test(`${name} refuses what is no access token`, async () => {
      const { client, user } = await holder();
      const { IdToken, AccessToken } = await client.tokens(user.username);
      for (const token of ["garbage", IdToken, `${AccessToken.slice(0, -4)}AAAA`]) {
        await refused(call(token), NOT_AUTHORIZED, "Invalid Access Token");
      }
      await refused(call(undefined), INVALID, violation("accessToken", "Member must not be null"));
    });

    test(`${name} refuses an expired and a revoked token`, async () => {
      const jane = await holder();
      await jane.user.send(AdminUserGlobalSignOutCommand);
      await refused(call(jane.token), NOT_AUTHORIZED, "Access Token has been revoked");
      const { AccessToken } = await jane.client.tokens("jane");
      await server.advance(3_601);
      await refused(call(AccessToken), NOT_AUTHORIZED, "Access Token has expired");
    });

    test(`${name} refuses a user who is disabled or deleted`, async () => {
      const jane = await holder();
      await jane.user.send(AdminDisableUserCommand);
      await refused(call(jane.token), NOT_AUTHORIZED, /^(User is disabled\.|Access Token has been revoked)$/);
      await jane.user.send(AdminDeleteUserCommand);
      await refused(call(jane.token), NOT_AUTHORIZED, "Access Token has been revoked");
    });

    test(`${name} refuses a user who has to reset the password first`, async () => {
      const pool = await passkeyPool(server);
      const client = await pool.client();
      const user = await pool.user("jane", { password: PASSWORD, attributes: verified("jane@example.com") });
      const jane = new Holder(pool, client, user, (await client.tokens("jane")).AccessToken);
      await jane.user.send(AdminResetUserPasswordCommand);
      await refused(call(jane.token), "PasswordResetRequiredException", "Password reset required for the user");
    });

    test(`${name} needs no signature`, async () => {
      const response = await fetch(server.endpoint, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": `AWSCognitoIdentityProviderService.${name}`,
        },
        body: JSON.stringify({ AccessToken: "garbage", ...input }),
      });
      assert.equal((await response.json()).__type, NOT_AUTHORIZED);
    });
  }
});
