from django.dispatch import Signal
from django.http import HttpResponse
from django.shortcuts import render

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
