"""Tests."""

import os

from definition.paths import ROOT

# The CDK's command line and jsii run on the Node that the project installs, whatever else the machine has.
os.environ["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
