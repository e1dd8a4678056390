"""Trusting the builders of a project on this machine."""

from harness.project.documents import ProjectError
from harness.project.project import Project
from harness.project.settings import SETTINGS_FILE
from harness.project.trust import Builders, trust


def trust_builders(project: Project) -> Builders:
    """Trust the project's own builders until they or its modules change, and return them.

    Raises ProjectError if there are none, or if that cannot be remembered.
    """
    builders = project.resources.builders
    if not builders:
        raise ProjectError(f"{SETTINGS_FILE}: expected [builders] to trust, found none; nothing needs your trust")
    trust(project.root, builders)
    return builders
