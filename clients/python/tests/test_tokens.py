"""Tokens as an application checks them: with PyJWT and the keys that the server publishes."""

import jwt
import pytest

from people import PASSWORD, Pool, verified
from verifier import Verifier


@pytest.fixture
def verifier(client):
    return Verifier(client)


def test_a_sign_in_answers_tokens_that_verify(client, jane, verifier):
    tokens = client.tokens("jane")
    claims = verifier.id(tokens["IdToken"])
    access = verifier.access(tokens["AccessToken"])
    assert (claims["token_use"], access["token_use"]) == ("id", "access")
    assert claims["sub"] == access["sub"] == jane.sub
    assert claims["cognito:username"] == access["username"] == "jane"
    assert (claims["email"], claims["email_verified"]) == ("jane@example.com", True)
    assert access["scope"] == "aws.cognito.signin.user.admin"
    assert "aud" not in access and "email" not in access
    assert claims["origin_jti"] == access["origin_jti"]
    assert claims["jti"] != access["jti"]
    assert jwt.get_unverified_header(tokens["IdToken"]).keys() == {"alg", "kid"}
    assert (
        jwt.get_unverified_header(tokens["IdToken"])["kid"] != jwt.get_unverified_header(tokens["AccessToken"])["kid"]
    )


def test_a_forged_token_does_not_verify(client, jane, verifier):
    header, body, signature = client.tokens("jane")["IdToken"].split(".")
    forged = jwt.utils.base64url_encode(b'{"sub":"somebody-else"}').decode()
    with pytest.raises(jwt.InvalidSignatureError):
        verifier.id(f"{header}.{forged}.{signature}")


def test_another_clients_token_does_not_verify(pool, client, jane):
    other = Verifier(pool.client())
    with pytest.raises(jwt.InvalidAudienceError):
        other.id(client.tokens("jane")["IdToken"])


def test_another_pools_key_is_unknown(server, client, jane):
    other = Verifier(Pool(server).client())
    with pytest.raises(jwt.PyJWKClientError):
        other.id(client.tokens("jane")["IdToken"])


def test_groups_show_in_both_tokens_and_leave_them(pool, client, jane, verifier):
    for name, precedence in [("readers", 5), ("admins", 1)]:
        pool.create_group(GroupName=name, Precedence=precedence)
        jane.admin_add_user_to_group(GroupName=name)
    tokens = client.tokens("jane")
    for claims in (verifier.id(tokens["IdToken"]), verifier.access(tokens["AccessToken"])):
        assert sorted(claims["cognito:groups"]) == ["admins", "readers"]
    for name in ["readers", "admins"]:
        jane.admin_remove_user_from_group(GroupName=name)
    assert "cognito:groups" not in verifier.access(client.tokens("jane")["AccessToken"])


def test_a_refresh_keeps_the_sign_in_and_reads_the_user_anew(client, jane, verifier):
    first = client.tokens("jane")
    jane.update({"name": "Jane"})
    second = client.refresh(first["RefreshToken"])
    before, now = verifier.id(first["IdToken"]), verifier.id(second["IdToken"])
    for claim in ["auth_time", "origin_jti", "event_id", "sub"]:
        assert now[claim] == before[claim], claim
    assert now["jti"] != before["jti"]
    assert "name" not in before and now["name"] == "Jane"


def test_claims_have_the_types_that_applications_expect(server):
    pool = Pool(server, Schema=[{"Name": "level", "AttributeDataType": "Number"}])
    client = pool.client()
    attributes = {**verified("jane@example.com"), "custom:level": "7"}
    pool.user("jane", attributes, password=PASSWORD)
    claims = Verifier(client).id(client.tokens("jane")["IdToken"])
    assert claims["email_verified"] is True
    assert claims["custom:level"] == "7"
    assert claims["aud"] == client.id
    for time in ["auth_time", "iat", "exp"]:
        assert type(claims[time]) is int
