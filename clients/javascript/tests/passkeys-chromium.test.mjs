// A real browser registers passkeys and signs in with them, on a page of this machine.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser, CHROMIUM } from "../chromium.mjs";
import { choosingClient, passkeyPool, requestOptions, setRelyingParty, signedIn } from "../passkeys.mjs";
import { refused } from "../refused.mjs";
import { startServer } from "../server.mjs";

const missing = CHROMIUM === undefined ? "Chromium is not installed: passkeys are not tested in a browser" : false;

describe("Chromium", { skip: missing }, () => {
  let server;
  let browser;

  before(async () => {
    server = await startServer();
    browser = await Browser.start();
    await browser.open();
  });

  after(async () => {
    await browser?.stop();
    await server?.stop();
  });

  /** Somebody who may register passkeys of this machine, and a fresh authenticator. */
  async function holder(t, { verification, authenticator = {} } = {}) {
    const id = await browser.authenticator(authenticator);
    t.after(() => browser.removeAuthenticator(id));
    const pool = await passkeyPool(server, { relyingParty: "localhost", verification });
    const jane = await signedIn(pool, "jane", await choosingClient(pool));
    return Object.assign(jane, { authenticator: id });
  }

  const register = async (jane) => jane.complete(await browser.create(await jane.start()));

  test("registers a passkey that is discoverable and knows its user", async (t) => {
    const jane = await holder(t);
    const credential = await browser.create(await jane.start());
    await jane.complete(credential);
    const { Credentials } = await jane.list();
    assert.deepEqual(
      Credentials.map(({ CreatedAt: _, ...rest }) => rest),
      [
        {
          CredentialId: credential.id,
          FriendlyCredentialName: "Platform passkey",
          RelyingPartyId: "localhost",
          AuthenticatorAttachment: "platform",
          AuthenticatorTransports: ["internal"],
        },
      ],
    );
    const [held] = await browser.credentials(jane.authenticator);
    assert.equal(held.isResidentCredential, true);
    assert.equal(held.rpId, "localhost");
    assert.equal(Buffer.from(held.userHandle, "base64").toString(), jane.user.sub);
    assert.equal(held.userName, "jane");
  });

  test("registers a security key", async (t) => {
    const jane = await holder(t, { authenticator: { transport: "usb" } });
    await register(jane);
    const [{ FriendlyCredentialName, AuthenticatorTransports }] = (await jane.list()).Credentials;
    assert.equal(FriendlyCredentialName, "Roaming passkey");
    assert.deepEqual(AuthenticatorTransports, ["usb"]);
  });

  test("registers a passkey that is backed up", async (t) => {
    const jane = await holder(t, { authenticator: { defaultBackupEligibility: true, defaultBackupState: true } });
    await register(jane);
    assert.equal((await jane.list()).Credentials.length, 1);
  });

  test("is told which authenticators hold a passkey already", async (t) => {
    const jane = await holder(t);
    await register(jane);
    const options = await jane.start();
    await assert.rejects(browser.create(options), /InvalidStateError/);
  });

  test("is told to verify the user, and does not get around it", async (t) => {
    const jane = await holder(t, { verification: "required", authenticator: { hasUserVerification: false, isUserVerified: false } });
    const options = await jane.start();
    assert.equal(options.authenticatorSelection.userVerification, "required");
    const lenient = { ...options, timeout: 1000 };
    lenient.authenticatorSelection = { ...options.authenticatorSelection, userVerification: "discouraged" };
    const credential = await browser.create(lenient);
    await refused(jane.complete(credential), "WebAuthnCredentialNotSupportedException");
  });

  test("is refused on a page that is not the relying party's", async (t) => {
    const jane = await holder(t);
    const credential = await browser.create(await jane.start());
    await setRelyingParty(jane.pool, "example.com");
    await refused(jane.complete(credential), "WebAuthnOriginNotAllowedException");
  });

  test("does not register one answer twice", async (t) => {
    const jane = await holder(t);
    const credential = await browser.create(await jane.start());
    await jane.complete(credential);
    await refused(jane.complete(credential), "WebAuthnChallengeNotFoundException");
  });

  describe("signs in", () => {
    const use = (challenge) => browser.get(requestOptions(challenge));

    test("with a passkey", async (t) => {
      const jane = await holder(t);
      await register(jane);
      const challenge = await jane.begin();
      assert.equal(challenge.ChallengeName, "WEB_AUTHN");
      const { AuthenticationResult } = await jane.answer(challenge, await use(challenge));
      assert.equal((await jane.client.whoIs(AuthenticationResult.AccessToken)).Username, "jane");
    });

    test("again and again, and with no answer twice", async (t) => {
      const jane = await holder(t);
      await register(jane);
      for (let round = 0; round < 3; round += 1) {
        const challenge = await jane.begin();
        const credential = await use(challenge);
        assert.ok((await jane.answer(challenge, credential)).AuthenticationResult);
        await refused(jane.answer(challenge, credential), "NotAuthorizedException");
        await refused(jane.answer(await jane.begin(), credential), "NotAuthorizedException");
      }
    });

    test("with the passkey that the user picks", async (t) => {
      const jane = await holder(t);
      await register(jane);
      const challenge = await jane.begin();
      const credential = await browser.get({ ...requestOptions(challenge), allowCredentials: [] });
      assert.equal(Buffer.from(credential.response.userHandle, "base64url").toString(), jane.user.sub);
      assert.ok((await jane.answer(challenge, credential)).AuthenticationResult);
    });

    test("not with a passkey that was deleted", async (t) => {
      const jane = await holder(t);
      await register(jane);
      const challenge = await jane.begin();
      const credential = await use(challenge);
      await jane.delete(credential.id);
      await refused(jane.answer(challenge, credential), "NotAuthorizedException", "Incorrect username or password.");
    });
  });
});
