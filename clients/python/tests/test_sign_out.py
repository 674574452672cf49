"""Row 16: every session of a user ends."""

import pytest

from people import NO_POOL, NO_USER, refused

REVOKED_ACCESS = ("NotAuthorizedException", "Access Token has been revoked")
REVOKED_REFRESH = ("NotAuthorizedException", "Refresh Token has been revoked")


@pytest.mark.parametrize("by_administrator", [True, False])
def test_a_global_sign_out_ends_every_session_at_once(server, pool, client, jane, by_administrator):
    other = pool.client()
    sessions = [(client, client.tokens("jane")), (other, other.tokens("jane"))]
    refreshed = client.refresh(sessions[0][1]["RefreshToken"])
    if by_administrator:
        jane.admin_user_global_sign_out()
    else:
        server.sdk.global_sign_out(AccessToken=sessions[0][1]["AccessToken"])
    for application, tokens in sessions:
        with refused(*REVOKED_ACCESS):
            application.who_is(tokens["AccessToken"])
        with refused(*REVOKED_REFRESH):
            application.refresh(tokens["RefreshToken"])
    with refused(*REVOKED_ACCESS):
        client.who_is(refreshed["AccessToken"])
    assert client.who_is(client.tokens("jane")["AccessToken"]) == "jane"


def test_a_revoked_token_ends_its_own_session_only(server, client, jane):
    one, other = client.tokens("jane"), client.tokens("jane")
    server.sdk.revoke_token(Token=one["RefreshToken"], ClientId=client.id)
    with refused(*REVOKED_ACCESS):
        client.who_is(one["AccessToken"])
    with refused(*REVOKED_REFRESH):
        client.refresh(one["RefreshToken"])
    assert client.who_is(other["AccessToken"]) == "jane"
    with refused("UnsupportedTokenTypeException"):
        server.sdk.revoke_token(Token=other["AccessToken"], ClientId=client.id)


def test_who_signs_out_and_in_at_once_is_in_though_their_tokens_have_no_origin(server, pool, jane):
    client = pool.client(EnableTokenRevocation=False)
    for _ in range(3):
        before = client.tokens("jane")
        jane.admin_user_global_sign_out()
        with refused(*REVOKED_ACCESS):
            client.who_is(before["AccessToken"])
        assert client.who_is(client.tokens("jane")["AccessToken"]) == "jane"


def test_an_access_token_outlives_the_refresh_token_that_it_came_from(server, pool, jane):
    units = {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "minutes"}
    client = pool.client(
        AccessTokenValidity=60, IdTokenValidity=60, RefreshTokenValidity=60, TokenValidityUnits=units
    )
    refresh_token = client.tokens("jane")["RefreshToken"]
    server.advance(59 * 60)
    late = client.refresh(refresh_token)["AccessToken"]
    server.advance(5 * 60)
    client.tokens("jane")
    assert client.who_is(late) == "jane"
    for days in [0, 2]:
        server.advance(days * 86_400)
        client.tokens("jane")
        with refused("NotAuthorizedException", "Refresh Token has expired"):
            client.refresh(refresh_token)


def test_admin_user_global_sign_out_refuses_an_unknown_user_or_pool(server, pool):
    with refused(*NO_USER):
        pool.admin_user_global_sign_out(Username="nobody")
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        server.sdk.admin_user_global_sign_out(UserPoolId=NO_POOL, Username="jane")
