// Tokens as an application checks them: signature, claims, and that they say of the user what the model knows.

import { createPublicKey, verify } from "node:crypto";

import { claimsOf, headerOf } from "../tokens.mjs";
import { ACCESS_SECONDS } from "./operations.mjs";
import { compareMaps, compareSets } from "./user.mjs";

/** Seconds by which a claim may lie beside the moment of the request: claims have whole seconds. */
const ROUNDING = 1_100;

export class Tokens {
  #keys = new Map();

  constructor({ pool, register }) {
    Object.assign(this, { pool, register });
  }

  /** Learns the keys that the pool publishes. */
  learn({ keys }) {
    for (const key of keys) this.#keys.set(key.kid, createPublicKey({ key, format: "jwk" }));
  }

  /** The claims of the access token, or what is wrong with an answer's tokens. */
  check(result, { state, username, client, span }) {
    if (!result?.AccessToken || !result.IdToken) return "no tokens";
    const [access, id] = [result.AccessToken, result.IdToken].map((token) => this.#open(token));
    for (const claims of [access, id]) if (typeof claims === "string") return claims;
    state.sub ??= access.sub;
    return (
      compareMaps({ expires: result.ExpiresIn, type: result.TokenType }, { expires: ACCESS_SECONDS, type: "Bearer" }) ??
      compareMaps(
        { sub: access.sub, use: access.token_use, client: access.client_id, name: access.username },
        { sub: state.sub, use: "access", client, name: username },
      ) ??
      compareMaps(
        { sub: id.sub, use: id.token_use, client: id.aud, name: id["cognito:username"], family: id.origin_jti },
        { sub: state.sub, use: "id", client, name: username, family: access.origin_jti },
      ) ??
      compareSets("groups of the access token", access["cognito:groups"] ?? [], state.groups) ??
      compareSets("groups of the ID token", id["cognito:groups"] ?? [], state.groups) ??
      compareMaps(attributesOf(id), claimed(state.attributes)) ??
      timed(access, span) ??
      timed(id, span) ??
      (access.jti === id.jti ? `two tokens are called ${id.jti}` : undefined) ??
      this.register("token", access.jti, result) ??
      this.register("token", id.jti, result) ??
      access
    );
  }

  #open(token) {
    const key = this.#keys.get(headerOf(token).kid);
    if (key === undefined) return "a token signed with a key that is not published";
    const at = token.lastIndexOf(".");
    const isGood = verify(
      "sha256",
      Buffer.from(token.slice(0, at)),
      key,
      Buffer.from(token.slice(at + 1), "base64url"),
    );
    if (!isGood) return "a token whose signature is wrong";
    const claims = claimsOf(token);
    return claims.iss.endsWith(`/${this.pool}`) ? claims : `a token of ${claims.iss}`;
  }
}

function timed(claims, [from, to]) {
  const issued = claims.iat * 1_000;
  if (issued < from - ROUNDING || issued > to + ROUNDING) return `iat is ${claims.iat}, the request ${from} to ${to}`;
  return compareMaps({ life: claims.exp - claims.iat }, { life: ACCESS_SECONDS });
}

const ATTRIBUTES = ["email", "email_verified", "name", "nickname", "family_name", "custom:level"];

function attributesOf(claims) {
  return Object.fromEntries(ATTRIBUTES.filter((name) => name in claims).map((name) => [name, claims[name]]));
}

/** `email_verified` is a boolean in tokens. */
function claimed(attributes) {
  const { email_verified: flag, ...rest } = attributes;
  return flag === undefined ? rest : { ...rest, email_verified: flag === "true" };
}
