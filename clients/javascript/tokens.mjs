// Tokens as an application checks them: with aws-jwt-verify and the keys that the server publishes.

import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

/** A verifier of the pool's tokens: `id(token)` and `access(token)` answer the claims or throw. */
export async function verifierOf(client) {
  const { server, id: poolId } = client.pool;
  const { issuer } = await server.discovery(poolId);
  const jwksUri = `${server.endpoint}/${poolId}/.well-known/jwks.json`;
  const jwksCache = new SimpleJwksCache();
  jwksCache.addJwks(jwksUri, await server.jwks(poolId));
  const expecting = (audience, use) =>
    JwtVerifier.create(
      {
        issuer,
        jwksUri,
        audience,
        customJwtCheck: ({ payload }) => {
          if (payload.token_use !== use) throw new Error(`token_use is ${payload.token_use}, not ${use}`);
          if (use === "access" && payload.client_id !== client.id) throw new Error("another client's token");
        },
      },
      { jwksCache },
    );
  const id = expecting(client.id, "id");
  const access = expecting(null, "access");
  return { issuer, id: (token) => id.verify(token), access: (token) => access.verify(token) };
}

/** The header of a token, unverified. */
export function headerOf(token) {
  return part(token, 0);
}

/** The claims of a token, unverified. */
export function claimsOf(token) {
  return part(token, 1);
}

function part(token, index) {
  return JSON.parse(Buffer.from(token.split(".")[index], "base64url").toString("utf8"));
}
