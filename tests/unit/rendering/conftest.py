"""One compiled issue for all tests of rendering: compiling takes longer than most of them."""

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.rendering.blocks import Block, compile_issue
from digest.rendering.environment import environment
from digest.resources import folder
from tests.unit.rendering.samples import CONTENT


@pytest.fixture(scope="session")
def env() -> ImmutableSandboxedEnvironment:
    return environment([folder("templates")])


@pytest.fixture(scope="session")
def blocks(env: ImmutableSandboxedEnvironment) -> dict[str, Block]:
    return compile_issue(CONTENT, env)
