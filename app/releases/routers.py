"""Every router of releases, in the order in which their addresses are tried."""

from app.releases.routes import releases

RELEASES = (releases,)
