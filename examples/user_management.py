"""The life of an administrator's user, with boto3: what user-management.mjs does in JavaScript.

    cargo run -- dev --pools examples/pools.toml                    # in one terminal
    pip install boto3 && python examples/user_management.py         # in another

Two of the steps need the leniencies of pools.toml. With strict-pools.toml they fail as the live service fails.
"""

import os

import boto3

# Only these three lines know about Cognate; with a real endpoint and real keys in the environment they do nothing.
os.environ.setdefault("AWS_ENDPOINT_URL", "http://127.0.0.1:9229")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIDLOCALDEVELOPMENT")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "any secret will do in dev")

client = boto3.client("cognito-idp", region_name="us-east-1")
employee = {"UserPoolId": "us-east-1_example123", "Username": "employee@company.com"}

# 1. Create the user.
client.admin_create_user(
    **employee,
    UserAttributes=[
        {"Name": "email", "Value": "employee@company.com"},
        {"Name": "name", "Value": "New Employee"},
        {"Name": "department", "Value": "Engineering"},  # lenient: declared as custom:department
        {"Name": "email_verified", "Value": "true"},
    ],
    TemporaryPassword="TempPass123!",
    MessageAction="SUPPRESS",
)

# 2. Give a permanent password.
client.admin_set_user_password(**employee, Password="SecurePassword123!", Permanent=True)

# 3. Put the user into their groups.
client.admin_add_user_to_group(**employee, GroupName="Employees")
client.admin_add_user_to_group(**employee, GroupName="Engineering")

# 4. Prefer a software token as the second factor.
client.admin_set_user_mfa_preference(
    **employee,
    SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},  # lenient: no token is enrolled yet
)

# 5. Read the user back.
details = client.admin_get_user(**employee)

print("User created successfully:", details["Username"])
print("User status:", details["UserStatus"])
print("MFA enabled:", details.get("UserMFASettingList"))
