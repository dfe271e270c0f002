"""Filter expressions: `parse_filter` reads them, `Filter.check` holds them against schemas, `bind` makes them ready.

Language and rules: Developer Guide, creating-filter-expressions and filter-expression-examples. `tree` is what an
expression means, `parsing` how it is written, `matching` what it lets through, `attributes` the smaller language
of batch segment jobs.
"""

from embedded_aws.personalize.filters.attributes import Attributes, parse_attributes
from embedded_aws.personalize.filters.matching import Asker, Bound, View, bind
from embedded_aws.personalize.filters.parsing import parse_filter
from embedded_aws.personalize.filters.tree import Filter

__all__ = ["Asker", "Attributes", "Bound", "Filter", "View", "bind", "parse_attributes", "parse_filter"]
