"""Settings of a project with another channel layer; the environment says which."""

import json
import os

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["127.0.0.1"]
_given = json.loads(os.environ["TEST_LAYERS"])
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "tornado_websockets",
    "channels_bridge",
    "tests.layers",
    *_given["apps"],
]
ROOT_URLCONF = "tests.layers.websockets"
DATABASES = _given["databases"]
DATABASE_ROUTERS = _given["routers"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
CHANNEL_LAYERS = {"default": _given["layer"]}
TORNADO_WEBSOCKETS = {"STORE": _given["store"], "NAMESPACE": "tests"}
