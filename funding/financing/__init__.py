"""The arithmetic and the law of a financing plan. No Django: euros are Decimal, rates percents.

`legal` reads the dated figures, `plan` holds a plan and sums it, `checks` argues, `deminimis`
slides the window of three years, `cash` lays the money out month by month.
"""
