"""Topic models over sparse document-term matrices, and topics that stay who they are.

`model` and `factorise` find and update topics, `identity` says whether they are still the same,
`choose` how many there should be, `quality` and `evaluation` how good they are, and `storage` keeps
them. The rooms: `terms` (what posts are weighed by), `nights` (births, retirements, merges and
splits), `reading` (labels, posts to read, what no topic explains), `over_time` (shares, effects).
"""
