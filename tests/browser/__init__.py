"""The course in a real browser: what a learner clicks and types really works in JupyterLab.

A package, so that its fixtures end with its last test: while playwright is open, no other test could use asyncio.
"""

import shutil

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, CHROMIUMS)), None)
