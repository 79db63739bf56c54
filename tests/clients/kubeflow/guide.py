"""The first sample of the how-to for clients of the Model Registry, on another port: `guide.py PORT`."""

import contextlib
import io
import json
import re
import sys
from pathlib import Path

page = Path(__file__).parents[3] / "docs" / "how-to" / "kubeflow.md"
sample = re.search(r"^```py\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    exec(sample.replace("5000", sys.argv[1]))
print(json.dumps(printed.getvalue().strip()))
