"""Users from CSV files, through jobs: the file, the states, the rows."""

import re
import time
import urllib.error
import urllib.request

import pytest

from people import NO_POOL, Pool, attribute_map, refused
from server import ON_POSTGRES, Server

ROLE = "arn:aws:iam::123456789012:role/service-role/import-logs"
ENCRYPTED = {"x-amz-server-side-encryption": "aws:kms"}
OVER = ("Succeeded", "Failed", "Stopped", "Expired")
NO_JOB = "import-0000000000"


@pytest.fixture
def pool(server):
    return Pool(server, AutoVerifiedAttributes=["email"], Schema=[{"Name": "team", "AttributeDataType": "String"}])


def create(pool, name="people"):
    return pool.create_user_import_job(JobName=name, CloudWatchLogsRoleArn=ROLE)["UserImportJob"]


def upload(url, body, headers=ENCRYPTED):
    """Sends a file, and answers the status and what is said."""
    request = urllib.request.Request(url, data=body.encode(), headers=headers, method="PUT")
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def csv(pool, *users):
    """A file with these users, its columns as the pool says."""
    header = pool.get_csv_header()["CSVHeader"]
    rows = [",".join(user.get(name, "") for name in header) for user in users]
    return "\n".join([",".join(header), *rows]) + "\n"


def person(name, **more):
    row = {"cognito:username": name, "email": f"{name}@example.com", "email_verified": "TRUE"}
    return row | {key.replace("__", ":"): value for key, value in more.items()}


def describe(pool, job):
    return pool.describe_user_import_job(JobId=job["JobId"])["UserImportJob"]


