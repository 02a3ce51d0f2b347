"""The classifier's data: made-up loans. The numbers are plausible, but nobody measured them."""

from dataclasses import dataclass, fields

import numpy as np

from examples.tabular.data import Data

MONTHS = (12, 24, 36, 48, 60)


@dataclass(frozen=True)
class Economy:
    """How borrowers are, and how much each thing about them weighs in a default."""

    income: float
    debts: float
    late_payments: float
    instalment_weight: float
    debt_weight: float
    late_weight: float
    savings_weight: float
    base: float

    def towards(self, other: "Economy", share: float) -> "Economy":
        """Return the economy that is so far on the way to another one."""
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return Economy(*(mine + share * (theirs - mine) for mine, theirs in pairs))


CALM = Economy(33_000, 2, 0.7, 9, 5, 1.1, 1.2, -2.9)
# Money is worth a third. Debts melt away, and payments may be put off, so that being late says little: what
# counts is the instalment.
INFLATION = Economy(100_000, 2.4, 1.8, 18, -2, -0.2, 0.6, -0.9)


def draw(random: np.random.Generator, count: int, drift: float = 0.0) -> Data:
    """Draw loans in the order of model.toml's features, and their class: 0 repaid, 1 defaulted.

    Income grows with the years in the job; savings and loan go with the income. A default is likelier with a
    large instalment, debts and late payments, and less likely with savings and a long time in the job. It is
    drawn by that probability: 83 % right is as good as any model can be. With drift, up to 1, there is more
    or less of an inflation.
    """
    economy = CALM.towards(INFLATION, drift)
    age = np.clip(random.normal(42, 12, count), 18, 75)
    job_years = np.minimum(random.gamma(2, 4, count), age - 18)
    income = economy.income * np.exp(random.normal(0, 0.4, count)) * (1 + 0.012 * job_years)
    savings = 0.22 * income * np.exp(random.normal(0, 1, count))
    debt_ratio = random.beta(economy.debts, 4, count)
    loan_amount = 0.3 * income * np.exp(random.normal(0, 0.5, count))
    loan_months = random.choice(MONTHS, count)
    late_payments = random.poisson(economy.late_payments, count)

    instalment = 12 * loan_amount / loan_months / income
    risk = economy.instalment_weight * instalment + economy.debt_weight * debt_ratio
    risk += economy.late_weight * late_payments + economy.base
    risk -= economy.savings_weight * np.log1p(4 * savings / income) + 0.06 * job_years
    defaulted = random.random(count) < 1 / (1 + np.exp(-1.5 * risk))

    rows = (age, job_years, income, savings, debt_ratio, loan_amount, loan_months, late_payments)
    return Data(np.stack(rows, axis=1).astype(np.float32), defaulted.astype(np.int64))
