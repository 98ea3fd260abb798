# -*- coding: utf-8 -*-
from __future__ import unicode_literals

import os

import tornado.web

import tornado_websockets

BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECRET_KEY = 'of 2016, and public'
DEBUG = True
ALLOWED_HOSTS = ['localhost', '127.0.0.1']

INSTALLED_APPS = [  # finds: no-asgi
    'django.contrib.staticfiles',
    'tornado_websockets',
    'chat',
    'jobs',
]

MIDDLEWARE = ['django.middleware.common.CommonMiddleware']
ROOT_URLCONF = 'portal.urls'
WSGI_APPLICATION = 'portal.wsgi.application'
TEMPLATES = [{
    'BACKEND': 'django.template.backends.django.DjangoTemplates',
    'APP_DIRS': True,
    'OPTIONS': {'context_processors': ['django.template.context_processors.request']},
}]

STATIC_URL = '/static/'
STATIC_ROOT = os.path.join(BASE_DIR, 'collected')

TORNADO = {
    'handlers': [
        (r'%s(.*)' % STATIC_URL, tornado.web.StaticFileHandler, {'path': STATIC_ROOT}),  # finds: tornado-handlers
        tornado_websockets.django_app,  # finds: django-app-uncalled
    ],
    'settings': {
        'autoreload': False,
        'debug': False,
    },
    'log_level': 'info',  # finds: tornado-key
}
