"""Rows 19 and 20: second factors are preferred, and the older settings set."""

import pytest
from botocore.exceptions import ClientError

from people import NO_POOL, NO_USER, PASSWORD, Pool, refused

INVALID = "InvalidParameterException"
ON = {"Enabled": True, "PreferredMfa": True}
OFF = {"Enabled": False, "PreferredMfa": False}
SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/service-role/sms", "ExternalId": "external"}
OPTIONS = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]


@pytest.fixture
def pool(server):
    pool = Pool(server, SmsConfiguration=SMS)
    pool.set_user_pool_mfa_config(
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration={"SmsConfiguration": SMS},
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    return pool


@pytest.fixture
def jane(pool):
    """A user with a telephone."""
    return pool.user("jane", {"phone_number": "+12065550100", "phone_number_verified": "true"}, password=PASSWORD)


def settings(user):
    answer = user.read()
    return {
        name: answer[name] for name in ("PreferredMfaSetting", "UserMFASettingList", "MFAOptions") if name in answer
    }


def password_is_enough(client):
    try:
        answer = client.sign_in("jane")
    except ClientError:
        return False
    if "AuthenticationResult" not in answer:
        assert answer["ChallengeName"] == "SMS_MFA"
    return "AuthenticationResult" in answer


def test_text_messages_go_on_and_off_and_change_the_next_sign_in(client, jane):
    assert password_is_enough(client)
    jane.admin_set_user_mfa_preference(SMSMfaSettings=ON)
    assert settings(jane) == {"PreferredMfaSetting": "SMS_MFA", "UserMFASettingList": ["SMS_MFA"]}
    assert not password_is_enough(client)
    jane.admin_set_user_mfa_preference(SMSMfaSettings=OFF)
    assert settings(jane) == {}
    assert password_is_enough(client)


def test_a_factor_may_be_on_without_being_preferred(jane):
    jane.admin_set_user_mfa_preference(SMSMfaSettings={"Enabled": True})
    assert settings(jane) == {"UserMFASettingList": ["SMS_MFA"]}


def test_an_absent_factor_may_be_switched_off(jane):
    jane.admin_set_user_mfa_preference(SoftwareTokenMfaSettings=OFF)
    assert settings(jane) == {}


def test_a_factor_that_the_user_lacks_is_refused(pool, jane):
    john = pool.user("john", password=PASSWORD)
    for user, factor, name in [
        (jane, "SoftwareTokenMfaSettings", "SOFTWARE_TOKEN_MFA"),
        (john, "SMSMfaSettings", "SMS_MFA"),
        (john, "EmailMfaSettings", "EMAIL_OTP"),
    ]:
        with refused(INVALID, f"User does not have delivery config set to turn on {name}"):
            user.admin_set_user_mfa_preference(**{factor: ON})
        assert settings(user) == {}


def test_two_preferred_factors_are_refused(jane):
    with refused(INVALID):
        jane.admin_set_user_mfa_preference(SMSMfaSettings=ON, SoftwareTokenMfaSettings=ON)
    assert settings(jane) == {}


def test_the_older_settings_show_and_go(client, jane):
    jane.admin_set_user_settings(MFAOptions=OPTIONS)
    assert settings(jane)["MFAOptions"] == OPTIONS
    assert not password_is_enough(client)
    jane.admin_set_user_settings(MFAOptions=[])
    assert "MFAOptions" not in settings(jane)
    assert password_is_enough(client)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("admin_set_user_mfa_preference", {"SMSMfaSettings": OFF}),
        ("admin_set_user_settings", {"MFAOptions": []}),
    ],
)
def test_an_unknown_user_or_pool_is_refused(server, pool, operation, arguments):
    with refused(*NO_USER):
        getattr(pool, operation)(Username="nobody", **arguments)
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        getattr(server.sdk, operation)(UserPoolId=NO_POOL, Username="jane", **arguments)
