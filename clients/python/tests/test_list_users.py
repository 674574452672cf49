"""Row 21: users are listed, filtered and paged."""

import pytest

from people import NO_POOL, PASSWORD, Pool, attribute_map, refused

INVALID = "InvalidParameterException"


def found(pool, filter_):
    return sorted(user["Username"] for user in pool.list_users(Filter=filter_)["Users"])


@pytest.fixture(scope="module")
def people(server):
    pool = Pool(server)
    pool.user("ann", {"email": "Ann@example.com", "name": "Ann", "phone_number": "+12065550101"}, password=PASSWORD)
    pool.user("ben", {"email": "ben@example.com", "name": 'Ben "Bo"'}).admin_disable_user()
    pool.user("Annabel", {"email": "annabel@other.example", "given_name": "Annabel"})
    return pool


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ('email = "ann@EXAMPLE.com"', ["ann"]),
        ('email ^= "ann"', ["Annabel", "ann"]),
        ('"email"^="ben"', ["ben"]),
        ('username = "ann"', ["ann"]),
        ('username ^= "Ann"', ["Annabel"]),
        ('phone_number ^= "+1206"', ["ann"]),
        ('given_name = "Annabel"', ["Annabel"]),
        (r'name = "Ben \"Bo\""', ["ben"]),
        ('status = "Disabled"', ["ben"]),
        ('cognito:user_status = "CONFIRMED"', ["ann"]),
        ('email = "nobody@example.com"', []),
        ("", ["Annabel", "ann", "ben"]),
    ],
)
def test_a_filter_finds(people, filter_, expected):
    assert found(people, filter_) == expected


@pytest.mark.parametrize("filter_", ["email", "email = ben", "email = 'ben'", 'email = "ben', 'email >= "ben"'])
def test_a_filter_that_cannot_be_read_is_refused(people, filter_):
    with refused(INVALID, "Error while parsing filter."):
        people.list_users(Filter=filter_)


def test_a_filter_on_what_cannot_be_searched_is_refused(people):
    with refused(INVALID):
        people.list_users(Filter='address = "1 Main St"')


def test_user_names_are_told_apart_by_case_where_the_pool_does(server):
    names = ["Mia", "mark"]
    for sensitive, expected in [(True, {"Mia": ["Mia"], "mia": []}), (False, {"Mia": ["mia"], "mia": ["mia"]})]:
        pool = Pool(server, UsernameConfiguration={"CaseSensitive": sensitive})
        for name in names:
            pool.user(name)
        for name, users in expected.items():
            assert found(pool, f'username = "{name}"') == users
            assert found(pool, f'username ^= "{name[:2]}"') == users


def test_attributes_to_get_restricts_the_attributes_only(people):
    users = people.list_users(Filter='username = "ann"', AttributesToGet=["email"])["Users"]
    assert [attribute_map(user["Attributes"]) for user in users] == [{"email": "Ann@example.com"}]
    assert users[0]["UserStatus"] == "CONFIRMED"
    with refused(INVALID, "One or more requested attributes do not exist."):
        people.list_users(AttributesToGet=["custom:team"])


def test_pages_stay_stable_while_users_come_and_go(server):
    pool = Pool(server)
    made = [f"user-{n}" for n in range(9)]
    for name in made:
        pool.user(name)
    seen, rounds, token = [], 0, {}
    while True:
        page = pool.list_users(Limit=2, **token)
        assert len(page["Users"]) <= 2
        seen += [user["Username"] for user in page["Users"]]
        if "PaginationToken" not in page:
            break
        token = {"PaginationToken": page["PaginationToken"]}
        rounds += 1
        pool.user(f"a-{rounds}")
        pool.user(f"z-{rounds}").admin_delete_user()
    assert len(seen) == len(set(seen))
    assert set(made) <= set(seen)
    assert rounds >= 4


def test_the_paginator_of_boto3_sees_everybody_once(server):
    pool = Pool(server)
    made = [f"user-{n}" for n in range(7)]
    for name in made:
        pool.user(name)
    pages = server.sdk.get_paginator("list_users").paginate(UserPoolId=pool.id, PaginationConfig={"PageSize": 3})
    assert sorted(user["Username"] for page in pages for user in page["Users"]) == made


def test_bad_limits_tokens_and_pools_are_refused(server, people):
    with refused(
        INVALID,
        "1 validation error detected: Value '61' at 'limit' failed to satisfy constraint: "
        "Member must have value less than or equal to 60",
    ):
        people.list_users(Limit=61)
    with refused(INVALID):
        people.list_users(PaginationToken="made-up")
    token = people.list_users(Limit=1)["PaginationToken"]
    with refused(INVALID):
        people.list_users(Limit=1, PaginationToken=token, Filter='email ^= "ann"')
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        server.sdk.list_users(UserPoolId=NO_POOL)
