"""Jobs by the API and by CloudFormation."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.glue.support import Jobs
from emulator.tests.support import eventually, role, unique


class TestJobs:
    def test_settings_and_defaults(self, jobs: Jobs) -> None:
        """A job is described as it was made, with what the service fills in."""
        job = jobs.job("pass", NumberOfWorkers=2, WorkerType="G.1X", Timeout=5)
        found = jobs.client.get_job(JobName=job)["Job"]
        assert found["Command"]["Name"] == "glueetl"
        assert (found["WorkerType"], found["NumberOfWorkers"], found["Timeout"]) == ("G.1X", 2, 5)
        assert (found["GlueVersion"], found["MaxRetries"]) == ("5.1", 0)
        assert found["ExecutionProperty"] == {"MaxConcurrentRuns": 1}

    def test_update_overwrites(self, jobs: Jobs) -> None:
        """An update takes away what it does not name, and the job keeps its birthday."""
        job = jobs.job("pass", Timeout=5, Description="old")
        old = jobs.client.get_job(JobName=job)["Job"]
        jobs.client.update_job(JobName=job, JobUpdate={"Role": jobs.role, "Command": old["Command"], "Timeout": 6})
        new = jobs.client.get_job(JobName=job)["Job"]
        assert "Description" not in new
        assert new["Timeout"] == 6
        assert new["CreatedOn"] == old["CreatedOn"]

    def test_names(self, jobs: Jobs) -> None:
        """A name is taken once; unknown jobs and runs are told."""
        job = jobs.job("pass")
        with pytest.raises(jobs.client.exceptions.AlreadyExistsException):
            jobs.job("pass", Name=job)
        for call in (
            lambda: jobs.started("none"),
            lambda: jobs.client.get_job(JobName="none"),
            lambda: jobs.found(job, "jr_none"),
        ):
            with pytest.raises(jobs.client.exceptions.EntityNotFoundException):
                call()
        jobs.client.delete_job(JobName=job)
        with pytest.raises(jobs.client.exceptions.EntityNotFoundException):
            jobs.started(job)

    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({"Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}}, "pythonshell"),
            ({"GlueVersion": "4.0"}, r"Glue 4\.0"),
            ({"MaxRetries": 1}, "MaxRetries 1"),
            ({"Connections": {"Connections": ["vpc"]}}, "connections"),
        ],
    )
    def test_what_is_not_emulated_is_refused(self, jobs: Jobs, settings: dict[str, Any], named: str) -> None:
        """A job that could not run here as on AWS is refused when it is made."""
        with pytest.raises(ClientError, match=rf"NotImplementedException.*{named}"):
            jobs.job("pass", **settings)

    @pytest.mark.parametrize(
        "settings", [{"Timeout": 20000}, {"Command": {"Name": "glueetl", "ScriptLocation": "job.py"}}]
    )
    def test_wrong_settings(self, jobs: Jobs, settings: dict[str, Any]) -> None:
        """Timeouts beyond a week and scripts that are not in S3 are wrong input."""
        with pytest.raises(jobs.client.exceptions.InvalidInputException):
            jobs.job("pass", **settings)

    def test_arguments_that_are_not_emulated(self, jobs: Jobs) -> None:
        """Arguments that ask for more than Python and Spark are refused; a malformed --conf is wrong input."""
        job = jobs.job("pass")
        with pytest.raises(ClientError, match=r"NotImplementedException.*--extra-jars"):
            jobs.started(job, Arguments={"--extra-jars": "s3://b/x.jar"})
        with pytest.raises(ClientError, match=r"NotImplementedException.*JobRunId"):
            jobs.started(job, JobRunId="jr_earlier")
        with pytest.raises(jobs.client.exceptions.InvalidInputException, match="key=value"):
            jobs.started(job, Arguments={"--conf": "spark.x"})
        assert jobs.client.get_job_runs(JobName=job)["JobRuns"] == []

    def test_the_role_must_trust_glue(self, aws: EmbeddedAWS, jobs: Jobs) -> None:
        """A run needs a role that Glue may assume, by its ARN or its name."""
        other = jobs.job("pass", Role=role(aws, "lambda.amazonaws.com"))
        with pytest.raises(jobs.client.exceptions.InvalidInputException, match="assume role permissions for Glue"):
            jobs.started(other)
        named = jobs.job("pass", Role=jobs.role.rpartition("/")[2])
        assert jobs.ended(named, jobs.started(named))["JobName"] == named

    def test_the_caller_must_be_allowed_to_pass_the_role(self, aws: EmbeddedAWS, jobs: Jobs) -> None:
        """A user without iam:PassRole on the role cannot make a job with it; with it they can."""
        iam, user = aws.client("iam"), unique("user")
        iam.create_user(UserName=user)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        client = boto3.client(
            "glue",
            endpoint_url=aws.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

        def may(*statements: dict[str, Any]) -> None:
            listed = [{"Effect": "Allow", "Action": "glue:CreateJob", "Resource": "*"}]
            listed += [{"Effect": "Allow", **statement} for statement in statements]
            policy = json.dumps({"Version": "2012-10-17", "Statement": listed})
            iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy)

        command = {"Name": "glueetl", "ScriptLocation": f"s3://{jobs.bucket}/x.py"}
        may()
        with pytest.raises(ClientError, match=r"AccessDeniedException.*iam:PassRole"):
            client.create_job(Name=unique("job"), Role=jobs.role, Command=command)
        may(
            {
                "Action": "iam:PassRole",
                "Resource": jobs.role,
                "Condition": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}},
            }
        )
        name = unique("job")
        assert client.create_job(Name=name, Role=jobs.role, Command=command)["Name"] == name


class TestCloudFormation:
    @pytest.fixture
    def stack(self, aws: EmbeddedAWS) -> Iterator[str]:
        """Return the name of a stack and delete it at the end."""
        name = unique("stack")
        yield name
        aws.client("cloudformation").delete_stack(StackName=name)

    @staticmethod
    def template(role_arn: str, **properties: Any) -> str:
        """Return a template with a job and an output with its Ref."""
        command = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": "s3://b/job.py"}
        job = {"Type": "AWS::Glue::Job", "Properties": {"Role": role_arn, "Command": command, **properties}}
        return json.dumps({"Resources": {"Job": job}, "Outputs": {"Name": {"Value": {"Ref": "Job"}}}})

    @staticmethod
    def settled(aws: EmbeddedAWS, stack: str) -> tuple[str, str | None]:
        """Wait for a stack; return its status and the job's name."""

        def found() -> dict[str, Any] | None:
            (described,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
            return None if described["StackStatus"].endswith("IN_PROGRESS") else dict(described)

        described = eventually(found)
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        return described["StackStatus"], outputs.get("Name")

    def test_life(self, aws: EmbeddedAWS, glue_role: str, stack: str) -> None:
        """A job is made, updated in place, replaced by another name, and deleted; numbers may be texts."""
        client, glue = aws.client("cloudformation"), aws.client("glue")
        client.create_stack(
            StackName=stack,
            TemplateBody=self.template(
                glue_role,
                Timeout="7",
                ExecutionProperty={"MaxConcurrentRuns": "3"},
                JobRunQueuingEnabled=False,
                Tags={"team": "films"},
            ),
        )
        status, first = self.settled(aws, stack)
        assert status == "CREATE_COMPLETE"
        made = glue.get_job(JobName=first)["Job"]
        assert (made["Timeout"], made["ExecutionProperty"]) == (7, {"MaxConcurrentRuns": 3})
        arn = f"arn:aws:glue:us-east-1:123456789012:job/{first}"
        assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "films"}

        client.update_stack(
            StackName=stack, TemplateBody=self.template(glue_role, Timeout=8, DefaultArguments={"--a": "b"})
        )
        assert self.settled(aws, stack) == ("UPDATE_COMPLETE", first)
        updated = glue.get_job(JobName=first)["Job"]
        assert (updated["Timeout"], updated["DefaultArguments"]) == (8, {"--a": "b"})
        assert updated["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
        assert glue.get_tags(ResourceArn=arn)["Tags"] == {}

        name = unique("job")
        client.update_stack(StackName=stack, TemplateBody=self.template(glue_role, Name=name))
        assert self.settled(aws, stack) == ("UPDATE_COMPLETE", name)
        assert not {first} & set(glue.list_jobs()["JobNames"])
        client.delete_stack(StackName=stack)
        eventually(lambda: name not in glue.list_jobs()["JobNames"])

    @pytest.mark.parametrize(
        "properties",
        [{"Connections": {"Connections": ["x"]}}, {"GlueVersion": "3.0"}, {"JobRunQueuingEnabled": True}],
    )
    def test_what_is_not_emulated_fails_the_stack(
        self, aws: EmbeddedAWS, glue_role: str, stack: str, properties: dict[str, Any]
    ) -> None:
        """A property without effect here, or another Spark, is no quiet success."""
        body = self.template(glue_role, **properties)
        aws.client("cloudformation").create_stack(StackName=stack, TemplateBody=body)
        assert self.settled(aws, stack)[0] == "ROLLBACK_COMPLETE"
