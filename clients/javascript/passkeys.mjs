// Pools that take passkeys, and users who register them.

import {
  CompleteWebAuthnRegistrationCommand,
  DeleteWebAuthnCredentialCommand,
  ListWebAuthnCredentialsCommand,
  SetUserPoolMfaConfigCommand,
  StartWebAuthnRegistrationCommand,
} from "@aws-sdk/client-cognito-identity-provider";

import { createPool, PASSWORD } from "./fixtures.mjs";

export const RP = "example.com";

/** A pool that takes passkeys of this relying party. */
export async function passkeyPool(server, { relyingParty = RP, verification } = {}) {
  const pool = await createPool(server, {
    Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "WEB_AUTHN"] } },
  });
  await setRelyingParty(pool, relyingParty, verification);
  return pool;
}

export function setRelyingParty(pool, RelyingPartyId, UserVerification) {
  return pool.send(SetUserPoolMfaConfigCommand, {
    MfaConfiguration: "OFF",
    WebAuthnConfiguration: { RelyingPartyId, ...(UserVerification === undefined ? {} : { UserVerification }) },
  });
}

/** Asks everybody for two factors; passkeys that verify their user stand for both. */
export function requireTwoFactors(pool) {
  return pool.send(SetUserPoolMfaConfigCommand, {
    MfaConfiguration: "ON",
    SoftwareTokenMfaConfiguration: { Enabled: true },
    WebAuthnConfiguration: { RelyingPartyId: RP, FactorConfiguration: "MULTI_FACTOR_WITH_USER_VERIFICATION" },
  });
}

/** An app client through which users sign in by choice, passkeys included. */
export function choosingClient(pool) {
  return pool.client({ ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"] });
}

/** A confirmed user who is signed in. */
export async function signedIn(pool, username = "jane", client = undefined) {
  const application = client ?? (await pool.client());
  const user = await pool.user(username, { password: PASSWORD });
  return new Holder(pool, application, user, (await application.tokens(username)).AccessToken);
}

export class Holder {
  constructor(pool, client, user, token) {
    Object.assign(this, { pool, client, user, token });
  }

  /** The same user, by a token of another app client. */
  async through(client) {
    return new Holder(this.pool, client, this.user, (await client.tokens(this.user.username)).AccessToken);
  }

  /** The options of a new registration. */
  async start() {
    return (await this.#send(StartWebAuthnRegistrationCommand)).CredentialCreationOptions;
  }

  complete(Credential) {
    return this.#send(CompleteWebAuthnRegistrationCommand, { Credential });
  }

  /** Registers what an authenticator makes. */
  async register(authenticator, overrides = {}) {
    await this.complete(authenticator.create(await this.start(), overrides));
  }

  /** Begins a sign-in that prefers a passkey; answers the challenge. */
  begin() {
    return this.client.publicAuth("USER_AUTH", { USERNAME: this.user.username, PREFERRED_CHALLENGE: "WEB_AUTHN" });
  }

  /** Answers it with an AuthenticationResponseJSON. */
  answer(challenge, credential) {
    return this.client.answerPublicly(challenge, {
      USERNAME: this.user.username,
      CREDENTIAL: typeof credential === "string" ? credential : JSON.stringify(credential),
    });
  }

  list(input = {}) {
    return this.#send(ListWebAuthnCredentialsCommand, input);
  }

  delete(CredentialId) {
    return this.#send(DeleteWebAuthnCredentialCommand, { CredentialId });
  }

  #send(Command, input = {}) {
    return this.pool.server.send(new Command({ AccessToken: this.token, ...input }));
  }
}

/** The options for the browser in a challenge. */
export function requestOptions({ ChallengeParameters }) {
  return JSON.parse(ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS);
}
