"""Moto's parser of state machine definitions, reading their texts as JSON."""

import json
from typing import Any

import moto.stepfunctions.parser.asl.parse.preprocessor as preprocessor_module
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlt4utils.antlr4utils import is_terminal
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

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
