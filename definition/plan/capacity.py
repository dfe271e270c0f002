"""How much each function takes at once: where Spark begins, and where output is published in parts."""

from __future__ import annotations

FUNCTION_BYTES = 8 * 10**9
"""Bytes of raw text that the function takes; more is for Spark.

At 1,769 MB, one vCPU, it turns about a gigabyte a minute (`python -m bench limits` prints it), and Lambda ends it
after 15 minutes: this leaves room for slower machines, expressions and times in text.
"""

DELIVERY_SECONDS = 300
"""After which Lambda ends a call that delivers; nothing of one run is still written so long after its end."""

PUBLISH_BYTES = 2 * 10**9
"""Bytes of a batch job's output that one call publishes; more is published in parts.

On one busy core a gigabyte of 25 items a line took about 70 s to write, 110 s to compare with a table as large, and
30 s to count, and four times the bytes took no more memory: twice this would still end within Lambda's 15 minutes.
"""
