from decimal import Decimal

import pytest

from tests.crm.factories import ProjectFactory
from tests.funding.factories import ApplicationFactory
from tests.funding.filing import after


@pytest.fixture
def application(territory):
    """A file to prepare, due in thirty days."""
    project = ProjectFactory(territory=territory, title="Four à pruneaux")
    return ApplicationFactory(
        project=project, status="brouillon", due_on=after(30), program__name="Fonds des fours"
    )


@pytest.fixture
def granted(territory):
    """A file accepted for 100 000 €."""
    project = ProjectFactory(territory=territory)
    return ApplicationFactory(project=project, granted=True, amount_granted=Decimal("100000"))
