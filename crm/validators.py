from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible


@deconstructible
class IdentifierValidator:
    """Turn a pure `clean_*` function that raises ValueError into a model validator."""

    def __init__(self, clean):
        self.clean = clean

    def __call__(self, value):
        try:
            self.clean(value)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def __eq__(self, other):
        return isinstance(other, IdentifierValidator) and self.clean is other.clean
