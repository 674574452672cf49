"""USER_SRP_AUTH with pycognito, a client of its own in Python."""

import pytest
from pycognito.aws_srp import AWSSRP
from pycognito.exceptions import ForceChangePasswordException

from people import NO_USER, PASSWORD, TEMPORARY, WRONG_PASSWORD, refused

SRP = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


@pytest.fixture
def client(pool):
    return pool.client(ExplicitAuthFlows=SRP)


def sign_in(client, username, password, **more):
    srp = AWSSRP(
        username=username,
        password=password,
        pool_id=client.pool.id,
        client_id=client.id,
        client_secret=client.secret,
        client=client.sdk,
        **more,
    )
    return srp.authenticate_user()["AuthenticationResult"]


def test_the_right_password_signs_in_however_the_numbers_fall(client, jane):
    for _ in range(25):
        tokens = sign_in(client, "jane", PASSWORD)
        assert client.who_is(tokens["AccessToken"]) == "jane"


def test_a_client_with_a_secret_proves_it_as_well(pool, jane):
    confidential = pool.client(ExplicitAuthFlows=SRP, GenerateSecret=True)
    assert sign_in(confidential, "jane", PASSWORD)["IdToken"]
    confidential.secret = "not the secret, but as long as"
    with refused("NotAuthorizedException", f"Unable to verify secret hash for client {confidential.id}"):
        sign_in(confidential, "jane", PASSWORD)


@pytest.mark.parametrize("username, answer", [("jane", WRONG_PASSWORD), ("nobody", NO_USER)])
def test_a_wrong_password_and_an_unknown_user_are_refused(client, jane, username, answer):
    with refused(*answer):
        sign_in(client, username, "Wrong-Passw0rd")


def test_a_temporary_password_asks_for_another(pool, client):
    pool.user("invited")
    with pytest.raises(ForceChangePasswordException):
        sign_in(client, "invited", TEMPORARY)
