"""The stages that every kind of resource shares: render, apply, publish. What is decided is no business of theirs."""
