"""Topic models over sparse document-term matrices."""
