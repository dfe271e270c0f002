"""Who is asked, and which policies count: roles, users, boundaries, sessions, resources, trust."""

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.iam.support import Role, document, refused
from emulator.tests.stepfunctions.support import bucket
from emulator.tests.support import unique

READS = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}

# One call of each service that the product's roles use, with the code that the service gives to a denied access.
CALLS = [
    ("s3", "put_object", {"Bucket": "any-bucket", "Key": "k"}, "AccessDenied"),
    ("s3", "list_buckets", {}, "AccessDenied"),
    ("personalize", "list_solutions", {}, "AccessDeniedException"),
    ("personalize-runtime", "get_recommendations", {"campaignArn": "arn:aws:personalize:::campaign/c"},
     "AccessDeniedException"),
    ("stepfunctions", "list_state_machines", {}, "AccessDeniedException"),
    ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException"),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:t", "Message": "m"}, "AuthorizationError"),
    ("sqs", "send_message", {"QueueUrl": f"http://localhost/{ACCOUNT_ID}/q", "MessageBody": "m"},
     "AccessDeniedException"),
    ("glue", "start_job_run", {"JobName": "j"}, "AccessDeniedException"),
    ("cloudwatch", "put_metric_data", {"Namespace": "n", "MetricData": []}, "AccessDeniedException"),
    ("cloudformation", "describe_stacks", {"StackName": "s"}, "AccessDenied"),
    ("scheduler", "get_schedule", {"Name": "s"}, "AccessDeniedException"),
    ("events", "put_events", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]},
     "AccessDeniedException"),
    ("logs", "create_log_group", {"logGroupName": "g"}, "AccessDeniedException"),
    ("ssm", "get_parameter", {"Name": "/p"}, "AccessDeniedException"),
]  # fmt: skip


@pytest.fixture(scope="module")
def reader(aws: EmbeddedAWS) -> Role:
    """A role that may read objects and nothing else."""
    return Role(aws, READS)


def test_a_session_has_the_roles_name(reader: Role) -> None:
    """GetCallerIdentity names the role and the session, and needs no permission."""
    identity = reader.client("sts").get_caller_identity()

    assert f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{reader.name}/nightly" == identity["Arn"]


@pytest.mark.parametrize(("service", "operation", "arguments", "code"), CALLS, ids=[f"{c[0]}-{c[1]}" for c in CALLS])
def test_a_role_may_only_what_it_may(
    reader: Role, service: str, operation: str, arguments: dict[str, object], code: str
) -> None:
    """Everything but its one permission is refused, in the service's own code, by session and action."""
    found, message = refused(getattr(reader.client(service), operation), **arguments)

    assert code == found
    assert (
        f"User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{reader.name}/nightly is not authorized to perform: " in message
    )
    assert "because no identity-based policy allows the " in message


def test_a_role_may_what_it_may(aws: EmbeddedAWS, reader: Role) -> None:
    """The permission that it has is enough."""
    name = bucket(aws)
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"text")

    assert b"text" == reader.client("s3").get_object(Bucket=name, Key="k")["Body"].read()


def test_a_call_without_a_row_is_not_let_through(aws: EmbeddedAWS) -> None:
    """A role that may do everything is refused what the table of permissions does not know, with the reason."""
    everything = Role(aws, {"Action": "*", "Resource": "*"})

    code, message = refused(everything.client("dynamodb").list_tables)

    assert "NotImplementedException" == code
    assert "does not know which permissions dynamodb:ListTables asks for" in message


def test_made_up_keys_are_the_administrators(aws: EmbeddedAWS) -> None:
    """Who comes with any key of their own may do everything, as with the keys that serve prints."""
    client = boto3.client("s3", endpoint_url=aws.endpoint_url, region_name="us-east-1",
                          aws_access_key_id="mine", aws_secret_access_key="x")  # fmt: skip
    assert "Buckets" in client.list_buckets()


