"""Rows 1 to 5 and 8: users are created, read, deleted, disabled, enabled and confirmed."""

import re

import pytest

from people import NO_POOL, NO_USER, PASSWORD, POLICY, TEMPORARY, WRONG_PASSWORD, Pool, attribute_map, refused, verified

UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
INVALID = "InvalidParameterException"

# Every operation here that needs nothing but a pool and a user.
OPERATIONS = [
    "admin_get_user",
    "admin_delete_user",
    "admin_disable_user",
    "admin_enable_user",
    "admin_confirm_sign_up",
]


class TestAdminCreateUser:
    def test_answers_a_user_who_must_change_the_password(self, pool):
        created = pool.admin_create_user(
            Username="jane",
            UserAttributes=[{"Name": "email", "Value": "jane@example.com"}, {"Name": "name", "Value": "Jane"}],
            ValidationData=[{"Name": "invitedBy", "Value": "john"}],
            TemporaryPassword=TEMPORARY,
            MessageAction="SUPPRESS",
            ClientMetadata={"source": "import"},
        )["User"]
        assert set(created) == {
            "Attributes",
            "Enabled",
            "UserCreateDate",
            "UserLastModifiedDate",
            "UserStatus",
            "Username",
        }
        attributes = attribute_map(created["Attributes"])
        assert UUID.match(attributes.pop("sub"))
        assert attributes == {"email": "jane@example.com", "name": "Jane"}
        assert created["UserStatus"] == "FORCE_CHANGE_PASSWORD"
        assert created["Enabled"] is True
        assert created["UserCreateDate"] == created["UserLastModifiedDate"]

    def test_delivers_a_generated_password_and_tells_nobody_else(self, pool, client):
        answer = pool.admin_create_user(
            Username="jane",
            UserAttributes=[{"Name": "email", "Value": "jane@example.com"}],
            DesiredDeliveryMediums=["EMAIL"],
        )
        (invitation,) = pool.outbox("jane")
        assert invitation["medium"] == "EMAIL"
        assert invitation["destination"] == "jane@example.com"
        password = invitation["temporaryPassword"]
        assert password in invitation["body"]
        assert password not in str(answer)
        assert client.sign_in("jane", password)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"

    def test_resends_a_new_password(self, pool, client):
        address = [{"Name": "email", "Value": "jane@example.com"}]
        pool.admin_create_user(Username="jane", UserAttributes=address, DesiredDeliveryMediums=["EMAIL"])
        pool.admin_create_user(Username="jane", MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"])
        second, first = pool.outbox("jane")
        with refused(*WRONG_PASSWORD):
            client.sign_in("jane", first["temporaryPassword"])
        assert client.sign_in("jane", second["temporaryPassword"])["ChallengeName"] == "NEW_PASSWORD_REQUIRED"

    def test_refuses_to_resend_to_an_unknown_or_a_confirmed_user(self, pool, jane):
        with refused(*NO_USER):
            pool.admin_create_user(Username="nobody", MessageAction="RESEND")
        with refused(
            "UnsupportedUserStateException",
            re.compile(r"^Resend not possible\. jane status is not FORCE_CHANGE_PASSWORD\.?$"),
        ):
            jane.admin_create_user(MessageAction="RESEND")

    def test_sends_nothing_when_suppressed(self, pool):
        pool.user("jane", verified("jane@example.com"), DesiredDeliveryMediums=["EMAIL"])
        assert pool.outbox() == []

    def test_moves_an_alias_only_when_forced(self, server):
        pool = Pool(server, AliasAttributes=["email"])
        jane = pool.user("jane", verified("shared@example.com"))
        with refused(("UsernameExistsException", "AliasExistsException"), "An account with the email already exists."):
            pool.user("john", verified("shared@example.com"))
        pool.user("john", verified("shared@example.com"), ForceAliasCreation=True)
        assert pool.admin_get_user(Username="shared@example.com")["Username"] == "john"
        assert jane.attributes()["email_verified"] == "false"

    def test_names_the_user_by_sub_in_a_pool_of_addresses(self, server):
        pool = Pool(server, UsernameAttributes=["email"])
        jane = pool.user("jane@example.com")
        assert jane.username == jane.sub
        assert jane.attributes()["email"] == "jane@example.com"
        with refused("UsernameExistsException", "An account with the given email already exists."):
            pool.user("jane@example.com")
        with refused(INVALID, "Username should be an email."):
            pool.user("jane")

    def test_refuses_a_name_that_looks_like_an_alias(self, server):
        pool = Pool(server, AliasAttributes=["email"])
        with refused(INVALID, "Username cannot be of email format, since user pool is configured for email alias."):
            pool.user("jane@example.com")

    def test_refuses_a_name_by_which_another_signs_in(self, server):
        pool = Pool(server, AliasAttributes=["preferred_username"])
        jane = pool.user("jane", {"preferred_username": "jj"})
        john = pool.user("john")
        for name in ["jj", jane.sub]:
            with refused("UsernameExistsException"):
                pool.user(name)
            assert pool.admin_get_user(Username=name)["Username"] == "jane"
        for name in ["jj", "jane"]:
            with refused("AliasExistsException", "An account with the preferred_username already exists."):
                john.update({"preferred_username": name})
        john.update({"preferred_username": "john"})
        jane.update({"preferred_username": ""})
        pool.user("jj")

    def test_invites_by_the_name_even_if_it_looks_like_a_sub(self, pool):
        name = "6f2ad1c4-0000-4000-8000-5f0c7d1e2a3b"
        pool.admin_create_user(
            Username=name,
            UserAttributes=[{"Name": "email", "Value": "jane@example.com"}],
            DesiredDeliveryMediums=["EMAIL"],
        )
        (invitation,) = pool.outbox(name)
        assert name in invitation["body"]

    def test_invites_by_the_address_that_the_user_signs_in_with(self, server):
        pool = Pool(server, UsernameAttributes=["email"])
        pool.admin_create_user(
            Username="jane@example.com",
            UserAttributes=[{"Name": "phone_number", "Value": "+12065550100"}],
            DesiredDeliveryMediums=["SMS"],
        )
        (invitation,) = pool.outbox("jane@example.com")
        assert invitation["destination"] == "+12065550100"
        assert "Your username is jane@example.com and" in invitation["body"]

    def test_refuses_a_name_that_is_taken(self, pool, jane):
        with refused("UsernameExistsException", "User account already exists"):
            pool.user("jane")

    @pytest.mark.parametrize("name", ["department", "custom:department"])
    def test_refuses_an_undeclared_attribute_and_creates_nobody(self, pool, name):
        text = f"Attributes did not conform to the schema: Type for attribute {{{name}}} could not be determined"
        with refused(INVALID, text):
            pool.user("jane", {name: "Engineering"})
        with refused(*NO_USER):
            pool.admin_get_user(Username="jane")

    @pytest.mark.parametrize(
        ("attributes", "message"),
        [
            ({"email": "jane"}, "Invalid email address format."),
            ({"phone_number": "12065550100"}, "Invalid phone number format."),
        ],
    )
    def test_refuses_malformed_values(self, pool, attributes, message):
        with refused(INVALID, message):
            pool.user("jane", attributes)

    def test_refuses_a_given_sub(self, pool):
        with refused((INVALID, "NotAuthorizedException"), "Cannot modify the non-mutable attribute sub"):
            pool.user("jane", {"sub": "d16b4aa8-8633-4abd-93b3-5062a8e1b5f8"})

    @pytest.mark.parametrize(("password", "reason"), POLICY)
    def test_refuses_a_temporary_password_that_breaks_the_policy(self, pool, password, reason):
        with refused("InvalidPasswordException", f"Password did not conform with policy: {reason}"):
            pool.user("jane", temporary_password=password)

    def test_refuses_an_unknown_pool(self, server):
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            server.sdk.admin_create_user(UserPoolId=NO_POOL, Username="jane")


class TestAdminGetUser:
    def test_leaves_out_what_is_not_set(self, jane):
        answer = jane.read()
        del answer["ResponseMetadata"]
        assert set(answer) == {
            "Enabled",
            "UserAttributes",
            "UserCreateDate",
            "UserLastModifiedDate",
            "UserStatus",
            "Username",
        }
        assert answer["UserStatus"] == "CONFIRMED"
        assert attribute_map(answer["UserAttributes"]) == {"sub": jane.sub, **verified("jane@example.com")}

    def test_finds_by_name_sub_and_alias(self, server):
        pool = Pool(server, AliasAttributes=["email", "preferred_username"])
        jane = pool.user("jane", {"email": "jane@example.com", "preferred_username": "jj"})
        for name in ["jane", jane.sub, "jj"]:
            assert pool.admin_get_user(Username=name)["Username"] == "jane"
        with refused(*NO_USER):
            pool.admin_get_user(Username="jane@example.com")
        jane.update({"email_verified": "true"})
        assert pool.admin_get_user(Username="jane@example.com")["Username"] == "jane"

    def test_takes_nobody_for_the_owner_of_an_address_that_they_only_prefer_as_a_name(self, server):
        pool = Pool(server, AliasAttributes=["email", "preferred_username"])
        pool.user("mallory", {"preferred_username": "jane@example.com"})
        with refused(*NO_USER):
            pool.admin_get_user(Username="jane@example.com")


class TestAdminDeleteUser:
    def test_leaves_nothing_behind(self, pool, client, jane):
        pool.create_group(GroupName="admins")
        jane.admin_add_user_to_group(GroupName="admins")
        tokens = client.tokens("jane")
        jane.admin_delete_user()
        with refused(*NO_USER):
            jane.read()
        with refused(*NO_USER):
            jane.admin_delete_user()
        with refused(*NO_USER):
            client.sign_in("jane")
        gone = ("UserNotFoundException", "NotAuthorizedException")
        with refused(gone):
            client.who_is(tokens["AccessToken"])
        with refused(gone):
            client.refresh(tokens["RefreshToken"])
        assert pool.list_users_in_group(GroupName="admins")["Users"] == []
        again = pool.user("jane")
        assert again.sub != jane.sub
        assert again.groups() == []


class TestAdminDisableUser:
    def test_ends_sessions_and_refuses_new_ones(self, client, jane):
        tokens = client.tokens("jane")
        jane.admin_disable_user()
        assert jane.read()["Enabled"] is False
        assert jane.status() == "CONFIRMED"
        for sign_in in (client.sign_in, client.sign_in_publicly):
            with refused("NotAuthorizedException", "User is disabled."):
                sign_in("jane")
        with refused("NotAuthorizedException"):
            client.refresh(tokens["RefreshToken"])
        with refused("NotAuthorizedException"):
            client.who_is(tokens["AccessToken"])


class TestAdminEnableUser:
    def test_lets_the_user_sign_in_but_revives_no_token(self, client, jane):
        old = client.tokens("jane")
        jane.admin_disable_user()
        jane.admin_enable_user()
        assert jane.read()["Enabled"] is True
        assert client.who_is(client.tokens("jane")["AccessToken"]) == "jane"
        with refused("NotAuthorizedException", "Access Token has been revoked"):
            client.who_is(old["AccessToken"])
        with refused("NotAuthorizedException", "Refresh Token has been revoked"):
            client.refresh(old["RefreshToken"])


class TestAdminConfirmSignUp:
    def test_looks_at_the_user_before_the_trigger(self, server):
        trigger = "arn:aws:lambda:us-east-1:123456789012:function:welcome"
        pool = Pool(server, LambdaConfig={"PostConfirmation": trigger})
        pool.user("jane", password=PASSWORD)
        with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
            pool.admin_confirm_sign_up(Username="jane")
        with refused(*NO_USER):
            pool.admin_confirm_sign_up(Username="nobody")

    def test_refuses_every_other_state_by_its_name(self, pool, jane):
        with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
            jane.admin_confirm_sign_up()
        invited = pool.user("invited")
        with refused("NotAuthorizedException", "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD"):
            invited.admin_confirm_sign_up()


@pytest.mark.parametrize("operation", OPERATIONS)
class TestEveryOperation:
    def test_refuses_an_unknown_pool(self, server, operation):
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            getattr(server.sdk, operation)(UserPoolId=NO_POOL, Username="jane")

    def test_refuses_an_unknown_user(self, pool, operation):
        with refused(*NO_USER):
            getattr(pool, operation)(Username="nobody")

    def test_refuses_a_malformed_pool_id(self, server, operation):
        text = (
            "1 validation error detected: Value 'nonsense' at 'userPoolId' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+"
        )
        with refused(INVALID, text):
            getattr(server.sdk, operation)(UserPoolId="nonsense", Username="jane")

    def test_refuses_a_name_with_a_space_without_echoing_it(self, pool, operation):
        text = (
            "1 validation error detected: Value at 'username' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
        )
        with refused(INVALID, text):
            getattr(pool, operation)(Username="two words")
