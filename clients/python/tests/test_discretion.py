"""A client that prevents user existence errors does not tell who exists, however often and whatever it is asked."""

import pytest
from botocore.exceptions import ClientError

from people import PASSWORD, Pool, refused, verified

MISMATCH = ("CodeMismatchException", "Invalid verification code provided, please try again.")
EXPIRED = ("ExpiredCodeException", "Invalid code provided, please request a code again.")
CHOSEN = "Chosen-one1"


@pytest.fixture
def discreet(pool):
    return pool.client(PreventUserExistenceErrors="ENABLED")


def outcome(call):
    """The code and text of a refusal, or the names of an answer's members."""
    try:
        return sorted(set(call()) - {"ResponseMetadata"})
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]


def forgot(server, client, name):
    return server.sdk.forgot_password(ClientId=client.id, Username=name)


def confirm(server, client, name, code="no-code", password=CHOSEN):
    return server.sdk.confirm_forgot_password(
        ClientId=client.id, Username=name, ConfirmationCode=code, Password=password
    )


def alike(ask, times):
    """Holds when a known and an unknown name are answered alike, the first time and the last."""
    answers = {name: [outcome(lambda: ask(name)) for _ in range(times)] for name in ["jane", "nobody"]}
    assert answers["jane"] == answers["nobody"]
    return answers["jane"]


def test_wrong_passwords_lock_every_name(server, discreet, jane):
    def guess(times):
        return alike(lambda name: discreet.sign_in(name, "Wrong-one1"), times)

    # Eight failures, each after the lock of the one before; the last locks for eight seconds.
    for times, lock in [(5, 1), (1, 2), (1, 4), (1, 0)]:
        assert set(guess(times)) == {("NotAuthorizedException", "Incorrect username or password.")}
        server.advance(lock)
    assert set(guess(3)) == {("NotAuthorizedException", "Password attempts exceeded")}
    server.advance(8)
    assert guess(1) == [("NotAuthorizedException", "Incorrect username or password.")]


def test_every_name_may_ask_for_a_code_as_often(server, discreet, jane):
    answers = alike(lambda name: forgot(server, discreet, name), 22)
    assert answers[0] == ["CodeDeliveryDetails"]
    assert answers[-1][0] == "LimitExceededException"


def test_every_name_may_guess_at_a_code_as_often(server, discreet, jane):
    assert alike(lambda name: confirm(server, discreet, name), 1) == [MISMATCH]
    alike(lambda name: forgot(server, discreet, name), 1)
    answers = alike(lambda name: confirm(server, discreet, name), 12)
    assert answers[0] == MISMATCH
    assert answers[-1][0] == "LimitExceededException"


def test_a_code_grows_old_for_every_name(server, discreet, jane):
    alike(lambda name: forgot(server, discreet, name), 1)
    server.advance(3_601)
    assert alike(lambda name: confirm(server, discreet, name), 1) == [EXPIRED]


def test_a_weak_password_is_weak_for_every_name(server, discreet, jane):
    (answer,) = alike(lambda name: confirm(server, discreet, name, password="short"), 1)
    assert answer[0] == "InvalidPasswordException"


def test_a_disabled_user_is_like_nobody(server, discreet, jane):
    jane.admin_disable_user()
    alike(lambda name: discreet.sign_in(name, "Wrong-one1"), 4)
    alike(lambda name: forgot(server, discreet, name), 1)
    alike(lambda name: confirm(server, discreet, name), 12)


def test_where_only_administrators_recover_everybody_is_told(server):
    recovery = {"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]}
    pool = Pool(server, AccountRecoverySetting=recovery)
    discreet = pool.client(PreventUserExistenceErrors="ENABLED")
    pool.user("jane", verified("jane@example.com"), password=PASSWORD)
    for name in ["jane", "nobody"]:
        with refused("NotAuthorizedException", "Contact administrator to reset password."):
            forgot(server, discreet, name)


def test_the_right_code_still_sets_the_password(server, discreet, jane):
    forgot(server, discreet, "jane")
    confirm(server, discreet, "jane", jane.outbox()[0]["code"])
    assert discreet.tokens("jane", CHOSEN)
    # Used, hence as if nobody had asked for one.
    with refused(*MISMATCH):
        confirm(server, discreet, "jane")
