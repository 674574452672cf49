"""Remembered devices with pycognito, which proves a device without sending the session of its challenge."""

import pytest
from pycognito.aws_srp import AWSSRP, generate_hash_device

from people import PASSWORD, Pool, refused

FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


@pytest.fixture
def pool(server):
    return Pool(server, DeviceConfiguration={"ChallengeRequiredOnNewDevice": True})


@pytest.fixture
def client(pool):
    return pool.client(ExplicitAuthFlows=FLOWS)


def sign_in(client, device=None):
    """`device` is key, group key and password."""
    key, group, password = device or (None, None, None)
    srp = AWSSRP(
        username="jane",
        password=PASSWORD,
        pool_id=client.pool.id,
        client_id=client.id,
        client=client.sdk,
        device_key=key,
        device_group_key=group,
        device_password=password,
    )
    return srp.authenticate_user()["AuthenticationResult"]


def confirmed(client):
    tokens = sign_in(client)
    key, group = (tokens["NewDeviceMetadata"][name] for name in ("DeviceKey", "DeviceGroupKey"))
    password, verifier = generate_hash_device(group, key)
    answer = client.sdk.confirm_device(
        AccessToken=tokens["AccessToken"], DeviceKey=key, DeviceSecretVerifierConfig=verifier, DeviceName="notebook"
    )
    assert answer["UserConfirmationNecessary"] is False
    return key, group, password


def test_a_confirmed_device_proves_itself(client, jane):
    # A salt or a public value that begins with zeros comes up once in a while.
    for _ in range(10):
        device = confirmed(client)
        tokens = sign_in(client, device)
        assert "NewDeviceMetadata" not in tokens
        result = client.sdk.initiate_auth(
            ClientId=client.id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": device[0]},
        )
        assert client.who_is(result["AuthenticationResult"]["AccessToken"]) == "jane"
    assert len(jane.admin_list_devices()["Devices"]) == 10


def test_another_password_is_refused(client, jane):
    key, group, _ = confirmed(client)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(client, (key, group, "not the password of this device"))
    assert len(jane.admin_list_devices()["Devices"]) == 1
