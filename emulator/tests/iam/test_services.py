"""Services work in the roles that they are handed: state machines, functions, rules, schedules, topics, Personalize."""

import json
from typing import Any

import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import function, invoke
from emulator.tests.iam.support import Role, document, refused
from emulator.tests.stepfunctions.support import bucket, history, pass_state, task
from emulator.tests.support import ROLE, admit, ended, eventually, unique

STATES = {"Service": "states.amazonaws.com"}
LAMBDA = {"Service": "lambda.amazonaws.com"}
WHO = """
import boto3
def handler(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


def run_as(aws: EmbeddedAWS, role: str, states: dict[str, Any]) -> dict[str, Any]:
    """Run a state machine with a role; return the ended execution's description."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    client = aws.client("stepfunctions")
    made = client.create_state_machine(name=unique("machine"), definition=json.dumps(definition), roleArn=role)
    return ended(aws, client.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"])


SOLUTION = {"Name": "s", "DatasetGroupArn": f"arn:aws:personalize:us-east-1:{ACCOUNT_ID}:dataset-group/g",
            "RecipeArn": "arn:aws:personalize:::recipe/aws-sims"}  # fmt: skip
OPTIMIZED = "arn:aws:states:::"
DENIALS = [
    (task("s3:getObject", {"Bucket": "no-bucket-of-ours", "Key": "k"}), "S3.S3Exception", "s3:GetObject"),
    (task("personalize:createSolution", SOLUTION), "Personalize.PersonalizeException", "personalize:CreateSolution"),
    (task("sfn:describeExecution", {"ExecutionArn": f"arn:aws:states:us-east-1:{ACCOUNT_ID}:execution:m:e"}),
     "Sfn.SfnException", "states:DescribeExecution"),
    (task("cloudwatch:putMetricData", {"Namespace": "n", "MetricData": []}), "CloudWatch.CloudWatchException",
     "cloudwatch:PutMetricData"),
    ({**task("", {"FunctionName": "f", "Payload": {}}), "Resource": f"{OPTIMIZED}lambda:invoke"},
     "Lambda.AWSLambdaException", "lambda:InvokeFunction"),
    ({**task("", {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:t", "Message": "m"}),
      "Resource": f"{OPTIMIZED}sns:publish"}, "SNS.AuthorizationErrorException", "SNS:Publish"),
    ({**task("", {"JobName": "j"}), "Resource": f"{OPTIMIZED}glue:startJobRun"}, "Glue.AccessDeniedException",
     "glue:StartJobRun"),
]  # fmt: skip


class TestStateMachines:
    @pytest.mark.parametrize(("state", "error", "action"), DENIALS, ids=[row[2] for row in DENIALS])
    def test_a_denied_task_fails(self, aws: EmbeddedAWS, state: dict[str, Any], error: str, action: str) -> None:
        """The error has the service's name, the cause IAM's words with the role, the action and the resource."""
        role = Role(aws, principal=STATES)
        description = run_as(aws, role.arn, {"T": state})

        assert error == description["error"]
        told = f"assumed-role/{role.name}/"
        assert told in description["cause"]
        assert f"is not authorized to perform: {action} on resource: " in description["cause"]

    def test_a_solution_needs_its_recipe(self, aws: EmbeddedAWS) -> None:
        """CreateSolution is denied on the recipe to a role that has the solution and the group."""
        home = f"arn:aws:personalize:us-east-1:{ACCOUNT_ID}"
        own = {"Action": "personalize:CreateSolution", "Resource": [f"{home}:solution/s", f"{home}:dataset-group/g"]}
        role = Role(aws, own, principal=STATES)
        states = {"T": task("personalize:createSolution", SOLUTION)}
        denied = run_as(aws, role.arn, states)
        assert f"on resource: {SOLUTION['RecipeArn']} because" in denied["cause"]

        role.may({**own, "Resource": [*own["Resource"], SOLUTION["RecipeArn"]]})
        assert "Personalize.ResourceNotFoundException" == run_as(aws, role.arn, states)["error"]

    def test_tags_need_a_grant_of_their_own(self, aws: EmbeddedAWS) -> None:
        """A create call with tags is denied to a role that may not tag, and to one that may set other keys only."""
        create = {"Action": "personalize:CreateSolution", "Resource": "*"}
        role = Role(aws, create, principal=STATES)
        tagged = {**SOLUTION, "Tags": [{"TagKey": "team", "TagValue": "t"}]}
        states = {"T": task("personalize:createSolution", tagged)}
        assert "not authorized to perform: personalize:TagResource" in run_as(aws, role.arn, states)["cause"]

        tagging = {"Action": "personalize:TagResource", "Resource": "*"}
        for key, error in (
            ("other", "Personalize.PersonalizeException"),
            ("team", "Personalize.ResourceNotFoundException"),
        ):
            role.may(create, {**tagging, "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": [key]}}})
            assert error == run_as(aws, role.arn, states)["error"]

    def test_a_role_is_assumed_for_one_state_machine(self, aws: EmbeddedAWS) -> None:
        """A trust with the ARN of another state machine is refused when this one is made."""
        role = Role(aws, {"Action": "*", "Resource": "*"}, principal=STATES)
        other = f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:other"
        statement = {
            "Principal": STATES,
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:SourceArn": other}},
        }
        aws.client("iam").update_assume_role_policy(RoleName=role.name, PolicyDocument=document(statement))
        with pytest.raises(aws.client("stepfunctions").exceptions.ClientError, match="authorized to assume"):
            run_as(aws, role.arn, {"A": pass_state()})

    def test_a_map_run_starts_executions_of_its_machine(self, aws: EmbeddedAWS) -> None:
        """A distributed Map fails, in the service's words, if the role may not start the state machine again."""
        machine = f"arn:aws:states:us-east-1:{ACCOUNT_ID}:*"
        role = Role(aws, {"Action": "states:DescribeExecution", "Resource": machine}, principal=STATES)
        states = {
            "M": {
                "Type": "Map",
                "Items": [1],
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "P",
                    "States": {"P": pass_state()},
                },
                "End": True,
            }
        }
        denied = run_as(aws, role.arn, states)
        assert "FAILED" == denied["status"]
        assert "Error contacting AWS Service. | Message from Service: User: " in denied["cause"]
        assert "is not authorized to perform: states:StartExecution on resource: " in denied["cause"]
        assert "MapRunFailed" in {event["type"] for event in history(aws, denied["executionArn"])}

        role.may({"Action": ["states:DescribeExecution", "states:StartExecution"], "Resource": machine})
        assert "SUCCEEDED" == run_as(aws, role.arn, states)["status"]

    def test_items_are_read_in_the_role(self, aws: EmbeddedAWS) -> None:
        """Items that the role may not list fail the Map as unreadable."""
        role = Role(
            aws, {"Action": "states:*", "Resource": f"arn:aws:states:us-east-1:{ACCOUNT_ID}:*"}, principal=STATES
        )
        reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": bucket(aws), "Prefix": ""}}
        processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P",
                     "States": {"P": pass_state()}}  # fmt: skip
        states = {"M": {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True}}
        denied = run_as(aws, role.arn, states)
        assert "States.ItemReaderFailed" == denied["error"]
        assert "is not authorized to perform: s3:ListBucket" in denied["cause"]


