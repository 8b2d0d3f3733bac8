"""Policies as texts, with one thing in them changed."""

from __future__ import annotations

import json
from typing import Any

BUCKET = "arn:aws:s3:::example_bucket"


def with_statement(*statements: Any, **top: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


def with_elements(**elements: Any) -> str:
    return with_statement({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET, **elements})


GOOD = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}
