"""Row 8 with a user who signed up and was never confirmed, whom a pool file declares."""

import pytest

from people import PASSWORD, refused
from server import Server

POOL = """
[[pools]]
id = "us-east-1_declared2"
name = "declared"

[[pools.clients]]
id = "declaredclient000000000003"
name = "application"
[pools.clients.config]
ExplicitAuthFlows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

[[pools.users]]
username = "newcomer"
password = "Permanent1!"
status = "UNCONFIRMED"
attributes = { email = "newcomer@example.com" }
"""
NEWCOMER = {"UserPoolId": "us-east-1_declared2", "Username": "newcomer"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    pools = tmp_path_factory.mktemp("pools") / "pools.toml"
    pools.write_text(POOL)
    running = Server(pools=pools)
    yield running
    running.stop()


def test_admin_confirm_sign_up_lets_the_user_in(server):
    def sign_in():
        return server.sdk.admin_initiate_auth(
            UserPoolId="us-east-1_declared2",
            ClientId="declaredclient000000000003",
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "newcomer", "PASSWORD": PASSWORD},
        )

    assert server.sdk.admin_get_user(**NEWCOMER)["UserStatus"] == "UNCONFIRMED"
    with refused("UserNotConfirmedException", "User is not confirmed."):
        sign_in()
    with refused("NotAuthorizedException", "User password cannot be reset in the current state."):
        server.sdk.admin_reset_user_password(**NEWCOMER)
    server.sdk.admin_confirm_sign_up(**NEWCOMER, ClientMetadata={"source": "support"})
    assert server.sdk.admin_get_user(**NEWCOMER)["UserStatus"] == "CONFIRMED"
    assert sign_in()["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
        server.sdk.admin_confirm_sign_up(**NEWCOMER)
