"""What operators see: metrics, log lines, the audit trail, and no secret in any of them."""

import json
import time
import urllib.error
import urllib.request

import pyotp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from people import PASSWORD, Pool, attribute_list, refused, verified
from server import Server, free_port, run

ROOT = ("AKIDROOTROOTROOTROOT", "the+root/secret/of+this+test+server/0000")
MASTER_KEY = "5ec7e7" * 10 + "ab12"
ENVIRONMENT = {
    "COGNATE_ROOT_ACCESS_KEY_ID": ROOT[0],
    "COGNATE_ROOT_SECRET_ACCESS_KEY": ROOT[1],
    "COGNATE_MASTER_KEY": MASTER_KEY,
    "COGNATE_UNDELIVERED": "keep",
}
SOON_SECONDS = 20


def serve(data, *flags, **environment):
    return Server("serve", data=data, flags=flags, environment=ENVIRONMENT | environment, credentials=ROOT)


def samples(address):
    """Every sample of `/metrics`, by its name and labels."""
    with urllib.request.urlopen(f"http://{address}/metrics") as response:
        text = response.read().decode()
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families), "a family is split"
    assert all(family.documentation and family.type != "unknown" for family in families)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def named(found, name, **labels):
    return found.get((name, frozenset(labels.items())), 0)


def test_counts_equal_the_requests_made(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    config = tmp_path / "cognate.toml"
    config.write_text(f'[metrics]\naddress = "{address}"\n')
    server = serve(tmp_path, "--config", config)
    try:
        pool = Pool(server)
        client = pool.client()
        for number in range(7):
            pool.user(f"user-{number}", password=PASSWORD)
        for _ in range(3):
            with refused("UserNotFoundException"):
                pool.admin_get_user(Username="nobody")
        for _ in range(2):
            client.sign_in("user-1")
        with refused("NotAuthorizedException"):
            client.sign_in("user-1", "Wrong-272!")
        found = samples(address)
        count = "cognate_operations_total"
        assert named(found, count, operation="AdminCreateUser", outcome="succeeded") == 7
        assert named(found, count, operation="AdminSetUserPassword", outcome="succeeded") == 7
        assert named(found, count, operation="AdminGetUser", outcome="refused") == 3
        assert named(found, count, operation="AdminInitiateAuth", outcome="succeeded") == 2
        assert named(found, count, operation="AdminInitiateAuth", outcome="refused") == 1
        for operation, made in [("AdminCreateUser", 7), ("AdminInitiateAuth", 3)]:
            assert named(found, "cognate_request_seconds_count", operation=operation) == made
            assert named(found, "cognate_request_seconds_bucket", operation=operation, le="+Inf") == made
            assert 0 < named(found, "cognate_request_seconds_sum", operation=operation) < 60
        buckets = [value for (name, labels), value in found.items() if name == "cognate_work_seconds_bucket"]
        assert buckets == sorted(buckets)
        assert named(found, "cognate_sign_ins_total", outcome="passed") == 2
        assert named(found, "cognate_sign_ins_total", outcome="refused") == 1
        # A password is hashed for each user twice: a temporary one, and the one that is set.
        assert named(found, "cognate_work_seconds_count") >= 7 * 2 + 3
        assert named(found, "cognate_store_write_seconds_count") >= 7 * 2
        assert named(found, "cognate_store_commit_seconds_count") > 0
        assert named(found, "cognate_store_read_seconds_count") > 0
        for idle in ["cognate_work_queued", "cognate_work_busy_threads", "cognate_triggers_running"]:
            assert named(found, idle) == 0
        assert named(found, "process_resident_memory_bytes") > 1 << 20
        assert named(found, "process_open_fds") > 3
        assert abs(named(found, "process_start_time_seconds") - time.time()) < 600
        assert [labels for (name, labels) in found if name == "cognate_build_info"]
        # The listener for metrics answers nothing else.
        for path in ["/", "/health", "/ready"]:
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"http://{address}{path}")
            assert caught.value.code == 404
    finally:
        server.stop()


def lines(server):
    """The log, of which each line that is no greeting is a JSON object."""
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


def test_each_request_has_one_line_with_its_id(tmp_path):
    server = serve(tmp_path, "--log-format", "json")
    try:
        pool = Pool(server)
        created = pool.admin_create_user(Username="jane", MessageAction="SUPPRESS")
        with refused("UserNotFoundException"):
            pool.admin_get_user(Username="nobody")
        lines_of = lambda operation: [
            line for line in lines(server) if line["target"] == "access" and line["operation"] == operation
        ]
        assert len(lines_of("CreateUserPool")) == 1
        [line] = lines_of("AdminCreateUser")
        assert line["request_id"] == created["ResponseMetadata"]["RequestId"]
        assert (line["outcome"], line["status"], line["pool"], line["key"]) == ("ok", 200, pool.id, ROOT[0])
        assert (line["level"], line["source"]) == ("INFO", "127.0.0.1")
        assert 0 < line["ms"] < 60_000
        [line] = lines_of("AdminGetUser")
        assert (line["outcome"], line["status"]) == ("UserNotFoundException", 400)
        assert "jane" not in server.log.read_text() and "nobody" not in server.log.read_text()
    finally:
        server.stop()


