"""The claims Assent makes, each with its proof."""
