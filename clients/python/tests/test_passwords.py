"""Rows 11 and 12: passwords are reset and set."""

import re

import pytest

from people import NO_POOL, NO_USER, PASSWORD, POLICY, TEMPORARY, WRONG_PASSWORD, Pool, refused, verified

NEW = "Chosen-one1"
NO_CODE = ("ExpiredCodeException", "Invalid code provided, please request a code again.")


def confirm(client, code, password=NEW):
    return client.sdk.confirm_forgot_password(
        ClientId=client.id, Username="jane", ConfirmationCode=code, Password=password
    )


class TestAdminResetUserPassword:
    def test_delivers_a_code_that_finishes_the_reset(self, client, jane):
        jane.admin_reset_user_password(ClientMetadata={"source": "support"})
        assert jane.status() == "RESET_REQUIRED"
        with refused("PasswordResetRequiredException", re.compile(r"^Password reset required for the user\.?$")):
            client.sign_in("jane")
        with refused(*WRONG_PASSWORD):
            client.sign_in("jane", "Wrong-one1")
        (message,) = jane.outbox()
        assert message["destination"] == "jane@example.com"
        assert re.fullmatch(r"\d{6}", message["code"])
        confirm(client, message["code"])
        assert jane.status() == "CONFIRMED"
        assert client.tokens("jane", NEW)
        with refused(*NO_CODE):
            confirm(client, message["code"])

    def test_code_is_good_for_the_address_that_it_was_sent_to(self, client, jane):
        jane.admin_reset_user_password()
        code = jane.outbox()[0]["code"]
        jane.update(verified("new@example.com"))
        with refused("CodeMismatchException"):
            confirm(client, code)
        jane.admin_reset_user_password()
        confirm(client, jane.outbox()[0]["code"])

    def test_code_is_good_for_an_hour(self, server, client, jane):
        jane.admin_reset_user_password()
        server.advance(3_601)
        with refused(*NO_CODE):
            confirm(client, jane.outbox()[0]["code"])

    def test_wrong_code_is_refused(self, client, jane):
        jane.admin_reset_user_password()
        wrong = f"{(int(jane.outbox()[0]['code']) + 1) % 1_000_000:06}"
        with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
            confirm(client, wrong)
        assert jane.status() == "RESET_REQUIRED"

    def test_refuses_a_user_who_never_chose_a_password(self, pool):
        invited = pool.user("invited", verified("invited@example.com"))
        with refused("NotAuthorizedException", "User password cannot be reset in the current state."):
            invited.admin_reset_user_password()

    def test_refuses_a_disabled_user(self, jane):
        jane.admin_disable_user()
        with refused("NotAuthorizedException", "User is disabled."):
            jane.admin_reset_user_password()

    def test_refuses_a_user_who_cannot_be_reached(self, pool):
        john = pool.user("john", {"email": "john@example.com"}, password=PASSWORD)
        text = "Cannot reset password for the user as there is no registered/verified email or phone_number"
        with refused("InvalidParameterException", text):
            john.admin_reset_user_password()

    def test_refuses_an_unknown_user_or_pool(self, server, pool):
        with refused(*NO_USER):
            pool.admin_reset_user_password(Username="nobody")
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            server.sdk.admin_reset_user_password(UserPoolId=NO_POOL, Username="jane")


class TestAdminSetUserPassword:
    def test_permanent_confirms_the_user(self, pool, client):
        jane = pool.user("jane")
        jane.admin_set_user_password(Password=PASSWORD, Permanent=True)
        assert jane.status() == "CONFIRMED"
        assert client.tokens("jane")
        with refused(*WRONG_PASSWORD):
            client.sign_in("jane", TEMPORARY)

    @pytest.mark.parametrize("permanence", [{}, {"Permanent": False}])
    def test_temporary_asks_for_another(self, client, jane, permanence):
        jane.admin_set_user_password(Password="Short-lived1", **permanence)
        assert jane.status() == "FORCE_CHANGE_PASSWORD"
        assert client.sign_in("jane", "Short-lived1")["ChallengeName"] == "NEW_PASSWORD_REQUIRED"

    def test_temporary_expires(self, server, client, jane):
        jane.admin_set_user_password(Password="Short-lived1", Permanent=False)
        server.advance(8 * 86_400)
        with refused("NotAuthorizedException", "Temporary password has expired and must be reset by an administrator."):
            client.sign_in("jane", "Short-lived1")

    @pytest.mark.parametrize("permanent", [True, False])
    @pytest.mark.parametrize(("password", "reason"), POLICY)
    def test_refuses_what_breaks_the_policy(self, jane, password, reason, permanent):
        with refused("InvalidPasswordException", f"Password did not conform with policy: {reason}"):
            jane.admin_set_user_password(Password=password, Permanent=permanent)

    def test_remembers_as_many_passwords_as_the_pool_asks_for(self, server):
        pool = Pool(server, Policies={"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 2}})
        jane = pool.user("jane", temporary_password="password-0")
        for password in ["password-1", "password-2"]:
            jane.admin_set_user_password(Password=password, Permanent=True)
        for password in ["password-2", "password-1"]:
            with refused("PasswordHistoryPolicyViolationException"):
                jane.admin_set_user_password(Password=password, Permanent=True)
        jane.admin_set_user_password(Password="password-0", Permanent=True)

    def test_refuses_an_unknown_user_or_pool(self, server, pool):
        with refused(*NO_USER):
            pool.admin_set_user_password(Username="nobody", Password=PASSWORD)
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            server.sdk.admin_set_user_password(UserPoolId=NO_POOL, Username="jane", Password=PASSWORD)
