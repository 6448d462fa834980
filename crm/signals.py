"""What higher apps may react to without crm knowing them."""

from django.dispatch import Signal

project_moved = Signal()  # project, change
review_completed = Signal()  # request: both members of the pair have answered
