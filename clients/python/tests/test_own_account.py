"""Signed-in users: their password, attributes, addresses and the end of their account."""

import pytest

from people import NO_USER, PASSWORD, WRONG_PASSWORD, Pool, attribute_list, refused, verified

NEW = "Chosen-one1"
INVALID = "InvalidParameterException"
UNAUTHORIZED = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")
MISMATCH = ("CodeMismatchException", "Invalid verification code provided, please try again.")
NO_CODE = ("ExpiredCodeException", "Invalid code provided, please request a code again.")
TOO_MANY = ("LimitExceededException", "Attempt limit exceeded, please try after some time.")


@pytest.fixture
def token(client, jane):
    return client.tokens(jane.username)["AccessToken"]


def another(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_changed_password_takes_effect_and_keeps_the_session(server, client, jane, token):
    change = server.sdk.change_password
    with refused(*WRONG_PASSWORD):
        change(AccessToken=token, PreviousPassword=NEW, ProposedPassword="short")
    with refused("InvalidPasswordException", "Password did not conform with policy: Password not long enough"):
        change(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword="short")
    with refused(INVALID, "Missing required parameter OldPassword"):
        change(AccessToken=token, ProposedPassword=NEW)
    change(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEW)
    with refused(*WRONG_PASSWORD):
        client.tokens("jane")
    assert client.tokens("jane", NEW)["AccessToken"]
    assert client.who_is(token) == "jane"


def test_guesses_at_the_previous_password_are_limited(server, client, jane, token):
    for _ in range(5):
        with refused(*WRONG_PASSWORD):
            server.sdk.change_password(AccessToken=token, PreviousPassword=NEW, ProposedPassword=NEW)
        server.advance(1)
    for lock in (2, 4, 8, 16, 32):
        with refused(*WRONG_PASSWORD):
            server.sdk.change_password(AccessToken=token, PreviousPassword=NEW, ProposedPassword=NEW)
        server.advance(lock)
    with refused(*TOO_MANY):
        server.sdk.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEW)
    assert client.tokens("jane")["AccessToken"]


def test_attributes_are_set_emptied_and_deleted(server, jane, token):
    update, delete = server.sdk.update_user_attributes, server.sdk.delete_user_attributes
    answer = update(AccessToken=token, UserAttributes=attribute_list({"name": "Jane", "nickname": "jj"}))
    assert answer["CodeDeliveryDetailsList"] == []
    update(AccessToken=token, UserAttributes=attribute_list({"nickname": ""}))
    assert jane.attributes() == {"sub": jane.sub, "name": "Jane", **verified("jane@example.com")}
    delete(AccessToken=token, UserAttributeNames=["name", "email"])
    assert jane.attributes() == {"sub": jane.sub}
    with refused(INVALID, "Cannot modify the non-mutable attribute email_verified"):
        update(AccessToken=token, UserAttributes=attribute_list({"email_verified": "true"}))
    with refused(INVALID, "user.custom:foo: Attribute does not exist in the schema.\n"):
        update(AccessToken=token, UserAttributes=attribute_list({"custom:foo": "x"}))
    with refused(INVALID, "Invalid user attributes: user.custom:foo: Attribute does not exist in the schema.\n"):
        delete(AccessToken=token, UserAttributeNames=["custom:foo"])


def test_a_client_writes_what_it_may(server, pool, jane):
    client = pool.client(WriteAttributes=["name"])
    token = client.tokens("jane")["AccessToken"]
    server.sdk.update_user_attributes(AccessToken=token, UserAttributes=attribute_list({"name": "Jane"}))
    with refused(*UNAUTHORIZED):
        server.sdk.update_user_attributes(AccessToken=token, UserAttributes=attribute_list({"locale": "fr"}))
    with refused(*UNAUTHORIZED):
        server.sdk.delete_user_attributes(AccessToken=token, UserAttributeNames=["email"])
    assert jane.attributes()["email"] == "jane@example.com"


@pytest.mark.parametrize("waits", [False, True])
def test_a_changed_address_is_verified_by_a_code(server, waits):
    settings = {"AttributesRequireVerificationBeforeUpdate": ["email"]} if waits else {}
    pool = Pool(server, AutoVerifiedAttributes=["email"], UserAttributeUpdateSettings=settings)
    jane = pool.user("jane", verified("old@example.com"), password=PASSWORD)
    token = pool.client().tokens("jane")["AccessToken"]
    answer = server.sdk.update_user_attributes(
        AccessToken=token, UserAttributes=attribute_list({"email": "new@example.com"})
    )
    details = {"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    assert answer["CodeDeliveryDetailsList"] == [details]
    before = verified("old@example.com") if waits else {"email": "new@example.com", "email_verified": "false"}
    assert jane.attributes() == {"sub": jane.sub, **before}
    code = jane.outbox()[0]["code"]
    with refused(*MISMATCH):
        server.sdk.verify_user_attribute(AccessToken=token, AttributeName="email", Code=another(code))
    server.sdk.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)
    assert jane.attributes() == {"sub": jane.sub, **verified("new@example.com")}
    with refused(*NO_CODE):
        server.sdk.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)


def test_a_code_is_sent_on_demand(server, pool, client):
    pool.user("john", {"email": "john@example.com"}, password=PASSWORD)
    token = client.tokens("john")["AccessToken"]
    answer = server.sdk.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    assert answer["CodeDeliveryDetails"]["Destination"] == "j***@e***"
    code = pool.outbox("john")[0]["code"]
    server.sdk.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)
    with refused(INVALID, "Invalid attribute name. Only phone_number and email can be verified."):
        server.sdk.get_user_attribute_verification_code(AccessToken=token, AttributeName="name")
    with refused(INVALID, "User does not have a valid registered phone number"):
        server.sdk.get_user_attribute_verification_code(AccessToken=token, AttributeName="phone_number")


def test_an_account_ends_with_everything(server, pool, client, jane, token):
    server.sdk.delete_user(AccessToken=token)
    with refused(*NO_USER):
        jane.read()
    with refused(*NO_USER):
        server.sdk.delete_user(AccessToken=token)
    pool.user("jane", password=PASSWORD)
    assert client.tokens("jane")["AccessToken"]