def test_keys_of_an_account_that_is_gone(aws: EmbeddedAWS) -> None:
    """Temporary keys that this AWS did not give out are nobody's, not the administrator's."""
    client = boto3.client("personalize", endpoint_url=aws.endpoint_url, region_name="us-east-1",
                          aws_access_key_id="ASIAGONE", aws_secret_access_key="x", aws_session_token="x")  # fmt: skip
    assert "UnrecognizedClientException" == refused(client.list_solutions)[0]


def test_a_user_may_what_their_policies_and_groups_allow(aws: EmbeddedAWS) -> None:
    """Inline policies, managed ones and those of groups count together."""
    iam, user, group = aws.client("iam"), unique("user"), unique("group")
    iam.create_user(UserName=user)
    iam.create_group(GroupName=group)
    iam.add_user_to_group(UserName=user, GroupName=group)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    client = boto3.client("sns", endpoint_url=aws.endpoint_url, region_name="us-east-1",
                          aws_access_key_id=key["AccessKeyId"],
                          aws_secret_access_key=key["SecretAccessKey"])  # fmt: skip
    assert f"User: arn:aws:iam::{ACCOUNT_ID}:user/{user} is not authorized" in refused(client.list_topics)[1]

    lists = document({"Action": "sns:ListTopics", "Resource": "*"})
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=lists)
    assert "Topics" in client.list_topics()
    subscriptions = document({"Action": "sns:ListSubscriptions", "Resource": "*"})
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=subscriptions)
    assert "Subscriptions" in client.list_subscriptions()
    managed = document({"Effect": "Deny", "Action": "sns:*", "Resource": "*"})
    policy = iam.create_policy(PolicyName=unique("p"), PolicyDocument=managed)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=user, PolicyArn=policy)
    assert "with an explicit deny in an identity-based policy" in refused(client.list_topics)[1]


def test_a_boundary_bounds(aws: EmbeddedAWS) -> None:
    """What the boundary does not allow is refused although a policy allows it."""
    allowed = document({"Action": "sns:ListTopics", "Resource": "*"})
    boundary = aws.client("iam").create_policy(PolicyName=unique("b"), PolicyDocument=allowed)["Policy"]["Arn"]
    role = Role(aws, {"Action": "sns:*", "Resource": "*"}, PermissionsBoundary=boundary)
    sns = role.client("sns")

    assert "Topics" in sns.list_topics()
    assert (
        "because no permissions boundary allows the SNS:ListSubscriptions action" in refused(sns.list_subscriptions)[1]
    )


def test_a_session_policy_narrows(aws: EmbeddedAWS) -> None:
    """A session that was narrowed may only what both its policy and the role's allow."""
    role = Role(aws, {"Action": "sns:List*", "Resource": "*"})
    sns = role.client("sns", Policy=document({"Action": ["sns:ListTopics", "sns:CreateTopic"], "Resource": "*"}))

    assert "Topics" in sns.list_topics()
    assert "no session policy allows" in refused(sns.list_subscriptions)[1]
    assert "no identity-based policy allows" in refused(sns.create_topic, Name="t")[1]


