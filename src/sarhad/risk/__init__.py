"""Risk: from what happened to where and when it may happen next, with its error."""

from sarhad.risk.backtest import (
    Forecasts,
    ModelScore,
    choose_forecasts,
    coverage_over_seeds,
    run_backtest,
    score_models,
    sum_stretches,
    years_of,
)
from sarhad.risk.covariates import Covariates, gather_covariates
from sarhad.risk.estimate import IncidentRisk, estimate_from_records, estimate_risk
from sarhad.risk.explain import Contribution, Explanation, explain_cell, hour_table
from sarhad.risk.harm import (
    AttackHarm,
    AttackPaths,
    expect_harm,
    find_attack_paths,
    measure_harm,
    measure_to_sites,
    people_by_hour,
    recorded_harm,
)
from sarhad.risk.proof import Proof, prove
from sarhad.risk.records import (
    Records,
    Twin,
    believe,
    find_record_notes,
    find_twins,
    gather_records,
    wall_days,
)
from sarhad.risk.strip import Strip, lay_strip

__all__ = [
    "AttackHarm",
    "AttackPaths",
    "Contribution",
    "Covariates",
    "Explanation",
    "Forecasts",
    "IncidentRisk",
    "ModelScore",
    "Proof",
    "Records",
    "Strip",
    "Twin",
    "believe",
    "choose_forecasts",
    "coverage_over_seeds",
    "estimate_from_records",
    "estimate_risk",
    "expect_harm",
    "explain_cell",
    "find_attack_paths",
    "find_record_notes",
    "find_twins",
    "gather_covariates",
    "gather_records",
    "hour_table",
    "lay_strip",
    "measure_harm",
    "measure_to_sites",
    "people_by_hour",
    "prove",
    "recorded_harm",
    "run_backtest",
    "score_models",
    "sum_stretches",
    "wall_days",
    "years_of",
]
