"""What pages of other sites may do with a bucket: preflights, and answers that they may read."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest
from tests.contract.served import Served

BUCKET = "s3-cors"
RULES = [
    {
        "AllowedOrigins": ["https://*.example.com", "https://one.test"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["x-amz-*", "Content-Type"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},
]


@pytest.fixture(scope="module", autouse=True)
def bucket(served: Served) -> None:
    s3 = served.client("s3")
    for name in (BUCKET, "s3-without-cors"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": RULES})
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")


def ask(served: Served, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def preflight(
    served: Served, method: str, path: str = f"/{BUCKET}/k", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    return ask(served, "OPTIONS", path, Access_Control_Request_Method=method, **headers)


def test_a_preflight_that_is_allowed(served: Served) -> None:
    wanted = "X-Amz-Date, content-type"
    status, headers, body = preflight(
        served, "PUT", Origin="https://a.example.com", Access_Control_Request_Headers=wanted
    )
    assert (status, body) == (200, b"")
    assert headers["access-control-allow-origin"] == "https://a.example.com"
    assert headers["access-control-allow-methods"] == "GET, PUT"
    assert headers["access-control-allow-headers"] == wanted.lower()
    assert headers["access-control-expose-headers"] == "ETag"
    assert headers["access-control-max-age"] == "60"
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["x-amz-request-id"]


def test_a_preflight_of_any_site(served: Served) -> None:
    status, headers, _ = preflight(served, "GET", Origin="https://elsewhere.test")
    assert status == 200
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("PUT", f"/{BUCKET}/k", {"Origin": "https://elsewhere.test"}, (403, b"AccessForbidden")),
        ("DELETE", f"/{BUCKET}/k", {"Origin": "https://one.test"}, (403, b"AccessForbidden")),
        (
            "PUT",
            f"/{BUCKET}/k",
            {"Origin": "https://one.test", "Access_Control_Request_Headers": "x-other"},
            (403, b"AccessForbidden"),
        ),
        ("GET", "/s3-without-cors/k", {"Origin": "https://one.test"}, (403, b"AccessForbidden")),
        ("GET", "/s3-not-there/k", {"Origin": "https://one.test"}, (404, b"NoSuchBucket")),
        ("GET", f"/{BUCKET}/k", {}, (400, b"BadRequest")),
        ("PATCH", f"/{BUCKET}/k", {"Origin": "https://one.test"}, (400, b"BadRequest")),
    ],
)
def test_a_preflight_that_is_not(
    served: Served, method: str, path: str, headers: dict[str, str], expected: tuple[int, bytes]
) -> None:
    status, told, body = preflight(served, method, path, **headers)
    assert (status, body.partition(b"<Code>")[2].partition(b"</Code>")[0]) == expected
    assert "access-control-allow-origin" not in told


def test_an_answer_says_who_may_read_it_even_where_it_refuses(served: Served) -> None:
    url = served.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", {"Bucket": BUCKET, "Key": "k"}
    )
    parts = urlsplit(url)
    status, headers, body = ask(served, "GET", f"{parts.path}?{parts.query}", Origin="https://one.test")
    assert (status, body) == (200, b"x")
    assert headers["access-control-allow-origin"] == "https://one.test"
    status, headers, _ = ask(served, "GET", f"/{BUCKET}/k", Origin="https://one.test")
    assert status == 403
    assert headers["access-control-allow-origin"] == "https://one.test"
    _, headers, _ = ask(served, "GET", f"{parts.path}?{parts.query}")
    assert "access-control-allow-origin" not in headers
