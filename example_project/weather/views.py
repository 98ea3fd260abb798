"""The import's page, its sample, and the start of an import; how that goes on is in `websockets.py`."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from weather import job, sample
from weather.job import BusyError
from weather.table import COLUMNS, MAX_BYTES, UnreadableError, read_rows
from weather.websockets import bar, report


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "weather/index.html", {"columns": COLUMNS, "max_bytes": MAX_BYTES, "rows": sample.HOURS})


@require_safe
def download_sample(request: HttpRequest) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{sample.NAME}"'}
    return HttpResponse(sample.write_sample(), content_type="text/csv; charset=utf-8", headers=headers)


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin to import the uploaded file, or the sample where there is none."""
    upload = request.FILES.get("file")
    if upload is not None and (upload.size or 0) > MAX_BYTES:
        return _refuse(f"A file has at most {MAX_BYTES:,} bytes, this one {upload.size:,}.", 413)
    try:
        if upload is None:
            job.start(sample.NAME, read_rows(sample.write_sample()), bar, report)
        else:
            job.start(upload.name or "", read_rows(upload.read()), bar, report)
    except UnreadableError as error:
        return _refuse(str(error), 400)
    except BusyError as error:
        return _refuse(str(error), 409)
    return JsonResponse({}, status=202)


def _refuse(reason: str, status: int) -> JsonResponse:
    return JsonResponse({"error": reason}, status=status)
