"""The terms that topics are made of: how posts are weighed before anything is factorised."""
