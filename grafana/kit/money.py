"""How money is displayed: in the currency that the gateway names, in the colours of its kind."""

from collections.abc import Mapping

from grafana.kit import colours
from grafana.kit.panel_spec import FieldOverride

NO_PRICE = "No tariff in the gateway: see docs/dashboards.md"
#: units of Grafana by the currency that the gateway names; others are written before the number
_CURRENCIES = {
    "USD": "currencyUSD",
    "EUR": "currencyEUR",
    "GBP": "currencyGBP",
    "INR": "currencyINR",
    "BRL": "currencyBRL",
    "CHF": "currencyCHF",
    "PLN": "currencyPLN",
    "ZAR": "currencyZAR",
    **{
        code: f"currency:{code} "
        for code in (
            *("AUD", "CAD", "CLP", "COP", "CZK", "DKK", "HUF", "ILS", "JPY", "MXN", "NOK"),
            *("NZD", "PHP", "RON", "SEK", "SGD", "THB", "TRY"),
        )
    },
}
_UNITS: Mapping[str, FieldOverride] = {
    f"/, {code}( |$)/": FieldOverride(unit=unit) for code, unit in _CURRENCIES.items()
}
#: names of the series of money that there can be
MONEY_NAMES = tuple(
    f"{name}, {code}" for name in ("Paid", "Earned", "Saved") for code in _CURRENCIES
)
#: overrides of series that are called after a kind of money and its currency
MONEY_FIELDS: Mapping[str, FieldOverride] = {
    **_UNITS,
    **{
        f"/^{name}, /": FieldOverride(
            extra={"color": {"mode": "fixed", "fixedColor": colours.SERIES[name]}}
        )
        for name in ("Paid", "Earned", "Saved", "Import price", "Export price")
    },
}
