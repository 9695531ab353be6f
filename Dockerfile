# E-Click's image: one for web, worker, ticks, beat and the one-shot migration; docker-compose.yml says which is which.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DJANGO_SETTINGS_MODULE=eclick.settings \
    DATA_DIR=/data

WORKDIR /app

# Before the code, so that a change of code does not install everything again.
COPY requirements.txt ./
RUN pip install --require-hashes --requirement requirements.txt

# The folders exist and belong to the user before volumes are mounted there: a new volume takes over their owner.
RUN useradd --system --uid 10001 --no-create-home --home-dir /data eclick \
    && install --directory --owner eclick --group eclick --mode 0700 /data /data/backups

COPY manage.py celery_worker.py ./
COPY eclick/ eclick/
COPY backups_app/ backups_app/
COPY scripts/ scripts/

USER eclick
EXPOSE 8000
CMD ["gunicorn", "--config", "scripts/gunicorn_settings.py", "--bind", "0.0.0.0:8000"]