class TestResourcePolicies:
    def test_a_bucket_admits_a_role(self, aws: EmbeddedAWS) -> None:
        """A policy that names the role is enough; one that names its account leaves it to the role's own policies."""
        role, name = Role(aws), bucket(aws)
        s3 = role.client("s3")
        for principal, let in (({"AWS": role.arn}, True), ({"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, False)):
            statement = {"Principal": principal, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"}
            aws.client("s3").put_bucket_policy(Bucket=name, Policy=document(statement))
            if let:
                s3.put_object(Bucket=name, Key="k", Body=b"")
            else:
                assert "no identity-based policy allows" in refused(s3.put_object, Bucket=name, Key="k", Body=b"")[1]

    def test_a_bucket_denies(self, aws: EmbeddedAWS) -> None:
        """An explicit deny of the bucket wins over the role's policy."""
        role, name = Role(aws, {"Action": "s3:*", "Resource": "*"}), bucket(aws)
        deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/raw/*"}
        aws.client("s3").put_bucket_policy(Bucket=name, Policy=document(deny))
        s3 = role.client("s3")

        s3.put_object(Bucket=name, Key="other", Body=b"")
        denied = refused(s3.put_object, Bucket=name, Key="raw/k", Body=b"")
        assert denied[1].endswith("with an explicit deny in a resource-based policy")

    def test_a_topic_and_a_queue_admit_a_role(self, aws: EmbeddedAWS) -> None:
        """Their policies count as those of buckets do."""
        role = Role(aws)
        topic = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
        queue = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:{queue.rpartition('/')[2]}"
        admit = {"Principal": {"AWS": role.arn}}
        aws.client("sns").set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=document({**admit, "Action": "sns:Publish", "Resource": topic}),
        )
        aws.client("sqs").set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": document({**admit, "Action": "sqs:SendMessage", "Resource": arn})}
        )

        assert role.client("sns").publish(TopicArn=topic, Message="m")["MessageId"]
        assert role.client("sqs").send_message(QueueUrl=queue, MessageBody="m")["MessageId"]
        assert "AccessDeniedException" == refused(role.client("sqs").purge_queue, QueueUrl=queue)[0]


class TestTrust:
    def test_only_a_role_that_is_there(self, aws: EmbeddedAWS) -> None:
        """A role that does not exist cannot be assumed, which AWS words as a denied access."""
        missing = f"arn:aws:iam::{ACCOUNT_ID}:role/missing"
        with pytest.raises(ClientError, match=r"AccessDenied.*not authorized to perform: sts:AssumeRole"):
            aws.client("sts").assume_role(RoleArn=missing, RoleSessionName="nightly")

    def test_only_a_role_that_trusts_the_caller(self, aws: EmbeddedAWS) -> None:
        """One for a service is not for people."""
        role = Role(aws, READS, principal={"Service": "personalize.amazonaws.com"})
        with pytest.raises(ClientError, match="AccessDenied"):
            role.client("s3")

    def test_a_role_needs_the_permission_to_assume_another(self, aws: EmbeddedAWS) -> None:
        """The trust of the other role and a policy of one's own must both allow it."""
        other = Role(aws, READS)
        role = Role(aws, READS)
        assume = {"RoleArn": other.arn, "RoleSessionName": "nightly"}
        assert "sts:AssumeRole" in refused(role.client("sts").assume_role, **assume)[1]

        role.may({"Action": "sts:AssumeRole", "Resource": other.arn})
        assert "Credentials" in role.client("sts").assume_role(**assume)


class TestPassRole:
    def test_a_state_machine_is_made_by_who_may_pass_its_role(self, aws: EmbeddedAWS) -> None:
        """iam:PassRole is asked on the role, for the service that gets it."""
        working = Role(aws, principal={"Service": "states.amazonaws.com"})
        maker = Role(aws, {"Action": "states:*", "Resource": "*"})
        made = {
            "name": unique("machine"),
            "definition": '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
            "roleArn": working.arn,
        }
        passes = {"Action": "iam:PassRole", "Resource": working.arn}
        for service in ("", "lambda.amazonaws.com"):
            condition = {"StringEquals": {"iam:PassedToService": service}}
            maker.may({"Action": "states:*", "Resource": "*"}, {**passes, "Condition": condition})
            denied = refused(maker.client("stepfunctions").create_state_machine, **made)
            assert f"iam:PassRole on resource: {working.arn}" in denied[1]
        maker.may({"Action": "states:*", "Resource": "*"}, passes)
        assert maker.client("stepfunctions").create_state_machine(**made)["stateMachineArn"]

    def test_a_service_takes_only_a_role_that_trusts_it(self, aws: EmbeddedAWS) -> None:
        """Step Functions refuses a role for somebody else when the state machine is made."""
        role = Role(aws, principal={"Service": "lambda.amazonaws.com"})
        code, message = refused(
            aws.client("stepfunctions").create_state_machine,
            name=unique("machine"),
            definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
            roleArn=role.arn,
        )
        assert "AccessDeniedException" == code
        assert message.startswith("Neither the global service principal states.amazonaws.com")
