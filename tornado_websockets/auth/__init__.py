"""Who a client is, and whether it still is."""

from .rest_framework import drf as drf
