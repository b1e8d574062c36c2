"""How the calls of services are guarded: retries and circuit breakers, in code and in the mesh."""
