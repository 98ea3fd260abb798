"""What load balancers and orchestrators ask of a process."""

from .views import ready

__all__ = ["ready"]
