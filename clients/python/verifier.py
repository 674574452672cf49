"""Tokens as an application checks them: with PyJWT and the keys that the server publishes."""

import jwt


class Verifier:
    """Checks the tokens of one client."""

    def __init__(self, client):
        self.client = client
        server, pool = client.pool.server, client.pool.id
        self.issuer = server.get_json(f"/{pool}/.well-known/openid-configuration")["issuer"]
        self.keys = jwt.PyJWKClient(f"{server.endpoint}/{pool}/.well-known/jwks.json")

    def id(self, token):
        return self._decode(token, audience=self.client.id, options={"require": ["exp", "iat", "iss", "aud", "sub"]})

    def access(self, token):
        claims = self._decode(token, options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": False})
        assert claims["client_id"] == self.client.id
        return claims

    def _decode(self, token, **checks):
        key = self.keys.get_signing_key_from_jwt(token).key
        return jwt.decode(token, key, algorithms=["RS256"], issuer=self.issuer, **checks)
