"""How the web server runs, on this machine and in a container: `gunicorn --config scripts/gunicorn_settings.py`."""

wsgi_app = "eclick.wsgi:application"
# Threads, so that an upload or download of minutes holds up neither the pages nor the worker's sign of life.
worker_class = "gthread"
workers = 2
threads = 8
# Silence of a whole worker, not the length of a request: threads keep it alive.
timeout = 120
graceful_timeout = 8
keepalive = 5
# It would lie in the home folder, and nothing here uses it.
control_socket_disable = True
