"""The errors of the pipeline, named by their consequence.

    PipelineError             something this package can explain; never raised itself
    ├── ConfigError           the run does not start: mend the configuration or the command line
    ├── ModelError            the run does not start: a model is missing, damaged or of another version
    ├── PageError             this page is recorded as failed; the other pages go on
    └── OutputError           the run stops: the output folder cannot be used

Every message says what came, what is allowed and what to do.
"""


class PipelineError(Exception):
    """Stand at the root of every error that this package raises on purpose."""


class ConfigError(PipelineError):
    """Say that a configuration or an override cannot be used; no page has been touched."""


class ModelError(PipelineError):
    """Say that a model directory is missing, damaged or does not match what the code needs."""


class PageError(PipelineError):
    """Say that one page cannot be processed.

    ``stage`` names the step that failed (``"read"``, ``"split"``, a component's name, ``"write"``);
    ``retryable`` is true when a second attempt may succeed (a time limit, a lost mount).
    """

    def __init__(self, message: str, *, stage: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.stage = stage
        self.retryable = retryable


class OutputError(PipelineError):
    """Say that the output folder cannot be written or belongs to another run."""
