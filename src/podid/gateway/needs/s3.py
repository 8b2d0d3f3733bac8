"""What S3's operations need: their names are often not their actions'.

Source: S3 user guide, "Required permissions for Amazon S3 API operations"; service authorization reference for the condition keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from msgspec.structs import replace

from podid.gateway.needs.need import Asked, Conditions, Need, Rule
from podid.gateway.needs.s3_conditions import bucket_conditions, object_conditions, signature_conditions

# On the bucket; where an operation is its own action (`s3:GetBucketTagging`), it stands in _SAME below.
_BUCKET = {
    "CreateBucketMetadataConfiguration": "CreateBucketMetadataTableConfiguration",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetadataConfiguration": "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetadataConfiguration": "GetBucketMetadataTableConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_SAME = (
    "CreateBucketMetadataTableConfiguration DeleteBucket DeleteBucketMetadataTableConfiguration DeleteBucketPolicy DeleteBucketWebsite "
    "GetBucketAbac GetBucketAcl GetBucketLocation GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification "
    "GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketRequestPayment GetBucketTagging GetBucketVersioning "
    "GetBucketWebsite PutBucketAbac PutBucketAcl PutBucketLogging PutBucketNotification PutBucketOwnershipControls PutBucketPolicy "
    "PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite UpdateBucketMetadataAnnotationTableConfiguration "
    "UpdateBucketMetadataInventoryTableConfiguration UpdateBucketMetadataJournalTableConfiguration"
)
# On the object; the second name where a version is asked for.
_OBJECT = {
    "AbortMultipartUpload": ("AbortMultipartUpload", ""),
    "CompleteMultipartUpload": ("PutObject", ""),
    "DeleteObjectAnnotation": ("DeleteObjectAnnotation", "DeleteObjectVersionAnnotation"),
    "DeleteObjectTagging": ("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "GetObject": ("GetObject", "GetObjectVersion"),
    "GetObjectAcl": ("GetObjectAcl", "GetObjectVersionAcl"),
    "GetObjectAnnotation": ("GetObjectAnnotation", "GetObjectVersionAnnotation"),
    "GetObjectLegalHold": ("GetObjectLegalHold", ""),
    "GetObjectRetention": ("GetObjectRetention", ""),
    "GetObjectTagging": ("GetObjectTagging", "GetObjectVersionTagging"),
    "GetObjectTorrent": ("GetObjectTorrent", ""),
    "HeadObject": ("GetObject", "GetObjectVersion"),
    "ListObjectAnnotations": ("ListObjectAnnotations", "ListObjectVersionAnnotations"),
    "ListParts": ("ListMultipartUploadParts", ""),
    "PutObjectAcl": ("PutObjectAcl", "PutObjectVersionAcl"),
    "PutObjectAnnotation": ("PutObjectAnnotation", "PutObjectVersionAnnotation"),
    "PutObjectLegalHold": ("PutObjectLegalHold", ""),
    "PutObjectRetention": ("PutObjectRetention", ""),
    "PutObjectTagging": ("PutObjectTagging", "PutObjectVersionTagging"),
    "RestoreObject": ("RestoreObject", ""),
    "SelectObjectContent": ("GetObject", ""),
    "UpdateObjectEncryption": ("UpdateObjectEncryption", ""),
    "UploadPart": ("PutObject", ""),
}


def _on_bucket(action: str) -> Rule:
    def rule(asked: Asked) -> Iterator[Need]:
        yield bucket_need(asked, action)

    return rule


def bucket_need(asked: Asked, action: str) -> Need:
    """The need of an action on the bucket that the call names."""
    bucket = asked.text("Bucket")
    return Need(
        action=f"s3:{action}",
        resource=f"arn:{asked.call.partition}:s3:::{bucket}",
        resource_account=asked.lookup.bucket_owner(bucket) or asked.call.account,
        context=bucket_conditions(asked),
    )


def object_need(
    asked: Asked, action: str, *, bucket: str = "", key: str = "", context: Conditions | None = None
) -> Need:
    """The need of an action on an object, the one that the call names unless told otherwise."""
    bucket = bucket or asked.text("Bucket")
    return Need(
        action=f"s3:{action}",
        resource=f"arn:{asked.call.partition}:s3:::{bucket}/{key or asked.text('Key')}",
        resource_account=asked.lookup.bucket_owner(bucket) or asked.call.account,
        context=object_conditions(asked) if context is None else context,
    )


def _on_object(action: str, of_version: str) -> Rule:
    def rule(asked: Asked) -> Iterator[Need]:
        yield object_need(asked, of_version if of_version and asked.text("VersionId") else action)

    return rule


def _list_buckets(asked: Asked) -> Iterator[Need]:
    yield Need(action="s3:ListAllMyBuckets", context=bucket_conditions(asked))


def _create_bucket(asked: Asked) -> Iterator[Need]:
    yield replace(bucket_need(asked, "CreateBucket"), resource_account=asked.call.account)
    if _grants(asked):
        yield bucket_need(asked, "PutBucketAcl")
    if asked.members.get("ObjectLockEnabledForBucket"):
        yield bucket_need(asked, "PutBucketObjectLockConfiguration")
        yield bucket_need(asked, "PutBucketVersioning")
    if asked.members.get("ObjectOwnership"):
        yield bucket_need(asked, "PutBucketOwnershipControls")


def _put_object(asked: Asked) -> Iterator[Need]:
    yield object_need(asked, "PutObject")
    if _grants(asked):
        yield object_need(asked, "PutObjectAcl")
    if asked.text("Tagging"):
        yield object_need(asked, "PutObjectTagging")
    if asked.members.get("ObjectLockMode") or asked.members.get("ObjectLockRetainUntilDate"):
        yield object_need(asked, "PutObjectRetention")
    if asked.members.get("ObjectLockLegalHoldStatus"):
        yield object_need(asked, "PutObjectLegalHold")


def _copy(asked: Asked) -> Iterator[Need]:
    """Both sides: write the target, read the source; and the source's tags, which go along unless the call has others."""
    bucket, key, version = copy_source(asked.text("CopySource"))
    yield from _put_object(asked)
    versioned = "Version" if version else ""
    context = {**signature_conditions(asked), **({"s3:versionid": (version,)} if version else {})}
    source = object_need(asked, f"GetObject{versioned}", bucket=bucket, key=key, context=context)
    yield source
    if asked.operation == "CopyObject" and asked.text("TaggingDirective") != "REPLACE":
        tags = asked.lookup.tags_of(source.resource)
        if tags:
            yield object_need(asked, f"GetObject{versioned}Tagging", bucket=bucket, key=key, context=context)
            given = {f"s3:RequestObjectTag/{name}": (value,) for name, value in tags.items()}
            keys = {**object_conditions(asked), **given, "s3:RequestObjectTagKeys": tuple(tags)}
            yield object_need(asked, "PutObjectTagging", context=keys)


