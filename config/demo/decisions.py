"""Programs kept and set aside by the officer, and their judgements on plain-text conditions."""

from config.demo.files import read
from funding import answers
from funding.catalogue import rules_of
from funding.eligibility import Judgement
from funding.models import DeclaredFact, MatchDecision, Program


def load(world):
    programs = {program.code: program for program in Program.objects.all()}
    by = world.people["agent"]
    for row in read("decisions"):
        decided = MatchDecision.objects.decide(
            world.projects[row["project"]],
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
    for said in DeclaredFact.objects.filter(key__in=texts).select_related("project", "by"):
        judgement = Judgement(said.value, *texts[said.key])
        answers.record(said.project, said.key, judgement, by=said.by, today=said.observed_on)
