"""The private store of posts: records, segments, schema, corpus index, protection, releases."""
