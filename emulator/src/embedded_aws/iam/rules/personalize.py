"""Personalize's three services.

The reference (list_amazonpersonalize) names the resource itself alone. That is not all: CreateSolution and
CreateRecommender were denied on the recipe's ARN to callers who were allowed the solution and the group
(aws-samples/retail-demo-store, pull request 627; aws-solutions/maintaining-personalized-experiences 1.4.5 grants it).
Whether other resources that a request names are asked for as well is not documented. Here they are: who passes here
passes on AWS whichever way it is.
"""

from collections.abc import Iterator
from typing import Any, Final

from moto.core.utils import get_service_model

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules.rule import Ask, Rule, passing

_HOME: Final = "arn:aws:personalize:{region}:{account}:"
_SERVICE: Final = "personalize.amazonaws.com"
_NO_RESOURCE: Final = {"TagResource", "UntagResource", "ListTagsForResource"}
_OF_A_VERSION: Final = {
    "CreateSolutionVersion": "solutionArn",
    "DescribeSolutionVersion": "solutionVersionArn",
    "GetSolutionMetrics": "solutionVersionArn",
    "StopSolutionVersionCreation": "solutionVersionArn",
}
_NOT_REFERENCES: Final = {"roleArn", "kmsKeyArn"}


def _hyphenated(noun: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in noun).lstrip("-")


def _references(value: Any, own: str) -> Iterator[str]:
    """Yield the ARNs of Personalize's resources in a request, without the one that is asked for anyway."""
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _references(member, own)
        elif name.endswith("Arn") and name not in _NOT_REFERENCES and member != own and str(member).startswith("arn:"):
            yield str(member)


def _resources(template: str) -> Any:
    """Return what yields the ARN of a template, and then those that the request refers to."""

    def arns(request: ApiRequest, account_id: str) -> Iterator[str]:
        own = next((ask.resource for ask in Rule("", (template,)).asks(request, account_id)), "*")
        yield own
        yield from _references(request.params, own)

    return arns


def _dataset(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the dataset that is made, whose ARN has the group's name and its type, and what the request refers to."""
    group = str(request.params.get("datasetGroupArn", "")).partition("/")[2]
    kind = str(request.params.get("datasetType", "")).upper()
    yield f"arn:aws:personalize:{request.region}:{account_id}:dataset/{group}/{kind}"
    yield from _references(request.params, "")


class _Tagging(Rule):
    """What a create call with tags asks for besides.

    That it does is documented for CloudFormation's handlers only, and for no resource: here it is asked for on all of
    them, so that who passes here passes on AWS.
    """

    def asks(self, request: ApiRequest, account_id: str) -> Iterator[Ask]:
        """Yield the permission to tag, with the keys."""
        del account_id
        if tags := request.params.get("tags"):
            yield Ask(self.action, "*", {"aws:TagKeys": [str(tag.get("tagKey")) for tag in tags]})


def _rule(name: str, members: frozenset[str]) -> Rule:
    """Return the row of an operation of the control plane, with the arguments that its model has."""
    action = f"personalize:{name}"
    if name.startswith("List") or name in _NO_RESOURCE:
        return Rule(action)
    if name == "CreateDataset":
        return Rule(action, _dataset)
    if name in _OF_A_VERSION:
        return Rule(action, (f"{{{_OF_A_VERSION[name]}}}",))
    verb = next(
        verb for verb in ("Create", "Describe", "Delete", "Update", "Start", "Stop", "Get") if name.startswith(verb)
    )
    noun = name.removeprefix(verb)
    if verb != "Create":
        return Rule(action, _resources(f"{{{noun[:1].lower()}{noun[1:]}Arn}}"))
    given = "jobName" if "jobName" in members else "name"
    # The service makes up the names of event trackers.
    named = "*" if name == "CreateEventTracker" else f"{{{given}}}"
    return Rule(action, _resources(f"{_HOME}{_hyphenated(noun)}/{named}"))


def _control() -> dict[tuple[str, str], tuple[Rule, ...]]:
    model = get_service_model("personalize")
    found = {}
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        members = frozenset(shape.members) if shape else frozenset()
        own = (_rule(name, members),)
        # A caller that may not pass the role gets a 400 that says so.
        handed = [passing("roleArn", _SERVICE, refused_as="InvalidInputException")] if "roleArn" in members else []
        if name in {"CreateMetricAttribution", "UpdateMetricAttribution"}:
            handed = [Rule("iam:PassRole", _report_role, fixed={"iam:PassedToService": _SERVICE})]
        tagging = [_Tagging("personalize:TagResource")] if name.startswith("Create") and "tags" in members else []
        found["personalize", name] = (*own, *handed, *tagging)
    return found


def _report_role(request: ApiRequest, _: str) -> Iterator[str]:
    if role := (request.params.get("metricsOutputConfig") or {}).get("roleArn"):
        yield str(role)


_ANSWERS: Final = ("{campaignArn}", "{recommenderArn}", "{filterArn}")
RULES: Final = {
    **_control(),
    **{
        ("personalize-runtime", name): (Rule(f"personalize:{name}", _ANSWERS),)
        for name in ("GetRecommendations", "GetPersonalizedRanking", "GetActionRecommendations")
    },
    ("personalize-events", "PutEvents"): (Rule("personalize:PutEvents"),),
    ("personalize-events", "PutActionInteractions"): (Rule("personalize:PutActionInteractions"),),
    **{
        ("personalize-events", name): (Rule(f"personalize:{name}", ("{datasetArn}",)),)
        for name in ("PutItems", "PutUsers", "PutActions")
    },
}
