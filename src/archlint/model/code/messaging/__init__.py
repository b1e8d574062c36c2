"""Publishers and consumers of messages, what handling changes, and what makes it safe."""
