"""GetDerivedToken: a user's token for a narrower one."""

import json
import urllib.request

import pytest

from people import NO_USER, PASSWORD, Pool, refused
from verifier import Verifier

SCOPE = "aws.cognito.signin.user.admin"
IMPERSONATION = "ALLOW_TOKEN_EXCHANGE_IMPERSONATION"
DELEGATION = "ALLOW_TOKEN_EXCHANGE_DELEGATION"
ORDERS = "https://orders.example.com"
INVALID = ("NotAuthorizedException", "Invalid Access Token")


@pytest.fixture
def service(pool):
    return pool.client(ExplicitAuthFlows=[IMPERSONATION, DELEGATION])


@pytest.fixture
def tokens(client, jane):
    return client.tokens("jane")


def derive(service, token, **arguments):
    arguments = {"ClientId": service.id, "SubjectToken": token, "SubjectTokenType": "ACCESS_TOKEN", **arguments}
    return service.sdk.get_derived_token(**arguments)


def derived(service, token, **arguments):
    return derive(service, token, **arguments)["IssuedToken"]


def actor(client, username):
    return {"ActorToken": client.tokens(username)["AccessToken"], "ActorTokenType": "ACCESS_TOKEN"}


def test_it_is_the_users_for_the_service_that_asked_and_for_its_audience(client, jane, service, tokens):
    before = Verifier(client).access(tokens["AccessToken"])
    answer = derive(service, tokens["AccessToken"], Audiences=[ORDERS])
    assert (answer["IssuedTokenType"], answer["TokenType"], answer["Scopes"]) == ("ACCESS_TOKEN", "Bearer", [SCOPE])
    assert 3_500 < answer["ExpiresIn"] <= 3_600
    claims = Verifier(service).access(answer["IssuedToken"])
    assert (claims["aud"], claims["client_id"], claims["scope"]) == (ORDERS, service.id, SCOPE)
    assert (claims["sub"], claims["username"], claims["token_use"]) == (jane.sub, "jane", "access")
    assert "act" not in claims
    for kept in ["iss", "auth_time", "origin_jti", "event_id"]:
        assert claims[kept] == before[kept], kept
    assert claims["jti"] != before["jti"]
    assert claims["exp"] <= before["exp"]


def test_bound_to_an_audience_it_does_not_open_this_api(client, service, tokens):
    with refused(*INVALID):
        client.who_is(derived(service, tokens["AccessToken"], Audiences=[ORDERS]))
    assert client.who_is(derived(service, tokens["AccessToken"])) == "jane"


def test_it_names_who_acts_for_the_user_one_within_the_other(pool, client, jane, service, tokens):
    robot, auditor = (pool.user(name, password=PASSWORD) for name in ("robot", "auditor"))
    verifier = Verifier(service)
    first = derived(service, tokens["AccessToken"], **actor(client, "robot"))
    claims = verifier.access(first)
    assert claims["sub"] == jane.sub
    assert claims["act"] == {"sub": robot.sub, "client_id": client.id}
    second = verifier.access(derived(service, first, **actor(client, "auditor")))
    assert second["act"] == {"sub": auditor.sub, "client_id": client.id, "act": claims["act"]}
    # An exchange without an actor hides none.
    assert verifier.access(derived(service, first))["act"] == claims["act"]


def test_it_has_only_scopes_that_the_subject_has_and_the_client_may_have(pool, tokens):
    service = pool.client(
        ExplicitAuthFlows=[IMPERSONATION],
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid", SCOPE],
        CallbackURLs=["https://example.com/callback"],
    )
    assert derive(service, tokens["AccessToken"], Scopes=["openid", SCOPE])["Scopes"] == [SCOPE]
    with refused("InvalidParameterException"):
        derive(service, tokens["AccessToken"], Scopes=["openid"])


def test_an_id_token_carries_what_the_requesting_client_may_read(pool, jane, tokens):
    service = pool.client(ExplicitAuthFlows=[IMPERSONATION], ReadAttributes=["email"])
    answer = derive(service, tokens["IdToken"], SubjectTokenType="ID_TOKEN", RequestedTokenType="ID_TOKEN")
    assert (answer["IssuedTokenType"], answer["TokenType"]) == ("ID_TOKEN", "N_A")
    assert "Scopes" not in answer
    claims = Verifier(service).id(answer["IssuedToken"])
    assert (claims["sub"], claims["email"]) == (jane.sub, "jane@example.com")
    assert "email_verified" not in claims


