"""Rows 6 and 7: users sign in and answer challenges."""

import json
import re

import pytest

from people import NO_POOL, NO_USER, PASSWORD, TEMPORARY, WRONG_PASSWORD, Pool, refused, verified

INVALID = "InvalidParameterException"
NO_CLIENT = "1a2b3c4d5e6f7g8h9i0j1k2l3m"


class TestAdminInitiateAuth:
    @pytest.mark.parametrize("flow", ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"])
    def test_answers_tokens(self, client, jane, flow):
        answer = client.admin_auth(
            flow,
            {"USERNAME": "jane", "PASSWORD": PASSWORD},
            ClientMetadata={"source": "test"},
            AnalyticsMetadata={"AnalyticsEndpointId": "endpoint"},
            ContextData={"IpAddress": "192.0.2.1", "ServerName": "app", "ServerPath": "/", "HttpHeaders": []},
        )
        assert answer["ChallengeParameters"] == {}
        assert "ChallengeName" not in answer
        result = answer["AuthenticationResult"]
        assert set(result) == {"AccessToken", "ExpiresIn", "IdToken", "RefreshToken", "TokenType"}
        assert (result["ExpiresIn"], result["TokenType"]) == (3600, "Bearer")
        assert client.who_is(result["AccessToken"]) == "jane"

    @pytest.mark.parametrize("flow", ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"])
    def test_refreshes(self, client, jane, flow):
        token = client.tokens("jane")["RefreshToken"]
        result = client.admin_auth(flow, {"REFRESH_TOKEN": token})["AuthenticationResult"]
        assert set(result) == {"AccessToken", "ExpiresIn", "IdToken", "TokenType"}
        assert client.who_is(result["AccessToken"]) == "jane"

    def test_refuses_a_wrong_password(self, client, jane):
        with refused(*WRONG_PASSWORD):
            client.sign_in("jane", "Wrong-one1")

    def test_refuses_an_unknown_user_openly_or_discreetly(self, pool, client):
        with refused(*NO_USER):
            client.sign_in("nobody")
        with refused(*WRONG_PASSWORD):
            pool.client(PreventUserExistenceErrors="ENABLED").sign_in("nobody")

    @pytest.mark.parametrize(
        ("parameters", "missing"),
        [({"PASSWORD": PASSWORD}, "USERNAME"), ({"USERNAME": "jane"}, "PASSWORD"), ({}, "USERNAME")],
    )
    def test_refuses_missing_parameters(self, client, jane, parameters, missing):
        with refused(INVALID, f"Missing required parameter {missing}"):
            client.admin_auth("ADMIN_USER_PASSWORD_AUTH", parameters)

    def test_refuses_flows_that_the_client_may_not_use(self, pool, jane):
        closed = pool.client(ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"])
        with refused(INVALID, "Auth flow not enabled for this client"):
            closed.sign_in("jane")
        with refused(INVALID, "USER_PASSWORD_AUTH flow not enabled for this client"):
            closed.sign_in_publicly("jane")

    def test_refuses_flows_of_the_other_api(self, client, jane):
        parameters = {"USERNAME": "jane", "PASSWORD": PASSWORD}
        with refused(INVALID, "Initiate Auth method not supported."):
            client.admin_auth("USER_PASSWORD_AUTH", parameters)
        with refused(INVALID, "Initiate Auth method not supported."):
            client.public_auth("ADMIN_USER_PASSWORD_AUTH", parameters)

    def test_refuses_an_unknown_client_or_pool(self, server, pool, client):
        input_ = {"AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "jane", "PASSWORD": PASSWORD}}
        with refused("ResourceNotFoundException", f"User pool client {NO_CLIENT} does not exist."):
            pool.admin_initiate_auth(ClientId=NO_CLIENT, **input_)
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            server.sdk.admin_initiate_auth(UserPoolId=NO_POOL, ClientId=client.id, **input_)

    def test_asks_a_client_with_a_secret_for_its_hash(self, pool, jane):
        client = pool.client(GenerateSecret=True)
        assert client.tokens("jane")
        parameters = {"USERNAME": "jane", "PASSWORD": PASSWORD}
        with refused(
            ("NotAuthorizedException", INVALID),
            f"Client {client.id} is configured with secret but SECRET_HASH was not received",
        ):
            client.admin_auth("ADMIN_USER_PASSWORD_AUTH", parameters)
        parameters["SECRET_HASH"] = client.secret_hash("john")
        with refused("NotAuthorizedException", f"Unable to verify secret hash for client {client.id}"):
            client.admin_auth("ADMIN_USER_PASSWORD_AUTH", parameters)

    def test_takes_nobody_for_another_by_a_name_that_is_their_sub(self, server):
        pool = Pool(server, AliasAttributes=["preferred_username"])
        client = pool.client()
        jane = pool.user("jane", password=PASSWORD)
        server.sdk.sign_up(ClientId=client.id, Username=jane.sub, Password="Another-1x")
        pool.user("john", {"preferred_username": jane.sub})
        assert pool.admin_get_user(Username=jane.sub)["Username"] == "jane"
        assert client.who_is(client.tokens(jane.sub)["AccessToken"]) == "jane"
        with refused(*WRONG_PASSWORD):
            client.sign_in(jane.sub, "Another-1x")

    def test_refuses_refresh_tokens_that_are_not_the_clients(self, pool, client, jane):
        token = client.tokens("jane")["RefreshToken"]
        text = re.compile(r"^Invalid Refresh Token\.?$")
        with refused("NotAuthorizedException", text):
            client.refresh("garbage")
        with refused("NotAuthorizedException", text):
            pool.client().refresh(token)


class TestAdminRespondToAuthChallenge:
    def answer(self, **more):
        return {"USERNAME": "jane", "NEW_PASSWORD": PASSWORD, **more}

    def test_finishes_a_sign_in(self, server):
        pool = Pool(server, Schema=[{"Name": "name", "AttributeDataType": "String", "Required": True}])
        client = pool.client()
        jane = pool.user("jane", verified("jane@example.com"))
        challenge = client.sign_in("jane", TEMPORARY)
        parameters = challenge["ChallengeParameters"]
        assert parameters["USER_ID_FOR_SRP"] == "jane"
        assert json.loads(parameters["requiredAttributes"]) == ["userAttributes.name"]
        assert json.loads(parameters["userAttributes"]) == verified("jane@example.com")
        responses = self.answer(**{"userAttributes.name": "Jane"})
        result = client.answer(challenge, responses)["AuthenticationResult"]
        assert client.who_is(result["AccessToken"]) == "jane"
        assert jane.status() == "CONFIRMED"
        assert jane.attributes()["name"] == "Jane"
        with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
            client.answer(challenge, self.answer())

    def test_refuses_what_is_missing(self, server):
        pool = Pool(server, Schema=[{"Name": "name", "AttributeDataType": "String", "Required": True}])
        client = pool.client()
        pool.user("jane")
        with refused(INVALID, "Invalid attributes given, name is missing"):
            client.answer(client.sign_in("jane", TEMPORARY), self.answer())
        with refused(INVALID, "Missing required parameter NEW_PASSWORD"):
            client.answer(client.sign_in("jane", TEMPORARY), {"USERNAME": "jane"})

    def test_refuses_a_second_address_and_a_weak_password(self, pool, client):
        jane = pool.user("jane", verified("jane@example.com"))
        with refused("NotAuthorizedException", "Cannot modify an already provided email"):
            client.answer(
                client.sign_in("jane", TEMPORARY), self.answer(**{"userAttributes.email": "other@example.com"})
            )
        with refused("InvalidPasswordException", "Password did not conform with policy: Password not long enough"):
            client.answer(client.sign_in("jane", TEMPORARY), self.answer(NEW_PASSWORD="short"))
        assert jane.status() == "FORCE_CHANGE_PASSWORD"

    def test_refuses_a_password_that_nobody_could_sign_in_with(self, pool, client):
        jane = pool.user("jane")
        with refused(
            INVALID,
            "1 validation error detected: Value at 'newPassword' failed to satisfy constraint: "
            "Member must have length less than or equal to 256",
        ):
            client.answer(client.sign_in("jane", TEMPORARY), self.answer(NEW_PASSWORD="Aa1!" + "x" * 253))
        assert jane.status() == "FORCE_CHANGE_PASSWORD"
        client.answer(client.sign_in("jane", TEMPORARY), self.answer(NEW_PASSWORD="Aa1!" + "x" * 252))
        assert client.tokens("jane", "Aa1!" + "x" * 252)

    def test_shows_no_attribute_that_the_client_may_not_read(self, server):
        schema = [{"Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": True, "Mutable": True}]
        pool = Pool(server, Schema=schema)
        pool.user("jane", {**verified("jane@example.com"), "dev:custom:note": "secret", "name": "Jane"})
        for client, shown in [
            (pool.client(), {**verified("jane@example.com"), "name": "Jane"}),
            (pool.client(ReadAttributes=["name"]), {"name": "Jane"}),
        ]:
            parameters = client.sign_in("jane", TEMPORARY)["ChallengeParameters"]
            assert json.loads(parameters["userAttributes"]) == shown

    def test_is_not_stopped_by_those_who_guess_meanwhile(self, pool, client):
        pool.user("jane")
        challenge = client.sign_in("jane", TEMPORARY)
        for _ in range(6):
            with refused("NotAuthorizedException"):
                client.sign_in("jane", "Wrong-one1")
        assert client.answer(challenge, self.answer())["AuthenticationResult"]

    def test_refuses_an_expired_or_foreign_session(self, server, pool, client):
        pool.user("jane")
        challenge = client.sign_in("jane", TEMPORARY)
        with refused("NotAuthorizedException", "Invalid session for the user."):
            pool.client().answer(challenge, self.answer())
        with refused("NotAuthorizedException", "Invalid session for the user."):
            client.answer({**challenge, "Session": "made-up-session-of-some-length"}, self.answer())
        server.advance(181)
        with refused("NotAuthorizedException", "Invalid session for the user, session is expired."):
            client.answer(challenge, self.answer())

    def test_refuses_an_unknown_challenge(self, client, pool):
        with refused(
            INVALID, re.compile(r"^1 validation error detected: Value 'RIDDLE' at 'challengeName' failed to satisfy")
        ):
            pool.admin_respond_to_auth_challenge(ClientId=client.id, ChallengeName="RIDDLE")
