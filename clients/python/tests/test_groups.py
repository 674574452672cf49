"""Rows 13 to 15: users join groups, leave them, and have them listed."""

import re

import pytest

from people import NO_POOL, NO_USER, refused

NO_GROUP = ("ResourceNotFoundException", re.compile(r"^Group not found\.?$"))
MEMBERSHIP = ["admin_add_user_to_group", "admin_remove_user_from_group"]


@pytest.fixture
def admins(pool):
    return pool.create_group(GroupName="admins", Description="They may", Precedence=3)["Group"]


def test_a_user_joins_a_group_as_often_as_they_like(pool, jane, admins):
    jane.admin_add_user_to_group(GroupName="admins")
    jane.admin_add_user_to_group(GroupName="admins")
    assert jane.groups() == ["admins"]
    members = pool.list_users_in_group(GroupName="admins")["Users"]
    assert [member["Username"] for member in members] == ["jane"]


def test_a_user_leaves_a_group_and_may_never_have_been_in_it(pool, jane, admins):
    jane.admin_add_user_to_group(GroupName="admins")
    jane.admin_remove_user_from_group(GroupName="admins")
    jane.admin_remove_user_from_group(GroupName="admins")
    assert jane.groups() == []
    assert pool.list_users_in_group(GroupName="admins")["Users"] == []


@pytest.mark.parametrize("operation", MEMBERSHIP)
def test_membership_refuses_an_unknown_group_user_or_pool(server, pool, jane, admins, operation):
    with refused(*NO_GROUP):
        getattr(jane, operation)(GroupName="nobody")
    with refused(*NO_USER):
        getattr(pool, operation)(Username="nobody", GroupName="admins")
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        getattr(server.sdk, operation)(UserPoolId=NO_POOL, Username="jane", GroupName="admins")


def test_the_groups_of_a_user_come_whole_and_page_by_page(pool, jane):
    names = [f"group-{n}" for n in range(5)]
    for n, name in enumerate(names):
        pool.create_group(GroupName=name, Description=f"number {n}", Precedence=n)
        jane.admin_add_user_to_group(GroupName=name)
    seen, token = [], {}
    while True:
        page = jane.admin_list_groups_for_user(Limit=2, **token)
        assert len(page["Groups"]) <= 2
        seen += page["Groups"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(group["GroupName"] for group in seen) == names
    third = next(group for group in seen if group["GroupName"] == "group-3")
    assert third == pool.get_group(GroupName="group-3")["Group"]


def test_the_groups_of_a_user_refuse_bad_limits_tokens_users_and_pools(server, pool, jane):
    with refused(
        "InvalidParameterException",
        "1 validation error detected: Value '61' at 'limit' failed to satisfy constraint: "
        "Member must have value less than or equal to 60",
    ):
        jane.admin_list_groups_for_user(Limit=61)
    with refused("InvalidParameterException"):
        jane.admin_list_groups_for_user(NextToken="made-up")
    with refused(*NO_USER):
        pool.admin_list_groups_for_user(Username="nobody")
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        server.sdk.admin_list_groups_for_user(UserPoolId=NO_POOL, Username="jane")
