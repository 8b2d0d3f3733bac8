"""Users who manage their own password and second factor, under the policy that the IAM user guide gives for it.

Source: IAM tutorial "Permit users to manage their credentials and MFA settings": everything but that is denied until a second factor is
proved, with long-term keys (`BoolIfExists`) as with sessions.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.tools.test_boto3_sweep import Boto3

from podid.core.sigv4 import Credentials
from podid.iam.totp import code_of, step_at

ACCOUNT = "111122223333"
OWN = "arn:aws:iam::*:user/${aws:username}"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AllowViewAccountInfo",
            "Effect": "Allow",
            "Action": ["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"],
            "Resource": "*",
        },
        {
            "Sid": "AllowManageOwnPasswords",
            "Effect": "Allow",
            "Action": ["iam:ChangePassword", "iam:GetUser"],
            "Resource": OWN,
        },
        {
            "Sid": "AllowManageOwnAccessKeys",
            "Effect": "Allow",
            "Action": ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:UpdateAccessKey"],
            "Resource": OWN,
        },
        {
            "Sid": "AllowManageOwnVirtualMFADevice",
            "Effect": "Allow",
            "Action": ["iam:CreateVirtualMFADevice"],
            "Resource": "arn:aws:iam::*:mfa/*",
        },
        {
            "Sid": "AllowManageOwnUserMFA",
            "Effect": "Allow",
            "Action": ["iam:DeactivateMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"],
            "Resource": OWN,
        },
        {
            "Sid": "DenyAllExceptListedIfNoMFA",
            "Effect": "Deny",
            "NotAction": [
                "iam:CreateVirtualMFADevice",
                "iam:EnableMFADevice",
                "iam:GetUser",
                "iam:ListMFADevices",
                "iam:ListVirtualMFADevices",
                "iam:ResyncMFADevice",
                "sts:GetSessionToken",
            ],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    ],
}


def test_a_second_factor_opens_what_the_policy_closes(standing: Any) -> None:
    boto = Boto3(standing.url)
    admin = boto.client("iam", standing.administrator)
    for name in ("self", "somebody"):
        admin.create_user(UserName=name)
    admin.put_user_policy(UserName="self", PolicyName="own", PolicyDocument=json.dumps(POLICY))
    key = admin.create_access_key(UserName="self")["AccessKey"]
    long_term = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    iam, sts = boto.client("iam", long_term), boto.client("sts", long_term)

    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="self")["VirtualMFADevice"]
    seed = base64.b32decode(device["Base32StringSeed"])

    def code(back: int) -> str:
        return code_of(seed, step_at(datetime.now(UTC)) - back)

    with pytest.raises(ClientError, match="not authorized to perform: iam:EnableMFADevice"):
        iam.enable_mfa_device(
            UserName="somebody",
            SerialNumber=device["SerialNumber"],
            AuthenticationCode1=code(6),
            AuthenticationCode2=code(5),
        )
    iam.enable_mfa_device(
        UserName="self", SerialNumber=device["SerialNumber"], AuthenticationCode1=code(6), AuthenticationCode2=code(5)
    )
    assert [held["SerialNumber"] for held in iam.list_mfa_devices()["MFADevices"]] == [device["SerialNumber"]]

    # A long-term key has no such key in its context, and `BoolIfExists` then holds.
    with pytest.raises(ClientError, match="explicit deny"):
        iam.list_access_keys()
    proved = sts.get_session_token(SerialNumber=device["SerialNumber"], TokenCode=code(4))["Credentials"]
    session = Credentials(proved["AccessKeyId"], proved["SecretAccessKey"], proved["SessionToken"])
    with_factor = boto.client("iam", session)
    assert len(with_factor.list_access_keys()["AccessKeyMetadata"]) == 1
    with pytest.raises(ClientError, match="no identity-based policy allows the iam:ListAccessKeys action"):
        with_factor.list_access_keys(UserName="somebody")
    with_factor.deactivate_mfa_device(UserName="self", SerialNumber=device["SerialNumber"])
    boto.close()
