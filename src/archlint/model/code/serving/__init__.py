"""What frameworks declare as served: routers, mounts and routes, one module a style of declaration."""
