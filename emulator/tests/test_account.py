import os
import subprocess
import sys
from pathlib import Path

from embedded_aws.server import EmbeddedAWS

HERE = Path(__file__).parent


def what_is_there(aws: EmbeddedAWS) -> set[str]:
    """Return the names of all buckets, roles and state machines."""
    buckets = {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}
    roles = {role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]}
    machines = aws.client("stepfunctions").list_state_machines()["stateMachines"]
    return buckets | roles | {machine["name"] for machine in machines}


def test_the_option_asks_the_account_of_the_environment(aws: EmbeddedAWS) -> None:
    """With --aws the marked tests alone run, against what the environment says, and leave nothing there.

    It costs the start of a second pytest: what the option does to a whole session is what is shown.
    """
    before = what_is_there(aws)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--aws", str(HERE / "test_s3_writes.py")],
        cwd=HERE.parent.parent,
        env=outside | aws.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed, 9 deselected" in done.stdout
    assert what_is_there(aws) == before
