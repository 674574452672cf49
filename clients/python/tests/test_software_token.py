"""Software tokens with pyotp, an authenticator that is not ours, and the preferences of signed-in users."""

import pyotp
import pytest

from people import NO_POOL, NO_USER, PASSWORD, Pool, refused

ON = {"Enabled": True, "PreferredMfa": True}
OFF = {"Enabled": False, "PreferredMfa": False}
INVALID = "InvalidParameterException"
MISMATCH = ("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA")
USED = ("EnableSoftwareTokenMFAException", "Your software token has already been used once.")
NOT_OFFERED = ("SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")
NO_SESSION = ("NotAuthorizedException", "Invalid session for the user.")


@pytest.fixture
def pool(server):
    pool = Pool(server)
    pool.set_user_pool_mfa_config(MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True})
    return pool


@pytest.fixture
def token(client, jane):
    return client.tokens(jane.username)["AccessToken"]


@pytest.fixture
def authenticator(server, token):
    """Shows the codes of a new secret."""
    totp = pyotp.TOTP(server.sdk.associate_software_token(AccessToken=token)["SecretCode"])
    return lambda: totp.at(server.get_json("/_cognate/clock")["now"])


def preferences(user):
    answer = user.read()
    return answer.get("PreferredMfaSetting"), answer.get("UserMFASettingList")


def test_a_token_is_enrolled_preferred_and_taken_away(server, jane, token, authenticator):
    code = authenticator()
    answer = server.sdk.verify_software_token(AccessToken=token, UserCode=code, FriendlyDeviceName="telephone")
    assert answer["Status"] == "SUCCESS"
    assert preferences(jane) == (None, None)
    with refused(*USED):
        server.sdk.verify_software_token(AccessToken=token, UserCode=code)
    server.sdk.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=ON)
    assert preferences(jane) == ("SOFTWARE_TOKEN_MFA", ["SOFTWARE_TOKEN_MFA"])
    for factors in (server.sdk.get_user_auth_factors(AccessToken=token), jane.admin_get_user_auth_factors()):
        assert factors["Username"] == "jane"
        assert factors["ConfiguredUserAuthFactors"] == ["PASSWORD", "SOFTWARE_TOKEN"]
        assert factors["PreferredMfaSetting"] == "SOFTWARE_TOKEN_MFA"
    jane.admin_delete_software_token()
    assert preferences(jane) == (None, None)
    assert jane.admin_get_user_auth_factors()["ConfiguredUserAuthFactors"] == ["PASSWORD"]


def test_a_wrong_code_enrols_nothing(server, token, authenticator):
    wrong = f"{(int(authenticator()) + 1) % 1_000_000:06}"
    with refused(*MISMATCH):
        server.sdk.verify_software_token(AccessToken=token, UserCode=wrong)
    with refused(INVALID, "User has not verified software token mfa"):
        server.sdk.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=ON)
    assert server.sdk.verify_software_token(AccessToken=token, UserCode=authenticator())["Status"] == "SUCCESS"


def test_a_preference_needs_its_factor(server, jane, token):
    for settings, message in [
        ({"SoftwareTokenMfaSettings": ON}, "User has not set up software token mfa"),
        ({"SMSMfaSettings": ON}, "User does not have a phone_number set to turn on SMS MFA"),
    ]:
        with refused(INVALID, message):
            server.sdk.set_user_mfa_preference(AccessToken=token, **settings)
    server.sdk.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=OFF, SMSMfaSettings=OFF)
    with refused(INVALID, "User does not have a phone_number set to turn on SMS MFA"):
        server.sdk.set_user_settings(
            AccessToken=token, MFAOptions=[{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
        )
    server.sdk.set_user_settings(AccessToken=token, MFAOptions=[])
    assert preferences(jane) == (None, None)


def test_a_pool_without_software_tokens_gives_none(server):
    pool = Pool(server)
    pool.user("john", password=PASSWORD)
    token = pool.client().tokens("john")["AccessToken"]
    with refused(*NOT_OFFERED):
        server.sdk.associate_software_token(AccessToken=token)
    with refused(*NOT_OFFERED):
        server.sdk.verify_software_token(AccessToken=token, UserCode="123456")


def test_a_session_that_no_challenge_gave_is_none(server):
    with refused(*NO_SESSION):
        server.sdk.associate_software_token(Session="s" * 40)
    with refused(*NO_SESSION):
        server.sdk.verify_software_token(Session="s" * 40, UserCode="123456")


@pytest.mark.parametrize("operation", ["admin_delete_software_token", "admin_get_user_auth_factors"])
def test_an_unknown_user_or_pool_is_refused(server, pool, operation):
    with refused(*NO_USER):
        getattr(pool, operation)(Username="nobody")
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        getattr(server.sdk, operation)(UserPoolId=NO_POOL, Username="jane")
