"""The CDK's own command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws.environment import ACCOUNT_ID, REGION
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import eventually

ROOT = Path(__file__).parents[3]


class TestCdk:
    """The CDK's own command line against the embedded AWS, as `cdk bootstrap`, `deploy` and `destroy`."""

    def synthesize(self, folder: Path) -> Path:
        """Write a small application's assembly and return its folder."""
        code = folder / "code"
        code.mkdir()
        (code / "index.py").write_text("import os\ndef handler(e, c): return [e, os.environ['BUCKET']]\n")
        app = cdk.App(outdir=str(folder / "assembly"), analytics_reporting=False)
        stack = cdk.Stack(app, "Small", env=cdk.Environment(account=ACCOUNT_ID, region=REGION))
        bucket = s3.Bucket(stack, "Bucket", enforce_ssl=True, versioned=True, removal_policy=cdk.RemovalPolicy.DESTROY)
        kept = s3.Bucket(stack, "Kept", removal_policy=cdk.RemovalPolicy.RETAIN)
        function = lambda_.Function(
            stack,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_asset(str(code)),
            layers=[lambda_.LayerVersion(stack, "Layer", code=lambda_.Code.from_asset(str(code)))],
            log_group=logs.LogGroup(stack, "Logs", removal_policy=cdk.RemovalPolicy.DESTROY),
            environment={"BUCKET": bucket.bucket_name},
            timeout=cdk.Duration.seconds(20),
        )
        bucket.grant_read_write(function)
        topic = sns.Topic(stack, "Topic", enforce_ssl=True)
        queue = sqs.Queue(stack, "Queue", enforce_ssl=True)
        call = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": function.function_arn, "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}",
            "End": True,
        }
        machine = sfn.StateMachine(
            stack,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(sfn.CustomState(stack, "Call", state_json=call)),
            query_language=sfn.QueryLanguage.JSONATA,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(stack, "MachineLogs", removal_policy=cdk.RemovalPolicy.DESTROY)
            ),
            tracing_enabled=True,
        )
        function.grant_invoke(machine)
        topic.grant_publish(machine)
        scheduler.Schedule(
            stack,
            "Nightly",
            schedule=scheduler.ScheduleExpression.cron(minute="0", hour="3", time_zone=cdk.TimeZone.EUROPE_LISBON),
            target=targets.StepFunctionsStartExecution(machine, dead_letter_queue=queue),
        )
        for name, value in {"Machine": machine.state_machine_arn, "Bucket": bucket.bucket_name}.items():
            cdk.CfnOutput(stack, f"{name}Output", value=value)
        cdk.CfnOutput(stack, "KeptOutput", value=kept.bucket_name)
        return Path(app.synth().directory)

    def run(self, aws: EmbeddedAWS, *arguments: str) -> None:
        """Run the CDK's command line; it must succeed."""
        scripts = Path(sys.executable).parent
        environment = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "HOME": os.environ["HOME"]}
        done = subprocess.run(
            ["node", str(ROOT / "node_modules/aws-cdk/bin/cdk"), *arguments],
            env={**environment, **aws.environment(), "CDK_DISABLE_CLI_TELEMETRY": "true"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def test_bootstrap_deploy_destroy(self, aws: EmbeddedAWS, tmp_path: Path) -> None:
        """An application is deployed with its assets, works, and goes without a trace but for what is retained."""
        assembly = str(self.synthesize(tmp_path))
        self.run(aws, "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}", "--app", assembly)
        self.run(aws, "deploy", "--require-approval", "never", "--app", assembly)
        (found,) = aws.client("cloudformation").describe_stacks(StackName="Small")["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
        states = aws.client("stepfunctions")
        execution = states.start_execution(stateMachineArn=outputs["MachineOutput"], input='{"a": 1}')
        result = eventually(lambda: states.describe_execution(executionArn=execution["executionArn"]).get("output"))
        assert json.loads(result) == [{"a": 1}, outputs["BucketOutput"]]
        assert any(
            found["Name"].startswith("Small-") for found in aws.client("scheduler").list_schedules()["Schedules"]
        )

        self.run(aws, "destroy", "--force", "--app", assembly)
        left = {found["Name"] for found in aws.client("s3").list_buckets()["Buckets"]}
        assert outputs["KeptOutput"] in left
        assert outputs["BucketOutput"] not in left
        everything = [
            aws.client("lambda").list_functions()["Functions"],
            aws.client("lambda").list_layers()["Layers"],
            aws.client("iam").list_roles()["Roles"],
            aws.client("logs").describe_log_groups()["logGroups"],
            aws.client("sns").list_topics()["Topics"],
            aws.client("sqs").list_queues().get("QueueUrls", []),
            aws.client("stepfunctions").list_state_machines()["stateMachines"],
            aws.client("scheduler").list_schedules()["Schedules"],
        ]
        assert "Small-" not in json.dumps(everything, default=str)
