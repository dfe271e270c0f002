"""The addresses under which moto serves the backend.

All three services sign their requests as "personalize", which is how moto finds the backend: paths tell them apart.
"""

from embedded_aws.personalize import faults
from embedded_aws.personalize.responses import EventsResponse, PersonalizeResponse, RuntimeResponse

url_bases = [r"https?://personalize\.(.+)\.amazonaws\.com"]

url_paths = {
    "{0}/$": PersonalizeResponse.dispatch,
    "{0}/recommendations$": RuntimeResponse.dispatch,
    "{0}/personalize-ranking$": RuntimeResponse.dispatch,
    "{0}/action-recommendations$": RuntimeResponse.dispatch,
    "{0}/events$": EventsResponse.dispatch,
    "{0}/action-interactions$": EventsResponse.dispatch,
    "{0}/items$": EventsResponse.dispatch,
    "{0}/users$": EventsResponse.dispatch,
    "{0}/actions$": EventsResponse.dispatch,
    "{0}/personalize-faults$": faults.serve,
}
