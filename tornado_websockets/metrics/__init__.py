"""What has happened, in numbers: for programs, and for Prometheus."""

from .meanings import snapshot
from .views import prometheus, prometheus_all

__all__ = ["prometheus", "prometheus_all", "snapshot"]
