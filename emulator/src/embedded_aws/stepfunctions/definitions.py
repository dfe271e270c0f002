"""Moto's parser of state machine definitions, reading their texts as JSON, and each definition once."""

import json
import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import moto.stepfunctions.parser.asl.parse.preprocessor as preprocessor_module
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlt4utils.antlr4utils import is_terminal
from moto.stepfunctions.parser.asl.jsonata.jsonata import _PATTERN_VARIABLE_REFERENCE as _REFERENCE
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.intrinsic.preprocessor import Preprocessor as IntrinsicPreprocessor
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.static_analyser.variable_references_static_analyser import (
    VariableReferencesStaticAnalyser,
)
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.exceptions import InvalidDefinition

_unescaped: Any = IntrinsicPreprocessor._replace_escaped_characters  # noqa: SLF001  # the gap is in there


@replaces(preprocessor_module, "from_string_literal")
def texts_are_json(parser_rule_context: Any) -> str:
    r"""Return the text of a string in a definition.

    moto: reads some strings as Python's (`\ud83d\ude00` falls apart) and others, such as literals in Assign and
    names of states, with their escapes left in. AWS: all are JSON.
    """
    text = parser_rule_context.getText()
    if text.startswith('"') and text.endswith('"'):
        return str(json.loads(text, strict=False))
    return str(text)


@replaces(Preprocessor, "_inner_string_of", staticmethod)
def names_are_json(parser_rule_context: Any) -> str | None:
    """Return the text of a string or None for null (see texts_are_json)."""
    return None if is_terminal(parser_rule_context, ASLLexer.NULL) else texts_are_json(parser_rule_context)


@replaces(IntrinsicPreprocessor, "_replace_escaped_characters", staticmethod)
def only_known_escapes(match: re.Match[str]) -> str:
    r"""Return an escaped character of a text in an intrinsic function.

    moto: takes `\"` too. AWS: refuses the definition (recorded).
    """
    if match[1] == '"':
        raise ValueError("The value for the field must be a valid JSONPath or a valid intrinsic function call")
    return str(_unescaped(match))


@replaces(VariableReferencesStaticAnalyser, "visitString_jsonata")
def jsonata_reads_variables(self: Any, ctx: Any) -> None:
    """Note the variables that an expression reads; a bare `$` is what a predicate or a function looks at.

    moto: looks at JSONPath alone. AWS: also tells what JSONata reads.
    """
    found = {reference for reference in _REFERENCE.findall(texts_are_json(ctx)) if isinstance(reference, str)}
    for reference in sorted(found - {"", "$", "$$"}):
        if not reference.startswith("$states"):
            self._put_variable_reference(reference)


def states_of(definition: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (path, name, state) of every state, those of Maps and Parallels included."""
    for name, state in definition.get("States", {}).items():
        here = f"{path}/States/{name}"
        yield here, name, state
        for field in ("ItemProcessor", "Iterator"):
            yield from states_of(state.get(field, {}), f"{here}/{field}")
        for place, branch in enumerate(state.get("Branches", ())):
            yield from states_of(branch, f"{here}/Branches[{place}]")


def check(definition: str, *, express: bool) -> None:
    """Check a definition.

    Raises:
        InvalidDefinition: it is not in the Amazon States Language, or has what an express state machine may not have.
        NotImplementedError: it has what is not emulated.
    """
    try:
        states = list(states_of(json.loads(definition)))
    except (ValueError, AttributeError) as error:
        raise InvalidDefinition(str(error)) from error
    for path, name, state in states:
        resource = str(state.get("Resource", ""))
        if express and (reason := _not_in_express(resource)):
            reason = f"SCHEMA_VALIDATION_FAILED: Express state machine does not support {reason} at {path}/Resource"
            raise InvalidDefinition(reason)
        if ":activity:" in resource:
            raise NotImplementedError(f"the activity of the state '{name}'")
        if "ItemBatcher" in state:
            raise NotImplementedError(f"the ItemBatcher of the state '{name}'")
    try:
        parsed(definition)
    except Exception as error:
        raise InvalidDefinition(str(error)) from error


def _not_in_express(resource: str) -> str | None:
    if resource.endswith(".waitForTaskToken"):
        return "'.waitForTaskToken' service integration "
    if ".sync" in resource:
        return "'.sync' service integration"
    return "Activity ARN" if ":activity:" in resource else None


@dataclass(frozen=True)
class Parsed:
    """What is made of a definition.

    Attributes:
        program: the pickled program.
        references: the variables that each state refers to, by its name.
    """

    program: bytes
    references: Mapping[str, list[str]]


@lru_cache(maxsize=64)
def parsed(definition: str) -> Parsed:
    """Parse a definition, which takes a second for a large one, and is done once.

    Raises:
        Exception: whatever moto's parser raises for what is not in the Amazon States Language.
    """
    program, tree = AmazonStateLanguageParser.parse(_with_decimal_points(definition))
    analyser = VariableReferencesStaticAnalyser()  # type: ignore[no-untyped-call]  # moto has no types here
    analyser.visit(tree)
    return Parsed(pickle.dumps(program), analyser.get_variable_references())


def _with_decimal_points(definition: str) -> str:
    """Return a definition whose percentages all have a decimal point, which moto's grammar wants and AWS does not."""
    whole = json.loads(definition)
    name, changed = "ToleratedFailurePercentage", False
    states: Any = states_of(whole)
    for _, _, state in states:
        if type(state.get(name)) is int:
            state[name], changed = float(state[name]), True
    return json.dumps(whole) if changed else definition


@replaces(ExecutionWorker, "_get_evaluation_entrypoint")
def parse_each_definition_once(self: Any) -> Any:
    """Return the program of an execution, its own since it keeps values while it runs.

    moto: parses the definition at every start, which for a large one takes longer than its states do. AWS:
    starts at once.
    """
    definition = self._evaluation_details.state_machine_details.definition
    return pickle.loads(parsed(definition).program)  # noqa: S301  # pickled above
