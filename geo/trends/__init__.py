"""Is a series rising or falling, and how fast: Mann-Kendall tests, slopes of Theil and Sen."""

from geo.trends.kendall import (
    Trend,
    Trends,
    mann_kendall,
    mann_kendall_rows,
    partial_mann_kendall,
    seasonal_mann_kendall,
)
from geo.trends.slopes import Slope, seasonal_sen, theil_sen

__all__ = [
    "Slope",
    "Trend",
    "Trends",
    "mann_kendall",
    "mann_kendall_rows",
    "partial_mann_kendall",
    "seasonal_mann_kendall",
    "seasonal_sen",
    "theil_sen",
]