def test_each_way_needs_its_flow(pool, client, tokens):
    for other in (client, pool.client(ExplicitAuthFlows=[DELEGATION])):
        with refused("InvalidParameterException", f"{IMPERSONATION} is not enabled for the client."):
            derive(other, tokens["AccessToken"])
    impersonator = pool.client(ExplicitAuthFlows=[IMPERSONATION])
    with refused("InvalidParameterException", f"{DELEGATION} is not enabled for the client."):
        derive(impersonator, tokens["AccessToken"], **actor(client, "jane"))


def test_a_client_with_a_secret_is_asked_for_it(pool, tokens):
    service = pool.client(ExplicitAuthFlows=[IMPERSONATION], GenerateSecret=True)
    for secret in ({}, {"ClientSecret": "not_the_secret_of_this_client"}):
        with refused("NotAuthorizedException"):
            derive(service, tokens["AccessToken"], **secret)
    assert derived(service, tokens["AccessToken"], ClientSecret=service.secret)


def test_it_needs_no_signature(server, service, tokens):
    body = {"ClientId": service.id, "SubjectToken": tokens["AccessToken"], "SubjectTokenType": "ACCESS_TOKEN"}
    request = urllib.request.Request(
        server.endpoint,
        data=json.dumps(body).encode(),
        headers={
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "AWSCognitoIdentityProviderService.GetDerivedToken",
        },
    )
    with urllib.request.urlopen(request) as response:
        assert json.load(response)["TokenType"] == "Bearer"


def test_what_is_no_token_of_this_kind_and_pool_is_refused(server, service, tokens):
    elsewhere = Pool(server)
    elsewhere.user("jane", password=PASSWORD)
    foreign = elsewhere.client().tokens("jane")["AccessToken"]
    for token in ("garbage", tokens["IdToken"], foreign):
        with refused(*INVALID):
            derive(service, token)
    with refused("NotAuthorizedException", "Invalid ID Token"):
        derive(service, tokens["AccessToken"], SubjectTokenType="ID_TOKEN")
    with refused(*INVALID):
        derive(service, tokens["AccessToken"], ActorToken=foreign, ActorTokenType="ACCESS_TOKEN")


def test_it_ends_with_the_sign_in_that_it_came_from(client, jane, service, tokens):
    issued = derived(service, tokens["AccessToken"])
    jane.admin_user_global_sign_out()
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        client.who_is(issued)
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        derive(service, tokens["AccessToken"])
    with refused("NotAuthorizedException", "ID Token has been revoked"):
        derive(service, tokens["IdToken"], SubjectTokenType="ID_TOKEN")
    again = client.tokens("jane")
    jane.admin_disable_user()
    with refused("NotAuthorizedException"):
        derive(service, again["AccessToken"])
    jane.admin_delete_user()
    with refused(*NO_USER):
        derive(service, again["AccessToken"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"Resources": ["orders"]}, "ResourceNotFoundException"),
        ({"SubjectTokenProviderName": "Acme"}, "ResourceNotFoundException"),
        ({"SubjectTokenType": "SAML2"}, "InvalidParameterException"),
        ({"Audiences": ["a"], "Resources": ["b"]}, "InvalidParameterException"),
        ({"ActorTokenType": "ACCESS_TOKEN"}, "InvalidParameterException"),
        ({"ClientId": "1a2b3c4d5e6f7g8h9i0j1k2l3m"}, "ResourceNotFoundException"),
    ],
)
def test_what_it_knows_nothing_of_is_refused(service, tokens, arguments, code):
    with refused(code):
        derive(service, tokens["AccessToken"], **arguments)


def test_the_lite_tier_exchanges_nothing(server):
    pool = Pool(server, UserPoolTier="LITE")
    with refused("OperationNotEnabledException"):
        derive(pool.client(ExplicitAuthFlows=[IMPERSONATION]), "token")


# Last, because it moves the clock, by which PyJWT does not go.
def test_it_never_outlives_the_one_that_it_came_from(server, service, tokens):
    server.advance(3_000)
    first = derive(service, tokens["AccessToken"])
    assert first["ExpiresIn"] <= 600
    assert derive(service, first["IssuedToken"])["ExpiresIn"] <= 600
    server.advance(601)
    for token in (tokens["AccessToken"], first["IssuedToken"]):
        with refused("NotAuthorizedException", "Access Token has expired"):
            derive(service, token)
