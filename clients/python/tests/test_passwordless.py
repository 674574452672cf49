"""Users whom an administrator creates without a password, where codes suffice to sign in."""

import pytest

from people import PASSWORD, Pool, attribute_list, refused, verified

BY_CHOICE = ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]
JANE = attribute_list(verified("jane@example.com"))


@pytest.fixture
def pool(server):
    return Pool(server, Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}})


def begin(client, **parameters):
    return client.admin_auth("USER_AUTH", {"USERNAME": "jane", **parameters})


def test_such_a_user_is_confirmed_and_signs_in_by_a_code(pool):
    client = pool.client(ExplicitAuthFlows=BY_CHOICE)
    created = pool.admin_create_user(Username="jane", UserAttributes=JANE, DesiredDeliveryMediums=["EMAIL"])["User"]
    assert created["UserStatus"] == "CONFIRMED"
    assert pool.outbox("jane") == []
    asked = begin(client, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert (asked["ChallengeName"], asked["AvailableChallenges"]) == ("EMAIL_OTP", ["EMAIL_OTP"])
    code = pool.outbox("jane")[0]["code"]
    answer = client.answer(asked, {"USERNAME": "jane", "EMAIL_OTP_CODE": code})
    assert client.who_is(answer["AuthenticationResult"]["AccessToken"]) == "jane"


def test_no_password_is_the_right_one_until_there_is_one(pool):
    client = pool.client(ExplicitAuthFlows=BY_CHOICE)
    pool.admin_create_user(Username="jane", UserAttributes=JANE)
    for guess in ["Permanent1!", " "]:
        with refused("NotAuthorizedException", "Incorrect username or password."):
            client.sign_in("jane", guess)
    pool.admin_set_user_password(Username="jane", Password=PASSWORD, Permanent=True)
    assert client.tokens("jane")["AccessToken"]
    assert begin(client)["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]


def test_a_password_that_is_given_is_a_temporary_one(pool):
    given = pool.admin_create_user(
        Username="jane", UserAttributes=JANE, TemporaryPassword="Temporary1!", DesiredDeliveryMediums=["EMAIL"]
    )
    assert given["User"]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert pool.outbox("jane")[0]["temporaryPassword"] == "Temporary1!"


@pytest.mark.parametrize(
    ("factors", "attributes"),
    [(["PASSWORD"], JANE), (["PASSWORD", "EMAIL_OTP"], []), (["PASSWORD", "SMS_OTP"], JANE)],
    ids=["the pool asks for passwords", "there is no address", "the address is of another kind"],
)
def test_elsewhere_a_password_is_made(server, factors, attributes):
    pool = Pool(server, Policies={"SignInPolicy": {"AllowedFirstAuthFactors": factors}})
    created = pool.admin_create_user(Username="jane", UserAttributes=attributes)["User"]
    assert created["UserStatus"] == "FORCE_CHANGE_PASSWORD"


def test_who_needs_a_second_factor_needs_a_password_too(pool):
    pool.set_user_pool_mfa_config(MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True})
    created = pool.admin_create_user(Username="jane", UserAttributes=JANE)["User"]
    assert created["UserStatus"] == "FORCE_CHANGE_PASSWORD"
