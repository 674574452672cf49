"""`USER_AUTH` with a client that prevents user existence errors: a name that nobody has is asked and answered like one
that somebody has."""

import pytest
from botocore.exceptions import ClientError

from people import PASSWORD, Pool, refused, verified

BY_CHOICE = ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH"]
NAMES = ["jane@example.com", "nobody@example.com"]
A = "a5f3" * 64


@pytest.fixture
def client(server):
    policies = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    pool = Pool(server, UsernameAttributes=["email"], AutoVerifiedAttributes=["email"], Policies=policies)
    pool.user("jane@example.com", verified("jane@example.com"), password=PASSWORD)
    return pool.client(ExplicitAuthFlows=BY_CHOICE, PreventUserExistenceErrors="ENABLED")


def shape(call):
    """What an answer looks like: names, and the lengths of what is sealed."""
    try:
        answer = call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    shown = answer["ChallengeParameters"]
    lengths = len(answer.get("Session", "")), len(shown.get("SECRET_BLOCK", "")), len(shown.get("USERNAME", ""))
    return answer["ChallengeName"], answer.get("AvailableChallenges"), sorted(shown), lengths


def begin(client, name, flow="USER_AUTH", **parameters):
    return client.public_auth(flow, {"USERNAME": name, **parameters})


def respond(client, challenge, name, **responses):
    return client.sdk.respond_to_auth_challenge(
        ClientId=client.id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": name, **responses},
    )


def alike(ask):
    first, second = (ask(name) for name in NAMES)
    assert first == second
    return first


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"PREFERRED_CHALLENGE": "EMAIL_OTP"},
        {"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": A},
        {"PREFERRED_CHALLENGE": "WEB_AUTHN"},
        {"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "Wrong-one1!"},
        {"PREFERRED_CHALLENGE": "PASSWORD"},
        {"PREFERRED_CHALLENGE": "nonsense"},
    ],
    ids=str,
)
def test_the_first_answers_are_alike(client, parameters):
    # Ten times: what varies in length from one answer to the next would differ sooner or later.
    for _ in range(10):
        alike(lambda name: shape(lambda: begin(client, name, **parameters)))


def test_so_are_the_challenges_of_srp(client):
    for _ in range(10):
        alike(lambda name: shape(lambda: begin(client, name, "USER_SRP_AUTH", SRP_A=A)))


@pytest.mark.parametrize(
    "responses",
    [
        {"ANSWER": "EMAIL_OTP"},
        {"ANSWER": "PASSWORD_SRP", "SRP_A": A},
        {"ANSWER": "PASSWORD", "PASSWORD": "Wrong-one1!"},
        {"ANSWER": "SMS_OTP"},
        {"ANSWER": "WEB_AUTHN"},
        {"ANSWER": "SELECT_CHALLENGE"},
        {"ANSWER": "nonsense"},
        {},
    ],
    ids=str,
)
def test_a_choice_is_answered_alike_the_first_time_and_the_second(client, responses):
    def ask(name):
        asked = begin(client, name)
        return [shape(lambda: respond(client, asked, name, **responses)) for _ in range(2)]

    alike(ask)


def test_as_many_codes_are_sent(client):
    def ask(name):
        return [shape(lambda: begin(client, name, PREFERRED_CHALLENGE="EMAIL_OTP"))[0] for _ in range(62)]

    answers = alike(ask)
    assert answers[59:] == ["EMAIL_OTP", "TooManyRequestsException", "TooManyRequestsException"]


def test_as_many_wrong_codes_are_heard(client):
    def ask(name):
        asked = begin(client, name, PREFERRED_CHALLENGE="EMAIL_OTP")
        return [shape(lambda: respond(client, asked, name, EMAIL_OTP_CODE="no-code")) for _ in range(12)]

    answers = alike(ask)
    assert answers[9] != answers[10]


def test_sessions_of_strangers_are_theirs_alone(client):
    asked = begin(client, "nobody@example.com")
    with refused("NotAuthorizedException", "Invalid session for the user."):
        respond(client, asked, "somebody@example.com", ANSWER="EMAIL_OTP")
