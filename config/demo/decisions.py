"""What the officer answered for projects, actions and companies, the programs they kept and set
aside, and their judgements on plain-text conditions."""

from config.demo.files import read
from funding import answers
from funding.catalogue import rules_of
from funding.eligibility import Judgement
from funding.models import DeclaredFact, MatchDecision, Program
from funding.models.subjects import ActionSubject


def load(world):
    load_facts(world)
    programs = {program.code: program for program in Program.objects.all()}
    by = world.people["agent"]
    for row in read("decisions"):
        decided = MatchDecision.objects.decide(
            next(iter(about(world, row).values())),
            programs[row["program"]],
            row["kind"],
            by=by,
            reason=row.get("reason", ""),
            note=row.get("note", ""),
        )
        decided.at = world.clock.at(row["day"], 11)
        decided.save(update_fields=["at"])
    texts = {
        criterion.fact: (criterion.digest, program.version)
        for program in programs.values()
        for criterion in rules_of(program).criteria
        if criterion.kind == "text"
    }
    judged = DeclaredFact.objects.filter(key__in=texts)
    for said in judged.select_related("project", "action__plan", "by"):
        judgement = Judgement(said.value, *texts[said.key])
        subject = said.project or ActionSubject(said.action)
        answers.record(subject, said.key, judgement, by=said.by, today=said.observed_on)


def load_facts(world):
    facts = []
    for row in read("facts"):
        for key, value in row["facts"].items():
            if isinstance(value, dict):
                value = world.clock.day(value["days"]).isoformat()
            said = {"by": world.people["agent"], "observed_on": world.clock.day(row["day"])}
            facts.append(DeclaredFact(key=key, value=value, **said, **about(world, row)))
    DeclaredFact.objects.bulk_create(facts)


def about(world, row):
    """{relation: what a row of a file is about}"""
    known = {
        "organisation": world.organisations,
        "project": world.projects,
        "action": world.actions,
    }
    return {kind: rows[row[kind]] for kind, rows in known.items() if kind in row}
