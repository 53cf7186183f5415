"""Captures: what a gateway answers, as a folder that can be replayed and given away.

`recorder` requests everything, `redactor` replaces personal data, and `writer` writes the folder,
which `folder` reads again. `identity_rules` has a row for each kind of personal data, `fragments`
takes JSON and markup apart, and `pseudonyms` makes what takes the place of an original.
"""
