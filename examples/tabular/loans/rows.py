"""The classifier's data: made-up loans. The numbers are plausible, but nobody measured them."""

import numpy as np

from examples.tabular.data import Data

MONTHS = (12, 24, 36, 48, 60)


def draw(random: np.random.Generator, count: int) -> Data:
    """Draw loans in the order of model.toml's features, and their class: 0 repaid, 1 defaulted.

    Income grows with the years in the job; savings and loan go with the income. A default is likelier with a
    large instalment, debts and late payments, and less likely with savings and a long time in the job. It is
    drawn by that probability: 83 % right is as good as any model can be.
    """
    age = np.clip(random.normal(42, 12, count), 18, 75)
    job_years = np.minimum(random.gamma(2, 4, count), age - 18)
    income = 33_000 * np.exp(random.normal(0, 0.4, count)) * (1 + 0.012 * job_years)
    savings = 0.22 * income * np.exp(random.normal(0, 1, count))
    debt_ratio = random.beta(2, 4, count)
    loan_amount = 0.3 * income * np.exp(random.normal(0, 0.5, count))
    loan_months = random.choice(MONTHS, count)
    late_payments = random.poisson(0.7, count)

    instalment = 12 * loan_amount / loan_months / income
    risk = 9 * instalment + 5 * debt_ratio + 1.1 * late_payments - 2.9
    risk -= 1.2 * np.log1p(4 * savings / income) + 0.06 * job_years
    defaulted = random.random(count) < 1 / (1 + np.exp(-1.5 * risk))

    rows = (age, job_years, income, savings, debt_ratio, loan_amount, loan_months, late_payments)
    return Data(np.stack(rows, axis=1).astype(np.float32), defaulted.astype(np.int64))
