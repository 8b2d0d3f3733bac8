"""What moto must be told before it is imported.

moto reads its settings from the environment and from one dictionary, some of them when its modules are imported. A deployment's own
environment must not turn its checks on or open its doors, so what matters is set here, whatever stood there before.
"""

from __future__ import annotations

import os
from functools import cache

_FORBIDDEN = (
    "MOTO_ACCOUNT_ID",  # one account for everybody
    "INITIAL_NO_AUTH_ACTION_COUNT",  # moto's own authorisation, after so many calls
    "TEST_SERVER_MODE",  # moto's services calling a server elsewhere
    "TEST_PROXY_MODE",
    "MOTO_S3_CUSTOM_ENDPOINTS",
    "MOTO_ALLOW_NONEXISTENT_REGION",
    "MOTO_EVENTS_INVOKE_HTTP",  # targets of EventBridge rules called over the network
)


@cache
def prepare() -> None:
    """Set up moto's settings; must run before anything of moto is imported. Runs once."""
    for name in _FORBIDDEN:
        os.environ.pop(name, None)
    # Buckets are named in the path only; a Host is never an authority.
    os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
    # Another account's bucket: whether the caller may is decided before moto is asked.
    os.environ["MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS"] = "true"
    # S3 itself takes parts of any size at the end only; moto's limit is for tests that want it. AWS's: 5 MiB.
    os.environ.setdefault("S3_UPLOAD_PART_MIN_SIZE", str(5 * 1024 * 1024))
    # moto's backends list the regions botocore knows by a boto3 session, which reads the person's profile: keep it out.
    os.environ.pop("AWS_PROFILE", None)
    os.environ.pop("AWS_DEFAULT_PROFILE", None)

    from moto.core import config

    # No container engine is asked for: functions and jobs answer without being run.
    config.default_user_config["lambda"] = {"use_docker": False}
    config.default_user_config["batch"] = {"use_docker": False}
    # Executing a state machine for real would have moto call AWS through boto3, with whatever credentials are about.
    config.default_user_config["stepfunctions"] = {"execute_state_machine": False}
