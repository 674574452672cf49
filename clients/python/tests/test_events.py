"""Rows 17 and 18: attempts are recorded, shown and judged."""

import pytest

from people import NO_POOL, NO_USER, PASSWORD, TEMPORARY, Pool, refused, verified

INVALID = "InvalidParameterException"
SOME_EVENT = "7875548a-bd00-490a-93b8-fa36fe42a3e0"
ADD_ON = (
    "UserPoolAddOnNotEnabledException",
    "This is an add on feature. Please update AdvancedSecurityMode for your user pool to access this API.",
)


@pytest.fixture(params=["AUDIT", "ENFORCED"])
def pool(server, request):
    return Pool(server, UserPoolTier="PLUS", UserPoolAddOns={"AdvancedSecurityMode": request.param})


def events(user):
    return user.admin_list_user_auth_events()["AuthEvents"]


def test_events_come_from_real_attempts_newest_first(server, pool, client, jane):
    assert events(jane) == []
    with refused("NotAuthorizedException"):
        client.sign_in("jane", "Wrong-one1")
    server.advance(1)
    context = {
        "IpAddress": "192.0.2.1",
        "ServerName": "app",
        "ServerPath": "/",
        "HttpHeaders": [{"headerName": "User-Agent", "headerValue": "test"}],
    }
    client.sign_in("jane", ContextData=context)
    passed, failed = events(jane)
    assert (passed["EventType"], failed["EventType"]) == ("SignIn", "SignIn")
    assert (passed["EventResponse"], failed["EventResponse"]) == ("Pass", "Fail")
    assert passed["ChallengeResponses"] == [{"ChallengeName": "Password", "ChallengeResponse": "Success"}]
    assert failed["ChallengeResponses"] == [{"ChallengeName": "Password", "ChallengeResponse": "Failure"}]
    assert passed["EventContextData"]["IpAddress"] == "192.0.2.1"
    assert passed["CreationDate"] > failed["CreationDate"]
    assert "EventFeedback" not in passed


def test_a_challenged_sign_in_is_one_event(pool, client):
    invited = pool.user("invited")
    challenge = client.sign_in("invited", TEMPORARY)
    (begun,) = events(invited)
    assert begun["EventResponse"] == "InProgress"
    client.answer(challenge, {"USERNAME": "invited", "NEW_PASSWORD": PASSWORD})
    (done,) = events(invited)
    assert (done["EventId"], done["EventResponse"]) == (begun["EventId"], "Pass")


def test_refused_attempts_are_events_too(server, pool, client):
    john = pool.user("john", verified("john@example.com"), password=PASSWORD)

    def refused_as(code, password=PASSWORD):
        with refused(code):
            client.sign_in("john", password)
        server.advance(1)
        newest = events(john)[0]
        assert (newest["EventType"], newest["EventResponse"]) == ("SignIn", "Fail")
        return [(each["ChallengeName"], each["ChallengeResponse"]) for each in newest["ChallengeResponses"]]

    john.admin_disable_user()
    assert refused_as("NotAuthorizedException") == []
    john.admin_enable_user()
    john.admin_reset_user_password()
    assert refused_as("PasswordResetRequiredException") == [("Password", "Success")]
    assert refused_as("NotAuthorizedException", "Wrong-one1") == [("Password", "Failure")]
    assert len(events(john)) == 3


def test_attempts_that_nobody_looked_at_do_not_crowd_out_the_others(pool, client, jane):
    client.tokens("jane")
    jane.admin_disable_user()
    for _ in range(30):
        with refused("NotAuthorizedException", "User is disabled."):
            client.sign_in("jane")
    assert len(events(jane)) == 21


def test_a_code_that_is_sent_again_is_an_event(server):
    pool = Pool(
        server,
        UserPoolTier="PLUS",
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
        AutoVerifiedAttributes=["email"],
    )
    client = pool.client()
    server.sdk.sign_up(
        ClientId=client.id,
        Username="newcomer",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "newcomer@example.com"}],
    )
    server.advance(1)
    server.sdk.resend_confirmation_code(ClientId=client.id, Username="newcomer")
    kinds = [event["EventType"] for event in pool.admin_list_user_auth_events(Username="newcomer")["AuthEvents"]]
    assert kinds == ["ResendCode", "SignUp"]


def test_events_page(server, client, jane):
    for _ in range(5):
        client.tokens("jane")
        server.advance(1)
    seen, token = [], {}
    while True:
        page = jane.admin_list_user_auth_events(MaxResults=2, **token)
        assert len(page["AuthEvents"]) <= 2
        seen += page["AuthEvents"]
        if "NextToken" not in page:
            break
        assert page["NextToken"].startswith(f"{seen[-1]['EventId']}#")
        token = {"NextToken": page["NextToken"]}
    assert seen == events(jane)
    assert len(seen) == 5


def test_admin_list_user_auth_events_refuses_in_the_order_of_the_live_service(server, pool):
    call = server.sdk.admin_list_user_auth_events
    with refused(
        INVALID,
        "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 60",
    ):
        call(UserPoolId=NO_POOL, Username="nobody", MaxResults=61)
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        call(UserPoolId=NO_POOL, Username="nobody")
    with refused(*ADD_ON):
        call(UserPoolId=Pool(server).id, Username="nobody")
    with refused(*NO_USER):
        call(UserPoolId=pool.id, Username="nobody")


def test_feedback_is_stored_and_shown(client, jane):
    client.tokens("jane")
    (event,) = events(jane)
    for value in ["Invalid", "Valid"]:
        jane.admin_update_auth_event_feedback(EventId=event["EventId"], FeedbackValue=value)
        feedback = events(jane)[0]["EventFeedback"]
        assert (feedback["FeedbackValue"], feedback["Provider"]) == (value, "Admin")
        assert feedback["FeedbackDate"] >= event["CreationDate"].replace(microsecond=0)


def test_feedback_refuses_what_is_not_there(server, pool, jane):
    with refused(INVALID, "EventId is invalid"):
        jane.admin_update_auth_event_feedback(EventId=SOME_EVENT, FeedbackValue="Valid")
    with refused("NotAuthorizedException", "Incorrect username or password."):
        pool.admin_update_auth_event_feedback(Username="nobody", EventId=SOME_EVENT, FeedbackValue="Valid")
    with refused("UserPoolAddOnNotEnabledException"):
        Pool(server).user("jane").admin_update_auth_event_feedback(EventId=SOME_EVENT, FeedbackValue="Valid")
    with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
        server.sdk.admin_update_auth_event_feedback(
            UserPoolId=NO_POOL, Username="jane", EventId=SOME_EVENT, FeedbackValue="Valid"
        )
    with refused(
        INVALID,
        "1 validation error detected: Value 'not an id' at 'eventId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+-]+",
    ):
        jane.admin_update_auth_event_feedback(EventId="not an id", FeedbackValue="Valid")
