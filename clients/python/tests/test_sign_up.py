"""People who create their own accounts: SignUp, ConfirmSignUp, ResendConfirmationCode."""

import re

import pytest

from people import PASSWORD, Pool, attribute_list, refused, verified

INVALID = "InvalidParameterException"
MISMATCH = ("CodeMismatchException", "Invalid verification code provided, please try again.")
NO_CODE = ("ExpiredCodeException", "Invalid code provided, please request a code again.")
NO_COMBINATION = ("UserNotFoundException", "Username/client id combination not found.")
EMAIL = {"Destination": "j***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
JANE = {"email": "jane@example.com"}


@pytest.fixture
def pool(server):
    return Pool(server, AutoVerifiedAttributes=["email"])


def sign_up(client, name="jane", attributes=JANE, password=PASSWORD, **more):
    return client.sdk.sign_up(
        ClientId=client.id, Username=name, Password=password, UserAttributes=attribute_list(attributes), **more
    )


def confirm(client, code, name="jane", **more):
    return client.sdk.confirm_sign_up(ClientId=client.id, Username=name, ConfirmationCode=code, **more)


def resend(client, name="jane"):
    return client.sdk.resend_confirmation_code(ClientId=client.id, Username=name)


def members(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def last_code(client, name="jane"):
    return client.pool.outbox(name)[0]["code"]


def other(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_sign_up_ends_with_a_confirmed_user_and_a_verified_address(pool, client):
    answer = members(sign_up(client))
    assert set(answer) == {"UserConfirmed", "UserSub", "CodeDeliveryDetails"}
    assert (answer["UserConfirmed"], answer["CodeDeliveryDetails"]) == (False, EMAIL)
    read = pool.admin_get_user(Username="jane")
    assert read["UserStatus"] == "UNCONFIRMED"
    assert {"Name": "sub", "Value": answer["UserSub"]} in read["UserAttributes"]
    with refused("UserNotConfirmedException", "User is not confirmed."):
        client.sign_in("jane")
    assert members(confirm(client, last_code(client))) == {}
    read = pool.admin_get_user(Username="jane")
    assert read["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in read["UserAttributes"]
    assert client.tokens("jane")
    with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
        confirm(client, "123456")
    with refused(INVALID, "User is already confirmed."):
        resend(client)


def test_nothing_is_sent_where_nothing_is_verified(server, client):
    assert set(members(sign_up(client, attributes={}))) == {"UserConfirmed", "UserSub"}
    plain = Pool(server).client()
    assert set(members(sign_up(plain))) == {"UserConfirmed", "UserSub"}
    for silent in [client, plain]:
        assert silent.pool.outbox("jane") == []
        with refused(INVALID, "Cannot resend codes. Auto verification not turned on."):
            resend(silent)


def test_a_name_is_taken_once(server, client):
    sign_up(client)
    with refused("UsernameExistsException", "User already exists"):
        sign_up(client)
    addresses = Pool(server, UsernameAttributes=["email"]).client()
    answer = sign_up(addresses, "jane@example.com", {})
    assert addresses.pool.admin_get_user(Username="jane@example.com")["Username"] == answer["UserSub"]
    with refused("UsernameExistsException", "An account with the given email already exists."):
        sign_up(addresses, "jane@example.com", {})


def test_an_address_that_is_an_alias_is_taken_by_who_proves_it(server):
    pool = Pool(server, AliasAttributes=["email"], AutoVerifiedAttributes=["email"])
    client = pool.client()
    pool.user("first", verified("jane@example.com"), password=PASSWORD)
    sign_up(client)
    with refused("AliasExistsException", "An account with the email already exists."):
        confirm(client, last_code(client))
    assert pool.admin_get_user(Username="jane@example.com")["Username"] == "first"
    confirm(client, last_code(client), ForceAliasCreation=True)
    assert pool.admin_get_user(Username="jane@example.com")["Username"] == "jane"
    former = pool.admin_get_user(Username="first")["UserAttributes"]
    assert {"Name": "email_verified", "Value": "false"} in former


def test_codes_are_refused(server, pool, client):
    sign_up(client)
    code = last_code(client)
    with refused(*MISMATCH):
        confirm(client, other(code))
    assert members(resend(client)) == {"CodeDeliveryDetails": EMAIL}
    newer = last_code(client)
    if newer != code:
        with refused(*MISMATCH):
            confirm(client, code)
    server.advance(86_401)
    with refused(*NO_CODE):
        confirm(client, newer)
    resend(client)
    confirm(client, last_code(client))


def test_guesses_end(client):
    sign_up(client)
    code = last_code(client)
    for _ in range(10):
        with refused(*MISMATCH):
            confirm(client, other(code))
    for given in [other(code), code]:
        with refused(
            ("LimitExceededException", "TooManyFailedAttemptsException"),
            "Attempt limit exceeded, please try after some time.",
        ):
            confirm(client, given)


def test_a_code_proves_the_address_that_it_was_sent_to(pool, client):
    sign_up(client)
    code = last_code(client)
    pool.admin_update_user_attributes(
        Username="jane", UserAttributes=[{"Name": "email", "Value": "victim@example.com"}]
    )
    with refused(*MISMATCH):
        confirm(client, code)
    assert resend(client)["CodeDeliveryDetails"]["Destination"] == "v***@e***"
    confirm(client, last_code(client))


def test_sign_up_refuses(server, client):
    with refused("InvalidPasswordException", "Password did not conform with policy: Password not long enough"):
        sign_up(client, password="short")
    with refused(
        INVALID,
        re.compile(
            "^Attributes did not conform to the schema: custom:a: Attribute does not exist in the schema.\n"
            "custom:b: Attribute does not exist in the schema.\n$"
        ),
    ):
        sign_up(client, attributes={"custom:a": "1", "custom:b": "2"})
    with refused(("NotAuthorizedException", INVALID), "Cannot modify the non-mutable attribute email_verified"):
        sign_up(client, attributes=verified("jane@example.com"))
    with refused("NotAuthorizedException", "A client attempted to write unauthorized attribute"):
        sign_up(client.pool.client(WriteAttributes=["name"]))
    needy = Pool(server, Schema=[{"Name": "name", "AttributeDataType": "String", "Required": True}]).client()
    with refused(INVALID, "Attributes did not conform to the schema: name: The attribute is required\n"):
        sign_up(needy)
    closed = Pool(server, AdminCreateUserConfig={"AllowAdminCreateUserOnly": True}).client()
    with refused("NotAuthorizedException", "SignUp is not permitted for this user pool"):
        sign_up(closed)
    with refused(INVALID, "Username should be an email."):
        sign_up(Pool(server, UsernameAttributes=["email"]).client())
    with refused(INVALID, "Username cannot be of email format, since user pool is configured for email alias."):
        sign_up(Pool(server, AliasAttributes=["email"]).client(), "jane@example.com")


def test_a_client_with_a_secret_proves_it(pool):
    client = pool.client(GenerateSecret=True)
    missing = f"Client {client.id} is configured for secret but secret was not received"
    wrong = f"Unable to verify secret hash for client {client.id}"
    for call in [sign_up, lambda client, **more: confirm(client, "123456", **more)]:
        with refused("NotAuthorizedException", missing):
            call(client)
        with refused("NotAuthorizedException", wrong):
            call(client, SecretHash=client.secret_hash("john"))
    assert sign_up(client, SecretHash=client.secret_hash("jane"))["UserSub"]
    confirm(client, last_code(client), SecretHash=client.secret_hash("jane"))


def test_an_unknown_name_is_told_apart_unless_the_client_hides_it(pool, client):
    discreet = pool.client(PreventUserExistenceErrors="ENABLED")
    with refused(*NO_COMBINATION):
        confirm(client, "123456", "nobody")
    with refused(*NO_COMBINATION):
        resend(client, "nobody")
    with refused(*MISMATCH):
        confirm(discreet, "123456", "nobody")
    assert resend(discreet, "nobody")["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    assert pool.outbox("nobody") == []
