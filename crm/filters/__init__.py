from crm.filters.base import FilterSet

__all__ = ["FilterSet"]
