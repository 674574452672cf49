"""From a sign-up to the first sign-in without another code: the sessions of SignUp and ConfirmSignUp."""

import pytest

from people import PASSWORD, Pool, attribute_list, refused, verified

NOT_AUTHORIZED = "NotAuthorizedException"
INVALID = (NOT_AUTHORIZED, "Invalid session for the user.")
EXPIRED = (NOT_AUTHORIZED, "Invalid session for the user, session is expired.")
USED = (NOT_AUTHORIZED, "Invalid session for the user, session can only be used once.")
BY_CHOICE = ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
FACTORS = ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]
JANE = {"email": "jane@example.com"}
SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x"}


@pytest.fixture
def pool(server):
    return by_choice(server, FACTORS)


@pytest.fixture
def client(pool):
    return pool.client(ExplicitAuthFlows=BY_CHOICE)


def by_choice(server, factors, **config):
    policies = {"SignInPolicy": {"AllowedFirstAuthFactors": factors}}
    return Pool(server, **{"AutoVerifiedAttributes": ["email"], "Policies": policies, **config})


def sign_up(client, name="jane", attributes=JANE):
    return client.sdk.sign_up(
        ClientId=client.id, Username=name, Password=PASSWORD, UserAttributes=attribute_list(attributes)
    )


def confirm(client, name="jane", **more):
    code = client.pool.outbox(name)[0]["code"]
    return client.sdk.confirm_sign_up(ClientId=client.id, Username=name, ConfirmationCode=code, **more)


def sign_in(client, session, name="jane", **parameters):
    return client.sdk.initiate_auth(
        ClientId=client.id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name, **parameters}, Session=session
    )


def without_password(client, attributes):
    return client.sdk.sign_up(ClientId=client.id, Username="jane", UserAttributes=attribute_list(attributes))


def confirmed(client, name="jane", attributes=JANE):
    """The session of a user who signed up and was confirmed."""
    return confirm(client, name, Session=sign_up(client, name, attributes)["Session"])["Session"]


def test_the_code_of_the_sign_up_signs_in_once(pool, client):
    session = confirmed(client)
    answer = sign_in(client, session)
    assert client.sdk.get_user(AccessToken=answer["AuthenticationResult"]["AccessToken"])["Username"] == "jane"
    assert answer["AuthenticationResult"]["RefreshToken"] and answer["ChallengeParameters"] == {}
    with refused(*USED):
        sign_in(client, session)


def test_so_does_a_code_by_text_message_and_a_trusted_server(server):
    pool = by_choice(server, FACTORS, AutoVerifiedAttributes=["phone_number"], SmsConfiguration=SMS)
    client = pool.client(ExplicitAuthFlows=BY_CHOICE)
    session = confirmed(client, attributes={"phone_number": "+12065550100"})
    answer = pool.admin_initiate_auth(
        ClientId=client.id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "jane"}, Session=session
    )
    assert answer["AuthenticationResult"]["AccessToken"]


def test_there_is_no_session_where_users_do_not_choose_or_none_was_handed_on(pool, client):
    plain = pool.client()
    assert "Session" not in sign_up(plain, "john", {"email": "john@example.com"})
    assert "Session" not in confirm(plain, "john")
    assert sign_up(client)["Session"]
    assert "Session" not in confirm(client)


