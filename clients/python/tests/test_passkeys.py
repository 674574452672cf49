"""Passkeys are registered, listed and deleted by their user; options and credentials are JSON documents."""

import datetime

import pytest

from passkey_authenticator import PRESENT, VERIFIED, Authenticator, base64url
from people import PASSWORD, Pool, refused

RP = "example.com"
FIRST_FACTORS = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}


@pytest.fixture
def pool(server):
    pool = Pool(server, Policies=FIRST_FACTORS)
    set_relying_party(pool)
    return pool


@pytest.fixture
def token(client, jane):
    return client.tokens(jane.username)["AccessToken"]


def set_relying_party(pool, **config):
    pool.set_user_pool_mfa_config(MfaConfiguration="OFF", WebAuthnConfiguration={"RelyingPartyId": RP, **config})


def start(server, token):
    return server.sdk.start_web_authn_registration(AccessToken=token)["CredentialCreationOptions"]


def complete(server, token, credential):
    return server.sdk.complete_web_authn_registration(AccessToken=token, Credential=credential)


def credentials(server, token):
    return server.sdk.list_web_authn_credentials(AccessToken=token)["Credentials"]


def test_the_options_are_a_document(server, token, jane):
    options = start(server, token)
    assert isinstance(options, dict)
    assert len(options.pop("challenge")) == 43
    assert options == {
        "rp": {"id": RP, "name": RP},
        "user": {"id": base64url(jane.sub.encode()), "name": "jane", "displayName": "jane"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}],
        "timeout": 60000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "requireResidentKey": True,
            "residentKey": "required",
            "userVerification": "preferred",
        },
    }


@pytest.mark.parametrize("algorithm", [-7, -257])
def test_a_passkey_is_registered_listed_and_deleted(server, token, algorithm):
    authenticator = Authenticator(algorithm)
    answer = complete(server, token, authenticator.create(start(server, token)))
    assert [name for name in answer if name != "ResponseMetadata"] == []
    (listed,) = credentials(server, token)
    assert isinstance(listed.pop("CreatedAt"), datetime.datetime)
    credential_id = base64url(authenticator.id)
    assert listed == {
        "CredentialId": credential_id,
        "FriendlyCredentialName": "Platform passkey",
        "RelyingPartyId": RP,
        "AuthenticatorAttachment": "platform",
        "AuthenticatorTransports": ["internal"],
    }
    assert start(server, token)["excludeCredentials"] == [{"type": "public-key", "id": credential_id}]
    server.sdk.delete_web_authn_credential(AccessToken=token, CredentialId=credential_id)
    assert credentials(server, token) == []
    with refused("ResourceNotFoundException"):
        server.sdk.delete_web_authn_credential(AccessToken=token, CredentialId=credential_id)


def test_the_listing_has_a_paginator(server, token):
    for _ in range(3):
        complete(server, token, Authenticator().create(start(server, token)))
    first = server.sdk.list_web_authn_credentials(AccessToken=token, MaxResults=2)
    rest = server.sdk.list_web_authn_credentials(AccessToken=token, MaxResults=2, NextToken=first["NextToken"])
    assert "NextToken" not in rest
    found = [credential["CredentialId"] for credential in first["Credentials"] + rest["Credentials"]]
    assert found == [credential["CredentialId"] for credential in credentials(server, token)]


@pytest.mark.parametrize(
    ("overrides", "exception"),
    [
        ({"origin": "https://example.org"}, "WebAuthnOriginNotAllowedException"),
        ({"origin": "http://example.com"}, "WebAuthnOriginNotAllowedException"),
        ({"party": "login.example.com"}, "WebAuthnRelyingPartyMismatchException"),
        ({"flags": VERIFIED}, "WebAuthnCredentialNotSupportedException"),
        ({"fmt": "homemade"}, "WebAuthnCredentialNotSupportedException"),
        ({"fmt": "packed"}, "InvalidParameterException"),
    ],
)
def test_what_does_not_hold_is_refused(server, token, overrides, exception):
    with refused(exception):
        complete(server, token, Authenticator().create(start(server, token), **overrides))
    assert credentials(server, token) == []


def test_verification_is_asked_for_where_the_pool_wants_it(server, pool, token):
    set_relying_party(pool, UserVerification="required")
    with refused("WebAuthnCredentialNotSupportedException"):
        complete(server, token, Authenticator().create(start(server, token), flags=PRESENT))


def test_a_challenge_is_good_once_for_its_client_and_for_a_while(server, pool, client, token):
    other = pool.client().tokens("jane")["AccessToken"]
    credential = Authenticator().create(start(server, token))
    with refused("WebAuthnClientMismatchException"):
        complete(server, other, credential)
    complete(server, token, credential)
    with refused("WebAuthnChallengeNotFoundException"):
        complete(server, token, credential)
    late = Authenticator().create(start(server, token))
    server.advance(301)
    with refused("WebAuthnChallengeNotFoundException"):
        complete(server, token, late)


@pytest.mark.parametrize("nonsense", [{}, [], "text", 5, 1.5, True, {"id": "AAAA", "response": {}}])
def test_a_document_that_is_no_credential_is_refused(server, token, nonsense):
    start(server, token)
    with refused("InvalidParameterException"):
        complete(server, token, nonsense)


def test_passkeys_need_to_be_a_first_factor_and_a_relying_party(server):
    for config, exception in [
        ({}, "WebAuthnNotEnabledException"),
        ({"Policies": FIRST_FACTORS}, "WebAuthnConfigurationMissingException"),
    ]:
        pool = Pool(server, **config)
        client = pool.client()
        pool.user("jane", password=PASSWORD)
        with refused(exception):
            start(server, client.tokens("jane")["AccessToken"])
