"""The addresses under which moto serves the backend."""

from local.personalize import faults
from local.personalize.responses import PersonalizeResponse

url_bases = [r"https?://personalize\.(.+)\.amazonaws\.com"]

url_paths = {
    "{0}/$": PersonalizeResponse.dispatch,
    "{0}/personalize-faults$": faults.serve,
}
