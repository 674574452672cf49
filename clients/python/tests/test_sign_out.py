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


def test_admin_user_global_sign_out_refuses_an_unknown_user_or_pool(server, pool):
    with refused(*NO_USER):
        pool.admin_user_global_sign_out(Username="nobody")
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        server.sdk.admin_user_global_sign_out(UserPoolId=NO_POOL, Username="jane")
