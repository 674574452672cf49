"""Signing keys change beside a running server, and no token that was given out stops verifying."""

import json
import subprocess
import threading
import time
from pathlib import Path

import jwt
import pytest

from people import PASSWORD, Pool
from server import BINARY, Server, environment_of, run

WITHIN_SECONDS = 10


def rotate(server, *arguments):
    return json.loads(run("keys", "rotate", "--data", server.data, *arguments))


def fails(*arguments):
    command = [str(part) for part in [BINARY, "keys", "rotate", *arguments]]
    folder = command[command.index("--data") + 1]
    environment = environment_of(folder if Path(folder).exists() else None)
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode != 0
    return ended.stderr


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


def kids(tokens):
    return kid(tokens["AccessToken"]), kid(tokens["IdToken"])


def published(pool):
    return {key["kid"] for key in pool.server.get_json(f"/{pool.id}/.well-known/jwks.json")["keys"]}


def wait_until(holds):
    """What a server notices by itself takes a moment of real time."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Verifier:
    """Verifies with the keys that it fetched, and fetches again when it meets an unknown one.

    PyJWT waits half a minute between two fetches unless told otherwise, which is why `keys rotate` publishes keys for
    longer than that before they sign. These tests do not wait.
    """

    def __init__(self, pool):
        self.keys = jwt.PyJWKClient(f"{pool.server.endpoint}/{pool.id}/.well-known/jwks.json", cooldown_duration=0)

    def verify(self, token):
        key = self.keys.get_signing_key_from_jwt(token).key
        # Times are the server's, whose clock these tests move.
        unchecked = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
        return jwt.decode(token, key, algorithms=["RS256"], options=unchecked)


def test_new_keys_take_over_and_old_tokens_verify(server, pool, client, jane):
    before = client.tokens("jane")
    verifier = Verifier(pool)
    verifier.verify(before["AccessToken"])
    assert published(pool) == set(kids(before))
    (rotated,) = rotate(server, "--pool", pool.id, "--ahead", "0")
    new = rotated["AccessTokenKeyId"], rotated["IdTokenKeyId"]
    wait_until(lambda: published(pool) == {*kids(before), *new})
    after = client.tokens("jane")
    assert kids(after) == new
    for tokens in (before, after):
        assert client.who_is(tokens["AccessToken"]) == "jane"
        for use in ("AccessToken", "IdToken"):
            assert verifier.verify(tokens[use])["sub"] == jane.sub
            assert Verifier(pool).verify(tokens[use])["sub"] == jane.sub
    assert kids(client.refresh(before["RefreshToken"])) == new


def test_new_keys_are_published_before_they_sign(server, pool, client, jane):
    before = kids(client.tokens("jane"))
    (rotated,) = rotate(server, "--pool", pool.id, "--ahead", "3600")
    new = rotated["AccessTokenKeyId"], rotated["IdTokenKeyId"]
    wait_until(lambda: published(pool) == {*before, *new})
    server.advance(3_500)
    assert kids(client.tokens("jane")) == before
    server.advance(200)
    assert kids(client.tokens("jane")) == new


def test_old_keys_stay_published_until_their_last_token_has_ended(server, pool, jane):
    client = pool.client(AccessTokenValidity=1, TokenValidityUnits={"AccessToken": "days"})
    last = client.tokens("jane")
    (rotated,) = rotate(server, "--pool", pool.id, "--ahead", "0")
    new = {rotated["AccessTokenKeyId"], rotated["IdTokenKeyId"]}
    wait_until(lambda: new <= published(pool))
    server.advance(86_000)
    assert client.who_is(last["AccessToken"]) == "jane"
    assert set(kids(last)) < published(pool)
    server.advance(800)
    assert published(pool) == new
    with pytest.raises(jwt.PyJWKClientError):
        Verifier(pool).verify(last["IdToken"])


def test_no_verification_fails_while_keys_change(server):
    pool = Pool(server)
    client = pool.client()
    pool.user("jane", password=PASSWORD)
    verifier, failures, seen = Verifier(pool), [], set()
    verifier.verify(client.tokens("jane")["IdToken"])
    ended = threading.Event()

    def use_tokens():
        while not ended.is_set():
            tokens = client.tokens("jane")
            try:
                assert client.who_is(tokens["AccessToken"]) == "jane"
                for use in ("AccessToken", "IdToken"):
                    verifier.verify(tokens[use])
                    seen.add(kid(tokens[use]))
            except Exception as failure:
                failures.append(failure)
                return

    threads = [threading.Thread(target=use_tokens) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        (rotated,) = rotate(server, "--pool", pool.id, "--ahead", "1")
        wait_until(lambda: failures or rotated["IdTokenKeyId"] in seen)
    ended.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(seen) == 8


def test_every_pool_that_has_keys_is_rotated():
    server = Server()
    try:
        pools = [Pool(server) for _ in range(3)]
        for pool in pools[:2]:
            pool.user("jane", password=PASSWORD)
            pool.client().tokens("jane")
        rotated = rotate(server)
        assert {entry["UserPoolId"] for entry in rotated} == {pool.id for pool in pools[:2]}
        (unused,) = pools[2:]
        assert f"{unused.id} has no keys yet" in fails("--data", server.data, "--pool", unused.id)
        assert "does not exist" in fails("--data", server.data, "--pool", "us-east-1_nosuchpool")
    finally:
        server.stop()


def test_a_rotation_while_the_server_is_down_counts_from_its_start(tmp_path):
    server = Server(data=tmp_path)
    pool = Pool(server)
    client = pool.client()
    pool.user("jane", password=PASSWORD)
    before = client.tokens("jane")
    server.stop()
    (rotated,) = rotate(server, "--ahead", "600")
    again = Server(data=tmp_path)
    try:
        pool.server = client.pool.server = again
        client.sdk = again.sdk
        tokens = again.sdk.admin_initiate_auth(
            UserPoolId=pool.id,
            ClientId=client.id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "jane", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        assert kids(tokens) == kids(before), "nobody could know the new keys yet"
        assert rotated["IdTokenKeyId"] in published(pool)
        again.advance(601)
        refreshed = client.refresh(before["RefreshToken"])
        assert kids(refreshed) == (rotated["AccessTokenKeyId"], rotated["IdTokenKeyId"])
    finally:
        again.stop()


def test_too_many_keys_at_once_are_refused(server, pool, client, jane):
    client.tokens("jane")
    for _ in range(7):
        (rotated,) = rotate(server, "--pool", pool.id)
        assert rotated["PublishedAheadSeconds"] == 60
    assert "has 8 keys published" in fails("--data", server.data, "--pool", pool.id)
    wait_until(lambda: len(published(pool)) == 16)


def test_a_folder_without_data_is_refused(tmp_path):
    assert "there is no data" in fails("--data", tmp_path / "nothing")