def ended(pool, job):
    """The job once it is over. It runs on the server's own time, which no clock moves."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = describe(pool, job)
        if found["Status"] in OVER:
            return found
        time.sleep(0.02)
    raise AssertionError(f"the job is still {found['Status']}")


def imported(pool, body):
    job = create(pool)
    assert upload(job["PreSignedUrl"], body) == (200, "")
    pool.start_user_import_job(JobId=job["JobId"])
    return ended(pool, job)


def counts(job):
    return job["ImportedUsers"], job["SkippedUsers"], job["FailedUsers"]


def test_the_header_has_the_pools_own_attributes(pool):
    answer = pool.get_csv_header()
    assert answer["UserPoolId"] == pool.id
    assert answer["CSVHeader"][:3] == ["name", "given_name", "family_name"]
    assert answer["CSVHeader"][-3:] == ["custom:team", "cognito:mfa_enabled", "cognito:username"]
    assert "sub" not in answer["CSVHeader"]


def test_a_new_job_waits_for_its_file(server, pool):
    job = create(pool, "first of may")
    assert re.fullmatch(r"import-[0-9A-Za-z]{10}", job["JobId"])
    assert (job["JobName"], job["UserPoolId"], job["Status"]) == ("first of may", pool.id, "Created")
    assert job["CloudWatchLogsRoleArn"] == ROLE and counts(job) == (0, 0, 0)
    assert job["PreSignedUrl"].startswith(f"{server.endpoint}/_cognate/import/{pool.id}/{job['JobId']}?")
    assert "StartDate" not in job and "CompletionDate" not in job


def test_users_come_in_and_have_to_choose_a_password(server, pool):
    job = imported(pool, csv(pool, person("maria", custom__team="blue", birthdate="12/31/1990"), person("jun")))
    assert job["Status"] == "Succeeded" and counts(job) == (2, 0, 0)
    assert job["CompletionMessage"] == "Import Job Completed Successfully."
    assert job["CreationDate"] <= job["StartDate"] <= job["CompletionDate"]
    assert "PreSignedUrl" not in job
    maria = pool.admin_get_user(Username="maria")
    assert (maria["UserStatus"], maria["Enabled"]) == ("RESET_REQUIRED", True)
    attributes = attribute_map(maria["UserAttributes"])
    assert (attributes["custom:team"], attributes["birthdate"]) == ("blue", "1990-12-31")
    assert attributes["email_verified"] == "true"
    assert server.outbox(pool.id) == []


def test_each_row_is_taken_by_itself_and_its_outcome_logged():
    server = Server(environment={"COGNATE_LOG": "user_import=info"})
    try:
        pool = Pool(server, AutoVerifiedAttributes=["email"])
        body = csv(pool, person("maria"), person("jun", email_verified="FALSE"), person("maria"), person("olga"))
        job = imported(pool, body)
        assert job["Status"] == "Succeeded" and counts(job) == (2, 1, 1)
        log = server.log.read_text()
        for line in [
            "[SUCCEEDED] Line Number 2 - The import succeeded.",
            "[FAILED] Line Number 3 - The User Record does not set any of the auto verified attributes to true. "
            "(Example: email_verified to true).",
            "[SKIPPED] Line Number 4 - The user already exists.",
            "[SUCCEEDED] Line Number 5 - The import succeeded.",
        ]:
            assert line in log, line
    finally:
        server.stop()


def test_whoever_is_called_by_an_address_is_taken_in_once(server):
    pool = Pool(server, AutoVerifiedAttributes=["email"], UsernameAttributes=["email"])
    maria, jun = (person(f"{name}@example.com", email=f"{name}@example.com") for name in ("maria", "jun"))
    assert counts(imported(pool, csv(pool, maria))) == (1, 0, 0)
    assert counts(imported(pool, csv(pool, maria, jun))) == (1, 1, 0)


def test_a_job_that_takes_nobody_in_has_failed(pool):
    job = imported(pool, csv(pool, person("a b"), person("jun", email="nowhere")))
    assert job["Status"] == "Failed" and counts(job) == (0, 0, 2)
    assert job["CompletionMessage"] == "Too many users have failed or been skipped during the import."


def test_a_job_without_a_file_or_with_another_header_has_failed(pool):
    job = create(pool)
    pool.start_user_import_job(JobId=job["JobId"])
    assert ended(pool, job)["CompletionMessage"] == "No file was uploaded for the import job."
    job = imported(pool, "cognito:username,email\nmaria,maria@example.com\n")
    assert job["Status"] == "Failed"
    assert job["CompletionMessage"].startswith("The header of the CSV file does not have exactly the columns")


def test_a_file_goes_to_its_own_address_alone(pool):
    job, other = create(pool), create(pool)
    url, body = job["PreSignedUrl"], csv(pool, person("maria"))
    assert upload(url, body, headers={})[0] == 403
    for forged in [
        url.replace(job["JobId"], other["JobId"]),
        url.replace(job["JobId"], NO_JOB),
        url.replace(pool.id, NO_POOL),
        re.sub(r"expires=\d+", "expires=99999999999", url),
        re.sub(r"signature=..", "signature=zz", url),
        url.split("?")[0],
    ]:
        status, said = upload(forged, body)
        assert (status, "SignatureDoesNotMatch" in said) == (403, True), forged
    assert upload(url, body) == (200, "")


def test_an_address_is_good_for_a_quarter_of_an_hour(server, pool):
    job = create(pool)
    server.advance(899)
    status, said = upload(job["PreSignedUrl"], "late")
    assert (status, "Request has expired" in said) == (403, True)
    assert upload(describe(pool, job)["PreSignedUrl"], "in time") == (200, "")


def test_a_file_is_bounded_and_may_be_sent_again(pool):
    job = create(pool)
    status, said = upload(job["PreSignedUrl"], "x" * ((100 << 20) + 1))
    assert (status, "EntityTooLarge" in said) == (400, True)
    assert upload(job["PreSignedUrl"], "the wrong file")[0] == 200
    assert upload(job["PreSignedUrl"], csv(pool, *(person(f"user{n}") for n in range(450))))[0] == 200
    pool.start_user_import_job(JobId=job["JobId"])
    assert counts(ended(pool, job)) == (450, 0, 0)
    status, said = upload(job["PreSignedUrl"], "too late")
    assert (status, "does not wait for a file" in said) == (403, True)


def test_a_job_starts_once_and_stops_only_while_it_runs(pool):
    job = create(pool)
    with refused("PreconditionNotMetException"):
        pool.stop_user_import_job(JobId=job["JobId"])
    upload(job["PreSignedUrl"], csv(pool, person("maria")))
    started = pool.start_user_import_job(JobId=job["JobId"])["UserImportJob"]
    assert started["Status"] == "Pending" and "StartDate" in started
    ended(pool, job)
    for operation in [pool.start_user_import_job, pool.stop_user_import_job]:
        with refused("PreconditionNotMetException"):
            operation(JobId=job["JobId"])


def test_a_job_that_runs_stops_keeps_its_pool_as_it_is_and_has_no_other_beside_it(server, pool):
    job, other = create(pool), create(pool)
    body = csv(pool, *(person(f"user{n}") for n in range(40_000)))
    assert upload(job["PreSignedUrl"], body)[0] == 200
    pool.start_user_import_job(JobId=job["JobId"])
    with refused("PreconditionNotMetException", "Another user import job of the user pool is in progress."):
        pool.start_user_import_job(JobId=other["JobId"])
    for operation, more in [
        (pool.update_user_pool, {}),
        (pool.add_custom_attributes, {"CustomAttributes": [{"Name": "more", "AttributeDataType": "String"}]}),
        (pool.delete_user_pool, {}),
    ]:
        with refused("UserImportInProgressException"):
            operation(**more)
    assert pool.stop_user_import_job(JobId=job["JobId"])["UserImportJob"]["Status"] == "Stopping"
    stopped = ended(pool, job)
    assert stopped["Status"] == "Stopped" and stopped["ImportedUsers"] < 40_000
    assert stopped["CompletionMessage"] == "The Import Job was stopped by the developer."
    pool.update_user_pool(AutoVerifiedAttributes=["email"])


def test_a_job_that_nobody_starts_expires(server, pool):
    job = create(pool)
    server.advance(86_400)
    expired = describe(pool, job)
    assert (expired["Status"], expired["CompletionMessage"]) == ("Expired", "The user import job has expired.")
    with refused("PreconditionNotMetException"):
        pool.start_user_import_job(JobId=job["JobId"])


def test_jobs_are_listed_newest_first_page_by_page(server, pool):
    ids = []
    for number in range(5):
        ids.append(create(pool, f"job {number}")["JobId"])
        server.advance(1)
    seen, token = [], {}
    while True:
        page = pool.list_user_import_jobs(MaxResults=2, **token)
        seen += [job["JobId"] for job in page["UserImportJobs"]]
        if "PaginationToken" not in page:
            break
        token = {"PaginationToken": page["PaginationToken"]}
    assert seen == ids[::-1]
    with refused("InvalidParameterException", "Invalid pagination token given."):
        pool.list_user_import_jobs(MaxResults=2, PaginationToken="nonsense")


def test_unknown_jobs_and_pools_are_refused(server, pool):
    for operation in ["describe_user_import_job", "start_user_import_job", "stop_user_import_job"]:
        with refused("ResourceNotFoundException", f"User import job {NO_JOB} does not exist."):
            getattr(pool, operation)(JobId=NO_JOB)
        with refused("ResourceNotFoundException", f"User pool {NO_POOL} does not exist."):
            getattr(server.sdk, operation)(UserPoolId=NO_POOL, JobId=NO_JOB)
    with refused("ResourceNotFoundException"):
        server.sdk.get_csv_header(UserPoolId=NO_POOL)
    with refused("ResourceNotFoundException"):
        server.sdk.list_user_import_jobs(UserPoolId=NO_POOL, MaxResults=1)
    with refused("ResourceNotFoundException"):
        server.sdk.create_user_import_job(UserPoolId=NO_POOL, JobName="x", CloudWatchLogsRoleArn=ROLE)


def test_a_pool_that_verifies_nothing_takes_nobody_in(server):
    pool = Pool(server)
    job = create(pool)
    with refused("PreconditionNotMetException", "The user pool must have at least one auto-verified attribute."):
        pool.start_user_import_job(JobId=job["JobId"])


def test_hashes_in_csv_files_are_refused(pool):
    with refused("InvalidParameterException", re.compile("PasswordHashingAlgorithm is not supported")):
        pool.create_user_import_job(JobName="x", CloudWatchLogsRoleArn=ROLE, PasswordHashingAlgorithm="BCRYPT")


@pytest.mark.skipif(ON_POSTGRES, reason="where servers share a database, another one goes on with the job")
def test_a_job_that_was_running_when_the_server_ended_has_failed(tmp_path):
    server = Server(data=tmp_path)
    pool = Pool(server, AutoVerifiedAttributes=["email"])
    job = create(pool)
    assert upload(job["PreSignedUrl"], csv(pool, *(person(f"user{n}") for n in range(40_000))))[0] == 200
    pool.start_user_import_job(JobId=job["JobId"])
    server.process.kill()
    server.process.wait()
    again = Server(data=tmp_path)
    try:
        found = again.sdk.describe_user_import_job(UserPoolId=pool.id, JobId=job["JobId"])["UserImportJob"]
        assert found["Status"] == "Failed"
        assert found["CompletionMessage"] == "The server was restarted while the import job ran."
        users = again.sdk.describe_user_pool(UserPoolId=pool.id)["UserPool"]["EstimatedNumberOfUsers"]
        assert users == found["ImportedUsers"]
    finally:
        again.stop()