def test_a_factor_that_the_pool_does_not_allow_is_none_here_either(server):
    client = by_choice(server, ["PASSWORD"]).client(ExplicitAuthFlows=BY_CHOICE)
    answer = sign_in(client, confirmed(client))
    assert answer["ChallengeName"] == "SELECT_CHALLENGE"
    assert answer["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]


def test_who_needs_a_second_factor_is_not_let_in_by_the_code(pool, client):
    session = confirmed(client)
    # With a telephone of record, text messages become the second factor of everybody.
    pool.admin_update_user_attributes(
        Username="jane",
        UserAttributes=attribute_list({"phone_number": "+12065550100", "phone_number_verified": "true"}),
    )
    pool.set_user_pool_mfa_config(MfaConfiguration="ON", SmsMfaConfiguration={"SmsConfiguration": SMS})
    answer = sign_in(client, session)
    assert answer["ChallengeName"] == "SELECT_CHALLENGE"
    assert answer["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]


def test_a_session_is_of_its_user_client_and_pool(server, pool, client):
    session = confirmed(client)
    pool.user("john", verified("john@example.com"), password=PASSWORD)
    other = pool.client(ExplicitAuthFlows=BY_CHOICE)
    elsewhere = by_choice(server, FACTORS).client(ExplicitAuthFlows=BY_CHOICE)
    confirmed(elsewhere)
    for stranger, name in [(client, "john"), (other, "jane"), (elsewhere, "jane")]:
        with refused(*INVALID):
            sign_in(stranger, session, name)
    assert sign_in(client, session)["AuthenticationResult"]


def test_what_is_no_session_of_a_confirmation_is_refused(pool, client):
    begun = sign_up(client)["Session"]
    for session in ["A" * 40, begun[:-1] + ("A" if begun[-1] != "A" else "B")]:
        with refused(*INVALID):
            confirm(client, Session=session)
    confirm(client)
    challenge = client.sdk.initiate_auth(
        ClientId=client.id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "jane"}
    )["Session"]
    for session in [begun, challenge, "A" * 40]:
        with refused(*INVALID):
            sign_in(client, session)


def test_a_session_is_for_the_first_sign_in_only(pool):
    client = pool.client(ExplicitAuthFlows=[*BY_CHOICE, "ALLOW_USER_PASSWORD_AUTH"])
    session = confirmed(client)
    client.sign_in_publicly("jane")
    with refused(*INVALID):
        sign_in(client, session)


def test_a_code_proves_no_address_that_came_later(pool, client):
    session = confirmed(client)
    pool.admin_update_user_attributes(Username="jane", UserAttributes=attribute_list(verified("new@example.com")))
    with refused(*INVALID):
        sign_in(client, session)


def test_a_session_does_not_tell_who_exists(pool):
    client = pool.client(ExplicitAuthFlows=BY_CHOICE, PreventUserExistenceErrors="ENABLED")
    sign_up(client)
    wrong = "000000" if pool.outbox("jane")[0]["code"] != "000000" else "000001"
    for name in ["jane", "nobody"]:
        with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
            client.sdk.confirm_sign_up(ClientId=client.id, Username=name, ConfirmationCode=wrong, Session="A" * 40)


def test_a_session_ends_with_its_time_and_with_the_password(server, pool, client):
    session = confirmed(client)
    pool.admin_set_user_password(Username="jane", Password="Different1!", Permanent=True)
    with refused(*INVALID):
        sign_in(client, session)
    later = confirmed(client, "john", {"email": "john@example.com"})
    server.advance(181)
    with refused(*EXPIRED):
        sign_in(client, later, "john")


def test_who_signs_in_by_codes_needs_no_password(pool):
    client = pool.client(ExplicitAuthFlows=[*BY_CHOICE, "ALLOW_USER_PASSWORD_AUTH"])
    begun = without_password(client, JANE)
    assert begun["CodeDeliveryDetails"]["AttributeName"] == "email"
    session = confirm(client, Session=begun["Session"])["Session"]
    assert pool.admin_get_user(Username="jane")["UserStatus"] == "CONFIRMED"
    choice = client.sdk.initiate_auth(
        ClientId=client.id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "jane"}
    )
    assert choice["AvailableChallenges"] == ["EMAIL_OTP"]
    token = sign_in(client, session)["AuthenticationResult"]["AccessToken"]
    assert client.sdk.get_user_auth_factors(AccessToken=token)["ConfiguredUserAuthFactors"] == ["EMAIL_OTP"]
    with refused(NOT_AUTHORIZED, "Incorrect username or password."):
        client.sign_in_publicly("jane")
    client.sdk.change_password(AccessToken=token, ProposedPassword=PASSWORD)
    assert client.sign_in_publicly("jane")["AuthenticationResult"]


def test_a_password_is_needed_where_no_code_would_do(server, pool, client):
    short = ("InvalidPasswordException", "Password did not conform with policy: Password not long enough")
    with refused(*short):
        without_password(client, {})
    plain = by_choice(server, ["PASSWORD"]).client(ExplicitAuthFlows=BY_CHOICE)
    with refused(*short):
        without_password(plain, JANE)


def test_a_disabled_user_and_one_who_was_deleted_stay_out(pool, client):
    session = confirmed(client)
    pool.admin_disable_user(Username="jane")
    with refused(NOT_AUTHORIZED, "User is disabled."):
        sign_in(client, session)
    pool.admin_delete_user(Username="jane")
    with refused("UserNotFoundException", "User does not exist."):
        sign_in(client, session)
    discreet = pool.client(ExplicitAuthFlows=BY_CHOICE, PreventUserExistenceErrors="ENABLED")
    with refused(*INVALID):
        sign_in(discreet, session)


def test_an_older_session_confirms_all_the_same_and_hands_none_on(server, pool, client):
    begun = sign_up(client)["Session"]
    server.advance(181)
    assert "Session" not in confirm(client, Session=begun)
    assert pool.admin_get_user(Username="jane")["UserStatus"] == "CONFIRMED"
