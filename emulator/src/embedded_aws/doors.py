"""Doors beside the API, behind which tests switch faults on: the host of the service that each belongs to, by path."""

from typing import Final

DOORS: Final = {
    "/personalize-faults": "personalize.us-east-1.amazonaws.com",
    "/dynamodb-faults": "dynamodb.us-east-1.amazonaws.com",
}
