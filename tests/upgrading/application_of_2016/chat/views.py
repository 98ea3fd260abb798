from django.dispatch import Signal
from django.http import HttpResponse
from django.shortcuts import render

from tornado_websockets.exceptions import EmitHandlerError

from .chat import chat, ws_chat

news_published = Signal()


def index(request):
    return render(request, 'chat/index.html', {'lines': chat.lines})


def announce(request):
    news_published.send(sender=None, text=request.GET.get('text', ''))
    ws_chat.emit('announced', {'by': 'a view'})  # finds: emit-outside
    return HttpResponse('announced')


def tell_news(sender, text, **kwargs):
    ws_chat.emit('news', text)  # finds: emit-outside


news_published.connect(tell_news)


def shout(request):
    try:
        ws_chat.emit('shouted', request.GET.get('text', ''))  # finds: emit-outside
    except EmitHandlerError as error:
        return HttpResponse('%s on %s' % (error.event, error.path), status=409)
    return HttpResponse('shouted')