class TestFunctions:
    def test_a_function_is_its_role(self, aws: EmbeddedAWS) -> None:
        """Its session has the function's name."""
        role = Role(aws, principal=LAMBDA)
        name = function(aws, WHO, Role=role.arn)

        assert f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role.name}/{name}" == invoke(aws, name)["payload"]

    def test_a_function_may_what_its_role_may(self, aws: EmbeddedAWS) -> None:
        """What the role may not do fails in the function; a change of the policy counts at once."""
        role = Role(aws, principal=LAMBDA)
        code = "import boto3\ndef handler(event, context):\n    boto3.client('sns').list_topics()\n    return 'done'"
        name = function(aws, code, Role=role.arn)
        assert "not authorized to perform: SNS:ListTopics" in invoke(aws, name)["payload"]["errorMessage"]

        role.may({"Action": "sns:ListTopics", "Resource": "*"})
        assert "done" == invoke(aws, name)["payload"]

    def test_a_role_that_trusts_somebody_else(self, aws: EmbeddedAWS) -> None:
        """A function whose role does not trust the service any more cannot be invoked."""
        role = Role(aws, principal=LAMBDA)
        name = function(aws, WHO, Role=role.arn)
        statement = {"Principal": STATES, "Action": "sts:AssumeRole"}
        aws.client("iam").update_assume_role_policy(RoleName=role.name, PolicyDocument=document(statement))
        with pytest.raises(aws.client("lambda").exceptions.ClientError, match="cannot be assumed by Lambda"):
            invoke(aws, name)


