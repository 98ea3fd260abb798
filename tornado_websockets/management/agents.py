"""What a project's notes should tell coding agents of this package.

The text is made of the documentation, by ``docs/contributing/agents.py`` in a clone; here it comes along.
"""

from importlib.resources import files


def section() -> str:
    """A section in Markdown: how to register, emit, publish and test, and what goes wrong."""
    return files(__package__).joinpath("agents.md").read_text(encoding="utf-8")
