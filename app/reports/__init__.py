"""Reports of places, routes and online spaces: received, sealed, screened, triaged, answered."""
