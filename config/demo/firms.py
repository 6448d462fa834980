"""The firms that count in the European size of some of the companies, with their accounts."""

from decimal import Decimal

from config.demo.files import read
from config.demo.organisations import siren
from funding.eligibility.eu_size import Figures
from funding.models import CountedFirm


def load(world):
    for row in read("firms"):
        holder = world.organisations[row["holder"]]
        is_own = row["tie"] == CountedFirm.Tie.OWN
        firm = CountedFirm.objects.create(
            organisation=holder,
            territory=world.territory,
            tie=row["tie"],
            name=holder.name if is_own else row["name"],
            siren=holder.siren if is_own else siren(row["n"]),
            share=row.get("share"),
            source=row["source"],
        )
        year = world.clock.today.year
        firm.note(
            {
                year + int(before): Figures(*(Decimal(str(figure)) for figure in figures))
                for before, figures in row["accounts"].items()
            }
        )