def copy_source(text: str) -> tuple[str, str, str]:
    """Bucket, key and version (or none) of a CopySource: `bucket/key?versionId=V`, percent-encoded, perhaps with a leading slash."""
    path, _, query = text.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    version = query.removeprefix("versionId=") if query.startswith("versionId=") else ""
    return bucket, key, version


def _get_attributes(asked: Asked) -> Iterator[Need]:
    versioned = "Version" if asked.text("VersionId") else ""
    yield object_need(asked, f"GetObject{versioned}")
    yield object_need(asked, f"GetObject{versioned}Attributes")


def _delete_object(asked: Asked) -> Iterator[Need]:
    yield object_need(asked, "DeleteObjectVersion" if asked.text("VersionId") else "DeleteObject")
    if asked.members.get("BypassGovernanceRetention"):
        yield object_need(asked, "BypassGovernanceRetention")


def _delete_objects(asked: Asked) -> Iterator[Need]:
    for entry in (asked.members.get("Delete") or {}).get("Objects") or ():
        key, version = str(entry.get("Key", "")), str(entry.get("VersionId") or "")
        context = {**signature_conditions(asked), "s3:versionid": (version,)} if version else None
        yield object_need(asked, "DeleteObjectVersion" if version else "DeleteObject", key=key, context=context)
        if asked.members.get("BypassGovernanceRetention"):
            yield object_need(asked, "BypassGovernanceRetention", key=key, context=context)


def _grants(asked: Asked) -> bool:
    """Whether the call sets an access control list other than the usual one."""
    return asked.text("ACL") not in ("", "private") or any(
        asked.members.get(name)
        for name in ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
    )


RULES: dict[str, Rule] = {
    **{operation: _on_bucket(action) for operation, action in _BUCKET.items()},
    **{operation: _on_bucket(operation) for operation in _SAME.split()},
    **{operation: _on_object(*actions) for operation, actions in _OBJECT.items()},
    "ListBuckets": _list_buckets,
    "CreateBucket": _create_bucket,
    "PutObject": _put_object,
    "CreateMultipartUpload": _put_object,
    "CopyObject": _copy,
    "UploadPartCopy": _copy,
    "GetObjectAttributes": _get_attributes,
    "DeleteObject": _delete_object,
    "DeleteObjects": _delete_objects,
}
