"""Moto's parser of state machine definitions, reading their texts as JSON, and each definition once."""

import json
import pickle
from functools import lru_cache
from typing import Any

import moto.stepfunctions.parser.asl.parse.preprocessor as preprocessor_module
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlt4utils.antlr4utils import is_terminal
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from local.patches import replaces


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


@lru_cache(maxsize=64)
def parsed(definition: str) -> bytes:
    """Return the pickled program of a definition.

    Raises:
        Exception: whatever moto's parser raises for what is not in the Amazon States Language.
    """
    return pickle.dumps(AmazonStateLanguageParser.parse(definition)[0])


@replaces(ExecutionWorker, "_get_evaluation_entrypoint")
def parse_each_definition_once(self: Any) -> Any:
    """Return the program of an execution, its own since it keeps values while it runs.

    moto: parses the definition at every start, which for a large one takes longer than its states do.
    """
    definition = self._evaluation_details.state_machine_details.definition
    return pickle.loads(parsed(definition))  # noqa: S301  # pickled above
