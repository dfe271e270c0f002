"""Web pages do not reach the embedded AWS: requests as a browser sends them for a page of another site."""

import http.client
import json
import subprocess
import sys
from collections.abc import Mapping

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import bucket
from emulator.tests.support import unique

EVIL = "https://evil.example"
KEYS = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
FORM = b"""--b\r
Content-Disposition: form-data; name="key"\r
\r
k\r
--b\r
Content-Disposition: form-data; name="file"\r
\r
replaced\r
--b--\r
"""


def asked(
    aws: EmbeddedAWS, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, Mapping[str, str], bytes]:
    """Send a request with exactly these headers beside Host; return status, headers and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in ({"Host": f"localhost:{aws.port}", "Content-Length": str(len(body))} | dict(headers)).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def presigned(aws: EmbeddedAWS, name: str) -> str:
    """Return the pre-signed path of a bucket's object k, signed by made-up credentials."""
    s3 = boto3.client("s3", endpoint_url=aws.endpoint_url, config=Config(signature_version="s3v4"), **KEYS)
    url: str = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "k"})
    return url.removeprefix(aws.endpoint_url)


@pytest.fixture
def private(aws: EmbeddedAWS) -> str:
    """A bucket with the object k."""
    name = bucket(aws)
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"private")
    return name


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:80@evil.example"},
        {"Origin": "http://evil.example", "Referer": "http://localhost/"},
        {"Referer": f"{EVIL}/localhost"},
        {"Referer": "http://[localhost/"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example:4599"},
        {"Host": "localhost.evil.example"},
        {"Host": "evillocalhost"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "192.168.1.7"},
        {"Host": ""},
    ],
    ids=str,
)
def test_no_page_reads(aws: EmbeddedAWS, private: str, headers: Mapping[str, str]) -> None:
    """List and content are refused to whatever comes from elsewhere, and the message names the header."""
    for path in ("/", f"/{private}?list-type=2", f"/{private}/k", "/personalize-faults", "/moto-api/data.json"):
        status, answered, body = asked(aws, "GET", path, headers)

        assert 403 == status
        name, value = next(iter(headers.items()))
        assert f"answers programs on this machine only: {name} {value} is refused".encode() in body
        assert "access-control-allow-origin" not in answered


def test_no_page_reads_with_made_up_credentials(aws: EmbeddedAWS, private: str) -> None:
    """A pre-signed address does not help a page, and S3's clients could read the refusal."""
    path = presigned(aws, private)

    assert (200, b"private") == asked(aws, "GET", path, {})[::2]
    status, _, body = asked(aws, "GET", path, {"Origin": EVIL})
    assert 403 == status
    assert b"<Code>AccessDenied</Code><Message>The embedded AWS answers programs on this machine only" in body


@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {"Origin": "null"}, {"Referer": EVIL}])
def test_no_page_replaces_an_object(aws: EmbeddedAWS, private: str, headers: Mapping[str, str]) -> None:
    """A form, which browsers send without asking first, leaves the object as it is."""
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    status = asked(aws, "POST", f"/{private}", form | dict(headers), FORM)[0]

    assert 403 == status
    assert b"private" == aws.client("s3").get_object(Bucket=private, Key="k")["Body"].read()
    assert asked(aws, "POST", f"/{private}", form, FORM)[0] < 300
    assert b"replaced" == aws.client("s3").get_object(Bucket=private, Key="k")["Body"].read()


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/config", "/personalize-faults"])
def test_no_page_changes_the_server(aws: EmbeddedAWS, private: str, path: str) -> None:
    """What is behind no service is behind the gate too."""
    status = asked(aws, "POST", path, {"Origin": EVIL, "Content-Type": "text/plain"}, b"{}")[0]

    assert 403 == status
    assert b"private" == aws.client("s3").get_object(Bucket=private, Key="k")["Body"].read()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4599", "rebound.localhost.evil.example"])
def test_dns_does_not_make_a_page_the_administrator(aws: EmbeddedAWS, host: str) -> None:
    """A name that leads here by DNS is refused, whatever the page signs with: the product's own key, or a target."""
    name = unique("rebound")
    request = AWSRequest(
        "POST", f"http://{host}/", data=b"Action=CreateRole&Version=2010-05-08&RoleName=" + name.encode()
    )
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    SigV4Auth(Credentials("embedded", "embedded"), "iam", "us-east-1").add_auth(request)
    iam = asked(aws, "POST", "/", {"Host": host} | dict(request.headers), request.body)
    target = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}
    states = asked(aws, "POST", "/", {"Host": host} | target, b"{}")

    assert (403, 403) == (iam[0], states[0])
    assert f"Host {host} is refused" in json.loads(states[2])["message"]
    assert name not in {role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]}


def test_a_preflight_is_refused(aws: EmbeddedAWS, private: str) -> None:
    """OPTIONS of another site's page allows it nothing."""
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-amz-target"}
    for path in ("/", f"/{private}/k", "/personalize-faults"):
        status, headers, _ = asked(aws, "OPTIONS", path, asks)

        assert 403 == status
        assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1", "https://app.localhost", "http://[::1]:8"]
)
def test_a_page_of_this_machine_may_call_but_is_told_nothing_of_other_origins(
    aws: EmbeddedAWS, private: str, origin: str
) -> None:
    """What a developer serves here passes, and no answer tells a browser that another origin may read it."""
    status, headers, body = asked(
        aws, "GET", presigned(aws, private), {"Origin": origin, "Sec-Fetch-Site": "same-site"}
    )

    assert (200, b"private") == (status, body)
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "LocalHost"])
def test_boto3_calls_by_each_name(aws: EmbeddedAWS, private: str, name: str) -> None:
    """By name and by address."""
    s3 = boto3.client("s3", endpoint_url=f"http://{name}:{aws.port}", **KEYS)

    assert "k" == s3.list_objects_v2(Bucket=private)["Contents"][0]["Key"]


def test_a_bucket_may_stand_before_the_name(aws: EmbeddedAWS, private: str) -> None:
    """SDKs that put the bucket into the host, which not every machine's DNS finds, reach it."""
    path = presigned(aws, private).replace(f"/{private}/", "/")
    for host in (f"{private}.localhost:{aws.port}", f"{private}.s3.localhost:{aws.port}"):
        status, _, body = asked(aws, "GET", path, {"Host": host})

        assert (200, b"private") == (status, body)


def test_programs_read_the_refusal(aws: EmbeddedAWS) -> None:
    """A program that calls by another name is told why, by its own SDK."""
    code = f"""
import socket
found = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest: found("127.0.0.1", *rest)
import boto3
from botocore.exceptions import ClientError
calls = {{"s3": "list_buckets", "sns": "list_topics", "glue": "get_databases", "cloudwatch": "list_metrics"}}
for service, call in calls.items():
    client = boto3.client(service, endpoint_url="http://my-machine.example:{aws.port}")
    try:
        getattr(client, call)()
    except ClientError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=aws.environment(), capture_output=True, text=True, check=True
    )
    assert 4 == done.stdout.count(f"Host my-machine.example:{aws.port} is refused. Call it as localhost.")
