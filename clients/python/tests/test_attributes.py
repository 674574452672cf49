"""Rows 9 and 10: attributes are updated and deleted."""

import re

import pytest

from people import NO_POOL, NO_USER, Pool, refused, verified

INVALID = "InvalidParameterException"
# Two recordings of the same refusal; the live service has been seen to say either.
UNDECLARED = re.compile(
    r"^(Attributes did not conform to the schema: Type for attribute \{custom:role\} could not be determined"
    r"|Invalid user attributes: user\.custom:role: Attribute does not exist in the schema\.\n)$"
)
REQUIRED_NAME = [{"Name": "name", "AttributeDataType": "String", "Required": True}]


def without_sub(user):
    attributes = user.attributes()
    del attributes["sub"]
    return attributes


class TestAdminUpdateUserAttributes:
    def test_sets_what_it_names_and_deletes_what_it_empties(self, pool):
        jane = pool.user("jane", {"name": "Jane", "nickname": "jj", "locale": "en"})
        jane.update({"name": "Jane Doe", "nickname": ""})
        assert without_sub(jane) == {"name": "Jane Doe", "locale": "en"}

    def test_moves_the_modification_date_only(self, server, pool):
        jane = pool.user("jane")
        server.advance(60)
        jane.update({"name": "Jane"})
        answer = jane.read()
        assert answer["UserCreateDate"] == jane.created["UserCreateDate"]
        assert (answer["UserLastModifiedDate"] - answer["UserCreateDate"]).total_seconds() >= 60

    def test_takes_the_verified_mark_from_a_changed_address(self, jane):
        jane.update({"email": "new@example.com"})
        assert without_sub(jane) == {"email": "new@example.com", "email_verified": "false"}
        jane.update(verified("newer@example.com"))
        assert without_sub(jane) == verified("newer@example.com")

    def test_refuses_an_address_that_another_user_signs_in_with(self, server):
        pool = Pool(server, UsernameAttributes=["email"])
        pool.user("jane@example.com")
        john = pool.user("john@example.com")
        with refused("AliasExistsException", "An account with the given email already exists."):
            john.update({"email": "jane@example.com"})
        assert john.attributes()["email"] == "john@example.com"

    def test_moves_an_alias_to_whom_it_is_verified_for_last(self, server):
        pool = Pool(server, AliasAttributes=["email"])
        jane = pool.user("jane", verified("shared@example.com"))
        john = pool.user("john")
        john.update(verified("shared@example.com"))
        assert pool.admin_get_user(Username="shared@example.com")["Username"] == "john"
        assert jane.attributes()["email_verified"] == "false"

    def test_refuses_an_immutable_attribute(self, server):
        pool = Pool(server, Schema=[{"Name": "badge", "AttributeDataType": "String", "Mutable": False}])
        jane = pool.user("jane", {"custom:badge": "7"})
        with refused(INVALID, re.compile(r"^user\.custom:badge: Attribute cannot be updated\.")):
            jane.update({"custom:badge": "8"})
        assert jane.attributes()["custom:badge"] == "7"

    def test_refuses_an_undeclared_attribute_and_changes_nothing(self, pool):
        jane = pool.user("jane", {"name": "Jane"})
        with refused(INVALID, UNDECLARED):
            jane.update({"name": "Changed", "custom:role": "admin"})
        assert jane.attributes()["name"] == "Jane"

    @pytest.mark.parametrize(
        ("attributes", "message"),
        [
            ({"email": "jane"}, "Invalid email address format."),
            ({"phone_number": "12065550100"}, "Invalid phone number format."),
        ],
    )
    def test_refuses_malformed_values(self, jane, attributes, message):
        with refused(INVALID, message):
            jane.update(attributes)

    def test_refuses_sub(self, jane):
        with refused((INVALID, "NotAuthorizedException"), "Cannot modify the non-mutable attribute sub"):
            jane.update({"sub": "d16b4aa8-8633-4abd-93b3-5062a8e1b5f8"})

    def test_refuses_to_empty_a_required_attribute(self, server):
        jane = Pool(server, Schema=REQUIRED_NAME).user("jane", {"name": "Jane"})
        with refused(INVALID):
            jane.update({"name": ""})
        assert jane.attributes()["name"] == "Jane"

    def test_refuses_an_unknown_user_or_pool(self, server, pool):
        attributes = [{"Name": "name", "Value": "Jane"}]
        with refused(*NO_USER):
            pool.admin_update_user_attributes(Username="nobody", UserAttributes=attributes)
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            server.sdk.admin_update_user_attributes(UserPoolId=NO_POOL, Username="jane", UserAttributes=attributes)


class TestAdminDeleteUserAttributes:
    def test_removes_what_it_names_and_ignores_what_is_not_there(self, pool):
        jane = pool.user("jane", {"name": "Jane", "nickname": "jj"})
        jane.admin_delete_user_attributes(UserAttributeNames=["nickname", "locale"])
        assert without_sub(jane) == {"name": "Jane"}

    def test_takes_the_verified_mark_with_the_address(self, jane):
        jane.admin_delete_user_attributes(UserAttributeNames=["email"])
        assert "email" not in jane.attributes()
        assert jane.attributes().get("email_verified") != "true"

    def test_refuses_a_required_attribute(self, server):
        jane = Pool(server, Schema=REQUIRED_NAME).user("jane", {"name": "Jane"})
        with refused(INVALID, "Invalid user attributes: name: Required attribute cannot be deleted."):
            jane.admin_delete_user_attributes(UserAttributeNames=["name"])
        assert jane.attributes()["name"] == "Jane"

    def test_refuses_an_undeclared_attribute(self, jane):
        with refused(INVALID, UNDECLARED):
            jane.admin_delete_user_attributes(UserAttributeNames=["custom:role"])

    def test_refuses_an_unknown_user_or_pool(self, server, pool):
        with refused(*NO_USER):
            pool.admin_delete_user_attributes(Username="nobody", UserAttributeNames=["name"])
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            server.sdk.admin_delete_user_attributes(UserPoolId=NO_POOL, Username="jane", UserAttributeNames=["name"])
