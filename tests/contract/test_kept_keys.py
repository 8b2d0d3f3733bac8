"""Condition keys of what exists, read from moto: of volumes, images, subnets, keys, databases, documents, secrets."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

ACCOUNT = "111122223333"
HERE = f"us-east-1:{ACCOUNT}"


def make(served: Served) -> dict[str, tuple[str, dict[str, str]]]:
    """Things of every kind: their ARNs, and what their keys should say."""
    ec2, ssm, kms = served.client("ec2"), served.client("ssm"), served.client("kms")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    group = ec2.create_security_group(GroupName="kk", Description="d", VpcId=vpc)["GroupId"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1b", Size=7, VolumeType="gp3", Encrypted=True)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    interface = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    address = ec2.allocate_address(Domain="vpc")
    ec2.create_key_pair(KeyName="kk", KeyType="ed25519")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/kk", TargetKeyId=key)
    ssm.create_document(Name="kept-keys", DocumentType="Command", Content='{"schemaVersion": "2.2", "mainSteps": []}')
    served.client("rds").create_db_instance(
        DBInstanceIdentifier="kk", DBInstanceClass="db.t3.micro", Engine="mysql", AllocatedStorage=20
    )
    here, vpc_arn = f"arn:aws:ec2:{HERE}", f"arn:aws:ec2:{HERE}:vpc/{vpc}"
    return {
        "vpc": (vpc_arn, {"ec2:VpcID": vpc, "ec2:Tenancy": "default"}),
        "subnet": (
            f"{here}:subnet/{subnet['SubnetId']}",
            {"ec2:Vpc": vpc_arn, "ec2:AvailabilityZone": "us-east-1b", "ec2:SubnetID": subnet["SubnetId"]},
        ),
        "group": (f"{here}:security-group/{group}", {"ec2:Vpc": vpc_arn, "ec2:SecurityGroupID": group}),
        "volume": (
            f"{here}:volume/{volume}",
            {"ec2:VolumeType": "gp3", "ec2:VolumeSize": "7", "ec2:Encrypted": "true"},
        ),
        "snapshot": (
            f"arn:aws:ec2:us-east-1::snapshot/{snapshot}",
            {"ec2:ParentVolume": f"{here}:volume/{volume}", "ec2:Owner": ACCOUNT},
        ),
        "interface": (f"{here}:network-interface/{interface}", {"ec2:Vpc": vpc_arn}),
        "address": (f"{here}:elastic-ip/{address['AllocationId']}", {"ec2:PublicIpAddress": address["PublicIp"]}),
        "pair": (f"{here}:key-pair/kk", {"ec2:KeyPairName": "kk", "ec2:KeyPairType": "ed25519"}),
        "image": (
            f"arn:aws:ec2:us-east-1::image/{image['ImageId']}",
            {"ec2:ImageType": "machine", "ec2:RootDeviceType": image["RootDeviceType"]},
        ),
        "key": (key, {"kms:KeyUsage": "SIGN_VERIFY", "kms:KeySpec": "RSA_2048", "kms:ResourceAliases": "alias/kk"}),
        "document": (f"arn:aws:ssm:{HERE}:document/kept-keys", {"ssm:DocumentType": "Command"}),
        "database": (f"arn:aws:rds:{HERE}:db:kk", {"rds:DatabaseEngine": "mysql", "rds:DatabaseClass": "db.t3.micro"}),
    }


@pytest.fixture(scope="module")
def things(served: Served) -> dict[str, tuple[str, dict[str, str]]]:
    return make(served)


def test_they_say_what_they_are(served: Served, things: dict[str, tuple[str, dict[str, str]]]) -> None:
    from podid.gateway.resource_keys import KEYS, of_moto

    for name, (arn, expected) in things.items():
        found = of_moto(arn)
        told = {key: ",".join(found.get(key, ())) for key in expected}
        assert told == expected, name
        assert {key.lower() for key in found} <= KEYS[arn.split(":")[2]], name


def test_what_is_not_there_says_nothing() -> None:
    from podid.gateway.resource_keys import of_moto

    for kind in (
        "instance/i-0",
        "volume/vol-0",
        "subnet/subnet-0",
        "key-pair/none",
        "elastic-ip/eipalloc-0",
        "instance/*",
    ):
        assert not of_moto(f"arn:aws:ec2:{HERE}:{kind}"), kind
    assert not of_moto("no arn")
    assert not of_moto(f"arn:aws:kms:{HERE}:key/none")


def test_a_policy_may_ask_for_them(served: Served, things: dict[str, tuple[str, dict[str, str]]]) -> None:
    volume = things["volume"][0].rpartition("/")[2]
    ec2 = served.client("ec2")
    plain = ec2.create_volume(AvailabilityZone="us-east-1b", Size=1, VolumeType="gp2")["VolumeId"]
    encrypted = {"Bool": {"ec2:Encrypted": "true"}}
    some = served.client("ec2", served.user("kk-user", served.allow("ec2:DeleteVolume", Condition=encrypted)))
    with pytest.raises(ClientError) as raised:
        some.delete_volume(VolumeId=plain)
    assert raised.value.response["Error"]["Code"] == "UnauthorizedOperation"
    some.delete_volume(VolumeId=volume)