def test_what_a_pool_wants_logged_is_logged(tmp_path):
    group = "arn:aws:logs:us-east-1:123456789012:log-group:cognito"
    bucket = "arn:aws:s3:::events"
    notifications = {
        "EventSource": "userNotification",
        "LogLevel": "ERROR",
        "CloudWatchLogsConfiguration": {"LogGroupArn": group},
    }
    sign_ins = {"EventSource": "userAuthEvents", "LogLevel": "INFO", "S3Configuration": {"BucketArn": bucket}}
    # Nobody listens at the gateway.
    gateway = f"http://127.0.0.1:{free_port()}/"
    server = serve(tmp_path, "--log-format", "json", "--sms-gateway", gateway)
    try:
        pool = Pool(server, UserPoolTier="PLUS", UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"})
        client = pool.client()
        assert pool.get_log_delivery_configuration()["LogDeliveryConfiguration"]["LogConfigurations"] == []
        wanted = [notifications, sign_ins]
        set_to = pool.set_log_delivery_configuration(LogConfigurations=wanted)["LogDeliveryConfiguration"]
        assert set_to == {"UserPoolId": pool.id, "LogConfigurations": wanted}
        assert pool.get_log_delivery_configuration()["LogDeliveryConfiguration"] == set_to
        with refused("InvalidParameterException"):
            pool.set_log_delivery_configuration(LogConfigurations=[notifications | {"LogLevel": "INFO"}])
        with refused("ResourceNotFoundException"):
            server.sdk.set_log_delivery_configuration(UserPoolId="us-east-1_nosuchpool", LogConfigurations=[])
        with refused("FeatureUnavailableInTierException"):
            Pool(server).set_log_delivery_configuration(LogConfigurations=[sign_ins])
        pool.user("jane", password=PASSWORD)
        client.sign_in("jane")
        number = attribute_list({"phone_number": "+12065550100", "phone_number_verified": "true"})
        pool.admin_create_user(Username="joan", UserAttributes=number)
        deadline = time.monotonic() + SOON_SECONDS
        logged = {}
        while time.monotonic() < deadline and len(logged) < 2:
            logged = {
                line["target"]: line
                for line in lines(server)
                if line["target"] in ("user_auth_events", "user_notification")
            }
            time.sleep(0.05)
        event = logged["user_auth_events"]
        assert (event["event_type"], event["event_response"], event["pool"]) == ("SignIn", "Pass", pool.id)
        failure = logged["user_notification"]
        assert (failure["medium"], failure["level"], failure["pool"]) == ("SMS", "ERROR", pool.id)
        pool.set_log_delivery_configuration(LogConfigurations=[])
        assert pool.get_log_delivery_configuration()["LogDeliveryConfiguration"]["LogConfigurations"] == []
    finally:
        server.stop()


def test_no_secret_comes_into_the_log_whatever_is_logged(tmp_path):
    server = serve(tmp_path, RUST_LOG="trace")
    secrets = {
        "root secret": ROOT[1],
        "master key": MASTER_KEY,
        "temporary password": "Temporary-272!",
        "password": "Permanent-272!",
        "new password": "Changed-2722!",
        "wrong password": "Mistaken-272!",
        "address": "zenobia@palmyra.example",
        "name": "Septimia",
    }
    try:
        pool = Pool(server)
        pool.set_user_pool_mfa_config(
            MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
        )
        client = pool.client(GenerateSecret=True)
        secrets["client secret"] = client.secret
        attributes = verified(secrets["address"]) | {"name": secrets["name"]}
        pool.admin_create_user(
            Username="jane", TemporaryPassword=secrets["temporary password"], UserAttributes=attribute_list(attributes),
            DesiredDeliveryMediums=["EMAIL"],
        )
        pool.admin_set_user_password(Username="jane", Password=secrets["password"], Permanent=True)
        with refused("NotAuthorizedException"):
            client.sign_in("jane", secrets["wrong password"])
        tokens = client.sign_in("jane", secrets["password"])["AuthenticationResult"]
        access = tokens["AccessToken"]
        for kind in ["AccessToken", "IdToken", "RefreshToken"]:
            secrets[kind] = tokens[kind]
        server.sdk.change_password(
            AccessToken=access, PreviousPassword=secrets["password"], ProposedPassword=secrets["new password"]
        )
        secrets["totp secret"] = server.sdk.associate_software_token(AccessToken=access)["SecretCode"]
        code = pyotp.TOTP(secrets["totp secret"]).now()
        server.sdk.verify_software_token(AccessToken=access, UserCode=code)
        preference = {"Enabled": True, "PreferredMfa": True}
        pool.admin_set_user_mfa_preference(Username="jane", SoftwareTokenMfaSettings=preference)
        challenge = client.sign_in("jane", secrets["new password"])
        secrets["session"] = challenge["Session"]
        pool.admin_update_user_attributes(
            Username="jane", UserAttributes=attribute_list({"name": secrets["name"]})
        )
        secret = "clientSecretOfAnAdministrator272"
        secrets["given client secret"] = secret
        pool.create_user_pool_client(ClientName="given", ClientSecret=secret)
        policy = tmp_path / "policy.json"
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        master = ["--master-key", MASTER_KEY]
        key = json.loads(run("access-key", "create", "--policy", policy, "--data", tmp_path, *master))
        secrets["key's secret"] = key["SecretAccessKey"]
        server.client((key["AccessKeyId"], key["SecretAccessKey"])).list_user_pools(MaxResults=10)
        trail = run("audit", "--json", "--data", tmp_path, *master)
    finally:
        server.stop()
    log = server.log.read_text()
    assert "AdminCreateUser" in log
    for name, secret in secrets.items():
        assert secret not in log, f"the {name} is in the log"
        assert secret not in trail, f"the {name} is in the audit trail"
    assert [json.loads(line)["operation"] for line in trail.splitlines()][:2] == ["CreateUserPool", "SetUserPoolMfaConfig"]