class TestEvents:
    @pytest.mark.parametrize(("allowed", "heard"), [(False, 0), (True, 1)])
    def test_a_rule_starts_what_its_role_may_start(self, aws: EmbeddedAWS, allowed: bool, heard: int) -> None:  # noqa: FBT001  # a row's
        """Without the permission nothing starts, and nobody is told."""
        client, source = aws.client("stepfunctions"), unique("source")
        definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
        machine = client.create_state_machine(name=unique("machine"), definition=json.dumps(definition), roleArn=ROLE)
        arn = machine["stateMachineArn"]
        starts = {"Action": "states:StartExecution", "Resource": arn if allowed else f"{arn}-other"}
        role = Role(aws, starts, principal={"Service": "events.amazonaws.com"})
        sure = client.create_state_machine(name=unique("machine"), definition=json.dumps(definition), roleArn=ROLE)
        events = aws.client("events")
        for target, its_role in ((arn, role.arn), (sure["stateMachineArn"], ROLE)):
            rule = unique("rule")
            events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]}))
            events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": target, "RoleArn": its_role}])
        detail = {"Source": source, "DetailType": "d", "Detail": "{}", "EventBusName": "default"}
        events.put_events(Entries=[detail])
        eventually(lambda: client.list_executions(stateMachineArn=sure["stateMachineArn"])["executions"])

        assert heard == len(client.list_executions(stateMachineArn=arn)["executions"])

    def test_a_grant_may_be_for_one_source(self, aws: EmbeddedAWS) -> None:
        """Each entry is asked for by itself: one of another source, or type, is refused with all others."""
        bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
        condition = {"StringEquals": {"events:source": "mine", "events:detail-type": ["a", "b"]}}
        role = Role(aws, {"Action": "events:PutEvents", "Resource": bus, "Condition": condition})
        mine, theirs, other = (
            {"Source": source, "DetailType": kind, "Detail": "{}"}
            for source, kind in (("mine", "a"), ("theirs", "a"), ("mine", "c"))
        )
        events = role.client("events")

        assert 0 == events.put_events(Entries=[mine, {**mine, "DetailType": "b"}])["FailedEntryCount"]
        for entries in ([theirs], [mine, theirs], [other]):
            assert "AccessDeniedException" == refused(events.put_events, Entries=entries)[0]


def test_a_queue_hears_only_topics_that_it_admits(aws: EmbeddedAWS) -> None:
    """Without a policy that admits the topic nothing is delivered."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="unheard")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)

    admit(aws, url, "sns.amazonaws.com")
    sns.publish(TopicArn=topic, Message="heard")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert "heard" == json.loads(message["Body"])["Message"]


ROLE_TEMPLATE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": json.loads(document({"Principal": LAMBDA, "Action": "sts:AssumeRole"})),
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSNSReadOnlyAccess"],
        "Policies": [
            {"PolicyName": "own", "PolicyDocument": json.loads(document({"Action": "s3:*", "Resource": "*"}))}
        ],
    },
}


def test_a_role_in_a_template_changes_and_goes(aws: EmbeddedAWS) -> None:
    """Its policies and trust are those of the newest template and those attached by hand; deletion detaches all."""
    iam, client, stack = aws.client("iam"), aws.client("cloudformation"), unique("stack")

    def template(**changes: Any) -> str:
        properties = {**ROLE_TEMPLATE["Properties"], **changes}
        return json.dumps({"Resources": {"Role": {**ROLE_TEMPLATE, "Properties": properties}}})

    def has() -> tuple[list[str], list[str], Any]:
        name = client.describe_stack_resources(StackName=stack)["StackResources"][0]["PhysicalResourceId"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
        return [each["PolicyName"] for each in attached], iam.list_role_policies(RoleName=name)["PolicyNames"], trust

    client.create_stack(StackName=stack, TemplateBody=template(), Capabilities=["CAPABILITY_IAM"])
    assert (["AmazonSNSReadOnlyAccess"], ["own"], LAMBDA) == has()
    name = client.describe_stack_resources(StackName=stack)["StackResources"][0]["PhysicalResourceId"]
    by_hand = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName=name, PolicyArn=by_hand)

    changed = json.loads(document({"Principal": STATES, "Action": "sts:AssumeRole"}))
    body = template(
        ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"],
        Policies=[],
        AssumeRolePolicyDocument=changed,
    )
    client.update_stack(StackName=stack, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    attached, inline, trusted = has()
    assert ({"AmazonSQSReadOnlyAccess", "ReadOnlyAccess"}, [], STATES) == (set(attached), inline, trusted)

    client.delete_stack(StackName=stack)
    assert "NoSuchEntity" == refused(iam.get_role, RoleName=name)[0]
