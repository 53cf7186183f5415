"""Captures: what a gateway answers, as a folder that can be replayed and given away.

`recorder` requests everything, `redactor` replaces personal data by pseudonyms, and `writer` writes
the folder with the page of `readme`; `folder` reads it again.

`identity_rules` knows the keys under which personal data stands, `patterns` what it looks like
anywhere, `identity_index` collects it, and `pseudonyms` makes the replacements. `fragments` splits
JSON and markup without changing a byte around what is replaced.
"""
