"""Measurements of the product beside a plain Channels app: `./script/bench`. Nothing of the product imports this."""
