"""Access tokens that nobody should believe, and refresh tokens in the wrong hands."""

import base64
import hashlib
import hmac
import json
import re

import pytest

from people import PASSWORD, Pool, refused

INVALID = ("NotAuthorizedException", "Invalid Access Token")
INVALID_REFRESH = ("NotAuthorizedException", re.compile(r"^Invalid Refresh Token\.?$"))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(claims):
    return encoded(json.dumps(claims).encode())


@pytest.fixture
def token(client, jane):
    """A good access token in its three parts."""
    return client.tokens("jane")["AccessToken"].split(".")


def keys(server, pool):
    return server.get_json(f"/{pool.id}/.well-known/jwks.json")["keys"]


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "RS512", "PS256", ""])
def test_another_algorithm_is_not_believed(client, token, algorithm):
    header, payload, signature = token
    forged = part({**json.loads(decoded(header)), "alg": algorithm})
    for end in [signature, ""]:
        with refused(*INVALID):
            client.who_is(f"{forged}.{payload}.{end}")


def test_the_public_key_is_no_secret(server, pool, client, token):
    header, payload, _ = token
    for key in keys(server, pool):
        forged = part({"alg": "HS256", "kid": key["kid"]}) + "." + payload
        for secret in [key["n"].encode(), decoded(key["n"]), json.dumps(key).encode(), b""]:
            signature = encoded(hmac.digest(secret, forged.encode(), hashlib.sha256))
            with refused(*INVALID):
                client.who_is(f"{forged}.{signature}")


def test_a_key_in_the_header_is_not_taken(server, pool, client, token):
    header, payload, signature = token
    for extra in [{"jwk": keys(server, pool)[0]}, {"jku": "https://example.com/keys"}, {"crit": ["exp"]}]:
        with refused(*INVALID):
            client.who_is(f"{part({**json.loads(decoded(header)), **extra})}.{payload}.{signature}")


@pytest.mark.parametrize("change", [{"exp": 9_999_999_999}, {"sub": "other"}, {"scope": "x"}, {"token_use": "access "}])
def test_changed_claims_are_not_believed(client, token, change):
    header, payload, signature = token
    with refused(*INVALID):
        client.who_is(f"{header}.{part({**json.loads(decoded(payload)), **change})}.{signature}")


def test_other_tokens_are_no_access_tokens(client, jane):
    tokens = client.tokens("jane")
    for other in [tokens["IdToken"], tokens["RefreshToken"], "a.b.c", "garbage", "..", "=" * 20_000]:
        with refused(*INVALID):
            client.who_is(other)


def test_tokens_are_good_in_their_own_pool_only(server, pool, client, jane, token):
    elsewhere = Pool(server).client()
    elsewhere.pool.user("jane", password=PASSWORD)
    foreign = elsewhere.tokens("jane")
    header, payload, signature = token
    claims = json.loads(decoded(payload))
    foreign_header, foreign_payload, foreign_signature = foreign["AccessToken"].split(".")
    theirs = part({**claims, "iss": json.loads(decoded(foreign_payload))["iss"]})
    for forged in [
        f"{foreign_header}.{payload}.{foreign_signature}",
        f"{header}.{foreign_payload}.{signature}",
        f"{foreign_header}.{theirs}.{foreign_signature}",
    ]:
        with refused(*INVALID):
            client.who_is(forged)
    with refused(*INVALID_REFRESH):
        client.refresh(foreign["RefreshToken"])
    with refused("ResourceNotFoundException", f"User pool client {client.id} does not exist."):
        elsewhere.pool.admin_initiate_auth(
            ClientId=client.id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": foreign["RefreshToken"]}
        )


def test_a_session_is_no_refresh_token_and_the_reverse(pool, client, jane):
    pool.user("invited")
    challenge = client.sign_in("invited", "Temporary1!")
    with refused(*INVALID_REFRESH):
        client.refresh(challenge["Session"])
    refresh = client.tokens("jane")["RefreshToken"]
    with refused("NotAuthorizedException", "Invalid session for the user."):
        client.answer({**challenge, "Session": refresh}, {"USERNAME": "invited", "NEW_PASSWORD": PASSWORD})
