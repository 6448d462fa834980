"""What some of the fictitious companies received, and the firms that count as one with them."""

from decimal import Decimal

from config.demo.files import read
from config.demo.organisations import siren
from funding.models import ReceivedAid, Undertaking


def load(world):
    rows = read("ledger")
    for row in rows["undertakings"]:
        holder = world.organisations[row["holder"]]
        undertaking = Undertaking.objects.create(
            territory=world.territory,
            name=holder.name,
            declared_on=world.clock.day(row.get("declared")),
            source=row.get("source", ""),
        )
        firms = [{"siren": holder.siren, "name": holder.name, "link": ""}]
        firms += [
            {"siren": siren(firm["n"]), "name": firm["name"], "link": firm["link"]}
            for firm in row["firms"]
        ]
        for firm in firms:
            undertaking.firms.create(territory=world.territory, **firm)
    for row in rows["aids"]:
        holder = world.organisations[row["holder"]]
        ReceivedAid.objects.create(
            territory=world.territory,
            organisation=holder,
            siren=siren(row["firm"]) if "firm" in row else holder.siren,
            firm=row.get("name", holder.name),
            regulation=row.get("regulation", ReceivedAid.Regulation.GENERAL),
            granted_on=world.clock.day(row["day"]),
            amount=None if row["amount"] is None else Decimal(row["amount"]),
            funder=row["funder"],
            purpose=row["purpose"],
            evidence=row["evidence"],
        )
