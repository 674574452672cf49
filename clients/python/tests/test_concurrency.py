"""Many callers at once: one wins what only one may have, and no change is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from botocore.exceptions import ClientError

from people import PASSWORD, TEMPORARY, Pool, refused, verified

CALLERS = 20


def at_once(calls):
    """Runs all calls at the same moment; answers their results, an error code for a refusal."""
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            return call()
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def succeeded(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, dict)]


def test_twenty_creates_of_one_name_give_one_user(pool):
    outcomes = at_once([lambda: pool.admin_create_user(Username="jane", MessageAction="SUPPRESS")] * CALLERS)
    assert len(succeeded(outcomes)) == 1
    assert outcomes.count("UsernameExistsException") == CALLERS - 1
    assert len(pool.list_users()["Users"]) == 1


def test_twenty_creates_with_one_address_give_one_user(server):
    pool = Pool(server, UsernameAttributes=["email"])
    outcomes = at_once(
        [lambda: pool.admin_create_user(Username="jane@example.com", MessageAction="SUPPRESS")] * CALLERS
    )
    assert len(succeeded(outcomes)) == 1
    assert outcomes.count("UsernameExistsException") == CALLERS - 1


def test_twenty_creates_with_one_alias_give_one_owner(server):
    pool = Pool(server, AliasAttributes=["email"])
    attributes = [{"Name": name, "Value": value} for name, value in verified("shared@example.com").items()]
    create = pool.admin_create_user
    outcomes = at_once(
        [
            lambda name=f"user-{n}": create(Username=name, UserAttributes=attributes, MessageAction="SUPPRESS")
            for n in range(CALLERS)
        ]
    )
    (winner,) = succeeded(outcomes)
    assert set(outcomes[n] for n in range(CALLERS) if outcomes[n] is not winner) <= {
        "UsernameExistsException",
        "AliasExistsException",
    }
    assert pool.admin_get_user(Username="shared@example.com")["Username"] == winner["User"]["Username"]
    assert len(pool.list_users()["Users"]) == 1


def test_updates_of_different_attributes_lose_none(server):
    names = [f"a{n}" for n in range(CALLERS)]
    pool = Pool(server, Schema=[{"Name": name, "AttributeDataType": "String"} for name in names])
    jane = pool.user("jane")
    outcomes = at_once([lambda name=name: jane.update({f"custom:{name}": name}) for name in names])
    assert len(succeeded(outcomes)) == CALLERS, outcomes
    attributes = jane.attributes()
    assert {name: attributes.get(f"custom:{name}") for name in names} == {name: name for name in names}


def test_updates_and_deletes_of_different_attributes_lose_none(server):
    names = [f"a{n}" for n in range(CALLERS)]
    pool = Pool(server, Schema=[{"Name": name, "AttributeDataType": "String"} for name in names])
    jane = pool.user("jane", {f"custom:{name}": "before" for name in names[::2]})
    deletes = [
        lambda name=name: jane.admin_delete_user_attributes(UserAttributeNames=[f"custom:{name}"])
        for name in names[::2]
    ]
    updates = [lambda name=name: jane.update({f"custom:{name}": "after"}) for name in names[1::2]]
    outcomes = at_once(deletes + updates)
    assert len(succeeded(outcomes)) == CALLERS, outcomes
    attributes = jane.attributes()
    del attributes["sub"]
    assert attributes == {f"custom:{name}": "after" for name in names[1::2]}


def test_different_changes_of_one_user_lose_none(pool):
    jane = pool.user("jane", {"phone_number": "+12065550100"}, password=PASSWORD)
    pool.create_group(GroupName="admins")
    outcomes = at_once(
        [
            lambda: jane.update({"name": "Jane"}),
            jane.admin_disable_user,
            lambda: jane.admin_add_user_to_group(GroupName="admins"),
            lambda: jane.admin_set_user_password(Password="Another-1x", Permanent=False),
            lambda: jane.admin_set_user_mfa_preference(SMSMfaSettings={"Enabled": True}),
        ]
    )
    assert len(succeeded(outcomes)) == 5, outcomes
    answer = jane.read()
    assert answer["Enabled"] is False
    assert answer["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert answer["UserMFASettingList"] == ["SMS_MFA"]
    assert jane.attributes()["name"] == "Jane"
    assert jane.groups() == ["admins"]


def test_tags_of_different_callers_lose_none(server, pool):
    arn = pool.described["Arn"]
    outcomes = at_once(
        [lambda n=n: server.sdk.tag_resource(ResourceArn=arn, Tags={f"key{n}": str(n)}) for n in range(CALLERS)]
    )
    assert len(succeeded(outcomes)) == CALLERS, outcomes
    tags = server.sdk.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert tags == {f"key{n}": str(n) for n in range(CALLERS)}


def test_twenty_creates_of_one_group_give_one(pool):
    outcomes = at_once([lambda: pool.create_group(GroupName="admins")] * CALLERS)
    assert len(succeeded(outcomes)) == 1
    assert outcomes.count("GroupExistsException") == CALLERS - 1


def test_one_challenge_is_answered_once(pool, client):
    pool.user("jane")
    challenge = client.sign_in("jane", TEMPORARY)
    outcomes = at_once(
        [lambda n=n: client.answer(challenge, {"USERNAME": "jane", "NEW_PASSWORD": f"Chosen-{n}xX"}) for n in range(8)]
    )
    assert len(succeeded(outcomes)) == 1, outcomes
    winner = next(n for n, outcome in enumerate(outcomes) if isinstance(outcome, dict))
    assert client.tokens("jane", f"Chosen-{winner}xX")


def test_one_reset_code_is_used_once(client, jane):
    jane.admin_reset_user_password()
    code = jane.outbox()[0]["code"]
    outcomes = at_once(
        [
            lambda n=n: client.sdk.confirm_forgot_password(
                ClientId=client.id, Username="jane", ConfirmationCode=code, Password=f"Chosen-{n}xX"
            )
            for n in range(8)
        ]
    )
    assert len(succeeded(outcomes)) == 1, outcomes
    winner = next(n for n, outcome in enumerate(outcomes) if isinstance(outcome, dict))
    assert client.tokens("jane", f"Chosen-{winner}xX")


def test_a_user_who_is_deleted_while_others_write_stays_deleted(pool):
    jane = pool.user("jane")
    writes = [lambda n=n: jane.update({"name": f"Jane {n}"}) for n in range(CALLERS - 1)]
    outcomes = at_once([*writes, jane.admin_delete_user])
    assert isinstance(outcomes[-1], dict)
    assert {outcome for outcome in outcomes if isinstance(outcome, str)} <= {"UserNotFoundException"}
    with refused("UserNotFoundException", "User does not exist."):
        jane.read()
    assert pool.list_users()["Users"] == []


def test_guesses_at_once_are_no_more_guesses(pool, client, jane):
    pool.user("invited")
    for name, right in [("jane", PASSWORD), ("invited", TEMPORARY)]:
        guesses = [lambda n=n, name=name: client.sign_in(name, f"Wrong-one{n}") for n in range(30)]
        outcomes = at_once(guesses)
        assert outcomes == ["NotAuthorizedException"] * 30
        # Five counted, and the lock has gone no further than its first second or two.
        with refused("NotAuthorizedException"):
            client.sign_in(name, "Wrong-one1")
        pool.server.advance(4)
        assert succeeded([client.sign_in(name, right)])


def rotating(pool, grace):
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": grace}
    return pool.client(ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"], RefreshTokenRotation=rotation)


def exchange(client, token):
    return client.sdk.get_tokens_from_refresh_token(RefreshToken=token, ClientId=client.id)["AuthenticationResult"]


def test_of_twenty_exchanges_of_one_refresh_token_one_succeeds(pool, jane):
    client = rotating(pool, 0)
    token = client.tokens("jane")["RefreshToken"]
    outcomes = at_once([lambda: exchange(client, token)] * CALLERS)
    (winner,) = succeeded(outcomes)
    # Who comes when the reuse was noticed already finds that nothing of the family is left.
    refusals = {outcome for outcome in outcomes if not isinstance(outcome, dict)}
    assert "RefreshTokenReuseException" in refusals
    assert refusals <= {"RefreshTokenReuseException", "NotAuthorizedException"}
    # Somebody used a token that was exchanged before, so nothing of the family is good any more.
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        exchange(client, winner["RefreshToken"])
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        client.who_is(winner["AccessToken"])


def test_twenty_exchanges_within_the_grace_period_all_succeed_and_agree(pool, jane):
    client = rotating(pool, 60)
    token = client.tokens("jane")["RefreshToken"]
    results = succeeded(at_once([lambda: exchange(client, token)] * CALLERS))
    assert len(results) == CALLERS
    assert all(client.who_is(result["AccessToken"]) == "jane" for result in results)
    # All hold the same next token in other words: exchanged by one, it is exchanged for all.
    exchange(client, results[0]["RefreshToken"])
    pool.server.advance(61)
    with refused("RefreshTokenReuseException"):
        exchange(client, results[1]["RefreshToken"])


def test_a_sign_out_during_exchanges_leaves_nobody_in(pool, jane):
    client = rotating(pool, 60)
    token = client.tokens("jane")["RefreshToken"]
    calls = [lambda: exchange(client, token)] * CALLERS
    outcomes = at_once([*calls[1:], jane.admin_user_global_sign_out])
    for result in succeeded(outcomes):
        if "AccessToken" in result:
            with refused("NotAuthorizedException", "Access Token has been revoked"):
                client.who_is(result["AccessToken"])
            with refused("NotAuthorizedException", "Refresh Token has been revoked"):
                exchange(client, result["RefreshToken"])
