"""A plan: joint schedules and their probabilities; worth, coverage, feasibility from the data."""

from sarhad.plan.lottery import (
    Plan,
    Result,
    Schedule,
    adaptive_weights,
    cover_if_apart,
    cover_of_plan,
    cover_of_posts,
    cover_of_schedule,
    expected_harm,
    find_plan_breaches,
    gaps,
    harm_by_attack,
    harm_out_of_reach,
    presence_of,
    use_of_air,
    worst_by_attacker,
)

__all__ = [
    "Plan",
    "Result",
    "Schedule",
    "adaptive_weights",
    "cover_if_apart",
    "cover_of_plan",
    "cover_of_posts",
    "cover_of_schedule",
    "expected_harm",
    "find_plan_breaches",
    "gaps",
    "harm_by_attack",
    "harm_out_of_reach",
    "presence_of",
    "use_of_air",
    "worst_by_attacker",
]
