"""Changes that belong together: dual writes, sagas, event stores, reads over several services."""
