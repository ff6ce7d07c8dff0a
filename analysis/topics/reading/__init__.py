"""What a person needs to read a topic: terms, labels, posts, and what no topic explains."""
