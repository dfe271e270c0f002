import json

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import NASTY, bucket, history, pass_state, task
from emulator.tests.support import admit, machine, output, run, unique

ANSWER = "{% $states.result %}"


class TestIntegrations:
    @pytest.mark.aws
    def test_objects_become_json_text(self, aws: EmbeddedAWS) -> None:
        """A Body given as JSON is stored as its text and read back as text; times are ISO 8601."""
        name = bucket(aws)
        states = {
            "P": task("s3:putObject", {"Bucket": name, "Key": "k", "Body": {"é": [1, None]}}, Next="G"),
            "G": task("s3:getObject", {"Bucket": name, "Key": "k"}),
        }
        answer = output(aws, states)
        assert json.loads(answer["Body"]) == {"é": [1, None]}
        assert answer["ETag"].startswith('"')
        assert answer["LastModified"].endswith("Z")

    @pytest.mark.aws
    def test_a_text_is_stored_with_its_quotes(self, aws: EmbeddedAWS) -> None:
        """A Body given as text is written as JSON like every other value (recorded, with the ETag of both)."""
        name = bucket(aws)
        answer = output(aws, {"P": task("s3:putObject", {"Bucket": name, "Key": "k", "Body": "text data"})})
        assert answer["ETag"].startswith('"2b5df371')
        assert aws.client("s3").get_object(Bucket=name, Key="k")["Body"].read() == b'"text data"'

    @pytest.mark.aws
    def test_answers_are_pascal_case(self, aws: EmbeddedAWS) -> None:
        """Names that boto3 spells in camel case come and go with a capital at the front, at every depth."""
        arn = machine(aws, {"A": pass_state()})
        states = {"T": task("sfn:describeStateMachine", {"StateMachineArn": arn})}
        answer = output(aws, states)
        assert answer["StateMachineArn"] == arn
        assert answer["LoggingConfiguration"]["Level"] == "OFF"

    def test_unknown_fields_are_refused(self, aws: EmbeddedAWS) -> None:
        """boto3's own spelling is not Step Functions' and fails the task."""
        description = run(aws, {"T": task("sfn:describeStateMachine", {"stateMachineArn": "x"})})
        assert description["error"] == "States.Runtime"
        assert "'stateMachineArn' is not supported" in description["cause"]

    def test_unknown_actions_are_refused(self, aws: EmbeddedAWS) -> None:
        """An action that the service does not have fails the task with the resource's name."""
        description = run(aws, {"T": task("s3:fetchObject")})
        assert description["error"] == "States.Runtime"
        assert "aws-sdk:s3:fetchObject" in description["cause"]

    @pytest.mark.aws
    def test_modelled_errors(self, aws: EmbeddedAWS) -> None:
        """A modelled error is <Service>.<Name>Exception; its cause ends with service, status and request."""
        description = run(aws, {"T": task("sfn:describeExecution", {"ExecutionArn": "x"})})
        assert description["error"] == "Sfn.InvalidArnException"
        assert "(Service: Sfn, Status Code: 400, Request ID: " in description["cause"]

    def test_executions_are_described_and_listed(self, aws: EmbeddedAWS) -> None:
        """A machine sees other executions: their status, input and dates, by ARN or by state machine."""
        other = run(aws, {"F": {"Type": "Fail", "Error": "Mine", "Cause": "why"}}, {"a": 1})
        states = {
            "D": task("sfn:describeExecution", {"ExecutionArn": other["executionArn"]}, Next="L", Assign={"d": ANSWER}),
            "L": task(
                "sfn:listExecutions",
                {"StateMachineArn": other["stateMachineArn"], "StatusFilter": "FAILED", "MaxResults": 10},
                Output={"described": "{% $d %}", "listed": "{% $states.result.Executions %}"},
            ),
        }
        answer = output(aws, states)
        described = answer["described"]
        assert {name: described[name] for name in ("Status", "Error", "Cause", "RedriveCount", "RedriveStatus")} == {
            "Status": "FAILED",
            "Error": "Mine",
            "Cause": "why",
            "RedriveCount": 0,
            "RedriveStatus": "REDRIVABLE",
        }
        assert json.loads(described["Input"]) == {"a": 1}
        assert described["StopDate"].endswith("Z")
        assert [entry["ExecutionArn"] for entry in answer["listed"]] == [other["executionArn"]]

    @pytest.mark.aws
    def test_an_unknown_execution_can_be_caught(self, aws: EmbeddedAWS) -> None:
        """An execution that does not exist is Sfn.ExecutionDoesNotExistException."""
        unknown = run(aws, {"A": pass_state()})["executionArn"] + "x"
        catch = {"ErrorEquals": ["Sfn.ExecutionDoesNotExistException"], "Output": "gone", "Next": "E"}
        states = {"D": task("sfn:describeExecution", {"ExecutionArn": unknown}, Catch=[catch]), "E": pass_state()}
        assert output(aws, states) == "gone"

    def test_unmodelled_errors(self, aws: EmbeddedAWS) -> None:
        """An error that the service's model does not name arrives as <Service>.<Service>Exception."""
        name = bucket(aws)
        deny = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
            ],
        }
        aws.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
        aws.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(deny))
        description = run(aws, {"T": task("s3:getObject", {"Bucket": name, "Key": "k"})})
        assert description["error"] == "S3.S3Exception"

    def test_texts_of_s3_stay_whole(self, aws: EmbeddedAWS) -> None:
        """A history that tells S3's answers, request ids and all, comes as it is."""
        text = '<Error><RequestId>one</RequestId></Error> and "<Error><RequestId>two</RequestId></Error>"'
        description = run(aws, {"P": pass_state(Output=[text, text])})
        events = history(aws, description["executionArn"])

        assert [text, text] == json.loads(events[-1]["executionSucceededEventDetails"]["output"])

    def test_sns_publish(self, aws: EmbeddedAWS) -> None:
        """The optimized SNS integration publishes an object as its JSON text."""
        topic = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
        queue = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
        aws.client("sns").subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=admit(aws, queue, "sns.amazonaws.com"),
            Attributes={"RawMessageDelivery": "true"},
        )
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {"TopicArn": topic, "Message": {"text": "{% $states.input.text %}"}},
            "End": True,
        }
        assert "MessageId" in output(aws, {"S": state}, {"text": NASTY})
        (message,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert json.loads(message["Body"]) == {"text": NASTY}
