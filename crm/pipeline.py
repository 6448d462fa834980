"""The moves a project may make. Stages are a table; which moves exist between kinds is the rule."""


class MoveRefused(Exception):
    """A move that may not be made; the message is a sentence for the person who tried."""


class MoveConflict(MoveRefused):
    """Someone else moved the project first."""

    def __init__(self, now):
        super().__init__(
            f"Entre-temps, quelqu’un a passé ce projet à «\u00a0{now}\u00a0»\u00a0: "
            "rien n’a été changé."
        )


def allowed(before, after):
    """Whether a project may go from a stage to another.

    Along the pipeline one moves freely in both directions (a file may be filed late or reopened),
    except out of the finished stage, which only goes back one step by reopening.
    Any open project can be paused or closed; a paused or closed one resumes in the pipeline.
    """
    if before.pk == after.pk:
        return False
    if before.is_done:
        return after.kind == "pipeline"
    if before.kind == "closed":
        return after.kind == "pipeline" and not after.is_done
    return True
