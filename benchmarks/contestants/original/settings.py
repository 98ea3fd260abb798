"""Django settings of the original package's chat."""

SECRET_KEY = "only for benchmarks"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["tornado_websockets"]
ROOT_URLCONF = "chat"
USE_TZ = True
TORNADO = {"port": 8000, "handlers": [], "settings": {}}
