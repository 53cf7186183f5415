"""Captures: what a gateway answers, as a folder that can be replayed and given away.

`targets` lists what is asked, `recording` asks it, `finishing` puts the rest together: `redactor`
replaces who it belongs to by stand-ins, `folder` writes the result, with the page of `about`.

Of what is replaced, `kinds` knows the names under which it stands in answers, `patterns` what it
looks like wherever it stands, `learning` gathers it, and `standins` makes what takes its place.
`texts` takes JSON and markup apart without changing a byte around what is replaced.
"""
