"""What happens to a file once a program is chosen: pure rules, without Django.

Statuses and their moves, pieces and their validity, the calendar counted back from the filing day,
what is paid and under which limits, how long funders take, what Démarche numérique answers.
"""
